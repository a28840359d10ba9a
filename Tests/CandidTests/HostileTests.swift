// Messages and texts that are made to be expensive: each has to be refused, or read, in little time and memory.

import Candid
import Foundation
import Synchronization
import Testing

@Suite struct HostileTests {
  private static func uleb(_ number: UInt64) -> [UInt8] {
    number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7F) | 0x80] + uleb(number >> 7)
  }

  private static func message(_ parts: [UInt8]...) -> [UInt8] { Array("DIDL".utf8) + parts.joined() }

  private static func limit(
    _ bytes: [UInt8], as types: String? = nil, _ limits: CandidLimits = CandidLimits()
  ) -> CandidLimit? {
    do {
      if let types {
        _ = try decodeArguments(bytes, as: CandidTypes(parsing: types), limits: limits)
      } else {
        _ = try decodeArguments(bytes, limits: limits)
      }
    } catch CandidError.limitExceeded(let limit, _) { return limit } catch {}
    return nil
  }

  private static let billion = uleb(1_000_000_000)

  @Test func vectorsWithoutBytes() throws {
    for element in [[0x7F] as [UInt8], [0x70], [0x01]] {
      let bytes = Self.message([2, 0x6D], element, [0x6C, 0, 1, 0], Self.billion)
      for types in [nil, "()", "(reserved)", "(opt vec null)", "(vec reserved)", "(opt vec record {})", "(opt nat)"] {
        #expect(Self.limit(bytes, as: types) == .decoding, "\(types ?? "itself")")
      }
    }
    // The largest length that there is.
    let bytes = Self.message([1, 0x6D, 0x7F, 1, 0], Self.uleb(.max))
    #expect(throws: CandidError.malformed(.unexpectedEnd, offset: 19)) { try decodeArguments(bytes) }
    // A thousand are no bomb.
    #expect(
      try decodeArguments(Self.message([1, 0x6D, 0x7F, 1, 0], Self.uleb(1000))).values == [
        .vec(Array(repeating: .null, count: 1000))
      ])
  }

  /// Each entry of the type table has twice the size of the one before.
  @Test func recordsThatDouble() {
    var table: [UInt8] = [0x6C, 0]
    for index in 0..<30 { table += [0x6C, 2, 0, UInt8(index), 1, UInt8(index)] }
    let bytes = Self.message([31], table, [1, 30])
    for types in [nil, "()", "(reserved)", "(opt nat)"] { #expect(Self.limit(bytes, as: types) == .decoding) }
  }

  @Test func missingFields() throws {
    // Records without bytes, at a type with many optional fields.
    let fields = (0..<1000).map { "\($0) : opt nat" }.joined(separator: "; ")
    let bytes = Self.message([2, 0x6D, 1, 0x6C, 0, 1, 0], Self.uleb(100_000))
    #expect(Self.limit(bytes, as: "(vec record { \(fields) })") == .decoding)
  }

  @Test func depth() throws {
    // opt opt opt …, with a bit for each; and records, variants and vectors that contain themselves.
    let options = Self.message([1, 0x6E, 0, 1, 0], [UInt8](repeating: 1, count: 100_000), [0])
    let records = Self.message([1, 0x6C, 1, 0, 0, 1, 0])
    let variants = Self.message([1, 0x6B, 1, 0, 0, 1, 0], [UInt8](repeating: 0, count: 100_000))
    let vectors = Self.message([1, 0x6D, 0, 1, 0], [UInt8](repeating: 1, count: 100_000), [0])
    for bytes in [options, records, variants, vectors] {
      #expect(Self.limit(bytes) == .depth)
      // What isn't wanted is passed over, however deep it is; only a record of itself has no end.
      for types in ["()", "(reserved)", "(opt nat)", "(opt func () -> ())"] {
        #expect(Self.limit(bytes, as: types) == (bytes == records ? .decoding : nil), "\(types)")
      }
    }
    for (bytes, types) in [
      (options, "type t = opt t; (t)"), (records, "type t = record { t }; (t)"),
      (variants, "type t = variant { 0 : t }; (t)"), (vectors, "type t = vec t; (t)"),
    ] { #expect(Self.limit(bytes, as: types) == .depth, "\(types)") }
    #expect(try decodeArguments(options, as: CandidTypes(parsing: "(opt vec nat)")) == [.opt(nil)])
    // A value in as many options as the type has: infinitely many.
    #expect(Self.limit(Self.message([0, 1, 0x7E, 1]), as: "type t = opt t; (t)") == .depth)

    // As deep as is allowed: everything works.
    let levels = CandidLimits.standardDepth - 1
    let deep = Self.message([1, 0x6E, 0, 1, 0], [UInt8](repeating: 1, count: levels - 1), [0])
    let types = try CandidTypes(parsing: "type t = opt t; (t)")
    let values = try decodeArguments(deep, as: types)
    #expect(try encodeArguments(values, as: types) == deep)
    #expect(try decodeArguments(encodeArguments(values), as: types) == values)
    #expect(try parseArguments(printArguments(values), as: types) == values)
    #expect(try decodeArguments(deep).values == values)
  }

  /// The deepest values that are allowed are decoded and freed on a thread with 256 KiB.
  @Test func nativeStack() throws {
    let levels = CandidLimits.standardDepth - 1
    let cases: [(bytes: [UInt8], types: String)] = [
      (Self.message([1, 0x6E, 0, 1, 0], [UInt8](repeating: 1, count: levels), [0]), "type t = opt t; (t)"),
      (Self.message([1, 0x6D, 0, 1, 0], [UInt8](repeating: 1, count: levels), [0]), "type t = vec t; (t)"),
      (
        Self.message([2, 0x6C, 1, 0, 1, 0x6E, 0, 1, 0], [UInt8](repeating: 1, count: levels / 2), [0]),
        "type t = record { opt t }; (t)"
      ),
    ]
    for (bytes, text) in cases {
      let types = try CandidTypes(parsing: text)
      let outcome = Mutex<Bool?>(nil)
      let finished = DispatchSemaphore(value: 0)
      let thread = Thread {
        // Values at their own types, at the expected ones, and passed over; freed at once.
        let counts = [try? decodeArguments(bytes).values.count, try? decodeArguments(bytes, as: types).count]
        let rest = try? decodeArguments(bytes, as: CandidTypes()).count
        outcome.withLock { $0 = counts == [1, 1] && rest == 0 }
        finished.signal()
      }
      thread.stackSize = 256 * 1024
      thread.start()
      finished.wait()
      #expect(outcome.withLock { $0 } == true, "\(text)")
    }
  }

  @Test func deepTexts() {
    for opening in ["opt ", "vec {", "record {", "variant { a = ", "(", "record { 0 = opt "] {
      let text = "(" + String(repeating: opening, count: 100_000)
      let error = #expect(throws: CandidTextError.self) { try parseArguments(text) }
      #expect(error?.reason == .nestedTooDeeply)
      #expect(throws: CandidTextError.self) {
        try CandidTypes(parsing: "(" + String(repeating: opening, count: 100_000))
      }
    }
    let comments = String(repeating: "/*", count: 1_000_000)
    let error = #expect(throws: CandidTextError.self) { try parseArguments(comments) }
    #expect(error?.reason == .unclosedComment)
    // An annotation for each parenthesis.
    let annotated = String(repeating: "(", count: 300) + "1" + String(repeating: " : nat)", count: 300)
    #expect(try! parseArguments("(\(annotated))") == [.nat(1)])
    #expect(try! parseArguments("(\(annotated))", as: CandidTypes(parsing: "(opt nat)")) == [.opt(.nat(1))])
  }

  @Test func tables() throws {
    var tooLong = CandidLimits()
    tooLong.typeTableEntries = 9
    #expect(Self.limit(Self.message([10], [UInt8](repeating: 0x6E, count: 20)), as: nil, tooLong) == .typeTable)
    #expect(Self.limit(Self.message(Self.uleb(10_001))) == .typeTable)
    for part in [[0x6C], [0x6B], [0x6A], [0x6A, 0], [0x6A, 0, 0], [0x69], [0x69, 1], [0x67]] as [[UInt8]] {
      for count in [Self.billion, Self.uleb(.max)] {
        #expect(throws: CandidError.self) { try decodeArguments(Self.message([1], part, count, [0, 0])) }
      }
    }
  }

  /// Comparing n types with n others takes n² steps, if each pair is looked at; more would be exponential.
  @Test func comparisonsOfTypes() throws {
    // func (t0) where each type is a record of the next one twice, and the last one differs.
    let count = 300
    func definitions(_ last: String, _ name: String) -> String {
      (0..<count).map { "type \(name)\($0) = record { \(name)\($0 + 1); \(name)\($0 + 1) };\n" }.joined()
        + "type \(name)\(count) = \(last);\n"
    }
    let sender = try CandidTypes(parsing: definitions("record { nat }", "s") + "(func (nat) -> (s0))")
    let value = CandidValue.func(CandidFunction(canister: .anonymous, method: "m"))
    let bytes = try encodeArguments([value], as: sender)
    for (last, fits) in [("record { int }", true), ("record { text }", false)] {
      let types = try CandidTypes(parsing: definitions(last, "t") + "(opt func (nat) -> (t0))")
      #expect(try decodeArguments(bytes, as: types) == [.opt(fits ? value : nil)])
    }
    // Cycles of 210 and 211 entries: every pair of entries is asked for.
    func cycle(_ length: Int) -> String {
      (0..<length).map { "type c\($0) = vec c\(($0 + 1) % length);\n" }.joined()
    }
    let long = try CandidTypes(parsing: cycle(210) + "(func () -> (c0))")
    let message = try encodeArguments([value], as: long)
    #expect(try decodeArguments(message, as: CandidTypes(parsing: cycle(211) + "(func () -> (c0))")) == [value])
    #expect(Self.limit(message, as: cycle(2_000) + "(func () -> (c0))") == nil)
    var few = CandidLimits()
    few.decodingQuota = 20_000
    #expect(Self.limit(message, as: cycle(211) + "(func () -> (c0))", few) == .decoding)
  }

  @Test func quotas() throws {
    let bytes = try encodeArguments([.vec(Array(repeating: .nat(7), count: 1000)), .text("x")])
    let types = try CandidTypes(parsing: "(vec nat)")
    #expect(try decodeArguments(bytes, as: types, limits: CandidLimits(decodingQuota: 7_000)).count == 1)
    #expect(Self.limit(bytes, as: "(vec nat)", CandidLimits(decodingQuota: 2_000)) == .decoding)
    #expect(Self.limit(bytes, as: "(vec nat)", CandidLimits(skippingQuota: 10)) == nil)
    #expect(Self.limit(bytes, as: "()", CandidLimits(skippingQuota: 10)) == .skipping)
    #expect(Self.limit(bytes, as: "(opt vec text)", CandidLimits(skippingQuota: 10)) == .skipping)
  }

  /// What messages cost, by the quota that just suffices; the header's bytes, at 4 each, come first.
  private static let costs: [(message: [UInt8], types: String, decoding: Int, skipping: Int)] = [
    (message([0, 0]), "()", 4 * 6, 0),
    (message([0, 1, 0x7E, 1]), "(bool)", 4 * 7 + 4 + 1, 0),
    (message([0, 1, 0x7E, 1]), "()", 4 * 7 + 1 + 1, 2),
    // An option is a value, and so is its content.
    (message([0, 1, 0x7E, 1]), "(opt bool)", 4 * 7 + 4 + 4 + 1, 0),
    (message([0, 1, 0x7E, 1]), "(opt nat)", 4 * 7 + 4 + 4 + 1 + 1, 2),
    (message([0, 1, 0x71, 3, 0x61, 0x62, 0x63]), "(text)", 4 * 7 + 4 + 4, 0),
    (message([1, 0x6D, 0x7B, 1, 0, 3, 1, 2, 3]), "(blob)", 4 * 9 + 4 + 3, 0),
    // An element costs 1 for the vector and 4 for itself.
    (message([1, 0x6D, 0x7F, 1, 0, 100]), "(vec null)", 4 * 9 + 4 + 100 * (1 + 4), 0),
    (message([1, 0x6D, 0x7F, 1, 0, 100]), "()", 4 * 9 + 1 + 100 * (1 + 1), 201),
    (message([1, 0x6D, 0x7A, 1, 0, 2, 1, 1, 2, 2]), "()", 4 * 9 + 1 + 2 * (1 + 1) + 4, 9),
    // Three expected fields, of which one is sent.
    (message([1, 0x6C, 1, 0, 0x7E, 1, 0, 1]), "(record { bool; opt nat; null })", 4 * 11 + 4 + 4 + 5 + 4 + 4, 0),
    (message([1, 0x6C, 1, 0, 0x7E, 1, 0, 1]), "(record {})", 4 * 11 + 4 + 1 + 1 + 1, 2),
    (message([1, 0x6C, 1, 0, 0x7E, 1, 0, 1]), "()", 4 * 11 + 1 + 1 + 2, 4),
  ]

  @Test(arguments: costs)
  func cost(message: [UInt8], types: String, decoding: Int, skipping: Int) throws {
    #expect(Self.limit(message, as: types, CandidLimits(decodingQuota: decoding, skippingQuota: skipping)) == nil)
    _ = try decodeArguments(message, as: CandidTypes(parsing: types))
    #expect(Self.limit(message, as: types, CandidLimits(decodingQuota: decoding - 1)) == .decoding)
    if skipping > 0 {
      #expect(Self.limit(message, as: types, CandidLimits(skippingQuota: skipping - 1)) == .skipping)
    }
  }

  @Test func largeIntegers() throws {
    // A million bytes of a number.
    let digits = [UInt8](repeating: 0xFF, count: 1_000_000) + [0x01]
    for code: UInt8 in [0x7D, 0x7C] {
      let bytes = Self.message([0, 1, code], digits)
      let (values, types) = try decodeArguments(bytes)
      #expect(try encodeArguments(values, as: types) == bytes)
      let text = printArguments(values)
      #expect(text.utf8.count > 1_700_000)
      #expect(try parseArguments(text, as: types) == values)
    }
  }

  @Test func longChainsOfNames() throws {
    let count = 20_000
    let chain = (0..<count).map { "type a\($0) = a\($0 + 1);\n" }.joined() + "type a\(count) = nat;\n"
    #expect(try CandidTypes(parsing: chain + "(a0)").elements == [.primitive(.nat)])
    let options = (0..<count).map { "type a\($0) = opt a\($0 + 1);\n" }.joined() + "type a\(count) = nat;\n"
    let types = try CandidTypes(parsing: options + "(a0)")
    let bytes = try encodeArguments([.opt(nil)], as: types)
    #expect(Self.limit(bytes) == .typeTable)
    #expect(bytes.count > count * 3)
  }
}
