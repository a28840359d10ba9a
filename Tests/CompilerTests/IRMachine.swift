// Executes IR directly, slowly and plainly: the test of the frontend and of the passes before any code is generated.
//
// One instance of one module, whose state is copied from an instance of the reference interpreter. Vectors are left out:
// no pass looks into them.

import Compiler
import ReferenceInterpreter
import Semantics
import WebAssembly

/// Why an execution of the IR ended without results.
enum IRStop: Error, Hashable {
  case trap(TrapKind)
  case unsupported(String)
  /// The compiler made IR that breaks a rule.
  case violation(IRViolation)
}

final class IRMachine {
  let module: Module
  let spaces: IndexSpaces
  let policy: MeteringPolicy
  private let functions: IRFunctions
  private let types = TypeCanonicalizer()
  /// Canonical ids of the module's types.
  private let typeIds: [UInt32]

  var memories: [[UInt8]] = []
  var globals: [UInt64] = []
  /// References are handles: 0 is null, n + 1 is function n.
  var tables: [[UInt64]] = []
  private var droppedData: Set<Int> = []
  private var elements: [[UInt64]] = []
  private var limit: Int64 = 0
  private var counter: Int64 = 0
  private var stackSlots = 0
  private let stackLimit: Int
  private let memoryLimit = OracleLimits().memoryPages
  private let tableLimit = OracleLimits().tableElements

  /// `elements` are the element segments' handles; those of active segments are empty.
  init(_ functions: IRFunctions, elements: [[UInt64]], stackLimit: Int) throws {
    self.stackLimit = stackLimit
    self.functions = functions
    module = functions.context.module
    spaces = functions.context.spaces
    policy = functions.context.policy
    typeIds = try types.add(module.types, groups: module.recursiveGroups)
    self.elements = elements
    for (index, segment) in module.data.enumerated() {
      if case .active = segment.mode { droppedData.insert(index) }
    }
  }

  /// Instructions executed since `setLimit`.
  var executed: UInt64 { UInt64(bitPattern: limit) &- UInt64(bitPattern: counter) }

  func setLimit(_ limit: Int64) {
    self.limit = limit
    counter = limit
  }

  // MARK: Charges

  private func charge(_ cost: UInt64, check: Bool) throws(IRStop) {
    if policy == .none { return }
    let room = UInt64(bitPattern: counter) &- UInt64(bitPattern: Int64.min)
    counter = cost > room ? .min : Int64(truncatingIfNeeded: UInt64(bitPattern: counter) &- cost)
    if check && counter < 0 { throw .trap(.outOfInstructions) }
  }

  // MARK: Calls

  func call(_ index: Int, _ arguments: [UInt64]) throws(IRStop) -> [UInt64] {
    var index = index
    var arguments = arguments
    let slots = stackSlots
    defer { stackSlots = slots }
    while true {
      if index < spaces.importedFunctionCount {
        // The host's functions of the tests print: they return nothing.
        try charge(0, check: true)
        return []
      }
      let defined = index - spaces.importedFunctionCount
      stackSlots = slots + (try functions.frameCost(defined))
      if stackSlots > stackLimit { throw .trap(.callStackExhausted) }
      switch try functions.with(defined, { (function) throws(IRStop) in try self.execute(function, arguments) }) {
      case .results(let results): return results
      case .tailCall(let callee, let values): (index, arguments) = (callee, values)
      }
    }
  }

  private enum Outcome {
    case results([UInt64])
    case tailCall(Int, [UInt64])
  }

  private func callee(_ function: borrowing IRFunction, _ node: Node, _ values: [UInt64]) throws(IRStop) -> Int {
    if node.operation == Operation(.call) || node.operation == Operation(.returnCall) { return Int(node.imm) }
    let index = values[Int(function.operands[node.b + node.c - 1])]
    let table = tables[Int(node.imm >> 32)]
    guard index < UInt64(table.count) else { throw .trap(.undefinedElement) }
    let handle = table[Int(index)]
    if handle == 0 { throw .trap(.uninitializedElement) }
    let type = spaces.functions[Int(handle) - 1]
    guard types.table.isSubtype(typeIds[Int(type)], of: typeIds[Int(node.imm & 0xFFFF_FFFF)]) else {
      throw .trap(.indirectCallTypeMismatch)
    }
    return Int(handle) - 1
  }

