// Suspended executions that are taken out of their store, while others use it.

import Cannery
import Testing

/// All that an execution can change, and what is committed.
private struct Image: Equatable {
  var memories: [[UInt8]]
  var dirty: [[UInt64]]
  var globals: [GlobalBits]

  init(_ instance: Instance) {
    memories = instance.memories.map { $0.read(at: 0, count: $0.count) ?? [] }
    dirty = instance.memories.map { $0.dirtyPages() }
    globals = instance.globals.map(\.bits)
  }
}

/// A module whose update changes everything a little in each turn of its loop, and has a deep stack meanwhile.
private let text = """
  (module
    (import "env" "wait" (func $wait (param i32) (result i32)))
    (memory (export "m") 1 20) (memory (export "second") i64 1 20)
    (global $g (export "g") (mut i64) (i64.const 5)) (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
    (global $depth (export "depth") (mut i32) (i32.const 0))
    (data $d "abc") (data (i32.const 100) "committed")
    (func $step (param $n i32)
      (i32.store (i32.mul (local.get $n) (i32.const 5003)) (i32.add (local.get $n) (i32.const 77)))
      (i64.store 1 (i64.extend_i32_u (i32.mul (local.get $n) (i32.const 4001))) (global.get $g))
      (global.set $g (i64.mul (i64.add (global.get $g) (i64.const 11)) (i64.const 0x5DEECE66D)))
      (global.set $v (i64x2.add (global.get $v) (i64x2.splat (global.get $g))))
      (if (i32.eq (local.get $n) (i32.const 4))
        (then
          (memory.init $d (i32.const 60000) (i32.const 0) (i32.const 3)) (data.drop $d)
          (drop (memory.grow (i32.const 2))) (i32.store (i32.const 180000) (i32.const 99))
          (global.set $g (i64.add (global.get $g) (i64.extend_i32_u (call $wait (i32.const 8)))))
          (drop (memory.grow 1 (i64.const 1))))))
    (func $deep (param $n i32) (param $at i32) (result i64) (local $x f64)
      (local.set $x (f64.convert_i32_s (i32.add (local.get $n) (local.get $at))))
      (if (result i64) (local.get $at)
        (then (call $deep (local.get $n) (i32.sub (local.get $at) (i32.const 1))))
        (else
          (loop
            (call $step (local.get $n))
            (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (global.get $g)))
      (i64.add (i64.trunc_f64_s (local.get $x))))
    (func (export "update") (result i64)
      (i64.add (call $deep (i32.const 12) (i32.const 50)) (i64.extend_i32_u (memory.size))))
    (func (export "drop") (data.drop $d))
    ;; What a query does: it changes more, or as much as it can.
    (func $query (export "query") (result i32)
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)) (data.drop $d)
      (drop (memory.grow (i32.const 7))) (memory.fill (i32.const 0) (i32.const 255) (i32.const 400000))
      (drop (memory.grow 1 (i64.const 3))) (memory.fill 1 (i64.const 0) (i32.const 254) (i64.const 200000))
      (global.set $g (i64.const -1)) (global.set $v (v128.const i64x2 -1 -1))
      (memory.size))
    (func (export "queryAndTrap") (drop (call $query)) unreachable)
    (func (export "queryAndLoop") (drop (call $query)) (loop (br 0)))
    (func (export "queryAndWait") (result i32) (drop (call $query)) (call $wait (i32.const 1)))
    (func $sink (export "sink") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $sink)))
  """

private func machine(tracksWrites: Bool = true, optimization: OptimizationLevel = .full) throws -> (Machine, Instance) {
  var machine = try Machine(optimization: optimization, tracksWrites: tracksWrites)
  try machine.host("wait", [.i32], [.i32]) { _, _ in .suspend }
  let instance = try machine.add(text)
  return (machine, instance)
}

@Suite struct ParkingTests {
  /// Runs the update to its end, in slices of so many instructions; `meanwhile` is called whenever it stands still.
  private func update(
    _ instance: Instance, slice: UInt64, _ meanwhile: (Execution) throws -> Void
  ) throws -> (results: [Value]?, executed: UInt64, stops: Int) {
    let execution = try Execution(instance.function("update"), arguments: [], instructions: slice)
    try meanwhile(execution)
    var state = try execution.run()
    var stops = 0
    while true {
      switch state {
      case .finished(let results): return (results, execution.instructionsExecuted, stops)
      case .outOfInstructions:
        try meanwhile(execution)
        state = try execution.resume(instructions: slice)
      case .waitingForHost:
        try meanwhile(execution)
        state = try execution.resume(results: [.i32(1000)])
      case .interrupted:
        try meanwhile(execution)
        state = try execution.run()
      case .trapped(let trap): throw trap
      }
      stops += 1
    }
  }

