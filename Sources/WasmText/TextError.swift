// The error for wrong text: where it is, and which rule it breaks, in the words of the specification's test suite.

/// Which rule of the text format is broken. The raw value is the specification's wording, as its test suite quotes it.
public enum TextErrorReason: String, Hashable, Sendable {
  // Lexical.
  case illegalCharacter = "illegal character"
  case malformedUTF8 = "malformed UTF-8 encoding"
  case illegalEscape = "illegal escape"
  case unclosedString = "unclosed string"
  case unclosedComment = "unclosed comment"
  case unclosedAnnotation = "unclosed annotation"
  case emptyIdentifier = "empty identifier"
  case emptyAnnotationId = "empty annotation id"
  // Syntax.
  case unknownOperator = "unknown operator"
  case unexpectedToken = "unexpected token"
  case constantOutOfRange = "constant out of range"
  case i8ConstantOutOfRange = "i8 constant out of range"
  case i32ConstantOutOfRange = "i32 constant out of range"
  case alignmentNotPowerOfTwo = "alignment must be a power of two"
  case invalidLaneLength = "invalid lane length"
  case wrongNumberOfLaneLiterals = "wrong number of lane literals"
  case inlineFunctionType = "inline function type"
  case mismatchingLabel = "mismatching label"
  case importAfterFunction = "import after function"
  case importAfterTable = "import after table"
  case importAfterMemory = "import after memory"
  case importAfterGlobal = "import after global"
  case importAfterTag = "import after tag"
  case multipleStartSections = "multiple start sections"
  // Identifiers.
  case duplicateType = "duplicate type"
  case duplicateField = "duplicate field"
  case duplicateFunction = "duplicate func"
  case duplicateTable = "duplicate table"
  case duplicateMemory = "duplicate memory"
  case duplicateGlobal = "duplicate global"
  case duplicateTag = "duplicate tag"
  case duplicateElementSegment = "duplicate elem segment"
  case duplicateDataSegment = "duplicate data segment"
  case duplicateLocal = "duplicate local"
  case unknownType = "unknown type"
  case unknownField = "unknown field"
  case unknownFunction = "unknown function"
  case unknownTable = "unknown table"
  case unknownMemory = "unknown memory"
  case unknownGlobal = "unknown global"
  case unknownTag = "unknown tag"
  case unknownElementSegment = "unknown elem segment"
  case unknownDataSegment = "unknown data segment"
  case unknownLocal = "unknown local"
  case unknownLabel = "unknown label"
  /// Well-formed so far as it was read, but longer than this implementation reads.
  case limitExceeded = "implementation limit exceeded"
  // Annotations that stand for custom sections.
  case misplacedCustomAnnotation = "misplaced @custom annotation"
  case customAnnotationWithoutName = "@custom annotation: missing section name"
  case customAnnotationMalformedUTF8 = "@custom annotation: malformed UTF-8 encoding"
  case customAnnotationUnexpectedToken = "@custom annotation: unexpected token"
  case customAnnotationMalformedPlacement = "@custom annotation: malformed placement"
  case customAnnotationMalformedSectionKind = "@custom annotation: malformed section kind"
  case misplacedNameAnnotation = "misplaced @name annotation"
  case multipleModuleNameAnnotations = "@name annotation: multiple module"
  case branchHintNotInFunction = "@metadata.code.branch_hint annotation: not in a function"
  case branchHintDuplicate = "@metadata.code.branch_hint annotation: duplicate annotation"
  case branchHintInvalidTarget = "@metadata.code.branch_hint annotation: invalid target"
  case branchHintInvalidValue = "@metadata.code.branch_hint annotation: invalid value"
}

/// Why a text was refused.
public struct TextError: Error, Hashable, Sendable {
  public var reason: TextErrorReason
  /// Byte offset in the text (in the concatenated strings where a module is quoted).
  public var offset: Int
  /// Line of `offset`, counted from 1.
  public var line: Int
  /// Position of `offset` in its line, in Unicode scalars counted from 1.
  public var column: Int
  /// The token, or the name of the thing, at fault.
  public var detail: String?

  /// An error at `offset`, whose line and column are not known yet: `located(in:)` adds them.
  init(_ reason: TextErrorReason, at offset: Int, detail: String? = nil) {
    self.reason = reason
    self.offset = offset
    self.detail = detail
    line = 0
    column = 0
  }

  /// The error with its line and column in `text`. Parsers call it once, at their outer border, because it reads the
  /// text from the beginning.
  func located(in text: UnsafeBufferPointer<UInt8>) -> TextError {
    var counter = LineCounter()
    counter.advance(to: offset, in: text)
    return located(by: counter)
  }

  /// The error with the line and column that `counter` has reached at its offset.
  func located(by counter: LineCounter) -> TextError {
    var error = self
    error.line = counter.line
    error.column = counter.column
    return error
  }
}

extension TextError: CustomStringConvertible {
  public var description: String {
    "\(line):\(column): \(reason.rawValue)" + (detail.map { " \($0)" } ?? "")
  }
}

/// Counts lines and columns up to a growing byte offset; any sequence of `advance(to:in:)` costs linear time in all.
/// A line ends after a line feed, a carriage return, or both in this order.
struct LineCounter {
  private(set) var line = 1
  private(set) var column = 1
  private var offset = 0

  mutating func advance(to target: Int, in text: UnsafeBufferPointer<UInt8>) {
    while offset < min(target, text.count) {
      let byte = text[offset]
      offset += 1
      if byte == 0x0A || byte == 0x0D && !(offset < text.count && text[offset] == 0x0A) {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
  }
}
