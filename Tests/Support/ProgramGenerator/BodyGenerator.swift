// A random function body: statements that leave the operand stack as they find it, made of expressions of wanted types.
//
// Here are the expressions; `BodyGenerator+Statements` has statements and control flow, `BodyGenerator+Memory` memories
// and tables.

import WebAssembly

struct BodyGenerator {
  let layout: ModuleLayout
  let type: FunctionType
  let locals: [ValueType]
  private let localsByType: [ValueType: [Int]]
  let operandDepth: Int
  var random: Random
  var code: [UInt8] = []
  /// Operators that may still be made.
  var budget: Int
  /// The types that each open label takes, innermost last; of loops, their parameters.
  var labels: [[ValueType]] = []
  /// Expressions that were made before, to be made again: what a compiler finds to be the same.
  private var remembered: [ValueType: [[UInt8]]] = [:]
  /// How many constructs and calls were made: expressions with these in them are not made again.
  var constructs = 0

  init(_ layout: ModuleLayout, function: Int, _ shape: ProgramShape, random: Random) {
    self.layout = layout
    self.random = random
    type = layout.functions[function]
    budget = shape.functionSize
    operandDepth = shape.operandDepth
    var locals = type.parameters
    // At least one local of each type, so that there is always something to write to.
    for type in layout.types { locals += Array(repeating: type, count: 1 + self.random.below(2)) }
    for _ in 0..<shape.extraLocals { locals.append(self.random.pick(layout.types)) }
    self.locals = locals
    localsByType = Dictionary(grouping: locals.indices) { locals[$0] }
  }

  mutating func body() -> [UInt8] {
    labels = [type.results]
    while budget > 0 { statement(depth: 0) }
    if random.chance(1, in: 8) {
      tailCall(depth: 1)
    } else {
      values(type.results, depth: 1)
    }
    code.append(0x0B)
    let declared = locals.dropFirst(type.parameters.count)
    return leb(declared.count) + declared.flatMap { [1, $0.code] } + code
  }

  mutating func emit(_ opcode: Opcode, _ immediates: [UInt8] = []) {
    budget -= 1
    let info = opcode.info
    code += info.prefix == 0 ? [UInt8(info.code)] : [info.prefix] + leb(Int(info.code))
    code += immediates
  }

  mutating func local(_ type: ValueType) -> Int { random.pick(localsByType[type]!) }
  func firstLocal(_ type: ValueType) -> Int { localsByType[type]![0] }

  // MARK: Expressions

  /// Code that pushes values of `types`.
  mutating func values(_ types: [ValueType], depth: Int) {
    for type in types { expression(type, depth: depth) }
  }

  /// Code that pushes a value of `type`. The greater `depth`, the simpler.
  mutating func expression(_ type: ValueType, depth: Int) {
    if depth > 4 || budget <= 0 || random.chance(1, in: 4) { return leaf(type) }
    if random.chance(1, in: 12), let again = remembered[type] {
      let bytes = random.pick(again)
      budget -= bytes.count / 2
      code += bytes
      return
    }
    let start = code.count
    let before = constructs
    switch random.below(20) {
    case 0: select(type, depth: depth)
    case 1: construct(FunctionType(parameters: [], results: [type]), immediate: [type.code], depth: depth)
    case 2: call(result: type, depth: depth)
    case 3 where !type.isReference: load(type, depth: depth)
    case 4 where type.isReference: tableGet(type, depth: depth)
    case 4 where type == .i32: oddI32(depth: depth)
    case 4 where type == .i64: oddI64(depth: depth)
    case _ where type.isReference: return leaf(type)
    default: computation(type, depth: depth)
    }
    if constructs == before && code.count - start < 80 && random.chance(1, in: 3) {
      remembered[type, default: []].append(Array(code[start...]))
      if remembered[type]!.count > 8 { remembered[type]!.removeFirst() }
    }
  }

