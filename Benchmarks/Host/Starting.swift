// What it takes to start: opening an artifact, instantiating, calling into Wasm code and out of it.

import Cannery

/// Measures and prints, a line each with tabs between: name, median, unit.
func measureStarting(_ path: String) throws {
  try measureLoading(path)
  try measureInstantiation()
  try measureCalls()
}

// MARK: Loading

private func measureLoading(_ path: String) throws {
  let module = readFile(path)
  let engine = Engine(EngineConfiguration(compiler: CompilerOptions(threads: 1)))
  let artifact = writeTemporary(try engine.precompile(module))
  defer { removeFile(artifact) }
  let size = megabytes(module.count)
  try report("open an artifact of a \(size) MB module", "µs", batches: 41, perBatch: 1) {
    // An engine of its own each time: types are interned once for each.
    let engine = Engine()
    return { _ = try engine.load(artifact: mapFile(artifact)) }
  }
  try report("the same, to the end of the first call", "µs", batches: 41, perBatch: 1) {
    let engine = Engine()
    return {
      let store = try engine.makeStore()
      let instance = try Linker(store).instantiate(engine.load(artifact: mapFile(artifact)))
      _ = try function("run", of: instance).call([.i32(0)])
    }
  }
  try report("verify all of it", "MB/s of module", batches: 5, perBatch: 1, as: { Double(module.count) / 1e6 / $0 }) {
    let loaded = try Engine().load(artifact: mapFile(artifact))
    return { try loaded.verify() }
  }
}

// MARK: Instantiation

private func measureInstantiation() throws {
  let engine = Engine()
  try report("make a store", "µs", batches: 101, perBatch: 1) { { _ = try engine.makeStore() } }
  let kinds = [
    ("no memory", "(module)"), ("16 MB of memory", "(module (memory 256))"),
    ("16 MB of memory, 1 MB of it data", "(module (memory 256) (data (i32.const 4096) \"\(data(1 << 20))\"))"),
  ]
  for (name, text) in kinds {
    let module = try engine.load(artifact: engine.precompile(Array(text.utf8)))
    try report("instantiate: \(name)", "µs", batches: 101, perBatch: 1) {
      let store = try engine.makeStore()
      return { _ = try Linker(store).instantiate(module) }
    }
  }
}

/// So many bytes, none of them zero, as a string of the text format.
private func data(_ count: Int) -> String { String(repeating: "0123456789abcdef", count: count / 16) }

// MARK: Calls

/// Loops over calls, and the same loop without; functions that only return.
private let calls = """
  (module
    (import "host" "call" (func $call (param i64) (result i64)))
    (func (export "calls") (param $n i64) (result i64) (local $sum i64)
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (call $call (local.get $n))))
        (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
      (local.get $sum))
    (func (export "loops") (param $n i64) (result i64) (local $sum i64)
      (loop $next
        (local.set $sum (i64.add (local.get $sum) (i64.xor (local.get $n) (i64.const 1))))
        (br_if $next (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
      (local.get $sum))
    (func (export "empty"))
    (func (export "identity") (param i64) (result i64) (local.get 0)))
  """

private func measureCalls() throws {
  let engine = Engine()
  let module = try engine.compile(Array(calls.utf8))
  let type = FunctionType(parameters: [.i64], results: [.i64])
  let count = 20_000

  func time(_ export: String, _ store: Store, _ host: Function) throws -> Double {
    let instance = try store.instantiate(module, imports: [.function(host)])
    let run = try function(export, of: instance)
    return try medianSeconds(batches: 31, perBatch: 1) { { _ = try run.call([.i64(Int64(count))]) } }
  }
  let store = try engine.makeStore()
  let raw = try store.makeHostFunction(type, name: "raw") { _, slots in
    slots[0] ^= 1
    return .done
  }
  let onValues = try store.makeFunction(type, name: "values") { _, arguments in
    guard case .i64(let value)? = arguments.first else { return [] }
    return [.i64(value ^ 1)]
  }
  let loop = try time("loops", store, raw)
  for (name, host) in [("host call, on slots", raw), ("host call, on values", onValues)] {
    show(name, (try time("calls", store, host) - loop) / Double(count) * 1e9, "ns")
  }

  let instance = try store.instantiate(module, imports: [.function(raw)])
  let empty = try function("empty", of: instance)
  try report("enter and leave: empty function", "ns", batches: 51, perBatch: 2000) { { _ = try empty.call() } }
  let identity = try function("identity", of: instance)
  try report("enter and leave: one parameter, one result", "ns", batches: 51, perBatch: 2000) {
    { _ = try identity.call([.i64(7)]) }
  }
  let slots = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: 1)
  slots.initialize(repeating: 7)
  defer { slots.deallocate() }
  try report("enter and leave: empty function, on slots", "ns", batches: 51, perBatch: 2000) {
    { try empty.call(slots: slots) }
  }
  try report("enter and leave: one parameter, one result, on slots", "ns", batches: 51, perBatch: 2000) {
    { try identity.call(slots: slots) }
  }
  try report("enter and leave: as an execution with a limit", "ns", batches: 51, perBatch: 2000) {
    { _ = try Execution(empty, arguments: [], instructions: 1_000_000).run() }
  }
}

private func function(_ name: String, of instance: Instance) throws -> Function {
  guard case .function(let function)? = instance.export(name) else { complain("no function \(name)") }
  return function
}
