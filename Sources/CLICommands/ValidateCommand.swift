// `cannery validate`: whether a module is valid, and which proposals it uses.

import ArgumentParser
import Cannery
import WasmValidation

struct ValidateCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Checks that a module is valid WebAssembly.",
    discussion: """
      With --features icp, also that the Internet Computer would install it as a canister. Offsets in errors count \
      bytes of the binary, inflated module; those in errors of a .wat's text count bytes of the text.
      """)

  @Argument(help: .moduleFile, completion: .modules)
  var module: String
  @Option(
    parsing: .unconditional, help: FeatureSelection.help, completion: FeatureSelection.completion,
    transform: { try FeatureSelection(parsing: $0) })
  var features: FeatureSelection?
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let file = try InputFile(module, console)
    let selection = features ?? .standard
    let bytes = try file.moduleBytes(advice: "cannery inspect verifies artifacts")
    let engine = Engine(EngineConfiguration(features: selection.features, requiresCanister: selection.isCanister))
    let (decoded, info) = try naming(file.name) {
      let decoded = try engine.decode(bytes)
      let info = try WasmValidation.validate(decoded, features: selection.features)
      if selection.isCanister { try validateCanister(decoded, info) }
      return (decoded, info)
    }
    let used = proposalNames(info.usedProposals)
    if output.json {
      let result: JSONValue = [
        "valid": true, "canister": .bool(selection.isCanister), "sha256": .string(sha256(of: decoded.bytes)),
        "size": JSONValue(decoded.bytes.count), "functions": JSONValue(decoded.functions.count),
        "featuresUsed": JSONValue(used),
      ]
      console.print(result)
    } else if !output.quiet {
      let what = selection.isCanister ? "a valid canister module" : "valid"
      let features = used.isEmpty ? "no proposal beyond WebAssembly 1.0" : used.joined(separator: ", ")
      console.print("\(file.name): \(what), \(decoded.functions.count) functions; uses \(features)")
    }
    return .success
  }
}

func sha256(of bytes: ModuleBytes) -> String { withExtendedLifetime(bytes) { SHA256.hash(bytes.buffer).description } }
