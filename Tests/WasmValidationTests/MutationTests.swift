// The validator on damaged modules. Each case changes some bytes of a valid module with a generator seeded by the
// case's number, so that any case can be run again alone:
//
//     CANNERY_FUZZ_COUNT=100000 swift test -c release --filter ValidationMutationTests     more cases
//     CANNERY_FUZZ_FIRST=4711 CANNERY_FUZZ_COUNT=1 swift test --filter ValidationMutationTests     one case
//
// Whatever comes out must be facts about every body, or a `ModuleError` inside the input.

import Foundation
import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

private func number(_ variable: String, default value: Int) -> Int {
  ProcessInfo.processInfo.environment[variable].flatMap(Int.init) ?? value
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
private struct Generator {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return Int((mixed ^ mixed >> 31) % UInt64(bound))
  }
}

@Suite struct ValidationMutationTests {
  @Test func damagedModules() throws {
    let original = try parseModule(moduleOfValidBodies)
    #expect(validationError(try decodeModule(ModuleBytes(original))) == nil)
    let code = try #require(try decodeModule(ModuleBytes(original)).codeSection)
    var counts = (valid: 0, invalid: 0, other: 0)
    let first = number("CANNERY_FUZZ_FIRST", default: 0)
    for seed in first..<first + number("CANNERY_FUZZ_COUNT", default: 2_000) {
      var generator = Generator(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15)
      var bytes = original
      for _ in 0...generator.below(3) {
        // Three of four changes are made in the code.
        let place =
          generator.below(4) == 0 ? 8 + generator.below(bytes.count - 8) : code.start + generator.below(code.count)
        bytes[place] = UInt8(generator.below(256))
      }
      let error = moduleError { () throws(ModuleError) in
        let module = try decodeModule(ModuleBytes(bytes))
        let info = try validate(module)
        #expect(info.functions.count == module.bodies.count)
      }
      guard let error else {
        counts.valid += 1
        continue
      }
      if error.kind == .invalid { counts.invalid += 1 } else { counts.other += 1 }
      #expect((0...bytes.count).contains(error.offset), "case \(seed): \(error)")
    }
    print("damaged modules: \(counts.valid) valid, \(counts.invalid) invalid, \(counts.other) malformed or too large")
  }
}
