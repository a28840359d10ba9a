// From types as they are written to entries of a table: names are looked up, and definitions checked.
//
// Source: Candid specification, "Type Definitions".

/// A type definition, `type name = type`.
struct DefinitionSyntax: Sendable {
  var name: String
  var type: TypeSyntax
  var offset: Int
}

struct TypeChecker {
  private var builder = TypeBuilder()
  private(set) var definitions: [String: TypeReference] = [:]
  /// Types that methods have, to be looked at when all definitions are known.
  private var methodTypes: [(method: String, type: TypeReference, offset: Int, file: Int)] = []
  /// The number of the file that is being checked, for errors.
  private(set) var file = 0

  var table: TypeTable { builder.table }

  init() {}

  /// Continues with the types of a table.
  init(table: TypeTable, definitions: [String: TypeReference]) {
    builder = TypeBuilder(table: table)
    self.definitions = definitions
  }

  /// Adds definitions, which may refer to each other, from files by number.
  mutating func define(_ files: [[DefinitionSyntax]]) throws(CandidTextError) {
    var syntax: [String: TypeSyntax] = [:]
    for (number, definitions) in files.enumerated() {
      file = number
      for definition in definitions {
        guard self.definitions[definition.name] == nil,
          syntax.updateValue(definition.type, forKey: definition.name) == nil
        else { throw CandidTextError(.duplicateType(definition.name), at: definition.offset) }
      }
    }
    var reserved: [Int] = []
    for (number, definitions) in files.enumerated() {
      file = number
      for definition in definitions { try resolve(definition, syntax, &reserved) }
    }
    for (number, definitions) in files.enumerated() {
      file = number
      for definition in definitions {
        guard case .entry(let index)? = self.definitions[definition.name],
          let type = try composite(definition.type)
        else { continue }
        builder.fill(index, with: type)
      }
    }
    try checkMethods()
  }

  /// Finds out what a name stands for, through other names: a type without parts, or an entry.
  private mutating func resolve(
    _ definition: DefinitionSyntax, _ syntax: [String: TypeSyntax], _ reserved: inout [Int]
  ) throws(CandidTextError) {
    var chain = [definition.name]
    var visited: Set = [definition.name]
    var type = definition.type
    var target = definitions[definition.name]
    while target == nil {
      switch type.kind {
      case .primitive(let primitive): target = .primitive(primitive)
      case .name(let name):
        target = definitions[name]
        if target == nil {
          guard let next = syntax[name] else { throw CandidTextError(.unknownType(name), at: type.offset) }
          guard visited.insert(name).inserted else {
            throw CandidTextError(.cyclicType(definition.name), at: definition.offset)
          }
          chain.append(name)
          type = next
        }
      default: target = .entry(builder.reserve(name: chain.last!))
      }
    }
    for name in chain { definitions[name] = target }
  }

  /// Makes sure that the types of methods are functions. All definitions have to be there.
  private mutating func checkMethods() throws(CandidTextError) {
    for method in methodTypes {
      if case .func? = table[method.type] { continue }
      file = method.file
      throw CandidTextError(.notFunction(method.method), at: method.offset)
    }
    methodTypes = []
  }

  /// The reference for a type whose names are defined.
  mutating func type(_ syntax: TypeSyntax) throws(CandidTextError) -> TypeReference {
    let result = try reference(syntax)
    try checkMethods()
    return result
  }

  mutating func types(_ arguments: [ArgumentSyntax], file: Int = 0) throws(CandidTextError) -> [TypeReference] {
    self.file = file
    let result = try references(arguments)
    try checkMethods()
    return result
  }

  /// The type of a service, given its methods or a name.
  mutating func service(_ syntax: TypeSyntax, file: Int = 0) throws(CandidTextError) -> TypeReference {
    self.file = file
    let result = try type(syntax)
    guard case .service? = table[result] else { throw CandidTextError(.notService, at: syntax.offset) }
    return result
  }

  /// The entry of a service that has the methods of several, from files by number.
  mutating func service(
    merging parts: [(methods: [MethodType], offset: Int, file: Int)]
  ) throws(CandidTextError) -> TypeReference {
    var all: [MethodType] = []
    for part in parts {
      file = part.file
      all.append(contentsOf: part.methods)
      all.sort { ExactText.precedes($0.name, $1.name) }
      for (method, next) in zip(all, all.dropFirst()) where ExactText.equal(method.name, next.name) {
        throw CandidTextError(.duplicateMethod(method.name), at: part.offset)
      }
    }
    return builder.intern(.service(all))
  }

  private mutating func references(_ arguments: [ArgumentSyntax]) throws(CandidTextError) -> [TypeReference] {
    var types: [TypeReference] = []
    for argument in arguments { types.append(try reference(argument.type)) }
    return types
  }

  // Calls itself as deep as the parser did, which is bounded.
  private mutating func reference(_ syntax: TypeSyntax) throws(CandidTextError) -> TypeReference {
    switch syntax.kind {
    case .primitive(let primitive): return .primitive(primitive)
    case .name(let name):
      guard let type = definitions[name] else { throw CandidTextError(.unknownType(name), at: syntax.offset) }
      return type
    default: return builder.intern(try composite(syntax)!)
    }
  }

  /// A type with parts; `nil` for others.
  private mutating func composite(_ syntax: TypeSyntax) throws(CandidTextError) -> CompositeType? {
    switch syntax.kind {
    case .primitive, .name: return nil
    case .opt(let content): return .opt(try reference(content))
    case .vec(let element): return .vec(try reference(element))
    case .record(let fields): return .record(try fieldTypes(fields))
    case .variant(let fields): return .variant(try fieldTypes(fields))
    case .func(let function):
      return .func(
        FunctionType(
          arguments: try references(function.arguments), results: try references(function.results),
          modes: function.modes))
    case .service(let methods):
      var types: [MethodType] = []
      for method in methods {
        let type = try reference(method.type)
        methodTypes.append((method.name, type, method.type.offset, file))
        types.append(MethodType(name: method.name, function: type))
      }
      return .service(types.sorted { ExactText.precedes($0.name, $1.name) })
    }
  }

  private mutating func fieldTypes(_ fields: [FieldTypeSyntax]) throws(CandidTextError) -> [FieldType] {
    var types: [FieldType] = []
    for field in fields { types.append(FieldType(label: field.label, type: try reference(field.type))) }
    return types.sorted { $0.label < $1.label }
  }
}
