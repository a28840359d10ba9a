import CLICommands

@main
struct Main {
  static func main() throws { try tempMain() }
}
