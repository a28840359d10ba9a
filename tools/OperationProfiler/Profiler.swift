// Prints which operations of threaded code are executed most: by themselves, and in runs of two and three.
//
//     tools/operation-profile [--top N] MODULE EXPORT [ARGUMENT]      one execution; the argument is an i32
//     tools/operation-profile [--top N] --kernels                     all kernels of Benchmarks with their checking sizes,
//                                                                     each with the same weight

import Cannery
import Executor

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

#if CANNERY_TRAMPOLINE
struct Invocation {
  var module: String
  var export: String
  var arguments: [Value]
}

/// Shares of all executed operations, added up over executions.
struct Shares {
  private var values: [UInt64: Double] = [:]

  mutating func add(_ counts: [UInt64: Int]) {
    let total = Double(counts.values.reduce(0, +))
    if total == 0 { return }
    for (key, count) in counts { values[key, default: 0] += Double(count) / total }
  }

  func print(_ title: String, length: Int, top: Int, executions: Int) {
    Swift.print("\n\(title)")
    let sorted = values.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    for (key, value) in sorted.prefix(top) {
      let tenths = Int((value / Double(executions) * 1000).rounded())
      let share = "\(tenths / 10).\(tenths % 10)"
      Swift.print(
        String(repeating: " ", count: max(0, 6 - share.utf8.count)) + share + " %  "
          + OperationProfile.names(key, count: length).joined(separator: "  "))
    }
  }
}

func contents(of path: String) throws -> [UInt8] {
  guard let file = fopen(path, "rb") else { throw Failure(message: "cannot read \(path)") }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
  return bytes
}

struct Failure: Error {
  var message: String
}

/// The kernels as their list names them, with their checking sizes.
func kernels() throws -> [Invocation] {
  let list = String(decoding: try contents(of: "Benchmarks/kernels/list"), as: UTF8.self)
  return list.split(separator: "\n").compactMap { line in
    let columns = line.split(separator: " ")
    guard columns.count > 3, !columns[0].hasPrefix("#"), let size = Int32(columns[1]) else { return nil }
    return Invocation(module: "Benchmarks/kernels/.build/\(columns[0]).wasm", export: "run", arguments: [.i32(size)])
  }
}

func profile(_ invocations: [Invocation], top: Int) throws {
  var singles = Shares()
  var pairs = Shares()
  var triples = Shares()
  for invocation in invocations {
    let engine = Engine()
    let module = try engine.compile(try contents(of: invocation.module))
    let store = try engine.makeStore()
    let instance = try Linker(store).instantiate(module)
    guard case .function(let function)? = instance.export(invocation.export) else {
      throw Failure(message: "\(invocation.module) exports no function \(invocation.export)")
    }
    let counted = OperationProfile()
    OperationProfile.current = counted
    defer { OperationProfile.current = nil }
    let execution = try Execution(function, arguments: invocation.arguments)
    guard case .finished = try execution.run() else { throw Failure(message: "\(invocation.module) did not finish") }
    let total = counted.singles.values.reduce(0, +)
    print("\(invocation.module): \(total) operations for \(execution.instructionsExecuted) instructions")
    singles.add(counted.singles)
    pairs.add(counted.pairs)
    triples.add(counted.triples)
  }
  let count = invocations.count
  singles.print("Operations", length: 1, top: top, executions: count)
  pairs.print("Runs of two", length: 2, top: top, executions: count)
  triples.print("Runs of three", length: 3, top: top, executions: count)
}
#endif

func fail(_ message: String, status: Int32) -> Never {
  let line = Array((message + "\n").utf8)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(status)
}

@main
struct Profiler {
  static func main() throws {
    #if CANNERY_TRAMPOLINE
    var arguments = Array(CommandLine.arguments.dropFirst())
    var top = 60
    if arguments.count >= 2, arguments[0] == "--top", let count = Int(arguments[1]) {
      top = count
      arguments.removeFirst(2)
    }
    do {
      if arguments == ["--kernels"] {
        try profile(kernels(), top: top)
      } else if arguments.count >= 2 {
        let values = try arguments.dropFirst(2).map { text in
          guard let value = Int32(text) else { throw Failure(message: "not an i32: \(text)") }
          return Value.i32(value)
        }
        try profile([Invocation(module: arguments[0], export: arguments[1], arguments: values)], top: top)
      } else {
        throw Failure(message: "usage: tools/operation-profile [--top N] (--kernels | MODULE EXPORT [ARGUMENT])")
      }
    } catch let failure as Failure {
      fail(failure.message, status: 1)
    }
    #else
    fail("only debug builds count operations", status: 70)
    #endif
  }
}
