// What can be wrong with bytes, and with values where they are encoded or taken apart. Errors in texts are `TextError`s.

/// Why bytes are no Candid message.
public enum MalformedReason: String, Hashable, Sendable {
  case magic = "the message doesn't begin with \"DIDL\""
  case unexpectedEnd = "the message ends too early"
  case trailingBytes = "there are bytes after the last argument"
  case integerTooLarge = "a length, index or number is too large"
  case unknownType = "there is no type with this code"
  case primitiveInTable = "the type table may hold types with parts only"
  case indexOutOfRange = "the index of a type is out of range"
  case fieldsOutOfOrder = "fields must be in the order of their numbers, each once"
  case methodsOutOfOrder = "methods must be in the order of their names, each once"
  case methodNotFunction = "the type of a method must be a function"
  case unknownMode = "a function has an unknown or repeated annotation"
  case invalidUTF8 = "a text is not UTF-8"
  case invalidBool = "a bool must be 0 or 1"
  case invalidTag = "the tag of an option must be 0 or 1"
  case caseOutOfRange = "a variant has no case with this index"
  case emptyValue = "the type empty has no values"
  case opaqueReference = "opaque references are not supported"
  case principalTooLong = "a principal has at most 29 bytes"
}

/// Which limit was reached.
public enum CandidLimit: String, Hashable, Sendable {
  case decoding = "decoding the message takes too much work"
  case skipping = "skipping what the message has too much takes too much work"
  case depth = "values are nested too deeply"
  case typeTable = "the type table is too long"
}

/// Something wrong with bytes, or with a value for a type.
public enum CandidError: Error, Hashable, Sendable {
  /// The bytes are no Candid message.
  case malformed(MalformedReason, offset: Int)
  /// The message, or a value, goes beyond a limit. `offset` is 0 where there are no bytes.
  case limitExceeded(CandidLimit, offset: Int)
  /// A value isn't one of the expected type. `path` says where: `argument 0, field settings, element 3`.
  case mismatch(expected: String, found: String, path: String)
  /// A number isn't in the range of the expected type.
  case outOfRange(expected: String, found: String, path: String)
  /// A record has no field that the type asks for.
  case missingField(CandidLabel, path: String)
  /// A record has a field that the type has not.
  case unknownField(CandidLabel, path: String)
  /// A variant's case is none of the expected type.
  case unknownCase(CandidLabel, path: String)
  /// Other than `expected` arguments, where they can't be made equal by leaving out null, optional or reserved ones.
  case argumentCount(expected: Int, found: Int)
  /// The values of a vector have no type in common.
  case noCommonType(path: String)
}

extension CandidError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed(let reason, let offset): "at byte \(offset): \(reason.rawValue)"
    case .limitExceeded(let limit, let offset): (offset > 0 ? "at byte \(offset): " : "") + limit.rawValue
    case .mismatch(let expected, let found, let path): prefix(path) + "expected \(expected), found \(found)"
    case .outOfRange(let expected, let found, let path): prefix(path) + "\(found) is out of the range of \(expected)"
    case .missingField(let label, let path): prefix(path) + "there is no field \(label)"
    case .unknownField(let label, let path): prefix(path) + "the type has no field \(label)"
    case .unknownCase(let label, let path): prefix(path) + "the type has no case \(label)"
    case .argumentCount(let expected, let found): "expected \(expected) arguments, found \(found)"
    case .noCommonType(let path): prefix(path) + "the values of the vector have no type in common"
    }
  }

  private func prefix(_ path: String) -> String { path.isEmpty ? "" : path + ": " }
}

/// A step on the way to something in a sequence of values.
enum PathStep {
  case argument(Int)
  case field(CandidLabel)
  case element(Int)
}

extension [PathStep] {
  /// The way as errors tell it: `argument 0, field settings, element 3`.
  var path: String {
    map { step in
      switch step {
      case .argument(let index): "argument \(index)"
      case .field(let label): "field \(label)"
      case .element(let index): "element \(index)"
      }
    }.joined(separator: ", ")
  }
}
