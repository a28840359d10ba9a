// Functions that make the compiler emit a given operation of threaded code, and what to call them with. They are made from
// the operations' names, so that a new row of a known family has its cases as soon as it is in the table.

import Compiler
import ProgramGenerator
import WebAssembly

public struct OperationCase: Sendable {
  /// What the module around the function has.
  public enum Setting: CaseIterable, Sendable {
    /// No memory.
    case registers
    /// A memory with 32-bit addresses, or one with 64-bit addresses.
    case memory, wideMemory
  }

  /// The name of the operation that this is about.
  public var operation: String
  /// Whether the code must have the operation. A variation on it may be compiled otherwise.
  public var isExact = true
  /// Where the operation occurs.
  public var level = OptimizationLevel.full
  public var setting = Setting.registers
  /// Whether it goes on for as long as it gets instructions, with some arguments.
  public var loops = false
  public var parameters: [ValueType]
  /// The function in the text format: its parameters, then results, local variables and code.
  public var header: String
  public var body: String
  public var text: String { header + body }
  /// Bits of the arguments in each round.
  public var arguments: @Sendable (_ round: Int, _ random: inout Random) -> [UInt64]

  /// The cases of the operation named `name`; none if the name is of no family that is known here.
  public static func cases(of name: String) -> [OperationCase] {
    let parts = name.split(separator: "_").map(String.init)
    let maker = CaseMaker(name, parts)
    return maker.vectors() ?? maker.joined() ?? maker.endings() ?? maker.copies() ?? maker.jumps()
      ?? maker.loadSwitches() ?? maker.steps() ?? maker.tests()
      ?? maker.loadBranches() ?? maker.branches()
      ?? maker.selects() ?? maker.pairs() ?? maker.addressedAccesses() ?? maker.loadOperations()
      ?? maker.wordImmediates() ?? maker.accesses() ?? maker.scalars() ?? []
  }

  /// Operations that are no superinstructions and that other tests look after: control, calls, bulk operators, and the
  /// first operation of each vector operator, which has no form in its name.
  public static func isElsewhere(_ name: String) -> Bool {
    return CaseMaker.shapes.contains { name.hasPrefix($0) } && !name.contains("_")
      || elsewhere.contains(name.split(separator: "_").first.map(String.init) ?? name)
  }

  private static let elsewhere: Set<String> = [
    "addOffset", "call", "callImport", "callIndirect", "callReference", "charge", "chargeCheck", "chargeDynamic32",
    "chargeDynamic64", "const32", "const64", "constVector", "dataDrop", "elementDrop", "enter",
    "enterInlined", "enterLarge", "exit", "functionReference", "globalGet", "globalGetFloat", "globalGetPair",
    "globalSet",
    "globalSetFloat", "globalSetPair", "jump", "jumpCheck", "leaveInstance", "load", "loadFloat", "lowerStack",
    "memoryCopy", "memoryFill", "memoryGrow32", "memoryGrow64", "memoryInit", "memorySize", "move", "moveTwo",
    "moveWide", "raiseStack", "resumeHostCall", "retryHostCall", "return", "returnFloat", "selectPair",
    "store", "storeFloat", "switch", "tableCopy", "tableFill", "tableGet", "tableGrow", "tableInit", "tableSet",
    "tableSize", "tailCall", "tailCallImport", "tailCallIndirect", "tailCallReference", "trap", "trapIfNull",
    "useMemory",
  ]
}

/// Makes the cases of one operation. Each family has an extension, whose function returns nil for other operations.
struct CaseMaker {
  let name: String
  /// The name's parts between underscores.
  let parts: [String]
  var stem: String { parts[0] }

  init(_ name: String, _ parts: [String]) {
    self.name = name
    self.parts = parts
  }