  @Test(arguments: [100, 700, 1_000_000], OptimizationLevel.allCases)
  func goesOnExactly(_ slice: UInt64, _ optimization: OptimizationLevel) throws {
    let (_, plain) = try machine(optimization: optimization)
    let committed = Image(plain)
    let expected = try update(plain, slice: slice) { _ in }
    #expect(expected.stops >= (slice == 100 ? 10 : 1))
    let (machine, instance) = try machine(optimization: optimization)
    var kinds = ["query", "queryAndTrap", "queryAndLoop", "queryAndWait", "sink", ""][...]
    let parked = try update(instance, slice: slice) { execution in
      let running = Image(instance)
      let executed = execution.instructionsExecuted
      try execution.park()
      #expect(execution.isParked)
      #expect(execution.instructionsExecuted == executed)
      #expect(Image(instance) == committed)
      let kind = kinds.popFirst() ?? "query"
      kinds.append(kind)
      switch kind {
      case "query": #expect(try instance.call("query") == [.i32(8)])
      case "queryAndTrap", "sink": #expect(try instance.trap(kind) != nil)
      case "queryAndLoop":
        let query = try Execution(instance.function(kind), arguments: [], instructions: 400_000)
        #expect(try query.run().isOutOfInstructions)
      case "queryAndWait":
        let query = try Execution(instance.function(kind), arguments: [])
        #expect(try query.run().isWaiting)
        // A query can be parked as well.
        try query.park()
        #expect(Image(instance) == committed)
        try query.unpark()
        query.abandon()
      default: break
      }
      machine.store.rollBack()
      #expect(Image(instance) == committed)
      try execution.unpark()
      #expect(!execution.isParked)
      #expect(execution.instructionsExecuted == executed)
      #expect(Image(instance) == running)
    }
    #expect(parked.results == expected.results)
    #expect(parked.executed == expected.executed)
    #expect(parked.stops == expected.stops)
    #expect(Image(instance) == Image(plain))
    machine.store.commit()
    #expect(instance.memories[0].pageCount == 3)
    machine.store.rollBack()
    #expect(Image(instance).memories == Image(plain).memories)
  }

  /// What it wrote is what is undone when it is abandoned afterwards, with the size.
  @Test func abandonedAfterwards() throws {
    let (_, instance) = try machine()
    let committed = Image(instance)
    let execution = try Execution(instance.function("update"), arguments: [])
    #expect(try execution.run().isWaiting)
    try execution.park()
    try execution.unpark()
    #expect(Image(instance) != committed)
    execution.abandon()
    #expect(Image(instance) == committed)
    #expect(try instance.call("query") == [.i32(8)])
  }

  @Test(arguments: [false, true])
  func abandonedWhileParked(byName: Bool) throws {
    let (machine, instance) = try machine()
    let committed = Image(instance)
    var execution: Execution? = try Execution(instance.function("update"), arguments: [])
    #expect(try execution?.run().isWaiting == true)
    try execution?.park()
    // In the midst of another one.
    let query = try Execution(instance.function("queryAndWait"), arguments: [])
    #expect(try query.run().isWaiting)
    let changed = Image(instance)
    let executed = execution?.instructionsExecuted
    if byName {
      execution?.abandon()
      #expect(execution?.isParked == false)
      #expect(execution?.instructionsExecuted == executed)
      #expect(throws: ExecutionError.notParked) { try execution?.unpark() }
      #expect(throws: ExecutionError.notResumable) { try execution?.park() }
    } else {
      execution = nil
    }
    #expect(Image(instance) == changed)
    #expect(try query.resume(results: [.i32(4)]).results == [.i32(4)])
    machine.store.rollBack()
    #expect(Image(instance) == committed)
  }

