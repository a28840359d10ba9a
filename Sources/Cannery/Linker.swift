// The linker: names for what modules import.

import WebAssembly

/// Definitions by module and field name, for one store.
public struct Linker {
  /// The store that everything defined belongs to, and that instances are made in.
  public let store: Store
  private var definitions: [ExactName: [ExactName: ExternalValue]] = [:]

  /// Makes a linker without definitions.
  public init(_ store: Store) { self.store = store }

  /// Defines or replaces `module`.`name`.
  public mutating func define(_ module: String, _ name: String, _ value: ExternalValue) {
    definitions[ExactName(module), default: [:]][ExactName(name)] = value
  }

  /// Defines all exports of `instance` under the module name `module`.
  public mutating func define(_ module: String, _ instance: Instance) {
    for export in instance.module.module.exports {
      if let value = instance.export(export.name) { define(module, export.name, value) }
    }
  }

  /// Defines a host function. `body` gets the arguments as values and returns the results.
  public mutating func function(
    _ module: String, _ name: String, _ type: FunctionType, _ body: @escaping (Caller, [Value]) throws -> [Value]
  ) throws {
    define(module, name, .function(try store.makeFunction(type, name: "\(module).\(name)", body: body)))
  }

  /// What is defined as `module`.`name`, if anything is.
  public func lookUp(_ module: String, _ name: String) -> ExternalValue? {
    definitions[ExactName(module)]?[ExactName(name)]
  }

  /// Makes an instance of `module` and runs its start function, with at most `instructions` instructions.
  ///
  /// Throws an `InstantiationError`.
  public func instantiate(_ module: Module, instructions: UInt64? = nil) throws(InstantiationError) -> Instance {
    try store.instantiate(module, imports: imports(of: module), instructions: instructions)
  }

  /// What is defined for the module's imports, in their order.
  ///
  /// Throws `InstantiationError.unknownImport` where one has no definition.
  public func imports(of module: Module) throws(InstantiationError) -> [ExternalValue] {
    var imports: [ExternalValue] = []
    for (index, item) in module.module.imports.enumerated() {
      guard let value = lookUp(item.module, item.name) else { throw .unknownImport(index: index, item) }
      imports.append(value)
    }
    return imports
  }

  /// The imports of `module` that have no definition, in the module's order.
  public func missingImports(of module: Module) -> [Import] {
    module.module.imports.filter { lookUp($0.module, $0.name) == nil }
  }
}

extension Store {
  /// A host function on values; a closure over raw slots (`makeHostFunction`) costs less per call.
  public func makeFunction(
    _ type: FunctionType, name: String = "", body: @escaping (Caller, [Value]) throws -> [Value]
  ) throws(ModuleError) -> Function {
    try makeHostFunction(type, name: name) { caller, slots in
      var slot = UnsafePointer(slots)
      let arguments = type.parameters.map { type in
        defer { slot += type.slotCount }
        return Value(type: type, from: slot)
      }
      let results = try body(caller, arguments)
      guard results.count == type.results.count else {
        throw ExecutionError.typeMismatch(
          "host function \(name) returned \(results.count) values, not \(type.results.count)")
      }
      var target = slots
      for (index, value) in results.enumerated() {
        guard value.fits(type.results[index]) else {
          throw ExecutionError.typeMismatch(
            "result \(index) of host function \(name) must be \(type.results[index]), not \(value.type)")
        }
        value.store(to: target)
        target += type.results[index].slotCount
      }
      return .done
    }
  }
}
