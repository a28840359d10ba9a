// What can go wrong outside of what is measured.

public enum HarnessError: Error, Hashable, Sendable {
  case malformedList(line: Int)
  /// An engine on the command line is `NAME=WORD WORD …`.
  case malformedEngine(String)
  case notBuilt(path: String)
  /// The engine could not be started.
  case cannotStart(String)
  case timedOut(seconds: Double)
  /// The engine ended with a failure; its last words.
  case engineFailed(status: Int32, message: String)
  case noResult(output: String)
  /// A line of the gate's baseline that makes no sense.
  case malformedBaseline(line: Int)
  /// What callgrind left can't be what was asked for.
  case malformedCounts(String)
}

extension HarnessError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformedList(let line): "kernels/list, line \(line): expected a name, two sizes and a purpose"
    case .malformedEngine(let text):
      "expected NAME=COMMAND, for engines with {wasm} or {native} and {n}, for compilers with {wasm} and {out}: \(text)"
    case .notBuilt(let path): "not built: \(path) (run Benchmarks/build-kernels)"
    case .cannotStart(let text): "cannot start: \(text)"
    case .timedOut(let seconds): "no result after \(seconds) s"
    case .engineFailed(let status, let message): "ended with \(status): \(message)"
    case .noResult(let output): "printed no integer: \(output)"
    case .malformedBaseline(let line): "baseline, line \(line): expected a kernel, its size and its instructions"
    case .malformedCounts(let text): "callgrind: \(text)"
    }
  }
}