  private func execute(_ function: borrowing IRFunction, _ arguments: [UInt64]) throws(IRStop) -> Outcome {
    var values = [UInt64](repeating: 0xDEAD_BEEF_DEAD_BEEF, count: function.nodes.count)
    var pinned = arguments + Array(repeating: 0, count: max(function.pinnedLocals.count - arguments.count, 0))
    var results: [UInt64] = []
    var block = 0
    while true {
      var next: UInt32?
      for index in function.nodeRange(of: block) {
        let node = function.nodes[index]
        switch node.operation {
        case .removed, .parameter: break
        case .copy: values[index] = values[Int(node.a)]
        case .argument: values[index] = arguments[Int(node.imm)]
        case .result: values[index] = results[Int(node.imm)]
        case .jump: next = node.a
        case .branch: next = values[Int(node.a)] & 0xFFFF_FFFF != 0 ? node.b : node.c
        case .switch:
          let selector = UInt32(truncatingIfNeeded: values[Int(node.a)])
          next = function.operands[node.b + min(selector, node.c - 1)]
        case .return: return .results((node.b..<node.b + node.c).map { values[Int(function.operands[$0])] })
        case .trap: throw .trap(TrapKind(rawValue: UInt8(node.imm))!)
        case .charge: try charge(node.imm, check: node.flags & NodeFlags.check != 0)
        case .chargeDynamic: try charge(values[Int(node.a)], check: true)
        case .enter:
          // `stackSlots` has this function's frame.
          if stackSlots - function.frameCost + Int(node.a) > stackLimit { throw .trap(.callStackExhausted) }
          try charge(node.imm, check: true)
        case .localGet: values[index] = pinned[Int(node.imm)]
        case .localSet: pinned[Int(node.imm)] = values[Int(node.a)]
        case Operation(.call), Operation(.callIndirect), Operation(.returnCall), Operation(.returnCallIndirect):
          let callee = try callee(function, node, values)
          let isIndirect =
            node.operation == Operation(.callIndirect) || node.operation == Operation(.returnCallIndirect)
          let arguments = (node.b..<node.b + node.c - (isIndirect ? 1 : 0)).map { values[Int(function.operands[$0])] }
          if node.operation.info.effects.contains(.terminator) { return .tailCall(callee, arguments) }
          let depth = function.depth(of: index)
          stackSlots += depth
          defer { stackSlots -= depth }
          results = try call(callee, arguments)
          if node.type != .none { values[index] = results[0] }
        default: values[index] = try compute(node, values)
        }
      }
      let edge = next!
      let position = function.position(ofEdge: edge)!
      block = Int(function.edges[edge].to.index)
      var incoming: [(Int, UInt64)] = []
      function.forEachParameter(of: block) { parameter in
        incoming.append((parameter, values[Int(function.operands[Int(function.nodes[parameter].a) + position])]))
      }
      for (parameter, value) in incoming { values[parameter] = value }
    }
  }

  // MARK: Operators

  private func compute(_ node: Node, _ values: [UInt64]) throws(IRStop) -> UInt64 {
    let opcode = node.operation.opcode!
    func a() -> UInt64 { values[Int(node.a)] }
    func b() -> UInt64 { values[Int(node.b)] }
    func c() -> UInt64 { values[Int(node.c)] }
    let low = Int(node.imm & 0xFFFF_FFFF)
    let high = Int(node.imm >> 32)
    switch opcode {
    case .i32Const, .i64Const, .f32Const, .f64Const: return node.imm
    case .select: return c() & 0xFFFF_FFFF != 0 ? a() : b()
    case .globalGet: return globals[low]
    case .globalSet: globals[low] = a()
    case .memorySize: return UInt64(memories[Int(node.c)].count) >> 16
    case .memoryGrow: return growMemory(Int(node.c), a(), node.type)
    case .memoryFill:
      try check(a(), c(), memories[low].count, .outOfBoundsMemoryAccess)
      for index in 0..<Int(c()) { memories[low][Int(a()) + index] = UInt8(truncatingIfNeeded: b()) }
    case .memoryCopy:
      try check(a(), c(), memories[low].count, .outOfBoundsMemoryAccess)
      try check(b(), c(), memories[high].count, .outOfBoundsMemoryAccess)
      let bytes = Array(memories[high][Int(b())..<Int(b() + c())])
      memories[low].replaceSubrange(Int(a())..<Int(a() + c()), with: bytes)
    case .memoryInit:
      let bytes = droppedData.contains(low) ? ByteRange(start: 0, end: 0) : module.data[low].bytes
      try check(a(), c(), memories[high].count, .outOfBoundsMemoryAccess)
      try check(b(), c(), bytes.count, .outOfBoundsMemoryAccess)
      for index in 0..<Int(c()) {
        memories[high][Int(a()) + index] = module.bytes.buffer[bytes.start + Int(b()) + index]
      }
    case .dataDrop: droppedData.insert(low)
    case .elemDrop: elements[low] = []
    case .tableGet:
      try check(a(), 1, tables[low].count, .outOfBoundsTableAccess)
      return tables[low][Int(a())]
    case .tableSet:
      try check(a(), 1, tables[low].count, .outOfBoundsTableAccess)
      tables[low][Int(a())] = b()
    case .tableSize: return UInt64(tables[low].count)
    case .tableGrow: return growTable(low, b(), a(), node.type)
    case .tableFill:
      try check(a(), c(), tables[low].count, .outOfBoundsTableAccess)
      for index in 0..<Int(c()) { tables[low][Int(a()) + index] = b() }
    case .tableCopy:
      try check(a(), c(), tables[low].count, .outOfBoundsTableAccess)
      try check(b(), c(), tables[high].count, .outOfBoundsTableAccess)
      let elements = Array(tables[high][Int(b())..<Int(b() + c())])
      tables[low].replaceSubrange(Int(a())..<Int(a() + c()), with: elements)
    case .tableInit:
      try check(a(), c(), tables[high].count, .outOfBoundsTableAccess)
      try check(b(), c(), elements[low].count, .outOfBoundsTableAccess)
      for index in 0..<Int(c()) { tables[high][Int(a()) + index] = elements[low][Int(b()) + index] }
    case .refFunc: return node.imm + 1
    default:
      if opcode.info.immediates == .memoryArgument {
        return try access(node, opcode, a(), node.type == .none ? b() : 0)
      }
      if node.a == .max || opcode.info.proposal == .simd || opcode.info.proposal == .relaxedSimd {
        throw .unsupported(opcode.mnemonic)
      }
      switch Scalar.evaluate(opcode, a(), node.b == .max ? 0 : b()) {
      case .value(let bits)?: return bits
      case .trap(.integerDivideByZero)?: throw .trap(.integerDivideByZero)
      case .trap(.integerOverflow)?: throw .trap(.integerOverflow)
      case .trap?: throw .trap(.invalidConversionToInteger)
      case nil: throw .unsupported(opcode.mnemonic)
      }
    }
    return 0
  }