  @Test func misuse() throws {
    var (machine, instance) = try machine()
    var running: Execution?
    var errors: [ExecutionError?] = []
    try machine.host("meddle") { _, _ in
      do { try running?.park() } catch { errors.append(error as? ExecutionError) }
      do { try running?.unpark() } catch { errors.append(error as? ExecutionError) }
      return .done
    }
    let other = try machine.add(
      #"(module (import "env" "meddle" (func $m)) (func (export "f") (call $m)))"#, as: "other")
    let execution = try Execution(instance.function("update"), arguments: [])
    #expect(throws: ExecutionError.notParked) { try execution.unpark() }
    #expect(try execution.run().isWaiting)
    // A host function that the host calls has a counter of its own.
    running = execution
    guard case .function(let meddle)? = machine.linker.lookUp("env", "meddle") else { return }
    _ = try meddle.call()
    #expect(errors == [.notResumable, .notParked])
    try execution.park()
    #expect(throws: ExecutionError.parked) { try execution.park() }
    #expect(throws: ExecutionError.parked) { try execution.run() }
    #expect(throws: ExecutionError.parked) { try execution.resume(instructions: 5) }
    #expect(throws: ExecutionError.parked) { try execution.resume(results: [.i32(1)]) }
    #expect(throws: ExecutionError.parked) { try execution.resume(throwing: TrapKind.unreachable) }
    _ = try meddle.call()
    #expect(errors.suffix(2) == [.parked, .storeIsSuspended])
    // Inside another execution, and while one stands still.
    _ = try other.call("f")
    #expect(errors.suffix(2) == [.parked, .storeIsSuspended])
    let query = try Execution(instance.function("queryAndWait"), arguments: [])
    #expect(throws: ExecutionError.storeIsSuspended) { try execution.unpark() }
    #expect(try query.run().isWaiting)
    #expect(throws: ExecutionError.storeIsSuspended) { try execution.unpark() }
    query.abandon()
    // From inside its own host function.
    let inside = try Execution(other.function("f"), arguments: [])
    running = inside
    #expect(try inside.run().results == [])
    #expect(errors.suffix(2) == [.notResumable, .notParked])
    #expect(throws: ExecutionError.notResumable) { try inside.park() }
    running = nil
    try execution.unpark()
    #expect(throws: ExecutionError.notParked) { try execution.unpark() }
    #expect(try execution.resume(results: [.i32(1)]).results != nil)
  }

  @Test func withoutTracking() throws {
    let (_, instance) = try machine(tracksWrites: false)
    let execution = try Execution(instance.function("update"), arguments: [])
    #expect(try execution.run().isWaiting)
    #expect(throws: ExecutionError.notTracked) { try execution.park() }
    #expect(try execution.resume(results: [.i32(1)]).results != nil)
  }

  /// Whatever is not as the execution left it is seen; and once it is put right, the execution can go on.
  @Test(arguments: ["write", "same", "growth", "query", "global", "half", "segment"])
  func changedStores(_ change: String) throws {
    let (machine, instance) = try machine()
    let memory = try instance.memory("m")
    func make() throws {
      switch change {
      case "write": #expect(memory.write([1], at: 5))
      case "same": #expect(memory.write([0], at: 5))
      case "growth": #expect(memory.grow(by: 1) == 1)
      case "query": #expect(try instance.call("query") == [.i32(8)])
      case "global": #expect(try instance.global("g").set(.i64(7)))
      case "half": #expect(try instance.global("v").set(GlobalBits(low: 1, high: 3)))
      default: _ = try instance.call("drop")
      }
    }
    let execution = try Execution(instance.function("update"), arguments: [])
    #expect(try execution.run().isWaiting)
    let running = Image(instance)
    try execution.park()
    try make()
    #expect(throws: ExecutionError.storeHasChanged) { try execution.unpark() }
    machine.store.rollBack()
    try execution.unpark()
    #expect(Image(instance) == running)
    try execution.park()
    try make()
    machine.store.commit()
    #expect(throws: ExecutionError.storeHasChanged) { try execution.unpark() }
    machine.store.rollBack()
    #expect(throws: ExecutionError.storeHasChanged) { try execution.unpark() }
  }

  /// What the execution dropped is there for others, and not for itself; what was dropped before is for nobody.
  @Test func droppedSegments() throws {
    var machine = try Machine(tracksWrites: true)
    try machine.host("wait") { _, _ in .suspend }
    let instance = try machine.add(
      """
      (module (import "env" "wait" (func $wait)) (memory 1) (table 1 funcref)
        (data $first "a") (data $second "b") (elem $items func $wait)
        (func (export "first") (memory.init $first (i32.const 0) (i32.const 0) (i32.const 1)))
        (func $second (export "second") (memory.init $second (i32.const 0) (i32.const 0) (i32.const 1)))
        (func $items (export "items") (table.init $items (i32.const 0) (i32.const 0) (i32.const 1)))
        (func (export "dropFirst") (data.drop $first))
        (func (export "data") (data.drop $second) (call $wait) (call $second))
        (func (export "elements") (elem.drop $items) (call $wait) (call $items)))
      """)
    _ = try instance.call("dropFirst")
    machine.store.commit()
    for (name, trap) in [("data", TrapKind.outOfBoundsMemoryAccess), ("elements", .outOfBoundsTableAccess)] {
      let execution = try Execution(instance.function(name), arguments: [])
      #expect(try execution.run().isWaiting)
      try execution.park()
      #expect(try instance.trap("first")?.kind == .outOfBoundsMemoryAccess)
      #expect(try instance.trap("second") == nil)
      #expect(try instance.trap("items") == nil)
      machine.store.rollBack()
      try execution.unpark()
      #expect(try execution.resume(results: []).trap?.kind == trap)
      machine.store.rollBack()
      #expect(try instance.trap("first")?.kind == .outOfBoundsMemoryAccess)
      #expect(try instance.trap("second") == nil)
      #expect(try instance.trap("items") == nil)
      machine.store.rollBack()
    }
  }

  /// Of several that began on the same state, one can be committed.
  @Test func severalAtOnce() throws {
    let (machine, instance) = try machine()
    let executions = try (0..<5).map { _ in
      let execution = try Execution(instance.function("update"), arguments: [])
      #expect(try execution.run().isWaiting)
      try execution.park()
      return execution
    }
    for execution in executions.dropFirst().reversed() {
      try execution.unpark()
      #expect(try execution.resume(results: [.i32(7)]).results != nil)
      machine.store.rollBack()
    }
    let last = try Execution(instance.function("update"), arguments: [])
    #expect(try last.run().isWaiting)
    try last.park()
    try executions[0].unpark()
    #expect(try executions[0].resume(results: [.i32(7)]).results != nil)
    machine.store.commit()
    #expect(throws: ExecutionError.storeHasChanged) { try last.unpark() }
  }

  /// What had not been committed when the execution began is put aside too, and comes back.
  @Test func uncommittedChanges() throws {
    let (machine, instance) = try machine()
    let committed = Image(instance)
    #expect(instance.memories[0].write([1, 2, 3], at: 101))
    #expect(instance.memories[0].write([1, 2, 3], at: 50_000))
    #expect(instance.memories[0].grow(by: 1) == 1)
    #expect(try instance.global("g").set(.i64(12)))
    let before = Image(instance)
    let execution = try Execution(instance.function("update"), arguments: [])
    #expect(try execution.run().isWaiting)
    let running = Image(instance)
    try execution.park()
    #expect(Image(instance) == committed)
    _ = try instance.call("query")
    machine.store.rollBack()
    try execution.unpark()
    #expect(Image(instance) == running)
    try execution.park()
    try execution.unpark()
    execution.abandon()
    #expect(Image(instance) == before)
    machine.store.rollBack()
    #expect(Image(instance) == committed)
  }

  /// Pages that the execution has grown into are zeros for all who grow later, and for itself.
  @Test func grownPages() throws {
    var machine = try Machine(tracksWrites: true)
    let instance = try machine.add(
      """
      (module (memory (export "m") 1 9)
        (func (export "f") (param i32) (result i32)
          (drop (memory.grow (i32.const 1))) (i32.store (i32.const 70000) (i32.const 6))
          (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (drop (memory.grow (i32.const 3)))
          (i32.add (i32.load (i32.const 70000)) (i32.load (i32.const 200000))))
        (func (export "g") (param i32) (result i32)
          (drop (memory.grow (i32.const 5)))
          (i32.load (local.get 0)) (i32.store (local.get 0) (i32.const 8))))
      """)
    let execution = try Execution(instance.function("f"), arguments: [.i32(1000)], instructions: 2000)
    #expect(try execution.run().isOutOfInstructions)
    #expect(try instance.memory("m").pageCount == 2)
    try execution.park()
    #expect(try instance.memory("m").pageCount == 1)
    for address: Int32 in [70_000, 200_000] {
      #expect(try instance.call("g", .i32(address)) == [.i32(0)])
      machine.store.rollBack()
    }
    try execution.unpark()
    #expect(try execution.resume(instructions: 100_000).results == [.i32(6)])
  }

  /// A query's stack is as deep as that of a fresh store, however deep the parked execution is.
  @Test func depthOfQueries() throws {
    func depth(_ instance: Instance) throws -> Value {
      #expect(try instance.trap("sink")?.kind == .callStackExhausted)
      return try instance.global("depth").value
    }
    let fresh = try depth(machine().1)
    let (machine, instance) = try machine()
    let execution = try Execution(instance.function("sink"), arguments: [], instructions: 100_000)
    #expect(try execution.run().isOutOfInstructions)
    let reached = try instance.global("depth").value
    try execution.park()
    #expect(try depth(instance) == fresh)
    machine.store.rollBack()
    try execution.unpark()
    #expect(try instance.global("depth").value == reached)
    #expect(try execution.resume(instructions: 100_000_000).trap?.kind == .callStackExhausted)
    #expect(try instance.global("depth").value == fresh)
    #expect(execution.instructionsExecuted > 100_000)
  }

  /// Instances that share a memory and a global, with calls over their border on the parked stack.
  @Test func sharedItems() throws {
    func run(parks: Bool) throws -> ([Value]?, [Image]) {
      var machine = try Machine(tracksWrites: true)
      try machine.host("wait") { _, _ in .suspend }
      let owner = try machine.add(
        """
        (module (import "env" "wait" (func $wait)) (memory (export "m") 1 5) (global (export "g") (mut i32) (i32.const 3))
          (func (export "inner") (param i32) (result i32)
            (i32.store (i32.const 5000) (local.get 0)) (global.set 0 (local.get 0)) (call $wait)
            (i32.add (i32.load (i32.const 9000)) (global.get 0))))
        """)
      let user = try machine.add(
        """
        (module (import "m" "inner" (func $inner (param i32) (result i32))) (import "m" "m" (memory 1))
          (import "m" "g" (global $g (mut i32))) (memory $own 1)
          (func (export "f") (param i32) (result i32)
            (i32.store (i32.const 9000) (i32.const 40)) (i32.store $own (i32.const 4) (local.get 0))
            (i32.add (call $inner (local.get 0)) (i32.load $own (i32.const 4))))
          (func $sink (export "sink") (global.set $g (i32.const 0)) (i32.store (i32.const 5000) (i32.const -1))
            (drop (call $inner (i32.const 1)))))
        """, as: "n")
      machine.store.commit()
      let committed = [Image(owner), Image(user)]
      let execution = try Execution(user.function("f"), arguments: [.i32(2)])
      #expect(try execution.run().isWaiting)
      if parks {
        try execution.park()
        #expect([Image(owner), Image(user)] == committed)
        do {
          let query = try Execution(user.function("sink"), arguments: [])
          #expect(try query.run().isWaiting)
        }
        let query = try Execution(owner.function("inner"), arguments: [.i32(11)])
        #expect(try query.run().isWaiting)
        #expect(try query.resume(results: []).results == [.i32(11)])
        machine.store.rollBack()
        // A new instance is no change, as long as it writes nothing that is shared.
        try machine.add(#"(module (memory 1) (data (i32.const 0) "x"))"#, as: "third")
        try execution.unpark()
      }
      return (try execution.resume(results: []).results, [Image(owner), Image(user)])
    }
    let (results, images) = try run(parks: true)
    let (expected, expectedImages) = try run(parks: false)
    #expect(results == [.i32(44)])
    #expect(results == expected)
    #expect(images == expectedImages)
  }

  /// On another thread, and as the last that holds the store.
  @Test func lifetimes() throws {
    weak var store: Store?
    var execution: Execution?
    do {
      let (machine, instance) = try machine()
      store = machine.store
      execution = try Execution(instance.function("update"), arguments: [])
      #expect(try execution?.run().isWaiting == true)
      try execution?.park()
    }
    #expect(store != nil)
    try onSmallThread(stackBytes: 512 << 10) {
      try execution?.unpark()
      #expect(try execution?.resume(results: [.i32(1000)]).results != nil)
      execution?.store.commit()
    }
    execution = nil
    #expect(store == nil)
    do {
      let parked = try Execution(machine().1.function("update"), arguments: [])
      #expect(try parked.run().isWaiting)
      try parked.park()
      store = parked.store
    }
    #expect(store == nil)
  }
}
