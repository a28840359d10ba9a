// Data segments large enough to be prepared for all instances but the first: nobody may tell, but by the time.

import Cannery
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct InitialContentsTests {
  /// So many bytes, 16 times `count`.
  private static func bytes(_ count: Int) -> String { String(repeating: "0123456789abcdef", count: count) }

  /// 80 KiB from 5000 on; two segments that overlap it and each other; one far away, one at the end.
  private static let text = """
    (module (memory (export "m") 16 40)
      (data (i32.const 5000) "\(bytes(5120))")
      (data (i32.const 4998) "ABCD") (data (i32.const 4999) "xy")
      (data (i32.const 700000) "far")
      (data (i32.const 1048572) "last")
      (func (export "load") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "storeAndLoop") (param i32) (i32.store8 (local.get 0) (i32.const 1)) (loop (br 0)))
      (func (export "init") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
    """

  private static func text(_ memory: Memory, _ at: UInt64, _ count: Int) -> String? {
    memory.read(at: at, count: count).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The second instance of the module, the first one whose memory has images.
  private func second(_ machine: Machine) throws -> Instance {
    let module = try machine.engine.compile(Array(Self.text.utf8))
    _ = try machine.linker.instantiate(module)
    return try machine.linker.instantiate(module)
  }

  /// `isFirst`: of the first instance of its module.
  private func checkFresh(_ memory: Memory, isFirst: Bool = false) {
    #expect(Self.text(memory, 4996, 8) == "\0\0AxyD23")
    #expect(Self.text(memory, 5000 + 81916, 8) == "cdef\0\0\0\0")
    #expect(Self.text(memory, 699_999, 5) == "\0far\0")
    #expect(Self.text(memory, 1_048_572, 4) == "last")
    #expect(memory.read(at: 0, count: 4096)?.allSatisfy { $0 == 0 } == true)
    #expect(memory.pageCount == 16)
    #if os(Linux)
    #expect(isFirst ? memory.mappedBytes == 0 : memory.mappedBytes > 80 << 10 && memory.mappedBytes < 256 << 10)
    #endif
  }

  /// What was zeros over an image is zeros again, and not what the image holds.
  @Test func zerosOverImages() throws {
    let machine = try Machine(tracksWrites: true)
    let module = try machine.engine.compile(Array(Self.text.utf8))
    _ = try machine.linker.instantiate(module)
    let memory = try machine.linker.instantiate(module).memory("m")
    #if os(Linux)
    #expect(memory.mappedBytes > 0)
    #endif
    for byte: UInt8 in [0, 1] {
      #expect(memory.write([UInt8](repeating: byte, count: memory.count), at: 0))
      if byte == 0 { machine.store.commit() }
    }
    machine.store.rollBack()
    #expect(memory.read(at: 0, count: memory.count)?.allSatisfy { $0 == 0 } == true)
    #expect(memory.nonzeroPages() == [])
  }

  @Test(arguments: [false, true])
  func instancesAreApart(tracksWrites: Bool) throws {
    let engine = Engine()
    let module = try engine.compile(Array(Self.text.utf8))
    let store = try engine.makeStore(tracksWrites: tracksWrites)
    let first = try Linker(store).instantiate(module)
    checkFresh(try first.memory("m"), isFirst: true)
    for address: Int32 in [5000, 50_000, 86_919, 700_001] { _ = try first.call("store", .i32(address), .i32(1)) }
    #expect(try first.memory("m").write([9, 9], at: 60_000))
    let second = try Linker(store).instantiate(module)
    checkFresh(try second.memory("m"))
    let other = try Linker(try engine.makeStore(tracksWrites: !tracksWrites)).instantiate(module)
    checkFresh(try other.memory("m"))
    _ = try second.call("store", .i32(50_000), .i32(2))
    checkFresh(try Linker(store).instantiate(module).memory("m"))
    #expect(try first.call("load", .i32(50_000)) == [.i32(1)])
    #expect(try second.call("load", .i32(50_000)) == [.i32(2)])
    // Active segments are dropped.
    #expect(try second.trap("init")?.kind == .outOfBoundsMemoryAccess)
  }

  @Test func trackingBeginsWithTheSegments() throws {
    let instance = try second(Machine(tracksWrites: true))
    let memory = try instance.memory("m")
    #expect(memory.dirtyPages().isEmpty)
    _ = try instance.call("store", .i32(50_000), .i32(1))
    _ = try instance.call("grow", .i32(2))
    _ = try instance.call("store", .i32(1_100_000), .i32(7))
    #expect(memory.dirtyPages().contains(12))
    #expect(memory.committedPage(12)?[50_000 % 4096] == 0x38)
    memory.rollBack()
    checkFresh(memory)
    _ = try instance.call("grow", .i32(2))
    #expect(try instance.call("load", .i32(1_100_000)) == [.i32(0)])
  }

  @Test func droppedExecutionsAreUndone() throws {
    let instance = try second(Machine(tracksWrites: true))
    let execution = try Execution(instance.function("storeAndLoop"), arguments: [.i32(6000)], instructions: 100)
    #expect(try execution.run().isOutOfInstructions)
    #expect(try instance.memory("m").read(at: 6000, count: 1) == [1])
    execution.abandon()
    checkFresh(try instance.memory("m"))
  }

  @Test func growthKeepsThem() throws {
    let instance = try second(Machine())
    #expect(try instance.call("grow", .i32(24)) == [.i32(16)])
    #expect(try instance.call("grow", .i32(1)) == [.i32(-1)])
    #expect(try instance.call("load", .i32(5005)) == [.i32(0x35)])
    #expect(try instance.call("load", .i32(2_621_439)) == [.i32(0)])
    #expect(Self.text(try instance.memory("m"), 1_048_572, 6) == "last\0\0")
  }

  /// A segment that doesn't fit traps, after those before it; offsets may differ between instances.
  @Test func dynamicOffsets() throws {
    let text = """
      (module (import "env" "at" (global $at i32)) (import "env" "shared" (memory $shared 1))
        (memory $own 2)
        (data (memory $own) (i32.const 0) "\(Self.bytes(4096))")
        (data (memory $shared) (i32.const 7) "before")
        (data (memory $own) (global.get $at) "here")
        (export "own" (memory $own)))
      """
    var machine = try Machine()
    let module = try machine.engine.compile(Array(text.utf8))
    let shared = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: nil)))
    machine.linker.define("env", "shared", .memory(shared))
    for at: Int32 in [65_533, 3, 131_068] {
      machine.linker.define("env", "at", .global(machine.store.makeGlobal(.i32(at), isMutable: false)))
      let memory = try machine.linker.instantiate(module).memory("own")
      #expect(memory.mappedBytes == 0)
      #expect(Self.text(memory, UInt64(at), 4) == "here")
      #expect(Self.text(memory, 16, 4) == "0123")
    }
    #expect(shared.write([0], at: 7))
    machine.linker.define("env", "at", .global(machine.store.makeGlobal(.i32(131_069), isMutable: false)))
    #expect(throws: InstantiationError.self) { try machine.linker.instantiate(module) }
    #expect(Self.text(shared, 7, 6) == "before")
  }

  /// A memory that outlives its module and store still has what it hasn't written.
  @Test func memoriesAlone() throws {
    func make() throws -> Memory { try second(Machine()).memory("m") }
    let memory = try make()
    _ = try make()
    checkFresh(memory)
  }

  #if os(Linux)
  /// Whatever is loaded, there is one descriptor for it.
  @Test func oneDescriptor() throws {
    for number in 0..<20 {
      let engine = Engine()
      let text = "(module (memory 16) (data (i32.const \(number)) \"\(Self.bytes(4096))\"))"
      let module = try engine.compile(Array(text.utf8))
      for _ in 0..<3 { _ = try Linker(try engine.makeStore()).instantiate(module) }
    }
    var files = 0
    for descriptor in 0..<1024 {
      var target = [UInt8](repeating: 0, count: 64)
      let count = target.withUnsafeMutableBytes { bytes in
        readlink("/proc/self/fd/\(descriptor)", bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
      }
      if String(decoding: target.prefix(max(count, 0)), as: UTF8.self).hasPrefix("/memfd:cannery") { files += 1 }
    }
    #expect(files <= 1)
  }
  #endif
}
