// The error for wrong input: one type from the first byte to the last check before execution.

/// Why a module was refused. The raw value is the specification's wording, as its test suite quotes it.
public enum ModuleErrorReason: String, Hashable, Sendable {
  // Malformed: the binary format.
  case unexpectedEnd = "unexpected end"
  case unexpectedEndOfSection = "unexpected end of section or function"
  case lengthOutOfBounds = "length out of bounds"
  case magicNotDetected = "magic header not detected"
  case unknownVersion = "unknown binary version"
  case malformedSectionId = "malformed section id"
  case sectionSizeMismatch = "section size mismatch"
  case unexpectedContentAfterLastSection = "unexpected content after last section"
  case integerRepresentationTooLong = "integer representation too long"
  case integerTooLarge = "integer too large"
  case malformedUTF8 = "malformed UTF-8 encoding"
  case malformedImportKind = "malformed import kind"
  case malformedExportKind = "malformed export kind"
  case malformedLimitsFlags = "malformed limits flags"
  case malformedMutability = "malformed mutability"
  case malformedReferenceType = "malformed reference type"
  case malformedValueType = "malformed value type"
  case malformedHeapType = "malformed heap type"
  case malformedBlockType = "malformed block type"
  case malformedCompositeType = "malformed composite type"
  case malformedStorageType = "malformed storage type"
  case malformedTagAttribute = "malformed tag attribute"
  case malformedElementFlags = "malformed elements segment kind"
  case malformedElementKind = "malformed element kind"
  case malformedDataFlags = "malformed data segment kind"
  case malformedMemopFlags = "malformed memop flags"
  case malformedCatch = "malformed catch clause"
  case malformedCastFlags = "malformed cast flags"
  case illegalOpcode = "illegal opcode"
  case endOpcodeExpected = "END opcode expected"
  case zeroByteExpected = "zero byte expected"
  case tooManyLocals = "too many locals"
  case dataCountMissing = "data count section required"
  case functionCodeMismatch = "function and code section have inconsistent lengths"
  case dataCountMismatch = "data count and data section have inconsistent lengths"
  case malformedNameMap = "indices of names do not increase"
  case malformedGzip = "malformed gzip data"
  // Invalid: validation.
  case typeMismatch = "type mismatch"
  case unknownType = "unknown type"
  case unknownFunction = "unknown function"
  case unknownTable = "unknown table"
  case unknownMemory = "unknown memory"
  case unknownGlobal = "unknown global"
  case unknownTag = "unknown tag"
  case unknownLocal = "unknown local"
  case unknownLabel = "unknown label"
  case unknownElementSegment = "unknown elem segment"
  case unknownDataSegment = "unknown data segment"
  case unknownField = "unknown field"
  case undeclaredFunctionReference = "undeclared function reference"
  case uninitializedLocal = "uninitialized local"
  case constantExpressionRequired = "constant expression required"
  case immutableGlobal = "global is immutable"
  case immutableField = "field is immutable"
  case immutableArray = "array is immutable"
  case alignmentTooLarge = "alignment must not be larger than natural"
  case offsetOutOfRange = "offset out of range"
  case invalidLaneIndex = "invalid lane index"
  case invalidResultArity = "invalid result arity"
  case duplicateExport = "duplicate export name"
  case startFunctionType = "start function"
  case memorySizeLimit = "memory size must be at most 65536 pages (4GiB)"
  case memory64SizeLimit = "memory size must be at most 2^48 pages"
  case tableSizeLimit = "table size must be at most 2^32-1"
  case sizeMinimumGreaterThanMaximum = "size minimum must not be greater than maximum"
  case multipleMemories = "multiple memories"
  case multipleTables = "multiple tables"
  case subTypeMismatch = "sub type"
  case nonFunctionType = "type is not a function type"
  case nonEmptyTagResult = "non-empty tag result type"
  case notDefaultable = "type is not defaultable"
  case notArrayType = "type is not an array type"
  case notStructType = "type is not a structure type"
  case packedAccess = "packed field access"
  // Refused although well-formed and valid.
  case featureDisabled = "feature is disabled"
  case limitExceeded = "implementation limit exceeded"
  case canisterRequirement = "not a valid canister module"
  case unsupported = "not supported by the compiler"
  case compilerError = "error in the compiler"
}

/// Which stage refused the input.
public enum ModuleErrorKind: String, Hashable, Sendable {
  /// The binary or text format is violated.
  case malformed
  /// Well-formed, but against the validation rules.
  case invalid
  /// Valid WebAssembly that this engine, or the feature set in use, does not accept.
  case unsupported
  /// Beyond an implementation limit.
  case limit
  /// The fault is ours: a stage broke a rule of its own.
  case `internal`
}

/// Why a module was refused: by which stage, for which of the specification's reasons, and where.
public struct ModuleError: Error, Hashable, Sendable {
  public var kind: ModuleErrorKind
  public var reason: ModuleErrorReason
  /// Byte offset in the module (in the inflated module where the input was compressed; in the compressed bytes where these
  /// themselves are wrong).
  public var offset: Int
  /// The section that is wrong, where one is.
  public var section: SectionId?
  /// Index, in the function index space, of the function whose body is wrong.
  public var function: UInt32?
  /// Names the thing at fault: an index, a type, a name.
  public var detail: String?

  public init(
    _ kind: ModuleErrorKind, _ reason: ModuleErrorReason, offset: Int, section: SectionId? = nil,
    function: UInt32? = nil, detail: String? = nil
  ) {
    self.kind = kind
    self.reason = reason
    self.offset = offset
    self.section = section
    self.function = function
    self.detail = detail
  }

  /// The same error, found while reading `section` (and there the body of `function`). Input that ends inside a section
  /// gets the specification's reason for that.
  public func located(in section: SectionId, function: UInt32? = nil) -> ModuleError {
    var error = self
    if reason == .unexpectedEnd { error.reason = .unexpectedEndOfSection }
    error.section = self.section ?? section
    error.function = self.function ?? function
    return error
  }
}

extension ModuleError: CustomStringConvertible {
  public var description: String {
    var text = reason.rawValue
    if let detail { text += ": \(detail.shortened())" }
    text += " (at offset 0x\(String(offset, radix: 16))"
    if let section { text += ", \(section.name) section" }
    if let function { text += ", function \(function)" }
    return text + ")"
  }
}
