// Artifacts stay in proportion: at most 8 times the code section, over the modules of the core suite whose code decides. An
// artifact has 160 bytes, the other sections, and for each function 40 bytes in the directory and an entry operation of 24,
// whatever the code; so modules with little code, or with functions of less than 40 bytes on average, are left out.

import Cannery
import Foundation
import Testing
import WasmText

@Suite struct SizeTests {
  @Test func artifactsAreAtMostEightTimesTheCode() throws {
    var worst: (ratio: Double, place: String) = (0, "")
    var count = 0
    let engine = Engine()
    for file in suiteScripts {
      for command in try Script(parsing: [UInt8](try Data(contentsOf: file))).commands {
        guard case .module(let definition) = command.kind, let bytes = try? definition.bytes(),
          let module = try? engine.decode(bytes), let code = module.codeSection, code.count >= 1_000,
          code.count >= 40 * module.functions.count,
          let artifact = try? engine.precompile(bytes)
        else { continue }
        count += 1
        let ratio = Double(artifact.count) / Double(code.count)
        let place = "\(file.lastPathComponent):\(command.line)"
        if ratio > worst.ratio { worst = (ratio, place) }
        #expect(ratio <= 8, "\(place): \(artifact.count) bytes for \(code.count) bytes of code")
      }
    }
    print("\(count) artifacts, at most \(worst.ratio) times the code (\(worst.place))")
  }
}