  mutating func leaf(_ type: ValueType) {
    switch random.below(8) {
    case 0...4: emit(.localGet, leb(local(type)))
    case 5:
      let isImmutable = type == .i32 && random.chance(1, in: 2)
      emit(.globalGet, leb(isImmutable ? layout.types.count : layout.types.firstIndex(of: type)!))
    default: constant(type)
    }
  }

  private static let integers: [Int64] = [
    0, 1, -1, 2, 3, 7, 8, 31, 32, 63, 100, 255, 256, 65_535, .max, .min, 0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF, -128,
  ]
  private static let floats: [Double] = [
    0, -0.0, 1, -1, 0.5, 3, 1e10, -1e10, 1e300, .infinity, -.infinity, .nan, 2_147_483_648, -2_147_483_649, 1.5, -2.5,
    9_223_372_036_854_775_808, 18_446_744_073_709_551_616, Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude,
  ]

  private mutating func bits(_ type: ValueType) -> UInt64 {
    switch type {
    case .i32: return UInt64(UInt32(truncatingIfNeeded: random.pick(BodyGenerator.integers)))
    case .i64: return UInt64(bitPattern: random.pick(BodyGenerator.integers))
    case .f32:
      // Now and then a NaN with other bits, or a signalling one.
      if random.chance(1, in: 16) { return random.pick([0x7FA0_0001, 0xFFC0_0000, 0xFF80_0123]) }
      return UInt64(Float(random.pick(BodyGenerator.floats)).bitPattern)
    default:
      if random.chance(1, in: 16) { return random.pick([0x7FF4_0000_0000_0001, 0xFFF8_0000_0000_0000]) }
      return random.pick(BodyGenerator.floats).bitPattern
    }
  }

