// Integers at their edges, local declarations, implementation limits, and counts that promise more than there is.

import Testing
import WasmBinary
import WebAssembly

private struct Integer: Sendable {
  enum Width { case u32, u64, s32, s33, s64 }
  var width: Width
  var bytes: [UInt8]
  /// The value, or the reason for which the bytes are refused.
  var value: Int64?
  var reason: ModuleErrorReason?
  init(_ width: Width, _ bytes: [UInt8], _ value: Int64) {
    (self.width, self.bytes, self.value) = (width, bytes, value)
  }
  init(_ width: Width, _ bytes: [UInt8], _ reason: ModuleErrorReason) {
    (self.width, self.bytes, self.reason) = (width, bytes, reason)
  }
}

/// `count` bytes that continue, then `last`.
private func long(_ first: UInt8, _ count: Int, _ last: UInt8) -> [UInt8] {
  [first | 0x80] + [UInt8](repeating: first == 0x7F ? 0xFF : 0x80, count: count - 1) + [last]
}

private let integers: [Integer] = [
  Integer(.u32, [], .unexpectedEnd), Integer(.u32, [0x80], .unexpectedEnd),
  Integer(.u32, [0x82, 0x00], 2), Integer(.u32, long(0x02, 4, 0), 2),
  Integer(.u32, long(0x7F, 4, 0x0F), Int64(UInt32.max)),
  Integer(.u32, long(0x7F, 4, 0x1F), .integerTooLarge), Integer(.u32, long(0, 4, 0x40), .integerTooLarge),
  Integer(.u32, long(0x02, 5, 0), .integerRepresentationTooLong),
  Integer(.u64, long(0x02, 9, 0), 2), Integer(.u64, long(0x7F, 9, 1), -1),
  Integer(.u64, long(0x7F, 9, 2), .integerTooLarge),
  Integer(.u64, long(0x02, 10, 0), .integerRepresentationTooLong),
  Integer(.s32, [0x7F], -1), Integer(.s32, long(0x7F, 4, 0x7F), -1),
  Integer(.s32, long(0, 4, 0x78), Int64(Int32.min)), Integer(.s32, long(0x7F, 4, 0x07), Int64(Int32.max)),
  Integer(.s32, long(0, 4, 0x08), .integerTooLarge), Integer(.s32, long(0x7F, 4, 0x77), .integerTooLarge),
  Integer(.s32, long(0, 4, 0x1F), .integerTooLarge),
  Integer(.s32, long(0x7F, 5, 0x7F), .integerRepresentationTooLong),
  Integer(.s33, long(0, 4, 0x70), -(1 << 32)), Integer(.s33, long(0x7F, 4, 0x0F), (1 << 32) - 1),
  Integer(.s33, long(0x7F, 4, 0x1F), .integerTooLarge), Integer(.s33, long(0, 4, 0x6F), .integerTooLarge),
  Integer(.s64, long(0, 9, 0x7F), .min), Integer(.s64, long(0x7F, 9, 0), .max), Integer(.s64, [0x40], -64),
  Integer(.s64, long(0, 9, 1), .integerTooLarge), Integer(.s64, long(0x7F, 9, 0x7E), .integerTooLarge),
  Integer(.s64, long(0, 10, 0), .integerRepresentationTooLong),
]

@Suite struct LimitTests {
  @Test(arguments: integers)
  fileprivate func integer(_ row: Integer) {
    let input = ModuleBytes(row.bytes)
    var reader = ByteReader(input.buffer, range: ByteRange(start: 0, end: input.count))
    var value: Int64?
    let error = moduleError {
      switch row.width {
      case .u32: value = Int64(try reader.u32())
      case .u64: value = Int64(bitPattern: try reader.u64())
      case .s32: value = Int64(try reader.s32())
      case .s33: value = try reader.s33()
      case .s64: value = try reader.s64()
      }
    }
    #expect(value == row.value && error?.reason == row.reason)
    if error == nil { #expect(reader.isAtEnd) }
    withExtendedLifetime(input) {}
  }

  @Test func localRuns() throws {
    let input = ModuleBytes([3, 2, 0x7F, 0, 0x7E, 0x83, 0, 0x64, 5, 0x01, 0x0B])
    var declarations = try LocalDeclarations(
      input.buffer, body: FunctionBody(range: ByteRange(start: 0, end: input.count)), parameterCount: 1)
    #expect(declarations.total == 5 && declarations.remainingRuns == 3)
    #expect(declarations.operators == ByteRange(start: 9, end: 11))
    var runs: [LocalDeclarations.Run] = []
    while let run = try declarations.next() { runs.append(run) }
    #expect(
      runs == [
        LocalDeclarations.Run(count: 2, type: .i32), LocalDeclarations.Run(count: 0, type: .i64),
        LocalDeclarations.Run(count: 3, type: .ref(.concrete(5), nullable: false)),
      ])
    #expect(declarations.offset == 9)
  }

