// An instance: a module with its functions, tables, memories and globals. The store owns it through its functions; who
// uses an instance keeps the store.

import WasmBinary
import WebAssembly

public final class OracleInstance {
  public let module: Module
  unowned let store: OracleStore
  let spaces: IndexSpaces
  /// Canonical ids of the module's types.
  let typeIds: [UInt32]

  // The index spaces. They are filled during instantiation and don't change afterwards.
  /// Addresses in the store.
  var functions: [Int] = []
  public internal(set) var tables: [OracleTable] = []
  public internal(set) var memories: [OracleMemory] = []
  public internal(set) var globals: [OracleGlobal] = []
  var tags: [OracleTag] = []
  /// The references of each element segment; none once it has been dropped.
  var elements: [[OracleReference]] = []
  /// The bytes of each data segment; none once it has been dropped.
  var data: [ByteRange] = []

  /// Functions that were called before, by function index.
  private var decoded: [UInt32: FunctionCode] = [:]

  init(_ module: Module, store: OracleStore, typeIds: [UInt32]) {
    self.module = module
    self.store = store
    self.typeIds = typeIds
    spaces = IndexSpaces(module)
  }

  /// Whether the module's first memory has 64-bit addresses, which decides on the weights of operators.
  var is64: Bool { spaces.memories.first?.limits.address == .i64 }

  func functionType(_ typeIndex: UInt32) -> FunctionType {
    guard case .function(let type) = module.types[Int(typeIndex)].composite else {
      preconditionFailure("a function has a function type in a validated module")
    }
    return type
  }

  func functionType(ofFunction index: UInt32) -> FunctionType { functionType(spaces.functions[Int(index)]) }

  /// The code of the function with index `index`, which the module defines.
  func code(_ index: UInt32) throws(OracleStop) -> FunctionCode {
    if let code = decoded[index] { return code }
    let code = try FunctionCode(self, functionIndex: index)
    decoded[index] = code
    return code
  }

  /// What the export `name` stands for.
  public func export(_ name: String) -> OracleExternal? {
    guard let export = module.exports.first(where: { ExactName($0.name) == ExactName(name) }) else { return nil }
    let index = Int(export.index)
    switch export.kind {
    case .function: return .function(OracleFunction(address: functions[index]))
    case .table: return .table(tables[index])
    case .memory: return .memory(memories[index])
    case .global: return .global(globals[index])
    case .tag: return .tag(tags[index])
    }
  }

  /// The exported function `name`.
  public func function(_ name: String) -> OracleFunction? {
    if case .function(let function)? = export(name) { return function }
    return nil
  }

  /// The units of charging of the function with index `index`, which the module defines, in order of code. Those that
  /// charge nothing and don't check are left out.
  public func chargeUnits(_ index: UInt32) throws(OracleStop) -> [ChargeUnit] {
    try code(index).operators.compactMap(\.unit).filter { $0.cost > 0 || $0.isReentrant }
  }

  /// What a call of the function with index `index`, which the module defines, costs of the stack limit, in slots.
  public func stackSlots(_ index: UInt32) throws(OracleStop) -> Int { try code(index).stackSlots }
}