  private func littleEndian(_ bits: UInt64, _ count: UInt64) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
  }

  mutating func constant(_ type: ValueType) {
    switch type {
    case .i32: emit(.i32Const, signedLeb(Int64(Int32(truncatingIfNeeded: bits(.i32)))))
    case .i64: emit(.i64Const, signedLeb(Int64(bitPattern: bits(.i64))))
    case .f32: emit(.f32Const, littleEndian(bits(.f32), 4))
    case .f64: emit(.f64Const, littleEndian(bits(.f64), 8))
    case .v128:
      var bytes: [UInt8] = []
      if random.chance(1, in: 2) {
        for _ in 0..<4 { bytes += littleEndian(bits(random.pick([.i32, .f32])), 4) }
      } else {
        for _ in 0..<2 { bytes += littleEndian(bits(random.pick([.i64, .f64])), 8) }
      }
      emit(.v128Const, bytes)
    case .funcref:
      if random.chance(1, in: 4) { return emit(.refNull, [0x70]) }
      emit(.refFunc, leb(layout.imports.count + random.below(layout.functions.count - layout.imports.count)))
    default: emit(.refNull, [0x6F])
    }
  }

  /// The operators that compute a value of each type, in table order: those on scalars only, and all.
  private static let scalarComputations = computations { $0 != .v128 }
  private static let vectorComputations = computations { _ in true }

  private static let names: [SignatureType: ValueType] = [
    .i32: .i32, .i64: .i64, .f32: .f32, .f64: .f64, .v128: .v128,
  ]

  private static func computations(_ isAllowed: (ValueType) -> Bool) -> [ValueType: [Opcode]] {
    var lists: [ValueType: [Opcode]] = [:]
    for row in 0..<Opcode.count {
      let opcode = Opcode(row: UInt16(row))
      let info = opcode.info
      guard info.hasFixedSignature, [.none, .lane, .shuffle].contains(info.immediates), let result = names[info.result],
        isAllowed(result),
        (0..<3).allSatisfy({ info.operand($0) == .none || names[info.operand($0)].map(isAllowed) == true })
      else { continue }
      lists[result, default: []].append(opcode)
    }
    return lists
  }

  private mutating func computation(_ type: ValueType, depth: Int) {
    let isScalar = !layout.types.contains(.v128) || type != .v128 && random.chance(1, in: 2)
    let lists = isScalar ? BodyGenerator.scalarComputations : BodyGenerator.vectorComputations
    let opcode = random.pick(lists[type]!)
    let info = opcode.info
    let name = opcode.mnemonic
    // Truncation traps on most floats.
    if name.contains(".trunc_f") && random.chance(9, in: 10) { return leaf(type) }
    for index in 0..<3 {
      guard let operand = BodyGenerator.names[info.operand(index)] else { break }
      expression(operand, depth: depth + 1)
    }
    if name.contains(".div_") || name.contains(".rem_"), random.chance(9, in: 10) {
      constant(type)
      emit(type == .i32 ? .i32Or : .i64Or)
      if type == .i32 { emit(.i32Const, [1]) } else { emit(.i64Const, [1]) }
      emit(type == .i32 ? .i32Or : .i64Or)
    }
    switch info.immediates {
    case .lane: emit(opcode, [UInt8(random.below(Int(info.alignmentOrLanes)))])
    case .shuffle: emit(opcode, (0..<16).map { _ in UInt8(random.below(32)) })
    default: emit(opcode)
    }
  }

  private mutating func select(_ type: ValueType, depth: Int) {
    expression(type, depth: depth + 1)
    expression(type, depth: depth + 1)
    expression(.i32, depth: depth + 1)
    if !type.isReference && random.chance(1, in: 2) { emit(.select) } else { emit(.selectT, [1, type.code]) }
  }

  private mutating func oddI32(depth: Int) {
    let references = layout.types.filter(\.isReference)
    switch random.below(5) {
    case 0:
      emit(.tableSize, [0])
    case 1:
      index(table: 0, depth: depth)
      emit(.tableGet, [0])
      emit(.refIsNull)
    case 2 where !references.isEmpty:
      expression(random.pick(references), depth: depth + 1)
      emit(.refIsNull)
    case 3: size(.i32, depth: depth)
    default: size(.i32, depth: depth)
    }
  }

  private mutating func oddI64(depth: Int) { size(.i64, depth: depth) }

  /// A call of a function with `result` as its only result, or something simpler if there is none.
  private mutating func call(result: ValueType, depth: Int) {
    let callees = layout.functions.indices.filter { layout.functions[$0].results == [result] }
    guard depth < 3, !callees.isEmpty else { return leaf(result) }
    call(random.pick(callees), depth: depth)
  }

  /// A call of `callee`, or of what a table has for its type.
  mutating func call(_ callee: Int, depth: Int) {
    constructs += 1
    values(layout.functions[callee].parameters, depth: depth + 1)
    if random.chance(1, in: 3) {
      let table = element(callee, depth: depth)
      emit(.callIndirect, leb(callee) + leb(table))
    } else {
      emit(.call, leb(callee))
    }
  }

  /// Code that pushes an index of an element that mostly has the type of `callee`. Returns the table.
  private mutating func element(_ callee: Int, depth: Int) -> Int {
    let table = layout.tables.count > 2 && random.chance(1, in: 12) ? 2 : 0
    let matches = layout.elements.filter { layout.functions[$0.value] == layout.functions[callee] }.keys.sorted()
    if table == 0 && !matches.isEmpty && random.chance(7, in: 8) {
      emit(.i32Const, [UInt8(random.pick(matches))])
      return 0
    }
    index(table: table, depth: depth)
    return table
  }

  /// A call that replaces the function, of one with the same results.
  mutating func tailCall(depth: Int) {
    let callees = layout.functions.indices.filter { layout.functions[$0].results == type.results }
    let callee = random.pick(callees)
    values(layout.functions[callee].parameters, depth: depth)
    if random.chance(1, in: 2) {
      let table = element(callee, depth: depth)
      emit(.returnCallIndirect, leb(callee) + leb(table))
    } else {
      emit(.returnCall, leb(callee))
    }
  }
}
