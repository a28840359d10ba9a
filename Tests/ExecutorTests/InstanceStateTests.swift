// Instances that go on from a stored state, or with another instance's memory.

import Cannery
import Testing

private let text = """
  (module
    (global $start (mut i32) (i32.const 1)) (global $fixed (export "fixed") i32 (i32.const 70))
    (memory (export "m") 2 6) (memory (export "second") i64 0 4)
    (global $g (export "g") (mut i64) (i64.const 5)) (global $v (export "v") (mut v128) (v128.const i64x2 1 2))
    (global (export "f") (mut f32) (f32.const 1.5))
    (table (export "t") 3 funcref) (elem (i32.const 1) $get)
    (data $active (i32.const 100) "active") (data $passive "passive")
    (func (export "change")
      (i32.store (i32.const 5000) (i32.const 9)) (i64.store (i32.const 100) (i64.const 0))
      (drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 196607) (i32.const 3))
      (drop (memory.grow 1 (i64.const 2))) (i32.store8 1 (i64.const 70000) (i32.const 4))
      (i32.store (i32.const 9000) (i32.const 1)) (i32.store (i32.const 9000) (i32.const 0))
      (global.set $g (i64.const -3)) (global.set $v (v128.const i64x2 -1 7)) (data.drop $passive))
    (func $get (export "get") (result i32 i64 i32)
      (i32.load (i32.const 5000)) (global.get $g) (global.get $start))
    (func (export "getByTable") (result i32 i64 i32) (call_indirect (result i32 i64 i32) (i32.const 1)))
    (func (export "passive") (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 7)))
    (func (export "active") (memory.init $active (i32.const 0) (i32.const 0) (i32.const 1)))
    (func $begin (global.set $start (i32.add (global.get $start) (i32.const 1)))) (start $begin))
  """

@Suite struct InstanceStateTests {
  /// What a host stores.
  private struct Stored {
    var state: InstanceState
    var pages: [(memory: Int, page: UInt64, bytes: [UInt8])] = []

    init(_ instance: Instance) {
      state = instance.state
      for (index, memory) in instance.memories.enumerated() {
        memory.forEachNonzeroPage { page, bytes in pages.append((index, page, Array(bytes))) }
      }
    }

    func restore(_ module: Module, _ store: Store, imports: [ExternalValue] = []) throws -> Instance {
      let instance = try store.restore(module, imports: imports, state: state)
      for (memory, page, bytes) in pages {
        #expect(bytes.withUnsafeBytes { instance.memories[memory].restore($0, at: page * 4096) })
      }
      return instance
    }
  }

  private func contents(_ instance: Instance) -> [[UInt8]] {
    instance.memories.map { $0.read(at: 0, count: $0.count) ?? [] }
  }

  @Test(arguments: [false, true], [false, true])
  func goesOn(tracksWrites: Bool, isChanged: Bool) throws {
    let engine = Engine()
    let module = try engine.compile(Array(text.utf8))
    for _ in 0..<2 {
      let old = try engine.makeStore(tracksWrites: tracksWrites).instantiate(module, imports: [])
      if isChanged { _ = try old.call("change") }
      old.store.commit()
      let stored = Stored(old)
      #expect(stored.pages.map(\.page) == (isChanged ? [1, 47, 17] : [0]))
      let new = try stored.restore(module, engine.makeStore(tracksWrites: tracksWrites))
      #expect(contents(new) == contents(old))
      #expect(new.state == old.state)
      #expect(new.state.memoryPages == (isChanged ? [3, 2] : [2, 0]))
      #expect(new.startInstructions == 0)
      #expect(new.memories.map { $0.dirtyPages() } == [[], []])
      // The start function ran once, in the old one.
      let expected: [Value] = isChanged ? [.i32(9), .i64(-3), .i32(2)] : [.i32(0), .i64(5), .i32(2)]
      #expect(try new.call("get") == expected)
      #expect(try new.call("getByTable") == expected)
      #expect(try new.trap("active")?.kind == .outOfBoundsMemoryAccess)
      #expect(try new.trap("passive") == nil)
      if tracksWrites {
        // That is what was committed.
        #expect(new.memories[0].dirtyPages() == [0])
        _ = try new.call("change")
        new.store.rollBack()
        #expect(contents(new) == contents(old))
        #expect(new.state == old.state)
        #expect(Stored(new).pages.map(\.bytes) == stored.pages.map(\.bytes))
      }
      #expect(try new.call("change") == [])
    }
  }

