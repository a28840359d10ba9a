@main
struct Main {
  static func main() { print("cannery: under construction") }
}
