import Testing
import WasmBinary
import WasmText
import WebAssembly

@Suite struct SuiteRoundTripTests {
  /// The module as text, and that text as a module again.
  private func again(_ bytes: [UInt8]) throws -> (text: String, bytes: [UInt8]) {
    let text = try printModule(try decodeModule(ModuleBytes(bytes)))
    return (text, try parseModule(text))
  }

  /// Text → binary → text → binary: the parser writes canonical modules, so the last step must give the same bytes.
  @Test func textModulesComeBackByteByByte() throws {
    guard let scripts = try suiteScripts?.get() else { return }
    for module in scripts.flatMap(\.modules) where module.expectation == .wellFormed {
      if case .binary = module.module.source { continue }
      let bytes = try module.module.bytes()
      do {
        let second = try again(bytes)
        #expect(second.bytes == bytes, "\(module):\n\(second.text)")
      } catch {
        Issue.record("\(module): \(error)")
      }
    }
  }

  /// Binary modules need not be canonical: they come back as the text that they were printed as.
  @Test func binaryModulesComeBackAsTheSameText() throws {
    guard let scripts = try suiteScripts?.get() else { return }
    for module in scripts.flatMap(\.modules) where module.expectation == .wellFormed {
      guard case .binary(let bytes) = module.module.source else { continue }
      do {
        let first = try again(bytes)
        let second = try again(first.bytes)
        #expect(second.text == first.text && second.bytes == first.bytes, "\(module)")
      } catch {
        Issue.record("\(module): \(error)")
      }
    }
  }
}
