// Random types and values: what is written, in either form, reads back the same; and whatever is done to the bytes, reading
// them ends. A failure names its seed.

import Candid
import Testing

/// A generated sequence of types with values.
private struct Sample {
  var program: TypeGenerator.Program
  var types: CandidTypes
  var values: [CandidValue]
  var random: RandomSource

  init(seed: UInt64, references: Bool = true) throws {
    var generator = TypeGenerator(RandomSource(seed: seed))
    generator.references = references
    program = generator.program()
    types = try CandidTypes(parsing: program.text)
    var values = ValueGenerator(random: generator.random, table: types.table)
    self.values = values.values(types)
    random = values.random
  }
}

@Suite struct GeneratedTests {
  private var seeds: Range<UInt64> { firstGeneratedSeed..<firstGeneratedSeed + UInt64(generatedCount) }

  @Test func roundTrips() throws {
    var byteCount = 0
    for seed in seeds {
      let sample = try Sample(seed: seed)
      let bytes = try encodeArguments(sample.values, as: sample.types)
      byteCount += bytes.count
      #expect(try decodeArguments(bytes, as: sample.types) == sample.values, "seed \(seed)")
      let (values, types) = try decodeArguments(bytes)
      #expect(try encodeArguments(values, as: types) == bytes, "seed \(seed)")
      let text = printArguments(sample.values)
      #expect(try parseArguments(text, as: sample.types) == sample.values, "seed \(seed): \(text)")
    }
    print("round trips: \(seeds.count) from seed \(firstGeneratedSeed), \(byteCount) bytes")
  }

  /// Values alone tell enough about their types to be decoded at them.
  @Test func roundTripsWithoutTypes() throws {
    for seed in seeds.prefix(generatedCount / 4) {
      let sample = try Sample(seed: seed, references: false)
      let bytes = try encodeArguments(sample.values)
      #expect(try decodeArguments(bytes, as: sample.types) == sample.values, "seed \(seed)")
    }
  }

  /// Decoding at changed types gives what the rules of coercion say.
  @Test func coercions() throws {
    var outcomes: [Bool: Int] = [:]
    for seed in seeds.prefix(generatedCount / 2) {
      let sample = try Sample(seed: seed, references: false)
      var changer = TypeGenerator(sample.random)
      changer.references = false
      var changed = sample.program
      for index in changed.arguments.indices {
        for _ in 0..<1 + changer.random.below(3) {
          changed.arguments[index] = changer.changed(changed.arguments[index])
        }
      }
      let types = try CandidTypes(parsing: changed.text)
      let bytes = try encodeArguments(sample.values, as: sample.types)
      let rules = Coercion(from: sample.types.table, to: types.table)
      let expected = rules.coerced(sample.values, sample.types.elements, to: types.elements)
      let found = try? decodeArguments(bytes, as: types)
      #expect(found == expected, "seed \(seed): \(sample.program.text) at \(changed.text)")
      outcomes[expected != nil, default: 0] += 1
    }
    print("coercions: \(outcomes[true] ?? 0) that succeed, \(outcomes[false] ?? 0) that don't")
    #expect(outcomes[true] ?? 0 > generatedCount / 10 && outcomes[false] ?? 0 > generatedCount / 50)
  }

  @Test func mutatedMessages() throws {
    var outcomes: [String: Int] = [:]
    for seed in seeds {
      var sample = try Sample(seed: seed)
      let bytes = Self.mutated(try encodeArguments(sample.values, as: sample.types), &sample.random)
      do {
        _ = try decodeArguments(bytes, as: sample.types)
        outcomes["fits", default: 0] += 1
      } catch .malformed { outcomes["malformed", default: 0] += 1 } catch { outcomes["other", default: 0] += 1 }
      if let (values, types) = try? decodeArguments(bytes) {
        // What was understood can be said again.
        let again = try encodeArguments(values, as: types)
        #expect(try encodeArguments(decodeArguments(again).values, as: types) == again, "seed \(seed)")
        _ = printArguments(values)
      }
    }
    print("mutated messages: \(outcomes.sorted { $0.key < $1.key })")
    #expect(outcomes.count == 3)
  }

  @Test func mutatedTexts() throws {
    var outcomes: [Bool: Int] = [:]
    for seed in seeds.prefix(generatedCount / 4) {
      var sample = try Sample(seed: seed)
      let pieces = [
        "(", ")", "{", "}", "\"", "\\", ";", ",", ":", " opt ", " vec ", "0x", "_", ".", "e9", "null", "\u{0}", "/*",
      ]
      for text in [printArguments(sample.values), sample.program.text] {
        var characters = Array(text.unicodeScalars.map { String($0) })
        for _ in 0..<1 + sample.random.below(3) {
          let index = sample.random.below(characters.count + 1)
          let end = min(characters.count, index + sample.random.below(3))
          characters.replaceSubrange(index..<end, with: [pieces[sample.random.below(pieces.count)]])
        }
        let changed = characters.joined()
        outcomes[(try? parseArguments(changed, as: sample.types)) != nil, default: 0] += 1
        _ = try? parseArguments(changed)
        _ = try? CandidTypes(parsing: changed)
        _ = try? CandidInterface(parsing: changed)
      }
    }
    #expect(outcomes.count == 2)
  }

  private static func mutated(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<1 + random.below(3) {
      let index = random.below(bytes.count)
      switch random.below(5) {
      case 0: bytes[index] ^= 1 << UInt8(random.below(8))
      case 1: bytes[index] = UInt8(truncatingIfNeeded: random.next())
      case 2: bytes.insert(UInt8(0x68 + random.below(0x18)), at: index)
      case 3: if bytes.count > 1 { bytes.remove(at: index) }
      default: bytes.replaceSubrange(index..<index, with: [0xFF, 0xFF, 0xFF, 0x07])
      }
    }
    return bytes
  }
}
