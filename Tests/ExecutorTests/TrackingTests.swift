// Write tracking sees every writer: after each, the dirty pages are exactly those whose bytes differ, and rolling back
// gives the old bytes and size.

import Cannery
import Semantics
import Testing

struct Writer: CustomTestStringConvertible, Sendable {
  var name: String
  /// The body of a function in a module with two memories of 2 pages, the second one with 64-bit addresses.
  var body: String
  /// The dirty pages of both.
  var pages: [[UInt64]]
  var testDescription: String { name }

  init(_ name: String, _ body: String, _ first: [UInt64], second: [UInt64] = []) {
    self.name = name
    self.body = body
    pages = [first, second]
  }
}

/// A store operator with the bytes that it writes, and operands: a value of the module that changes every byte.
private let storeOperators: [(name: String, size: Int, value: String)] = [
  ("i32.store", 4, "(i32.const 0x01010101)"), ("i64.store", 8, "(i64.const 0x0101010101010101)"),
  ("f32.store", 4, "(f32.reinterpret_i32 (i32.const 0x01010101))"),
  ("f64.store", 8, "(f64.reinterpret_i64 (i64.const 0x0101010101010101))"), ("i32.store8", 1, "(i32.const 1)"),
  ("i32.store16", 2, "(i32.const 0x0101)"), ("i64.store8", 1, "(i64.const 1)"),
  ("i64.store16", 2, "(i64.const 0x0101)"), ("i64.store32", 4, "(i64.const 0x01010101)"),
  ("v128.store", 16, "(v128.const i64x2 0x0101010101010101 0x0101010101010101)"),
  ("v128.store8_lane", 1, "(i8x16.splat (i32.const 1))"),
  ("v128.store16_lane", 2, "(i8x16.splat (i32.const 1))"),
  ("v128.store32_lane", 4, "(i8x16.splat (i32.const 1))"),
  ("v128.store64_lane", 8, "(i8x16.splat (i32.const 1))"),
]

private let writers: [Writer] =
  storeOperators.flatMap { name, size, value -> [Writer] in
    let lane = name.hasSuffix("_lane") ? " 1" : ""
    func store(_ memory: Int, _ address: Int) -> String {
      "(\(name) \(memory) offset=6 align=1\(lane) (\(memory == 0 ? "i32" : "i64").const \(address - 6)) \(value))"
    }
    let straddling: [UInt64] = size == 1 ? [3] : [2, 3]
    return [
      Writer("\(name) inside a page", store(0, 4096 * 5 + 100), [5]),
      Writer("\(name) at the end of a page", store(0, 4096 * 5 - size), [4]),
      Writer("\(name) over the end of a page", store(0, 4096 * 3 - size / 2), straddling),
      Writer("\(name) in the last bytes", store(0, 131_072 - size), [31]),
      Writer("\(name) to a 64-bit memory", store(1, 4096 * 7 + 9), [], second: [7]),
      Writer(
        "\(name) over the end of a page of a 64-bit memory", store(1, 4096 * 3 - size / 2), [], second: straddling),
    ]
  } + [
    Writer("nothing", "", []),
    Writer("a store of the bytes that are there", "(i32.store (i32.const 65536) (i32.const 0))", []),
    Writer(
      "a store that is undone", "(i32.store (i32.const 9) (i32.const 1)) (i32.store (i32.const 9) (i32.const 0))", []),
    Writer("memory.fill", "(memory.fill (i32.const 4000) (i32.const 1) (i32.const 9000))", [0, 1, 2, 3]),
    Writer("memory.fill to the end of a page", "(memory.fill (i32.const 4096) (i32.const 1) (i32.const 4096))", [1]),
    Writer("memory.fill of nothing", "(memory.fill (i32.const 131072) (i32.const 1) (i32.const 0))", []),
    Writer(
      "memory.fill that does not fit",
      "(memory.fill (i32.const 131071) (i32.const 1) (i32.const 2))", []),
    Writer("memory.copy", "(memory.copy (i32.const 8190) (i32.const 65536) (i32.const 4))", []),
    Writer("memory.copy of other bytes", "(memory.copy (i32.const 8190) (i32.const 16) (i32.const 4))", [1, 2]),
    Writer(
      "memory.copy to another memory", "(memory.copy 1 0 (i64.const 8190) (i32.const 16) (i32.const 4))", [],
      second: [1, 2]),
    Writer("memory.init", "(memory.init $d (i32.const 12286) (i32.const 0) (i32.const 4))", [2, 3]),
    Writer(
      "memory.init of a second memory", "(memory.init 1 $d (i64.const 5) (i32.const 0) (i32.const 4))", [], second: [0]),
    Writer("memory.grow", "(drop (memory.grow (i32.const 1)))", []),
    Writer(
      "memory.grow and a store behind it",
      "(drop (memory.grow (i32.const 2))) (i32.store (i32.const 200000) (i32.const 1))", [48]),
    Writer(
      "memory.grow of the second memory and a store there",
      "(drop (memory.grow 1 (i64.const 1))) (i64.store 1 (i64.const 196600) (i64.const -1))", [], second: [47]),
    Writer(
      "growing between two stores",
      """
      (i32.store (i32.const 1) (i32.const 1)) (drop (memory.grow (i32.const 1))) (i32.store (i32.const 9) (i32.const 1))
      (i32.store (i32.const 131070) (i32.const -1))
      """, [0, 31, 32]),
    Writer("a write by the host", "(call $write (i32.const 4095))", [0, 1]),
    Writer(
      "a write by the host after growing",
      "(drop (memory.grow (i32.const 1))) (call $write (i32.const 196606)) (i32.store8 (i32.const 0) (i32.const 5))",
      [0, 47]),
    Writer("a function of another instance", "(call $other (i32.const 4095))", [0, 1]),
  ]

