// Random types, as text: definitions that may refer to each other, and types of arguments. All of them have values.

struct TypeGenerator {
  var random: RandomSource
  /// Whether functions and services may occur.
  var references = true
  private var definitionCount = 0

  init(_ random: RandomSource) { self.random = random }

  /// A type as a tree, so that it can be changed.
  indirect enum Tree {
    case word(String)
    case opt(Tree)
    case vec(Tree)
    case record([(label: String, type: Tree)])
    case variant([(label: String, type: Tree)])

    var text: String {
      switch self {
      case .word(let word): word
      case .opt(let tree): "opt \(tree.text)"
      case .vec(let tree): "vec \(tree.text)"
      case .record(let fields): "record {\(fields.map { "\($0.label) : \($0.type.text)" }.joined(separator: "; "))}"
      case .variant(let fields): "variant {\(fields.map { "\($0.label) : \($0.type.text)" }.joined(separator: "; "))}"
      }
    }
  }

  struct Program {
    var definitions: [Tree]
    var arguments: [Tree]

    var text: String {
      definitions.enumerated().map { "type t\($0) = \($1.text);\n" }.joined()
        + "(\(arguments.map(\.text).joined(separator: ", ")))"
    }
  }

  mutating func program() -> Program {
    definitionCount = random.below(4)
    // What a definition contains of others is behind an option or a vector, so that its values can end.
    let definitions = (0..<definitionCount).map { _ in composite(depth: 2) }
    let arguments = (0..<random.below(4)).map { _ in type(depth: 3) }
    return Program(definitions: definitions, arguments: arguments)
  }

  private static let primitives = [
    "null", "bool", "nat", "int", "nat8", "nat16", "nat32", "nat64", "int8", "int16", "int32", "int64", "float32",
    "float64", "text", "reserved", "principal",
  ]

  private static let labels = [
    "a", "b", "name", "id", "0", "1", "2", "7", "4294967295", "\"opt\"", "\"☃\"", "\"two words\"", "_x", "nat",
  ]

  mutating func type(depth: Int) -> Tree {
    if definitionCount > 0, random.chance(1, in: 6) {
      let name = Tree.word("t\(random.below(definitionCount))")
      return random.chance(1, in: 2) ? .opt(name) : .vec(name)
    }
    return depth > 0 && random.chance(1, in: 2) ? composite(depth: depth - 1) : primitive()
  }

  mutating func primitive() -> Tree { .word(Self.primitives[random.below(Self.primitives.count)]) }

  private mutating func composite(depth: Int) -> Tree {
    switch random.below(references ? 10 : 8) {
    case 0, 1: return .opt(type(depth: depth))
    case 2: return .vec(type(depth: depth))
    case 3: return .word("blob")
    case 4, 5, 6: return .record(fields(depth: depth, atLeast: 0))
    case 7: return .variant(fields(depth: depth, atLeast: 1))
    case 8: return .word("func (\(type(depth: 0).text)) -> (\(type(depth: 0).text)) query")
    default: return .word("service { m : (\(type(depth: 0).text)) -> (); \"✈\" : () -> () oneway }")
    }
  }

  mutating func fields(depth: Int, atLeast minimum: Int) -> [(label: String, type: Tree)] {
    var labels = Self.labels.shuffled(using: &random)[...]
    return (0..<minimum + random.below(4)).map { _ in (labels.removeFirst(), type(depth: depth)) }
  }

  /// The type with one change somewhere, so that it may be a supertype, a subtype or neither.
  mutating func changed(_ tree: Tree) -> Tree {
    switch random.below(8) {
    case 0: return primitive()
    case 1: return .opt(tree)
    case 2: return .word("reserved")
    default: break
    }
    switch tree {
    case .word: return random.chance(1, in: 2) ? primitive() : tree
    case .opt(let content): return random.chance(1, in: 4) ? content : .opt(changed(content))
    case .vec(let element): return .vec(changed(element))
    case .record(let fields): return .record(changed(fields, added: .opt(primitive())))
    case .variant(let fields): return .variant(changed(fields, added: primitive()))
    }
  }

  private mutating func changed(
    _ fields: [(label: String, type: Tree)], added: Tree
  ) -> [(label: String, type: Tree)] {
    var fields = fields
    switch random.below(4) {
    case 0 where !fields.isEmpty: fields.remove(at: random.below(fields.count))
    case 1 where !fields.contains { $0.label == "99" }:
      fields.insert(("99", random.chance(1, in: 4) ? primitive() : added), at: random.below(fields.count + 1))
    default:
      guard !fields.isEmpty else { break }
      let index = random.below(fields.count)
      fields[index].type = changed(fields[index].type)
    }
    return fields
  }
}
