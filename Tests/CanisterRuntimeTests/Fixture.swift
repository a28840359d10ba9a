// A runtime with a canister made of text, and what tests ask of them.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// A canister's module: imports by name, a memory, functions.
struct Wat {
  var text: String

  /// A module with the named System API calls imported as `$name`, and `body` after them.
  init(_ imports: [String], memory: String = "(memory 1)", is64: Bool = false, _ body: String) {
    var text = "(module\n"
    for name in imports { text += "  (import \"ic0\" \"\(name)\" (func $\(name) \(Wat.signature(name, is64))))\n" }
    self.text = text + "  \(memory)\n\(body))"
  }

  private static func signature(_ name: String, _ is64: Bool) -> String {
    guard let type = SystemCall.named(name)?.type(is64: is64) else { preconditionFailure("no System API call \(name)") }
    return type.parameters.map { "(param \($0))" }.joined() + type.results.map { "(result \($0))" }.joined()
  }

  var bytes: [UInt8] { Array(text.utf8) }
}

/// An update method `f` with this body.
func update(_ body: String, locals: String = "") -> String { "(func (export \"canister_update f\") \(locals) \(body))" }

/// A runtime with one canister.
struct Fixture {
  let runtime: CanisterRuntime
  let id: Principal

  init(
    _ module: Wat, _ configure: (inout RuntimeConfiguration) -> Void = { _ in }, cycles: Cycles = 1 << 80
  ) throws {
    var configuration = RuntimeConfiguration()
    configure(&configuration)
    runtime = CanisterRuntime(configuration)
    id = try runtime.createCanister(cycles: cycles)
    try runtime.install(id, module.bytes)
    _ = runtime.takeReports()
  }

  /// Calls the update method `f`; what was executed for it.
  func execute(_ argument: [UInt8] = []) throws -> ExecutionReport {
    _ = try? runtime.call(id, "f", argument)
    let reports = runtime.takeReports().filter { $0.mode == .update }
    guard let report = reports.first else { throw MissingReport() }
    return report
  }

  struct MissingReport: Error {}
}