  @Test(
    arguments: [
      (0, [0, 0x0B], nil, .malformed), (0, [], .unexpectedEndOfSection, .malformed),
      (0, [2, 1, 0x7F], .unexpectedEndOfSection, .malformed), (0, [1, 1, 0x40], .malformedValueType, .malformed),
      (0, [1, 0xD0, 0x86, 0x03, 0x7F], nil, .limit), (1, [1, 0xD0, 0x86, 0x03, 0x7F], .tooManyLocals, .limit),
      (0, [1, 0xD1, 0x86, 0x03, 0x7F], .tooManyLocals, .limit),
      (0, [1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F], .tooManyLocals, .limit),
      (0, [2, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x7F, 1, 0x7E], .tooManyLocals, .malformed),
      (0, [1, 0x80, 0x80, 0x80, 0x80, 0x10, 0x7F], .integerTooLarge, .malformed),
    ] as [(Int, [UInt8], ModuleErrorReason?, ModuleErrorKind)])
  func localLimits(parameters: Int, body: [UInt8], reason: ModuleErrorReason?, kind: ModuleErrorKind) {
    let input = ModuleBytes(body)
    let error = moduleError {
      _ = try LocalDeclarations(
        input.buffer, body: FunctionBody(range: ByteRange(start: 0, end: input.count)), parameterCount: parameters)
    }
    #expect(error?.reason == reason)
    if let error { #expect(error.kind == kind && error.section == .code) }
  }

  /// What is accepted at the limit is refused beyond it.
  @Test(
    arguments: [
      (.type, ImplementationLimits.parameters, [1, 0x60], [0x7F], [0]),
      (.type, ImplementationLimits.results, [1, 0x60, 0], [0x7F], []),
      (.type, ImplementationLimits.fields, [1, 0x5F], [0x78, 0], []),
      (.memory, ImplementationLimits.memories, [], [0, 0], []),
      (.table, ImplementationLimits.tables, [], [0x70, 0, 0], []),
      (.data, ImplementationLimits.dataSegments, [], [1, 0], []),
      (.export, ImplementationLimits.exports, [], [0, 0, 0], []),
    ] as [(SectionId, Int, [UInt8], [UInt8], [UInt8])])
  func counts(section: SectionId, limit: Int, before: [UInt8], element: [UInt8], after: [UInt8]) throws {
    for count in [limit, limit + 1] {
      let bytes = moduleBytes { writer in
        writer.section(section) { writer in
          writer.append(before)
          writer.u32(UInt32(count))
          for _ in 0..<count { writer.append(element) }
          writer.append(after)
        }
      }
      let error = moduleError { _ = try decodeModule(ModuleBytes(bytes)) }
      if count == limit {
        #expect(error == nil)
      } else {
        #expect(error?.kind == .limit && error?.reason == .limitExceeded && error?.section == section)
      }
    }
  }

  @Test func importedAndDefinedThingsCountTogether() throws {
    let bytes = moduleBytes { writer in
      writer.section(.import) { $0.append([1, 0, 0, 2, 0, 0]) }
      writer.section(.memory) { writer in
        writer.vector(0..<ImplementationLimits.memories) { writer, _ in writer.append([0, 0]) }
      }
    }
    let error = moduleError { _ = try decodeModule(ModuleBytes(bytes)) }
    #expect(error?.description.contains("101 memories, at most 100 are accepted") == true)
  }

  /// Vectors that announce 2^32 - 1 elements and hold none are refused without room being made for them.
  @Test(
    arguments: [
      (.type, []), (.type, [1, 0x60]), (.type, [1, 0x60, 0]), (.type, [1, 0x5F]), (.type, [1, 0x4E]),
      (.type, [1, 0x50]),
      (.import, []), (.import, [1]), (.function, []), (.table, []), (.memory, []), (.tag, []), (.global, []),
      (.export, []), (.export, [1]), (.element, []), (.element, [1, 1, 0]), (.element, [1, 5, 0x70]), (.data, []),
      (.data, [1, 1]), (.global, [1, 0x7F, 0, 0x0E]), (.global, [1, 0x7F, 0, 0x1C]),
      (.global, [1, 0x7F, 0, 0x1F, 0x40]),
      (.custom, []), (.code, []),
    ] as [(SectionId, [UInt8])])
  func emptyPromises(section: SectionId, head: [UInt8]) {
    let bytes = moduleBytes { writer in
      writer.section(section) { $0.append(head + [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) }
    }
    #expect(moduleError { _ = try decodeModule(ModuleBytes(bytes)) }?.kind == .malformed)
  }

  /// 200,000 blocks in each other, in a constant expression: counted, not recursed into.
  @Test func deepNesting() throws {
    let depth = 200_000
    let bytes = moduleBytes { writer in
      writer.section(.global) { writer in
        writer.append([1, 0x7F, 0])
        for _ in 0..<depth { writer.append([0x02, 0x40]) }
        for _ in 0...depth { writer.byte(0x0B) }
      }
    }
    let module = try decodeModule(ModuleBytes(bytes))
    #expect(module.globals[0].initializer.range.count == 3 * depth + 1)
  }
}