@Suite struct TrackingTests {
  private func image(_ memory: Memory) -> [UInt8] { memory.read(at: 0, count: memory.count) ?? [] }

  private func differing(_ old: [UInt8], _ new: [UInt8]) -> [UInt64] {
    (0..<new.count / 4096).filter { page in
      let range = page * 4096..<(page + 1) * 4096
      return old.count >= range.upperBound ? old[range] != new[range] : new[range].contains { $0 != 0 }
    }.map(UInt64.init)
  }

  @Test(arguments: writers)
  func isSeen(_ writer: Writer) throws {
    for optimization in OptimizationLevel.allCases {
      var machine = try Machine(optimization: optimization, tracksWrites: true)
      try machine.host("write", [.i32]) { caller, slots in
        #expect(caller.instance?.memories[0].write([1, 2], at: slots[0]) == true)
        return .done
      }
      let memories = try machine.add(
        """
        (module (memory (export "a") 2 8) (memory (export "b") i64 2 8)
          (data (i32.const 16) "0123456789") (data (memory 1) (i64.const 16) "0123456789")
          (func (export "other") (param i32) (i32.store16 (local.get 0) (i32.const 0x0101))))
        """)
      let instance = try machine.add(
        """
        (module (import "env" "write" (func $write (param i32))) (import "m" "other" (func $other (param i32)))
          (import "m" "a" (memory 2)) (import "m" "b" (memory i64 2)) (data $d "abcd")
          (func (export "f") \(writer.body)))
        """, as: "n")
      let before = memories.memories.map(image)
      let trap = try instance.trap("f")
      #expect((trap != nil) == writer.name.hasSuffix("does not fit"))
      let after = memories.memories.map(image)
      let dirty = memories.memories.map { $0.dirtyPages() }
      #expect(dirty == writer.pages)
      #expect(dirty == zip(before, after).map(differing))
      machine.store.rollBack()
      #expect(memories.memories.map(image) == before)
      #expect(memories.memories.map { $0.dirtyPages() } == [[], []])

      // The same again, to be kept.
      _ = try instance.trap("f")
      #expect(memories.memories.map(image) == after)
      machine.store.commit()
      #expect(memories.memories.map { $0.dirtyPages() } == [[], []])
      machine.store.rollBack()
      #expect(memories.memories.map(image) == after)
    }
  }

