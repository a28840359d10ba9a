// Memories that grow and move under code that uses them.

import Cannery
import Testing

@Suite struct MemoryTests {
  /// Two instances, two memories each of which one is shared, and everyone who can grow it in the middle of a call.
  @Test(arguments: ["grow", "callback", "host", "tail"], [false, true])
  func growsWhileOthersUseIt(_ way: String, tracksWrites: Bool) throws {
    for optimization in OptimizationLevel.allCases {
      var machine = try Machine(optimization: optimization, tracksWrites: tracksWrites)
      var user: Instance?
      try machine.host("grow") { _, _ in
        let old = try user?.memory("m").grow(by: 1)
        #expect(old == 1)
        return .done
      }
      try machine.host("callback") { _, _ in
        _ = try user?.call("growInside")
        return .done
      }
      try machine.add(
        """
        (module (import "env" "grow" (func $host)) (import "env" "callback" (func $callback))
          (memory (export "m") 1 4)
          (func (export "grow") (drop (memory.grow (i32.const 1))))
          (func (export "callback") (call $callback))
          (func (export "host") (call $host))
          (func (export "tail") (return_call $host)))
        """, as: "owner")
      user = try machine.add(
        """
        (module (import "owner" "\(way)" (func $grow)) (import "owner" "m" (memory 1)) (memory 1) (export "m" (memory 0))
          (func (export "growInside") (drop (memory.grow (i32.const 1))))
          (func (export "f") (result i32)
            (i32.store (i32.const 0) (i32.const 5))
            (i32.store 1 (i32.const 0) (i32.const 100))
            (call $grow)
            ;; The new page is there, the second memory is another one, and the old contents are the same.
            (i32.store (i32.const 65536) (i32.const 7))
            (i32.add (i32.mul (memory.size) (i32.const 1000))
              (i32.add (i32.load (i32.const 0)) (i32.add (i32.load (i32.const 65536)) (i32.load 1 (i32.const 0)))))))
        """, as: "user")
      #expect(try user?.call("f") == [.i32(2112)])
      #expect(try user?.memory("m").dirtyPages() == (tracksWrites ? [0, 16] : []))
    }
  }

  /// Beyond what is reserved a memory moves, and with it the register that holds its base.
  @Test(arguments: ["own", "host", "other"], [false, true])
  func moves(_ way: String, tracksWrites: Bool) throws {
    var machine = try Machine(tracksWrites: tracksWrites)
    var instance: Instance?
    let pages: UInt64 = (8 << 30) / 65_536
    try machine.host("host") { _, _ in
      let old = try instance?.memory("m").grow(by: pages)
      #expect(old == 1)
      return .done
    }
    try machine.add(
      """
      (module (import "env" "host" (func $host)) (memory (export "m") i64 1 0x30000)
        (func (export "other") (drop (memory.grow (i64.const \(pages)))))
        (func (export "host") (call $host)))
      """, as: "owner")
    instance = try machine.add(
      """
      (module (import "owner" "other" (func $other)) (import "owner" "host" (func $host)) (import "owner" "m" (memory i64 1))
        (export "m" (memory 0))
        (func $own (drop (memory.grow (i64.const \(pages)))))
        (func (export "f") (result i64)
          (i64.store (i64.const 9) (i64.const 40))
          (call $\(way))
          (i64.store (i64.const 0x200000000) (i64.const 2))
          (i64.store (i64.const 4094) (i64.const 0))
          (i64.add (i64.load (i64.const 9)) (i64.load (i64.const 0x200000000)))))
      """)
    let base = try instance?.memory("m").record.pointee.base
    #expect(try instance?.call("f") == [.i64(42)])
    let memory = try #require(try instance?.memory("m"))
    #expect(memory.record.pointee.base != base)
    #expect(memory.pageCount == pages + 1)
    if tracksWrites {
      #expect(memory.dirtyPages() == [0, 0x200000])
      memory.rollBack()
      #expect(memory.pageCount == 1)
      #expect(memory.read(at: 9, count: 1) == [0])
    }
  }

  /// Sizes where 32 bits are not enough for the number of a page.
  @Test func pagesBeyondThirtyTwoBits() throws {
    var limits = StoreLimits()
    limits.memoryPages = 1 << 32
    let machine = try Machine(tracksWrites: true, limits: limits)
    let size: UInt64 = (1 << 44) + 65_536
    let type = MemoryType(limits: Limits(address: .i64, minimum: size / 65_536, maximum: nil))
    // A system may refuse so much address space.
    guard let memory = try? machine.store.makeMemory(type) else { return }
    #expect(memory.write([1, 2], at: (1 << 44) - 1))
    #expect(memory.dirtyPages() == [(1 << 32) - 1, 1 << 32])
    #expect(memory.committedPage(1 << 32)?[0] == 0)
    memory.rollBack()
    #expect(memory.read(at: (1 << 44) - 1, count: 2) == [0, 0])
  }

  @Test func theSizeOfEachAddressType() throws {
    var machine = try Machine()
    let instance = try machine.add(
      """
      (module (memory (export "a") 1 2) (memory (export "b") i64 1 2)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "grow64") (param i64) (result i64) (memory.grow 1 (local.get 0)))
        (func (export "size") (result i32) (memory.size)) (func (export "size64") (result i64) (memory.size 1)))
      """)
    for (pages, result) in [(-1, -1), (2, -1), (0, 1), (1, 1), (1, -1), (0, 2)] as [(Int32, Int32)] {
      #expect(try instance.call("grow", .i32(pages)) == [.i32(result)])
    }
    for (pages, result) in [(-1, -1), (.min, -1), (1 << 48, -1), (2, -1), (0, 1), (1, 1), (1, -1)] as [(Int64, Int64)] {
      #expect(try instance.call("grow64", .i64(pages)) == [.i64(result)])
    }
    #expect(try instance.call("size") == [.i32(2)])
    #expect(try instance.call("size64") == [.i64(2)])
    #expect(try instance.memory("a").grow(by: .max) == nil)
  }

  /// Growing page by page costs what is added, not what there is: with write tracking too, which keeps a map of the pages.
  @Test(arguments: [false, true])
  func growsPageByPage(tracksWrites: Bool) throws {
    let machine = try Machine(tracksWrites: tracksWrites)
    let memory = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 0, maximum: nil)))
    for page in 0..<UInt64(65_536) {
      if memory.grow(by: 1) != page { Issue.record("page \(page)") }
      if page % 4096 == 1 { #expect(memory.write([1], at: page * 65_536 + 65_535)) }
    }
    #expect(memory.grow(by: 1) == nil)
    let written = stride(from: UInt64(1), to: 65_536, by: 4096).map { $0 * 16 + 15 }
    #expect(memory.dirtyPages() == (tracksWrites ? written : []))
  }
}
