// The executable `cannery`.

import CLICommands

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@main
struct Main {
  static func main() { exit(runCommand(Array(CommandLine.arguments.dropFirst()), console: .standard())) }
}
