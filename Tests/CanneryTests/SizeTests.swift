// Artifacts stay in proportion: over all modules of the core suite, whatever their size, at most the header, the sections
// that are no code, a fixed number of bytes for each function, and a multiple of the code; and so at most 8 times the code
// section wherever the code decides. See "How large artifacts are" in ARCHITECTURE.md.

import Cannery
import Foundation
import Testing
import WasmText

@Suite struct SizeTests {
  /// Bytes of the header, and at most 7 behind the skeleton and behind the locations.
  private let header = 160 + 7 + 7
  /// Bytes for a function whatever its code: its entry in the directory, its entry operation, and a return with a move.
  private let function = 24 + 24 + 16
  /// Bytes for a body in place of a call: its entry operation, and its site.
  private let body = 16 + 20
  /// Bytes for a byte of code.
  private let slope = 9.0

  @Test func artifactsAreInProportionToTheCode() throws {
    var worst: (slope: Double, place: String) = (0, "")
    var worstRatio: (ratio: Double, place: String) = (0, "")
    var count = 0
    let engine = Engine()
    for file in suiteScripts {
      for command in try Script(parsing: [UInt8](try Data(contentsOf: file))).commands {
        guard case .module(let definition) = command.kind, let bytes = try? definition.bytes(),
          let module = try? engine.decode(bytes), let code = module.codeSection,
          let artifact = try? engine.precompile(bytes)
        else { continue }
        count += 1
        let place = "\(file.lastPathComponent):\(command.line)"
        let fixed = header + (bytes.count - code.count) + function * module.functions.count
        let bodies = try Artifact(ModuleBytes(artifact)).inlinedBodies
        let needed = Double(artifact.count - fixed - body * bodies.count) / Double(code.count + bodies.size)
        if needed > worst.slope { worst = (needed, place) }
        #expect(needed <= slope, "\(place): \(artifact.count) bytes for \(code.count) bytes of code, \(fixed) fixed")
        if code.count >= 1_000, code.count >= 40 * module.functions.count {
          let ratio = Double(artifact.count) / Double(code.count)
          if ratio > worstRatio.ratio { worstRatio = (ratio, place) }
          #expect(ratio <= 8, "\(place): \(artifact.count) bytes for \(code.count) bytes of code")
        }
      }
    }
    print("\(count) artifacts: at most \(worst.slope) bytes more for a byte of code (\(worst.place))")
    print("where code decides at most \(worstRatio.ratio) times the code (\(worstRatio.place))")
  }
}
