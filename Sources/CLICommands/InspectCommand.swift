// `cannery inspect`: what a module or an artifact holds.

import ArgumentParser
import Cannery

struct InspectCommand: ConsoleCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what a module or an artifact holds.",
    discussion: """
      Hashes, sizes, imports, exports, the proposals in use, custom sections with the Internet Computer's metadata, and \
      the size of functions. Of an artifact all code is verified.
      """)

  @Argument(help: .file, completion: .modules)
  var file: String
  @Flag(help: "List all functions by index, instead of the \(Inspection.functionCount) largest.")
  var functions = false
  @OptionGroup var output: OutputOptions

  func execute(on console: Console) throws -> ExitStatus {
    let input = try InputFile(file, console)
    let inspection = try naming(input.name) {
      switch input.contents {
      case .module(let bytes): try Inspection(module: bytes, file: input.name, listsAllFunctions: functions)
      case .artifact(let bytes): try Inspection(artifact: bytes, file: input.name, listsAllFunctions: functions)
      }
    }
    if output.json { console.print(inspection.json) } else { console.print(inspection.text) }
    return .success
  }
}