  /// The same number for the same name, whenever it is asked for: chooses among constants.
  var number: Int { name.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF } }

  func choose<Element>(_ elements: [Element]) -> Element { elements[number % elements.count] }

  /// Wasm operators by their name in the tables.
  static let opcodes: [String: Opcode] = {
    var opcodes: [String: Opcode] = [:]
    for row in 0..<Opcode.count {
      let opcode = Opcode(row: UInt16(row))
      let words = opcode.mnemonic.split { $0 == "." || $0 == "_" }
      let name = words.dropFirst().reduce(String(words[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
      opcodes[name] = opcode
    }
    return opcodes
  }()

  // MARK: Functions on values

  /// What functions on values have as parameters: three of the type, one whose bits come into the accumulator, a condition.
  static func parameters(_ type: ScalarType) -> [(name: String, type: ScalarType)] {
    [("x", type), ("y", type), ("z", type), ("a", type.partner), ("c", .i32)]
  }

  /// Operand `position` of a form: a parameter, or in the accumulator.
  func operand(_ letter: Character, _ position: Int, _ type: ScalarType) -> String {
    letter == "a" ? type.accumulator() : "(local.get $\(["x", "y", "z"][position]))"
  }

  /// A function that computes `expression` of values of `type`. If it `stores`, it needs the result in the accumulator and
  /// again later.
  func value(
    _ type: ScalarType, _ expression: String, result: ScalarType, stores: Bool, near constants: [UInt64] = [],
    isExact: Bool = true
  ) -> OperationCase {
    function(type, valueBody(expression, result, stores: stores), near: constants, isExact: isExact)
  }

  func valueBody(_ expression: String, _ result: ScalarType, stores: Bool) -> String {
    if !stores {
      // Integer results that go nowhere else would be returned by the operation itself, as those are that end in `_r`.
      let used =
        switch result {
        case .i32 where parts.last != "r" && stem != "i32WrapI64": "(i32.rem_u \(expression) (i32.const -15))"
        case .i64 where parts.last != "r": "(i64.rem_u \(expression) (i64.const -59))"
        default: expression
        }
      return "(result \(result)) \(used)"
    }
    return "(result \(result.partner) \(result)) (local $r \(result)) "
      + result.partner.reinterpreted("(local.tee $r \(expression))") + " (local.get $r)"
  }

  /// A function on values of `type`.
  func function(
    _ type: ScalarType, _ body: String, near constants: [UInt64] = [], isExact: Bool = true, loops: Bool = false
  ) -> OperationCase {
    let parameters = CaseMaker.parameters(type)
    return OperationCase(
      operation: name, isExact: isExact, loops: loops, parameters: parameters.map(\.type.valueType),
      header: header(parameters), body: body
    ) { _, random in
      let x = type.pick(near: constants, &random)
      let y = type.pick(near: [x], &random)
      let z = type.pick(near: [x], &random)
      let a = random.chance(1, in: 4) ? y : type.pick(near: constants + [x], &random)
      return [x, y, z, a, ScalarType.i32.pick(&random) & (random.chance(1, in: 3) ? 0 : .max)]
    }
  }

  func header(_ parameters: [(name: String, type: ScalarType)]) -> String {
    parameters.map { "(param $\($0.name) \($0.type)) " }.joined()
  }

  /// The type that a name begins with.
  func type(of name: some StringProtocol) -> ScalarType? { ScalarType(rawValue: name.prefix(3).lowercased()) }

  /// Arithmetic operators by their name in the tables.
  static let operators: [(name: String, mnemonic: String)] = [
    ("Add", "add"), ("Sub", "sub"), ("Mul", "mul"), ("And", "and"), ("Or", "or"), ("Xor", "xor"), ("Shl", "shl"),
    ("ShrU", "shr_u"), ("ShrS", "shr_s"), ("Rotl", "rotl"), ("Rotr", "rotr"),
  ]

  static let conditions: [String: String] = [
    "Eq": "eq", "Ne": "ne", "LtS": "lt_s", "LtU": "lt_u", "GtS": "gt_s", "GtU": "gt_u", "LeS": "le_s", "LeU": "le_u",
    "GeS": "ge_s", "GeU": "ge_u", "Lt": "lt", "Gt": "gt", "Le": "le", "Ge": "ge",
  ]

  /// A condition for exchanged operands.
  static func mirrored(_ condition: String) -> String {
    switch condition.first {
    case "l": "g" + condition.dropFirst()
    case "g": "l" + condition.dropFirst()
    default: condition
    }
  }
}
