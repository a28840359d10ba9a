// The local declarations at the start of a function body, read run by run: a body of a few bytes may declare billions of
// locals, so nothing here is proportional to their number.
//
// Source: WebAssembly 3.0, section 5.5.13.

import WebAssembly

/// The runs of a function body's local declarations, in order.
///
/// ```swift
/// var declarations = try LocalDeclarations(buffer, body: body)
/// while let run = try declarations.next() { … }
/// var operators = InstructionReader(buffer, range: declarations.operators)
/// ```
@frozen
public struct LocalDeclarations {
  /// Consecutive locals of one type.
  @frozen
  public struct Run: Hashable, Sendable {
    public var count: UInt32
    public var type: ValueType
  }

  @usableFromInline var reader: ByteReader
  /// Runs not yet read.
  public private(set) var remainingRuns: UInt32
  /// Locals declared by the runs read so far.
  public private(set) var total: UInt64 = 0

  /// Starts at the declarations of `body`, a range of `buffer`; the buffer must outlive the value.
  /// Throws a malformed error if the number of runs cannot be read or exceeds what the body can hold.
  public init(_ buffer: UnsafeRawBufferPointer, body: FunctionBody) throws(ModuleError) {
    reader = ByteReader(buffer, range: body.range)
    let start = reader.offset
    remainingRuns = try reader.u32()
    // A run takes two bytes at least.
    if Int(remainingRuns) > reader.remaining / 2 { throw reader.error(.unexpectedEnd, at: start) }
  }

  /// The next run, or `nil` after the last. Throws a malformed error; `tooManyLocals` if the locals of all runs number
  /// 2^32 or more.
  public mutating func next() throws(ModuleError) -> Run? {
    if remainingRuns == 0 { return nil }
    remainingRuns -= 1
    let start = reader.offset
    let count = try reader.u32()
    let type = try reader.valueType()
    total += UInt64(count)
    if total > UInt64(UInt32.max) { throw reader.error(.tooManyLocals, at: start, detail: "\(total)") }
    return Run(count: count, type: type)
  }

  /// Byte offset in the module of the next run, or of the first operator after the last run.
  public var offset: Int { reader.offset }

  /// The range of the body's operators. Meaningful once `next()` has returned `nil`.
  public var operators: ByteRange { ByteRange(start: reader.offset, end: reader.end - reader.base) }
}
