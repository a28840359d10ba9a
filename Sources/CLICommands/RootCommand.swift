// The command `cannery`, and how a command is run: parsed, executed, its errors printed, its exit code returned.
//
// Commands are values that print to a `Console`, so tests run them in-process.

import ArgumentParser
import Cannery
import HostFiles

struct RootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cannery",
    abstract: "Compiles WebAssembly modules ahead of time and executes them with every instruction counted.",
    discussion: """
      A FILE is a .wasm, .wasm.gz, .wat or .canned; - is standard input. Every command takes --json, and --quiet.

      Exit codes: 0 success; 1 the guest failed (trap, out of instructions, failed script); 2 the input is wrong, or a \
      file cannot be read or written; 64 wrong usage; 70 an internal error.

      Completions for a shell (bash, zsh, fish) are printed by `cannery --generate-completion-script SHELL`.
      """,
    version: "0.1.0",
    subcommands: [
      CompileCommand.self, ValidateCommand.self, InspectCommand.self, RunCommand.self, WastCommand.self,
      CanisterCommand.self,
    ])
}

/// A subcommand.
protocol ConsoleCommand: ParsableCommand {
  var output: OutputOptions { get }
  /// Does the work. What it throws is printed, with the exit code that belongs to it.
  func execute(on console: Console) throws -> ExitStatus
}

/// Runs the command with these arguments (without the program's name). Returns its exit code.
public func runCommand(_ arguments: [String], console: Console) -> Int32 {
  if let complaint = ProcessorBaseline.complaint {
    console.note("cannery: \(complaint)")
    return ExitStatus.internalError.rawValue
  }
  let status = perform(arguments, console)
  console.flush()
  if console.outputError != 0, status == .success {
    console.note("cannery: \(FileError("write", "standard output", console.outputError))")
    return ExitStatus.inputWrong.rawValue
  }
  return status.rawValue
}

private func perform(_ arguments: [String], _ console: Console) -> ExitStatus {
  do {
    var command = try parse(arguments)
    guard let command = command as? any ConsoleCommand else {
      try command.run()
      return .success
    }
    do {
      return try command.execute(on: console)
    } catch {
      let failure = CommandFailure(error)
      console.note("cannery: \(failure.message)")
      if command.output.json { console.print(failure.json) }
      return failure.status
    }
  } catch {
    // The parser's own: wrong usage, or a request for help, the version or completions.
    let text = RootCommand.fullMessage(for: error)
    if RootCommand.exitCode(for: error).isSuccess {
      console.print(text)
      return .success
    }
    console.note(text)
    if asksForJSON(arguments) {
      console.print(CommandFailure.usage(RootCommand.message(for: error)).json)
    }
    return .wrongUsage
  }
}

/// Whether `--json` is among the options of a command line that was not understood.
private func asksForJSON(_ arguments: [String]) -> Bool {
  arguments.prefix { $0 != "--" && !isInvoke($0) }.contains("--json")
}

private let invokeOption = "--invoke"

private func isInvoke(_ word: String) -> Bool { word == invokeOption || word.hasPrefix(invokeOption + "=") }

/// The parsed command. The EXPORT of `run --invoke` and the words behind it are passed on as they stand, so the parser does
/// not see them: it would take some of them for options, and refuse or ignore others.
private func parse(_ arguments: [String]) throws -> any ParsableCommand {
  guard arguments.first == RunCommand.configuration.commandName, let index = arguments.firstIndex(where: isInvoke)
  else {
    return try RootCommand.parseAsRoot(arguments)
  }
  var call = Array(arguments[index...])
  if call[0] == invokeOption {
    call.removeFirst()
    if call.isEmpty { throw ValidationError("Missing value for '\(invokeOption) <export>'") }
  } else {
    call[0].removeFirst(invokeOption.count + 1)
  }
  var command = try RootCommand.parseAsRoot(Array(arguments[..<index]))
  if var run = command as? RunCommand {
    run.invoke = call
    command = run
  }
  return command
}

/// What a command did, for tests.
package struct CommandResult: Sendable {
  package var exitCode: Int32
  package var output: String
  package var errors: String
  package var outputBytes: [UInt8]
}

/// Runs a command with `input` as its standard input, and keeps what it prints.
package func runCommand(
  _ arguments: [String], input: [UInt8] = [], outputIsTerminal: Bool = false
) -> CommandResult {
  var output: [UInt8] = []
  var errors: [UInt8] = []
  let console = Console(
    outputIsTerminal: outputIsTerminal,
    readInput: { limit throws(FileError) in
      if input.count > limit { throw FileError("standard input is too long") }
      return input
    },
    write: { stream, bytes in
      if stream == .output { output.append(contentsOf: bytes) } else { errors.append(contentsOf: bytes) }
      return 0
    })
  let code = runCommand(arguments, console: console)
  return CommandResult(
    exitCode: code, output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self),
    outputBytes: output)
}
