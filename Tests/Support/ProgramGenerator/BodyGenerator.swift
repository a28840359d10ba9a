// A random function body: statements that leave the operand stack as they find it, made of expressions of wanted types.

import WebAssembly

struct BodyGenerator {
  let layout: ModuleLayout
  let type: FunctionType
  let locals: [ValueType]
  var random: Random
  var code: [UInt8] = []
  /// Operators that may still be made.
  var budget: Int
  /// The types that each open label takes, innermost last; of loops, their parameters.
  var labels: [[ValueType]] = []

  init(_ layout: ModuleLayout, function: Int, size: Int, random: Random) {
    self.layout = layout
    self.random = random
    type = layout.functions[function]
    budget = size
    var locals = type.parameters
    // At least one local of each type, so that there is always something to write to.
    for type in [ValueType.i32, .i64, .f32, .f64] { locals += Array(repeating: type, count: 1 + self.random.below(2)) }
    self.locals = locals
  }

  mutating func body() -> [UInt8] {
    labels = [type.results]
    while budget > 0 { statement(depth: 0) }
    values(type.results, depth: 1)
    code.append(0x0B)
    let declared = locals.dropFirst(type.parameters.count)
    return leb(declared.count) + declared.flatMap { [1, $0.code] } + code
  }

  private mutating func emit(_ opcode: Opcode, _ immediates: [UInt8] = []) {
    budget -= 1
    let info = opcode.info
    code += info.prefix == 0 ? [UInt8(info.code)] : [info.prefix] + leb(Int(info.code))
    code += immediates
  }

  private mutating func local(_ type: ValueType) -> Int {
    random.pick(locals.indices.filter { locals[$0] == type })
  }

  // MARK: Expressions

  /// Code that pushes values of `types`.
  private mutating func values(_ types: [ValueType], depth: Int) {
    for type in types { expression(type, depth: depth) }
  }

  /// Code that pushes a value of `type`. The greater `depth`, the simpler.
  mutating func expression(_ type: ValueType, depth: Int) {
    if depth > 4 || budget <= 0 || random.chance(1, in: 4) { return leaf(type) }
    switch random.below(20) {
    case 0: select(type, depth: depth)
    case 1: construct(FunctionType(parameters: [], results: [type]), immediate: [type.code], depth: depth)
    case 2: call(result: type, depth: depth)
    case 3: load(type, depth: depth)
    case 4 where type == .i32: oddI32(depth: depth)
    default: computation(type, depth: depth)
    }
  }

  private mutating func leaf(_ type: ValueType) {
    switch random.below(8) {
    case 0...4: emit(.localGet, leb(local(type)))
    case 5: emit(.globalGet, leb(type == .i32 && random.chance(1, in: 2) ? 4 : layout.globals.firstIndex(of: type)!))
    default: constant(type)
    }
  }