  @Test func whatStatesMayLeaveOut() throws {
    var machine = try Machine()
    let module = try machine.engine.compile(Array(text.utf8))
    let bits = [1, 2, 3].map { GlobalBits(low: 0xFFFF_FFFF_0000_0000 | $0, high: 9) }
    let short = try machine.store.restore(
      module, imports: [], state: InstanceState(memoryPages: [1], globals: bits))
    // Less than the minimum counts for nothing, and so does what is immutable; of an i32 the upper half.
    #expect(short.state.memoryPages == [2, 0])
    #expect(short.globals.map(\.bits.low) == [1, 70, 0xFFFF_FFFF_0000_0003, 1, 0x3FC0_0000])
    #expect(short.globals.map(\.bits.high) == [0, 0, 0, 2, 0])
    let store = machine.store
    func resourceError(_ body: () throws -> Void) -> ResourceError? {
      do { try body() } catch InstantiationError.resource(let error) { return error } catch {}
      return nil
    }
    let large = InstanceState(memoryPages: [7], globals: [])
    #expect(resourceError { _ = try store.restore(module, imports: [], state: large) } == .memoryLimit(pages: 7))
    // Imported memories and globals are others' matter.
    try machine.add(#"(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 4)))"#, as: "owner")
    let user = try machine.engine.compile(
      Array(
        #"(module (import "owner" "m" (memory 1)) (import "owner" "g" (global (mut i32))) (memory 1) (data (i32.const 0) "x"))"#
          .utf8))
    let made = try machine.store.restore(
      user, imports: machine.linker.imports(of: user),
      state: InstanceState(memoryPages: [5, 3], globals: [GlobalBits(low: 8)]))
    #expect(made.state == InstanceState(memoryPages: [1, 3], globals: [GlobalBits(low: 4)]))
    #expect(made.memories[0].read(at: 0, count: 1) == [0])
  }

  @Test func restoringIsNoWrite() throws {
    let machine = try Machine(tracksWrites: true)
    let memory = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: nil)))
    let bytes = [UInt8](repeating: 5, count: 5000)
    func restore(_ offset: UInt64) -> Bool { bytes.withUnsafeBytes { memory.restore($0, at: offset) } }
    #expect(restore(4000))
    #expect(!restore(65_536 - 4999))
    #expect(!restore(.max))
    #expect(memory.dirtyPages() == [])
    #expect(memory.nonzeroPages() == [0, 1, 2])
    memory.rollBack()
    #expect(memory.read(at: 8999, count: 2) == [5, 0])
    #expect(memory.write([1], at: 50_000))
    #expect(!restore(0))
    memory.rollBack()
    #expect(restore(0))
  }

  // MARK: Pages

  @Test(arguments: [false, true])
  func nonzeroPages(tracksWrites: Bool) throws {
    let data = String(repeating: "0123456789abcdef", count: 5000)
    let engine = Engine()
    let module = try engine.compile(
      Array(
        """
        (module (memory (export "m") 20 40) (data (i32.const 300000) "\(data)") (data (i32.const 12287) "ab")
          (func (export "f") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
          (func (export "g") (drop (memory.grow (i32.const 1)))))
        """.utf8))
    // The second instance maps its data.
    let segments: [UInt64] = [2, 3] + Array(73...92)
    for number in 0..<2 {
      let instance = try engine.makeStore(tracksWrites: tracksWrites).instantiate(module, imports: [])
      let memory = try instance.memory("m")
      #expect(memory.mappedBytes > 0 || number == 0)
      #expect(memory.nonzeroPages() == segments)
      _ = try instance.call("f", .i32(12_287), .i32(0))
      _ = try instance.call("f", .i32(40_960), .i32(1))
      _ = try instance.call("f", .i32(65_536), .i32(0))
      _ = try instance.call("g")
      _ = try instance.call("f", .i32(1_310_720), .i32(7))
      let now = [3, 10] + segments.dropFirst(2) + [320]
      if tracksWrites {
        #expect(memory.nonzeroPages() == segments)
        var seen: [UInt8] = []
        memory.forEachNonzeroPage { page, bytes in if page == 2 { seen.append(bytes[4095]) } }
        #expect(seen == [97])
        let execution = try Execution(instance.function("f"), arguments: [.i32(200_000), .i32(1)], instructions: 1)
        _ = try execution.run()
        #expect(memory.nonzeroPages() == segments)
        instance.store.commit()
      }
      #expect(memory.nonzeroPages() == now)
      _ = try instance.call("f", .i32(1_310_720), .i32(0))
      if tracksWrites { instance.store.commit() }
      #expect(memory.nonzeroPages() == Array(now.dropLast()))
    }
  }

  // MARK: Memories that go from one instance to another

  private struct Upgrade {
    let engine = Engine()
    let old: Instance
    let store: Store

    init(tracksWrites: Bool = true, limits: StoreLimits = StoreLimits()) throws {
      old = try engine.makeStore(tracksWrites: tracksWrites).instantiate(engine.compile(Array(text.utf8)), imports: [])
      old.store.commit()
      store = try engine.makeStore(limits: limits, tracksWrites: tracksWrites)
    }

    func adopt(_ memory: String) throws -> Instance {
      let text = """
        (module \(memory) (data (i32.const 100) "new") (data $p "p") (global (export "g") (mut i32) (i32.const 8))
          (table funcref (elem $f))
          (func $f (result i32) (i32.load (i32.const 5000)))
          (func (export "f") (result i32) (call_indirect (result i32) (i32.const 0)))
          (func (export "write") (i32.store (i32.const 5000) (i32.const 1)) (i32.store (i32.const 70000) (i32.const 2)))
          (func (export "writeAndWait") (i32.store (i32.const 5000) (i32.const 77)) (loop (br 0)))
          (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func $start (global.set 0 (i32.const 100))) (start $start))
        """
      return try store.adopt(memoryOf: old, engine.compile(Array(text.utf8)), imports: [])
    }
  }

  private func exchangeError(_ body: () throws -> Void) -> MemoryExchangeError? {
    do { try body() } catch InstantiationError.memoryExchange(let error) { return error } catch {
      return error as? MemoryExchangeError
    }
    return nil
  }

  @Test(arguments: [false, true])
  func adopts(tracksWrites: Bool) throws {
    let upgrade = try Upgrade(tracksWrites: tracksWrites)
    _ = try upgrade.old.call("change")
    let base = upgrade.old.memories[0].record.pointee.base
    let before = contents(upgrade.old)
    let new = try upgrade.adopt("(memory 1 5)")
    // Not copied, no segment, no start function; as large as it was.
    #expect(new.memories[0].record.pointee.base == base)
    #expect(contents(new) == [before[0]])
    #expect(try new.global("g").value == .i32(8))
    #expect(try new.startFunction?.call() == [])
    #expect(try new.global("g").value == .i32(100))
    #expect(try new.call("f") == [.i32(9)])
    // Its own limits.
    #expect(try new.call("grow", .i32(3)) == [.i32(-1)])
    #expect(try new.call("grow", .i32(2)) == [.i32(3)])
    // The old one has nothing.
    #expect(upgrade.old.memories[0].count == 0)
    #expect(try upgrade.old.trap("get")?.kind == .outOfBoundsMemoryAccess)
    #expect(upgrade.old.memories[1].pageCount == 2)
    new.store.commit()
    _ = try new.call("write")
    #expect(new.memories[0].dirtyPages() == (tracksWrites ? [1, 17] : []))
    #expect(try new.call("f") == [.i32(1)])
  }

  /// With all that was written before and after, the old instance gets what was committed.
  @Test(arguments: [1, 4])
  func wayBack(_ minimum: Int) throws {
    let upgrade = try Upgrade()
    let committed = contents(upgrade.old)
    let globals = upgrade.old.state
    for _ in 0..<3 {
      _ = try upgrade.old.call("change")
      let new = try upgrade.adopt("(memory \(minimum) 8)")
      #expect(new.memories[0].pageCount == UInt64(max(minimum, 3)))
      #expect(try new.call("f") == [.i32(9)])
      _ = try new.call("write")
      // Dropped executions undo only what they wrote themselves.
      let execution = try Execution(new.function("writeAndWait"), arguments: [], instructions: 1000)
      #expect(try execution.run().isOutOfInstructions)
      execution.abandon()
      #expect(try new.call("f") == [.i32(1)])
      #expect(new.memories[0].dirtyPages() == [0, 1, 17, 47])
      new.store.rollBack()
      try new.exchangeMemory(with: upgrade.old)
      upgrade.old.store.rollBack()
      #expect(contents(upgrade.old) == committed)
      #expect(upgrade.old.state == globals)
      #expect(new.memories[0].count == 0)
      #expect(try new.trap("write")?.kind == .outOfBoundsMemoryAccess)
      #expect(try upgrade.old.call("get") == [.i32(0), .i64(5), .i32(2)])
    }
  }

  /// While the new instance's execution is parked, the old one can answer from what was committed.
  @Test func queriesMeanwhile() throws {
    let upgrade = try Upgrade()
    let committed = contents(upgrade.old)
    _ = try upgrade.old.call("change")
    let new = try upgrade.adopt("(memory 5 8)")
    let execution = try Execution(new.function("writeAndWait"), arguments: [], instructions: 1000)
    #expect(try execution.run().isOutOfInstructions)
    let running = contents(new)
    #expect(exchangeError { try new.exchangeMemory(with: upgrade.old) } == .storeIsSuspended)
    #expect(exchangeError { try upgrade.old.exchangeMemory(with: new) } == .storeIsSuspended)
    try execution.park()
    try new.exchangeMemory(with: upgrade.old)
    #expect(throws: ExecutionError.storeHasChanged) { try execution.unpark() }
    upgrade.old.store.rollBack()
    #expect(contents(upgrade.old) == committed)
    #expect(try upgrade.old.call("get") == [.i32(0), .i64(5), .i32(2)])
    _ = try upgrade.old.call("change")
    upgrade.old.store.rollBack()
    try new.exchangeMemory(with: upgrade.old)
    try execution.unpark()
    #expect(contents(new) == running)
    execution.abandon()
    #expect(try new.call("f") == [.i32(9)])
    new.store.rollBack()
    try new.exchangeMemory(with: upgrade.old)
    #expect(contents(upgrade.old) == committed)
  }

  @Test func refusals() throws {
    let upgrade = try Upgrade()
    _ = try upgrade.old.call("change")
    let before = contents(upgrade.old)
    #expect(exchangeError { _ = try upgrade.adopt("(memory 1 2)") } == .memoryLimit(pages: 3))
    var limits = StoreLimits()
    limits.memoryPages = 2
    #expect(exchangeError { _ = try Upgrade(limits: limits).adopt("(memory 3)") } == .memoryLimit(pages: 3))
    let machine = try Machine()
    let module = try machine.engine.compile(Array("(module (memory 1))".utf8))
    let other = try machine.engine.makeStore(tracksWrites: true).instantiate(module, imports: [])
    #expect(exchangeError { _ = try machine.store.adopt(memoryOf: other, module, imports: []) } == .otherTracking)
    let none = try machine.engine.compile(Array("(module)".utf8))
    #expect(exchangeError { _ = try other.store.adopt(memoryOf: other, none, imports: []) } == .noMemory)
    let importing = try machine.engine.compile(Array(#"(module (import "m" "m" (memory 1)) (memory 1))"#.utf8))
    #expect(
      exchangeError {
        _ = try other.store.adopt(memoryOf: other, importing, imports: [.memory(other.memories[0])])
      } == .noMemory)
    let empty = try other.store.instantiate(none, imports: [])
    #expect(exchangeError { _ = try other.store.adopt(memoryOf: empty, module, imports: []) } == .noMemory)
    #expect(exchangeError { try other.exchangeMemory(with: empty) } == .noMemory)
    // With itself, and inside one store.
    try other.exchangeMemory(with: other)
    #expect(other.memories[0].write([5], at: 0))
    let sister = try other.store.adopt(memoryOf: other, module, imports: [])
    #expect(sister.memories[0].read(at: 0, count: 1) == [5])
    #expect(contents(upgrade.old) == before)
    // A memory that has become too large for where it came from.
    let new = try upgrade.adopt("(memory 1 9)")
    #expect(try new.call("grow", .i32(5)) == [.i32(3)])
    #expect(exchangeError { try new.exchangeMemory(with: upgrade.old) } == .memoryLimit(pages: 8))
    new.store.rollBack()
    try new.exchangeMemory(with: upgrade.old)
    #expect(upgrade.old.memories[0].pageCount == 2)
  }
}
