// What building any function of a module needs to know of the module: computed once, never changed, read by all threads.

import WasmBinary
import WebAssembly

public struct FrontendContext: Sendable {
  public let module: Module
  public let spaces: IndexSpaces
  public let policy: MeteringPolicy
  /// Whether the module's first memory has 64-bit addresses, which some weights depend on.
  public let is64: Bool
  let tables: FrontendTables
  private let signatures: [Signature]

  private struct Signature: Sendable {
    var parameters: [IRType]
    var results: [IRType]
  }

  /// `module` must be valid.
  public init(module: Module, spaces: IndexSpaces, policy: MeteringPolicy) {
    self.module = module
    self.spaces = spaces
    self.policy = policy
    is64 = spaces.memories.first?.limits.address == .i64
    tables = FrontendTables(module: module, spaces: spaces, policy: policy, is64: is64)
    signatures = module.types.map { type in
      guard case .function(let function) = type.composite else { return Signature(parameters: [], results: []) }
      return Signature(parameters: function.parameters.map { IRType($0) }, results: function.results.map { IRType($0) })
    }
  }

  public init(module: Module, policy: MeteringPolicy) {
    self.init(module: module, spaces: IndexSpaces(module), policy: policy)
  }

  /// The parameter types of the function type with index `index`; the array is shared, not copied.
  func parameters(ofType index: UInt32) -> [IRType] { signatures[Int(index)].parameters }
  func results(ofType index: UInt32) -> [IRType] { signatures[Int(index)].results }
}

/// Consecutive types in `FrontendTables.types`.
struct TypeRange: BitwiseCopyable {
  var start: UInt32
  var count: UInt32
  static let empty = TypeRange(start: 0, count: 0)
}

struct BlockSignature: BitwiseCopyable {
  var parameters: TypeRange
  var results: TypeRange
}

/// The module's types and index spaces as flat tables of trivial elements, so that the builder's inner loop neither
/// counts references nor checks bounds: the module is valid, so every index in it is in range.
final class FrontendTables: @unchecked Sendable {
  // Sound as Sendable: written by the initialiser only.
  let types: UnsafeMutablePointer<IRType>
  let signatures: UnsafeMutablePointer<BlockSignature>
  /// Slots of each function type's parameters.
  let parameterSlots: UnsafeMutablePointer<Int>
  /// Type index of each function.
  let functions: UnsafeMutablePointer<UInt32>
  let globals: UnsafeMutablePointer<IRType>
  /// Whether a memory (table) has 64-bit addresses.
  let memories: UnsafeMutablePointer<Bool>
  let tables: UnsafeMutablePointer<Bool>
  let rows: UnsafeMutablePointer<OperatorRow>
  let importedFunctionCount: UInt32
  /// Of each defined function: bytes of its operators if calls of it may be replaced by its body, else 0.
  let inlineSizes: UnsafeMutablePointer<UInt8>

  init(module: Module, spaces: IndexSpaces, policy: MeteringPolicy, is64: Bool) {
    // Single results of blocks are ranges too: the table begins with each type once, at its raw value.
    var flat: [IRType] = [.none, .i32, .i64, .f32, .f64, .v128]
    var ranges: [BlockSignature] = []
    ranges.reserveCapacity(module.types.count)
    for type in module.types {
      guard case .function(let function) = type.composite else {
        ranges.append(BlockSignature(parameters: .empty, results: .empty))
        continue
      }
      let parameters = TypeRange(start: UInt32(flat.count), count: UInt32(function.parameters.count))
      for type in function.parameters { flat.append(IRType(type)) }
      let results = TypeRange(start: UInt32(flat.count), count: UInt32(function.results.count))
      for type in function.results { flat.append(IRType(type)) }
      ranges.append(BlockSignature(parameters: parameters, results: results))
    }
    parameterSlots = copy(
      ranges.map { range in
        let parameters = flat[Int(range.parameters.start)..<Int(range.parameters.start + range.parameters.count)]
        return parameters.reduce(0) { $0 + $1.slotCount }
      })
    types = copy(flat)
    signatures = copy(ranges)
    functions = copy(spaces.functions)
    globals = copy(spaces.globals.map { IRType($0.value) })
    memories = copy(spaces.memories.map { $0.limits.address == .i64 })
    tables = copy(spaces.tables.map { $0.limits.address == .i64 })
    rows = copy((0..<Opcode.count).map { OperatorRow(Opcode(row: UInt16($0)), policy: policy, is64: is64) })
    importedFunctionCount = UInt32(spaces.importedFunctionCount)
    inlineSizes = copy(
      module.bodies.indices.map { index in
        let range = ranges[Int(module.functions[index])]
        return inlineSize(module, body: module.bodies[index], signature: range)
      })
  }

  deinit {
    types.deallocate()
    signatures.deallocate()
    parameterSlots.deallocate()
    functions.deallocate()
    globals.deallocate()
    memories.deallocate()
    tables.deallocate()
    rows.deallocate()
    inlineSizes.deallocate()
  }
}

private func copy<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
  let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
  for (index, element) in elements.enumerated() { (memory + index).initialize(to: element) }
  return memory
}