  private mutating func constant(_ type: ValueType) {
    let integers: [Int64] = [
      0, 1, -1, 2, 3, 7, 8, 31, 32, 63, 100, 255, 256, 65_535, .max, .min, 0x8000_0000, 0x7FFF_FFFF,
    ]
    let floats: [Double] = [
      0, -0.0, 1, -1, 0.5, 3, 1e10, -1e10, 1e300, .infinity, .nan, 2_147_483_648, Double.leastNonzeroMagnitude,
    ]
    switch type {
    case .i32: emit(.i32Const, signedLeb(Int64(Int32(truncatingIfNeeded: random.pick(integers)))))
    case .i64: emit(.i64Const, signedLeb(random.pick(integers)))
    case .f32:
      let bits = Float(random.pick(floats)).bitPattern
      emit(.f32Const, (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
    default:
      let bits = random.pick(floats).bitPattern
      emit(.f64Const, (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) })
    }
  }

  /// The operators that compute a scalar of each type from scalars, in table order.
  private static let computations: [ValueType: [Opcode]] = {
    let names: [SignatureType: ValueType] = [.i32: .i32, .i64: .i64, .f32: .f32, .f64: .f64]
    var lists: [ValueType: [Opcode]] = [:]
    for row in 0..<Opcode.count {
      let opcode = Opcode(row: UInt16(row))
      let info = opcode.info
      guard info.hasFixedSignature, info.immediates == .none, let result = names[info.result],
        (0..<3).allSatisfy({ info.operand($0) == .none || names[info.operand($0)] != nil })
      else { continue }
      lists[result, default: []].append(opcode)
    }
    return lists
  }()

  private mutating func computation(_ type: ValueType, depth: Int) {
    let opcode = random.pick(BodyGenerator.computations[type]!)
    let name = opcode.mnemonic
    // Truncation traps on most floats.
    if name.contains(".trunc_f") && random.chance(9, in: 10) { return leaf(type) }
    let types: [SignatureType: ValueType] = [.i32: .i32, .i64: .i64, .f32: .f32, .f64: .f64]
    for index in 0..<3 {
      guard let operand = types[opcode.info.operand(index)] else { break }
      expression(operand, depth: depth + 1)
    }
    if name.contains(".div_") || name.contains(".rem_"), random.chance(9, in: 10) {
      constant(type)
      emit(type == .i32 ? .i32Or : .i64Or)
      if type == .i32 { emit(.i32Const, [1]) } else { emit(.i64Const, [1]) }
      emit(type == .i32 ? .i32Or : .i64Or)
    }
    emit(opcode)
  }

  private mutating func select(_ type: ValueType, depth: Int) {
    expression(type, depth: depth + 1)
    expression(type, depth: depth + 1)
    expression(.i32, depth: depth + 1)
    if random.chance(1, in: 2) { emit(.select) } else { emit(.selectT, [1, type.code]) }
  }

  private mutating func oddI32(depth: Int) {
    switch random.below(4) {
    case 0: emit(.tableSize, [0])
    case 1:
      index(depth: depth)
      emit(.tableGet, [0])
      emit(.refIsNull)
    case 2: emit(.memorySize, [1])
    default:
      emit(.i32Const, [UInt8(random.below(2))])
      emit(.memoryGrow, [1])
    }
  }

  /// A table index that mostly exists.
  private mutating func index(depth: Int) {
    expression(.i32, depth: depth + 1)
    if random.chance(9, in: 10) {
      emit(.i32Const, [UInt8(layout.tableSize - 1)])
      emit(.i32And)
    }
  }

  /// An address in memory `memory` that mostly exists.
  private mutating func address(memory: Int, depth: Int) {
    let isWide = memory == 0 && layout.isWide
    expression(isWide ? .i64 : .i32, depth: depth + 1)
    if random.chance(19, in: 20) {
      if isWide { emit(.i64Const, signedLeb(0x7FFF)) } else { emit(.i32Const, signedLeb(0x7FFF)) }
      emit(isWide ? .i64And : .i32And)
    }
  }

  private mutating func memoryArgument(_ memory: Int) -> [UInt8] {
    let offset = leb(random.pick([0, 1, 4, 100, 32_760, 32_766]))
    return memory == 0 ? [0] + offset : [0x40] + leb(memory) + offset
  }

  private mutating func load(_ type: ValueType, depth: Int) {
    let opcodes: [Opcode]
    switch type {
    case .i32: opcodes = [.i32Load, .i32Load8S, .i32Load8U, .i32Load16S, .i32Load16U]
    case .i64:
      opcodes = [.i64Load, .i64Load8S, .i64Load8U, .i64Load16S, .i64Load16U, .i64Load32S, .i64Load32U]
    case .f32: opcodes = [.f32Load]
    default: opcodes = [.f64Load]
    }
    let memory = random.below(2)
    address(memory: memory, depth: depth)
    emit(random.pick(opcodes), memoryArgument(memory))
  }

  /// A call of a function with `result` as its only result, or something simpler if there is none.
  private mutating func call(result: ValueType, depth: Int) {
    let callees = layout.functions.indices.filter { layout.functions[$0].results == [result] }
    guard depth < 3, !callees.isEmpty else { return leaf(result) }
    let callee = random.pick(callees)
    values(layout.functions[callee].parameters, depth: depth + 1)
    if random.chance(1, in: 3) {
      index(depth: depth)
      emit(.callIndirect, leb(callee) + [0])
    } else {
      emit(.call, leb(callee))
    }
  }

  // MARK: Constructs

  /// A block, loop or `if` of type `type`, whose parameters are not on the stack yet. It leaves the results.
  private mutating func construct(_ type: FunctionType, immediate: [UInt8], depth: Int) {
    values(type.parameters, depth: depth + 1)
    let opcode = random.pick([Opcode.block, .loop, .if])
    if opcode == .if { expression(.i32, depth: depth + 1) }
    emit(opcode, immediate)
    labels.append(opcode == .loop ? type.parameters : type.results)
    arm(type, depth: depth)
    if opcode == .if && (type.parameters != type.results || random.chance(1, in: 2)) {
      emit(.else)
      arm(type, depth: depth)
    }
    labels.removeLast()
    emit(.end)
  }

  private mutating func arm(_ type: FunctionType, depth: Int) {
    for parameter in type.parameters.reversed() { consume(parameter) }
    for _ in 0..<random.below(4) where budget > 0 { statement(depth: depth + 1) }
    if random.chance(1, in: 6) {
      unconditional(depth: depth + 1)
      // Dead code, with as many operands as it pleases.
      if random.chance(1, in: 2) { statement(depth: depth + 2) }
      if random.chance(1, in: 2) { return }
    }
    values(type.results, depth: depth + 1)
  }

  /// Takes a value of `type` from the stack.
  private mutating func consume(_ type: ValueType) {
    switch random.below(4) {
    case 0: emit(.drop)
    case 1: emit(.globalSet, leb(layout.globals.firstIndex(of: type)!))
    default: emit(.localSet, leb(local(type)))
    }
  }

  // MARK: Statements

  mutating func statement(depth: Int) {
    if depth > 5 || budget <= 0 { return emit(.nop) }
    switch random.below(16) {
    case 0...4:
      let type = random.pick(locals)
      expression(type, depth: depth)
      emit(.localSet, leb(local(type)))
    case 5:
      let type = random.pick(locals)
      expression(type, depth: depth)
      emit(.localTee, leb(local(type)))
      consume(type)
    case 6, 7: store(depth: depth)
    case 8: construct(FunctionType(parameters: [], results: []), immediate: [0x40], depth: depth)
    case 9:
      let index = random.below(layout.blockTypes.count)
      construct(layout.blockTypes[index], immediate: leb(layout.functions.count + index), depth: depth)
      for type in layout.blockTypes[index].results.reversed() { consume(type) }
    case 10: countedLoop(depth: depth)
    case 11, 12: conditionalBranch(depth: depth)
    case 13:
      let callee = random.below(layout.functions.count)
      values(layout.functions[callee].parameters, depth: depth + 1)
      emit(.call, leb(callee))
      for type in layout.functions[callee].results.reversed() { consume(type) }
    case 14: bulk(depth: depth)
    default:
      let type = random.pick(locals)
      expression(type, depth: depth)
      consume(type)
    }
  }

  private mutating func store(depth: Int) {
    let type = random.pick(locals)
    let opcodes: [Opcode]
    switch type {
    case .i32: opcodes = [.i32Store, .i32Store8, .i32Store16]
    case .i64: opcodes = [.i64Store, .i64Store8, .i64Store16, .i64Store32]
    case .f32: opcodes = [.f32Store]
    default: opcodes = [.f64Store]
    }
    let memory = random.below(2)
    address(memory: memory, depth: depth)
    expression(type, depth: depth + 1)
    emit(random.pick(opcodes), memoryArgument(memory))
  }

  /// A loop that mostly ends: it counts a local down, unless its body interferes.
  private mutating func countedLoop(depth: Int) {
    let counter = local(.i32)
    emit(.i32Const, [UInt8(1 + random.below(6))])
    emit(.localSet, leb(counter))
    emit(.loop, [0x40])
    labels.append([])
    for _ in 0..<random.below(4) where budget > 0 { statement(depth: depth + 1) }
    emit(.localGet, leb(counter))
    emit(.i32Const, [1])
    emit(.i32Sub)
    emit(.localTee, leb(counter))
    emit(.brIf, [0])
    if random.chance(1, in: 3) { statement(depth: depth + 1) }
    labels.removeLast()
    emit(.end)
  }

  private mutating func conditionalBranch(depth: Int) {
    let label = random.below(labels.count)
    let types = labels[labels.count - 1 - label]
    values(types, depth: depth + 1)
    if random.chance(1, in: 4) {
      // All labels of a table take the same types.
      let others = labels.indices.map { labels.count - 1 - $0 }.filter { labels[labels.count - 1 - $0] == types }
      // A block around the table, so that the code after it can be reached.
      for type in types.reversed() { consume(type) }
      emit(.block, [0x40])
      labels.append([])
      values(types, depth: depth + 2)
      expression(.i32, depth: depth + 1)
      emit(.i32Const, [7])
      emit(.i32And)
      labels.removeLast()
      let cases = (0..<random.below(6)).map { _ in
        types.isEmpty && random.chance(1, in: 2) ? 0 : random.pick(others) + 1
      }
      emit(.brTable, leb(cases.count) + cases.flatMap { leb($0) } + leb(types.isEmpty ? 0 : label + 1))
      emit(.end)
      return
    }
    expression(.i32, depth: depth + 1)
    emit(.brIf, leb(label))
    for type in types.reversed() { consume(type) }
  }

  private mutating func unconditional(depth: Int) {
    switch random.below(8) {
    case 0:
      values(type.results, depth: depth)
      emit(.return)
    case 1: emit(.unreachable)
    case 2:
      let callees = layout.functions.indices.filter { layout.functions[$0].results == type.results }
      let callee = random.pick(callees)
      values(layout.functions[callee].parameters, depth: depth)
      if random.chance(1, in: 2) {
        index(depth: depth)
        emit(.returnCallIndirect, leb(callee) + [0])
      } else {
        emit(.returnCall, leb(callee))
      }
    default:
      let label = random.below(labels.count)
      values(labels[labels.count - 1 - label], depth: depth)
      emit(.br, leb(label))
    }
  }

  /// An operator on a range of a memory or table.
  private mutating func bulk(depth: Int) {
    func small(_ count: Int) -> [UInt8] { signedLeb(Int64(count)) }
    let length = random.below(40)
    switch random.below(8) {
    case 0:
      address(memory: 1, depth: depth)
      expression(.i32, depth: depth + 1)
      emit(.i32Const, small(length))
      emit(.memoryFill, [1])
    case 1:
      address(memory: 0, depth: depth)
      expression(.i32, depth: depth + 1)
      if layout.isWide { emit(.i64Const, small(length)) } else { emit(.i32Const, small(length)) }
      emit(.memoryFill, [0])
    case 2:
      address(memory: 1, depth: depth)
      address(memory: 1, depth: depth)
      emit(.i32Const, small(length))
      emit(.memoryCopy, [1, 1])
    case 3:
      address(memory: 0, depth: depth)
      address(memory: 1, depth: depth)
      // The length has the smaller of the two address types.
      emit(.i32Const, small(length))
      emit(.memoryCopy, [0, 1])
    case 4:
      address(memory: 1, depth: depth)
      emit(.i32Const, small(random.below(8)))
      emit(.i32Const, small(random.below(layout.dataSize)))
      emit(.memoryInit, [0, 1])
      if random.chance(1, in: 20) { emit(.dataDrop, [0]) }
    case 5:
      index(depth: depth)
      index(depth: depth)
      emit(.tableGet, [0])
      emit(.tableSet, [0])
    case 6:
      emit(.i32Const, small(random.below(6)))
      emit(.i32Const, small(random.below(6)))
      emit(.i32Const, small(random.below(4)))
      if random.chance(1, in: 2) { emit(.tableCopy, [0, 0]) } else { emit(.tableInit, [1, 0]) }
    default:
      emit(.refFunc, leb(random.below(min(layout.functions.count, layout.elementCount))))
      emit(.i32Const, small(1))
      emit(.tableGrow, [0])
      emit(.drop)
    }
  }
}
