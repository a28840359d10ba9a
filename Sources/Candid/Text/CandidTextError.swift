// What can be wrong with a text: with a .did file, or with values.

/// Something wrong with a text, and where.
public struct CandidTextError: Error, Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    // Characters.
    case unexpectedCharacter(Unicode.Scalar)
    case unclosedString
    case unclosedComment
    case illegalEscape
    case invalidUTF8
    // Syntax.
    case unexpected(found: String, expected: String)
    case nestedTooDeeply
    case numberTooLong
    case illegalNumber
    case fieldIdOutOfRange
    case duplicateField(CandidLabel)
    case invalidPrincipal(PrincipalTextError)
    // Types.
    case duplicateMethod(String)
    case duplicateArgumentName(String)
    case duplicateMode
    case onewayWithResults
    case duplicateType(String)
    case unknownType(String)
    case cyclicType(String)
    case notFunction(String)
    case notService
    case importNotFound(String)
    case importWithoutService(String)
    case importOfConstructor(String)
    // Values that aren't of the expected type.
    case mismatch(expected: String, found: String)
    case outOfRange(String)
    case missingField(CandidLabel)
    case unknownCase(CandidLabel)
    case argumentCount(expected: Int, found: Int)
  }

  public var reason: Reason
  /// The file, if it isn't the first one that was read.
  public var file: String?
  /// Byte offset in the text.
  public var offset: Int
  /// Line of `offset`, counted from 1.
  public var line = 0
  /// Position of `offset` in its line, in Unicode scalars counted from 1.
  public var column = 0

  init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The error with its line and column in `text`. Takes linear time; called once, at the outer border.
  func located(in text: [UInt8], file: String? = nil) -> CandidTextError {
    guard line == 0 else { return self }
    var error = self
    error.file = file
    error.line = 1
    error.column = 1
    for (index, byte) in text.prefix(offset).enumerated() {
      if byte == 0x0A || byte == 0x0D && !(index + 1 < text.count && text[index + 1] == 0x0A) {
        error.line += 1
        error.column = 1
      } else if byte & 0xC0 != 0x80 {
        error.column += 1
      }
    }
    return error
  }
}

extension CandidTextError: CustomStringConvertible {
  public var description: String { (file.map { "\($0):" } ?? "") + "\(line):\(column): \(reason)" }
}

extension CandidTextError.Reason: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unexpectedCharacter(let character): "unexpected character \(TextForm.quoted(String(character)))"
    case .unclosedString: "the string isn't closed"
    case .unclosedComment: "the comment isn't closed"
    case .illegalEscape: "illegal escape"
    case .invalidUTF8: "the text isn't UTF-8"
    case .unexpected(let found, let expected): "expected \(expected), found \(found)"
    case .nestedTooDeeply: "nested too deeply"
    case .numberTooLong: "a decimal number may have \(TextForm.maximumDecimalDigits) digits; write it as 0x…"
    case .illegalNumber: "this is no number"
    case .fieldIdOutOfRange: "the number of a field must be less than 2^32"
    case .duplicateField(let label): "there are two fields \(label)\(label.name == nil ? "" : " (\(label.id))")"
    case .invalidPrincipal(let reason): reason.description
    case .duplicateMethod(let name): "there are two methods \(TextForm.name(name))"
    case .duplicateArgumentName(let name): "two arguments or results are named \(TextForm.name(name))"
    case .duplicateMode: "the annotation occurs twice"
    case .onewayWithResults: "a oneway function has no results"
    case .duplicateType(let name): "the type \(name) is defined twice"
    case .unknownType(let name): "there is no type \(name)"
    case .cyclicType(let name): "the type \(name) is defined by itself only"
    case .notFunction(let name): "the type of the method \(TextForm.name(name)) is no function"
    case .notService: "the type is no service"
    case .importNotFound(let file): "the file \(TextForm.quoted(file)) isn't there"
    case .importWithoutService(let file): "the file \(TextForm.quoted(file)) has no service"
    case .importOfConstructor(let file): "the service of \(TextForm.quoted(file)) has init arguments"
    case .mismatch(let expected, let found): "expected \(expected), found \(found)"
    case .outOfRange(let type): "out of the range of \(type)"
    case .missingField(let label): "the field \(label) is missing"
    case .unknownCase(let label): "the type has no case \(label)"
    case .argumentCount(let expected, let found): "expected \(expected) arguments, found \(found)"
    }
  }
}
