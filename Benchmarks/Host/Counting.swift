// Executes kernels so that callgrind can count each execution alone: with `--toggle-collect` and `--dump-after` for
// `measuredExecution`, it counts only inside that function, and writes what it counted each time the function ends.

import Cannery

/// A way in which kernels are executed.
struct CountedVariant {
  var name: String
  var metering: MeteringPolicy
  var tracksWrites = false

  /// Each by its name, as `Harness` asks for them.
  static let all = [
    CountedVariant(name: "icp", metering: .icp), CountedVariant(name: "operators", metering: .operators),
    CountedVariant(name: "none", metering: .none),
    CountedVariant(name: "tracking", metering: .icp, tracksWrites: true),
  ]

  static func named(_ name: Substring) -> CountedVariant {
    guard let variant = all.first(where: { $0.name == name }) else { complain("no such variant: \(name)") }
    return variant
  }
}

/// Executes run(n) of the module in the variants, in turn, and prints a line for each: the module's path, the variant, the
/// result.
func countExecutions(of path: String, _ n: Int32, in variants: [CountedVariant]) throws {
  let bytes = readFile(path)
  for variant in variants {
    let engine = Engine(EngineConfiguration(metering: variant.metering, compiler: CompilerOptions(threads: 1)))
    let module = try engine.compile(bytes)
    let store = try engine.makeStore(tracksWrites: variant.tracksWrites)
    let instance = try Linker(store).instantiate(module)
    try instance.code.linkAll()
    for memory in instance.memories where variant.tracksWrites { memory.commit() }
    guard case .function(let run)? = instance.export("run") else { complain("\(path) exports no function run") }
    let execution = try Execution(run, arguments: [.i32(n)])
    print(path, variant.name, try measuredExecution(execution))
  }
}

/// What callgrind counts. It must stay a function of this name, and not end in a jump to another.
@inline(never)
func measuredExecution(_ execution: Execution) throws -> Int64 {
  let state = try execution.run()
  measuredExecutions += 1
  guard case .finished(let results) = state, case .i64(let value)? = results.first else {
    complain("run did not return an i64")
  }
  return value
}

nonisolated(unsafe) private var measuredExecutions = 0
