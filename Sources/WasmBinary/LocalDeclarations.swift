// The local declarations at the start of a function body, read run by run: a body of a few bytes may declare billions of
// locals, so nothing here is proportional to their number.
//
// Source: WebAssembly 3.0, section 5.5.13.

import WebAssembly

/// The runs of a function body's local declarations, in order.
///
/// ```swift
/// var declarations = try LocalDeclarations(buffer, body: body, parameterCount: 2)
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
    public init(count: UInt32, type: ValueType) {
      self.count = count
      self.type = type
    }
  }

  @usableFromInline var reader: ByteReader
  /// Runs not yet read.
  public private(set) var remainingRuns: UInt32
  /// The locals of all runs, without the parameters. At most `ImplementationLimits.locals`.
  public let total: UInt64
  /// The range of the body's operators, which follow the declarations.
  public let operators: ByteRange

  /// Checks all declarations of `body`, a range of `buffer`, so that their totals are known before anyone makes room for
  /// them, and starts at the first. The buffer must outlive the value.
  ///
  /// - Parameter parameterCount: The number of the function's parameters, which are locals too.
  /// - Throws: `malformed` if the declarations can't be read or their locals number 2^32 or more; `limit` if these and the
  ///   parameters are more than `ImplementationLimits.locals`.
  /// - Complexity: linear in the bytes of the declarations.
  public init(
    _ buffer: UnsafeRawBufferPointer, body: FunctionBody, parameterCount: Int = 0
  ) throws(ModuleError) {
    do throws(ModuleError) {
      var reader = ByteReader(buffer, range: body.range)
      let start = reader.offset
      remainingRuns = try reader.vectorCount()
      self.reader = reader
      var total: UInt64 = 0
      for _ in 0..<remainingRuns {
        total += UInt64(try reader.u32())
        _ = try reader.valueType()
      }
      if total > UInt64(UInt32.max) { throw reader.error(.tooManyLocals, at: start, detail: "\(total)") }
      if Int(total) + parameterCount > ImplementationLimits.locals {
        let detail = "\(Int(total) + parameterCount), at most \(ImplementationLimits.locals) are accepted"
        throw ModuleError(.limit, .tooManyLocals, offset: start, detail: detail)
      }
      self.total = total
      operators = ByteRange(start: reader.offset, end: body.range.end)
    } catch { throw error.located(in: .code) }
  }

  /// The next run, or `nil` after the last.
  public mutating func next() throws(ModuleError) -> Run? {
    if remainingRuns == 0 { return nil }
    remainingRuns -= 1
    return Run(count: try reader.u32(), type: try reader.valueType())
  }

  /// Byte offset in the module of the next run, or of the first operator after the last run.
  public var offset: Int { reader.offset }
}