  private func check(_ start: UInt64, _ count: UInt64, _ size: Int, _ kind: TrapKind) throws(IRStop) {
    let (end, overflow) = start.addingReportingOverflow(count)
    if overflow || end > UInt64(size) { throw .trap(kind) }
  }

  private func growMemory(_ memory: Int, _ pages: UInt64, _ type: IRType) -> UInt64 {
    let limits = spaces.memories[memory].limits
    let old = UInt64(memories[memory].count) >> 16
    let bound = min(limits.maximum ?? .max, memoryLimit)
    guard pages <= bound, old + pages <= bound else { return type == .i32 ? 0xFFFF_FFFF : .max }
    memories[memory] += Array(repeating: 0, count: Int(pages) << 16)
    return old
  }

  private func growTable(_ table: Int, _ count: UInt64, _ value: UInt64, _ type: IRType) -> UInt64 {
    let old = UInt64(tables[table].count)
    let bound = min(spaces.tables[table].limits.maximum ?? .max, tableLimit)
    guard count <= bound, old + count <= bound else { return type == .i32 ? 0xFFFF_FFFF : .max }
    tables[table] += Array(repeating: value, count: Int(count))
    return old
  }

  private func access(_ node: Node, _ opcode: Opcode, _ address: UInt64, _ value: UInt64) throws(IRStop) -> UInt64 {
    let name = opcode.mnemonic.split(separator: ".")[1]
    guard node.type != .v128 && !name.hasPrefix("v128") && !opcode.mnemonic.hasPrefix("v128") else {
      throw .unsupported(opcode.mnemonic)
    }
    let size = 1 << opcode.info.alignmentOrLanes
    let (start, overflow) = address.addingReportingOverflow(node.imm)
    if overflow { throw .trap(.outOfBoundsMemoryAccess) }
    let memory = Int(node.c)
    try check(start, UInt64(size), memories[memory].count, .outOfBoundsMemoryAccess)
    if node.type == .none {
      for index in 0..<size { memories[memory][Int(start) + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
      return 0
    }
    var bits: UInt64 = 0
    for index in 0..<size { bits |= UInt64(memories[memory][Int(start) + index]) << (8 * index) }
    if name.hasSuffix("_s") {
      let shift = 64 - 8 * size
      bits = UInt64(bitPattern: Int64(bitPattern: bits << shift) >> shift)
      if node.type == .i32 { bits &= 0xFFFF_FFFF }
    }
    return bits
  }
}

/// The functions of a module, built (and optimised) when they are first called.
final class IRFunctions {
  let context: FrontendContext
  let options: CompilerOptions
  private var builder: FunctionBuilder
  private var optimizer: Optimizer
  private final class Box {
    let function: IRFunction
    init(_ function: consuming IRFunction) { self.function = function }
  }
  private var built: [Int: Box] = [:]

  init(_ context: FrontendContext, _ options: CompilerOptions, pinsAllLocals: Bool = false) {
    self.context = context
    self.options = options
    builder = FunctionBuilder(context, pinsAllLocals: pinsAllLocals, inlines: options.optimization == .full)
    optimizer = Optimizer(context, options: options)
  }

  func frameCost(_ index: Int) throws(IRStop) -> Int { try box(index).function.frameCost }

  func with<R>(_ index: Int, _ body: (borrowing IRFunction) throws(IRStop) -> R) throws(IRStop) -> R {
    try body(try box(index).function)
  }

  private func box(_ index: Int) throws(IRStop) -> Box {
    if let box = built[index] { return box }
    var function: IRFunction
    do { function = try builder.build(functionIndex: index) } catch { throw .unsupported("\(error)") }
    do { try optimizer.run(&function) } catch { throw .violation(error) }
    let box = Box(function)
    built[index] = box
    return box
  }
}
