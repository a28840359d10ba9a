// What a .did file says: type definitions, and a service with its methods.

/// A .did file, checked: the methods that a canister has, with the types of their arguments and results.
public struct CandidInterface: Sendable {
  /// All types of the interface.
  public let table: TypeTable
  /// The types by their names.
  public let definitions: [String: TypeReference]
  /// The service's type, if the file has a service.
  public let service: TypeReference?
  /// What `init` takes, if the service is a constructor.
  public let initArguments: CandidTypes?
  /// The file as it is written, for printing.
  let syntax: InterfaceSyntax

  /// A file that an import names.
  public struct ImportedFile: Sendable {
    /// What tells the file from others, as a path from the root: files of one identity are read once.
    public var identity: String
    public var text: String

    public init(identity: String, text: String) {
      self.identity = identity
      self.text = text
    }
  }

  /// Reads and checks a .did file.
  /// - Parameters:
  ///   - identity: what tells the file from those that it imports.
  ///   - resolveImport: gives the file that an import names, given the name and the identity of the importing file; `nil`
  ///     if there is none. Without it imports are errors.
  public init(
    parsing text: String, identity: String = "",
    resolveImport: (_ name: String, _ importer: String) -> ImportedFile? = { _, _ in nil }
  ) throws(CandidTextError) {
    var files = try ImportedFiles(text, identity: identity, resolveImport)
    var checker = TypeChecker()
    do throws(CandidTextError) {
      try checker.define(files.list.map(\.syntax.definitions))
      (service, initArguments) = try files.service(&checker)
    } catch {
      throw files.located(error, in: checker.file)
    }
    table = checker.table
    definitions = checker.definitions
    syntax = files.list[0].syntax
  }

  /// The service's methods, in the order of their names.
  public var methods: [CandidMethod] { methodTypes.map(method) }

  /// A method by its name. Takes logarithmic time.
  public func method(_ name: String) -> CandidMethod? {
    let methods = methodTypes
    var low = 0
    var high = methods.count
    while low < high {
      let middle = (low + high) / 2
      if ExactText.precedes(methods[middle].name, name) { low = middle + 1 } else { high = middle }
    }
    return low < methods.count && ExactText.equal(methods[low].name, name) ? method(methods[low]) : nil
  }

  private var methodTypes: [MethodType] {
    guard let service, case .service(let methods)? = table[service] else { return [] }
    return methods
  }

  private func method(_ method: MethodType) -> CandidMethod {
    guard case .func(let function)? = table[method.function] else {
      preconditionFailure("a method that is no function")
    }
    return CandidMethod(
      name: method.name, arguments: CandidTypes(function.arguments, in: table),
      results: CandidTypes(function.results, in: table), modes: function.modes)
  }

  /// The types of a text like `(nat, record { name : text })`, which may use the interface's names and define others in
  /// front: the form of the metadata `candid:args`.
  public func types(parsing text: String) throws(CandidTextError) -> CandidTypes {
    try CandidTypes(parsing: text, checker: TypeChecker(table: table, definitions: definitions))
  }
}

extension CandidInterface {
  /// Whether a canister with this interface can take the place of one with the old interface, without its callers
  /// noticing: whether its service is a subtype. Init arguments don't count.
  public func canReplace(_ old: CandidInterface) -> Bool {
    guard let oldService = old.service else { return true }
    guard let service else { return false }
    return CandidTypes([service], in: table).isSubtype(of: CandidTypes([oldService], in: old.table))
  }
}

/// A method of a service.
public struct CandidMethod: Hashable, Sendable {
  public var name: String
  public var arguments: CandidTypes
  public var results: CandidTypes
  public var modes: FunctionModes

  /// Whether the method can be called as a query.
  public var isQuery: Bool { !modes.isDisjoint(with: [.query, .compositeQuery]) }
}

extension CandidTypes {
  /// The types of a text like `(nat, record { name : text })`, with definitions in front if it needs some.
  public init(parsing text: String) throws(CandidTextError) {
    try self.init(parsing: text, checker: TypeChecker())
  }

  fileprivate init(parsing text: String, checker: TypeChecker) throws(CandidTextError) {
    let bytes = Array(text.utf8)
    var checker = checker
    do throws(CandidTextError) {
      var parser = try Parser(bytes)
      let interface = try parser.definitions()
      if let first = interface.imports.first {
        throw CandidTextError(.importNotFound(first.file), at: first.offset)
      }
      let arguments = try parser.argumentTypes()
      guard parser.token.kind == .end else { throw parser.unexpected("the end") }
      try checker.define([interface.definitions])
      elements = try checker.types(arguments)
      table = checker.table
    } catch {
      throw error.located(in: bytes)
    }
  }
}