  /// A module's segments are what its own memories begin with; to imported ones they are writes.
  @Test func dataSegments() throws {
    var machine = try Machine(tracksWrites: true)
    let type = MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: nil))
    let memory = try machine.store.makeMemory(type)
    machine.linker.define("env", "m", .memory(memory))
    let text =
      #"(module (import "env" "m" (memory 1)) (memory (export "own") 1) (data (i32.const 4095) "ab") (data (memory 1) (i32.const 9) "c"))"#
    let instance = try machine.add(text)
    #expect(memory.dirtyPages() == [0, 1])
    #expect(try instance.memory("own").dirtyPages() == [])
    #expect(try instance.memory("own").committedPage(0)?[9] == 99)
    machine.store.rollBack()
    #expect(memory.read(at: 4095, count: 2) == [0, 0])
    #expect(try instance.memory("own").read(at: 9, count: 1) == [99])
  }

  @Test func writesByTheHost() throws {
    let machine = try Machine(tracksWrites: true)
    let memory = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 1, maximum: 3)))
    #expect(memory.write([UInt8](repeating: 3, count: 8193), at: 4095))
    #expect(memory.dirtyPages() == [0, 1, 2])
    #expect(!memory.write([1], at: 65_536))
    #expect(!memory.write([1], at: .max))
    #expect(memory.write([], at: 65_536))
    #expect(memory.grow(by: 1) == 1)
    #expect(memory.write([1], at: 65_536))
    #expect(memory.dirtyPages() == [0, 1, 2, 16])
    #expect(memory.committedPage(16) == nil)
    #expect(memory.committedPage(.max) == nil)
    #expect(memory.committedPage(1) == [UInt8](repeating: 0, count: 4096))
    memory.rollBack()
    #expect(memory.count == 65_536)
    #expect(memory.dirtyPages() == [])
    #expect(memory.grow(by: 1) == 1)
    #expect(memory.read(at: 65_536, count: 1) == [0])
  }

  #if os(Linux)
  /// Pages that only what was rolled back wrote are as if they had never been touched.
  @Test func zerosAreGivenBack() throws {
    let machine = try Machine(tracksWrites: true)
    let memory = try machine.store.makeMemory(MemoryType(limits: Limits(address: .i32, minimum: 64, maximum: 128)))
    for page: UInt64 in [3, 700] { #expect(memory.write([7], at: page * 4096)) }
    memory.commit()
    #expect(memory.touchedPages == 2)
    for _ in 0..<2 {
      for page: UInt64 in 0..<1024 where page % 100 != 50 { #expect(memory.write([9], at: page * 4096 + 5)) }
      #expect(memory.touchedPages == 1014 && memory.dirtyPages().count == 1014)
      memory.rollBack()
      #expect(memory.touchedPages == 2 && memory.nonzeroPages() == [3, 700])
      #expect(memory.read(at: 4096 * 700, count: 6) == [7, 0, 0, 0, 0, 0])
      #expect(memory.read(at: 4096 * 701, count: 6) == [0, 0, 0, 0, 0, 0])
    }
    // They can be written as others can.
    #expect(memory.write([5], at: 4096 * 10))
    #expect(memory.dirtyPages() == [10])
    memory.commit()
    #expect(memory.nonzeroPages() == [3, 10, 700])
  }
  #endif

  /// An instance that imports a global after the last commit does not change what the global was then.
  @Test func globalsImportedAfterTheCommit() throws {
    var machine = try Machine(tracksWrites: true)
    let instance = try machine.add(#"(module (global (export "g") (mut i32) (i32.const 1)))"#)
    machine.store.commit()
    #expect(try instance.global("g").set(.i32(5)))
    try machine.add(#"(module (import "m" "g" (global (mut i32))))"#, as: "n")
    machine.store.rollBack()
    #expect(try instance.global("g").value == .i32(1))
  }
}
