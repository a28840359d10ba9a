// What simplification knows of memories and globals: which loads are known values, and which stores nobody sees. The IR is
// stated as text; what must stay is stated as well as what goes. Parameters of the functions are i32, i32.

import Compiler
import ReferenceInterpreter
import Testing
import WebAssembly

private let fields = """
  (import "a" "g" (global (mut i32))) (import "a" "h" (global (mut i32)))
  (memory 1) (memory i64 1) (global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0)) (func) (func (param i32 i32))
  """

/// A piece of straight-line code after `v0` and `v1`, the arguments, and what of it is left.
private struct PieceCase: CustomTestStringConvertible, Sendable {
  var name: String
  var code: [String]
  /// Nil if all of it is left.
  var want: [String]?
  var testDescription: String { name }
}

private let pieces: [PieceCase] = [
  PieceCase(
    name: "equal loads are one",
    code: [
      "v2: i32 = i32.load v0 offset=4", "v3: i32 = i32.load v0 offset=4", "i32.store v1, v2",
      "i32.store8 v1, v3 offset=9",
    ],
    want: ["v2: i32 = i32.load v0 offset=4", "i32.store v1, v2", "i32.store8 v1, v2 offset=9"]),
  PieceCase(
    name: "what was stored is loaded",
    code: ["i32.store v0, v1", "v2: i32 = i32.load v0", "global.set v2 global=2"],
    want: ["i32.store v0, v1", "global.set v1 global=2"]),
  PieceCase(
    name: "a byte of what was stored",
    code: ["i32.store v0, v1", "v2: i32 = i32.load8_u v0", "global.set v2 global=2"],
    want: [
      "i32.store v0, v1", "v2: i32 = i32.const 255", "v3: i32 = i32.and v1, v2", "global.set v3 global=2",
    ]),
  PieceCase(
    name: "a stored byte with its sign",
    code: ["i32.store8 v0, v1", "v2: i32 = i32.load8_s v0", "global.set v2 global=2"],
    want: ["i32.store8 v0, v1", "v2: i32 = i32.extend8_s v1", "global.set v2 global=2"]),
  PieceCase(
    name: "the lower half of what was stored",
    code: [
      "v2: i64 = i64.extend_i32_s v1", "i64.store v0, v2", "v3: i32 = i32.load v0", "global.set v3 global=2",
    ],
    want: ["v2: i64 = i64.extend_i32_s v1", "i64.store v0, v2", "global.set v1 global=2"]),
  PieceCase(
    name: "more than was stored, the upper half, and another kind",
    code: [
      "i32.store v0, v1", "v2: i64 = i64.load v0", "i64.store v1, v2 offset=16", "v3: i32 = i32.load v1 offset=20",
      "v4: f32 = f32.load v1 offset=20", "i32.store v0, v3 offset=32", "f32.store v0, v4 offset=40",
    ]),
  PieceCase(
    name: "a store beside it, one over it",
    code: [
      "v2: i32 = i32.load v0 offset=4", "i32.store v0, v1", "i32.store v0, v1 offset=8",
      "v3: i32 = i32.load v0 offset=4",
      "i32.store8 v0, v1 offset=7", "v4: i32 = i32.load v0 offset=4", "call v2, v3 function=1",
      "call v2, v4 function=1",
    ],
    want: [
      "v2: i32 = i32.load v0 offset=4", "i32.store v0, v1", "i32.store v0, v1 offset=8",
      "i32.store8 v0, v1 offset=7", "v3: i32 = i32.load v0 offset=4", "call v2, v2 function=1",
      "call v2, v3 function=1",
    ]),
  PieceCase(
    name: "a store to another address",
    code: [
      "v2: i32 = i32.load v0", "i32.store v1, v2 offset=1000", "v3: i32 = i32.load v0", "i32.store v1, v3 offset=2000",
    ]),
  PieceCase(
    name: "constant addresses",
    code: [
      "v2: i32 = i32.const 8", "v3: i32 = i32.const 16", "i32.store v2, v0 offset=8", "i32.store v3, v1 offset=4",
      "v4: i32 = i32.load v3", "global.set v4 global=2",
    ],
    want: [
      "v2: i32 = i32.const 8", "v3: i32 = i32.const 16", "i32.store v2, v0 offset=8", "i32.store v3, v1 offset=4",
      "global.set v0 global=2",
    ]),
  PieceCase(
    name: "a constant that is added and an offset: the offset may trap",
    code: [
      "v2: i32 = i32.const 8", "v3: i32 = i32.add v0, v2", "i32.store v3, v1", "v4: i32 = i32.load v0 offset=8",
      "v5: i32 = i32.load v3", "i32.store v1, v4 offset=64", "i32.store v1, v5 offset=68",
    ],
    want: [
      "v2: i32 = i32.const 8", "v3: i32 = i32.add v0, v2", "i32.store v3, v1", "v4: i32 = i32.load v0 offset=8",
      "i32.store v1, v4 offset=64", "i32.store v1, v4 offset=68",
    ]),
  PieceCase(
    name: "a constant below the base: the addresses may wrap round",
    code: [
      "v2: i64 = i64.extend_i32_u v1", "v3: i32 = i32.const -4", "v4: i32 = i32.add v0, v3", "v5: i32 = i32.load v0",
      "i64.store v4, v2", "v6: i32 = i32.load v0", "call v5, v6 function=1",
    ]),
  PieceCase(
    name: "a call, growth and bulk operators",
    code: [
      "v2: i32 = i32.load v0", "call function=0", "v3: i32 = i32.load v0", "v4: i32 = memory.grow v1",
      "v5: i32 = i32.load v0", "memory.fill v1, v2, v3", "v6: i32 = i32.load v0", "call v2, v3 function=1",
      "call v5, v6 function=1",
    ]),
  PieceCase(
    name: "another memory",
    code: [
      "v2: i32 = i32.load v0", "v3: i64 = i64.extend_i32_u v0", "i32.store v3, v1 memory=1", "v4: i32 = i32.load v0",
      "call v2, v4 function=1",
    ]),
  PieceCase(
    name: "a store that the next one overwrites",
    code: ["i32.store v0, v0 offset=4", "i32.store v0, v1 offset=4"], want: ["i32.store v0, v1 offset=4"]),
  PieceCase(
    name: "a store that something sees before it is overwritten",
    code: [
      "i32.store v0, v0", "charge 3", "i32.store v0, v1", "v2: i32 = i32.load v1", "i32.store v0, v2",
      "call function=0",
      "i32.store v0, v0", "i32.store v1, v0 offset=4", "i32.store v0, v1", "v3: i32 = i32.div_u v0, v2",
      "i32.store v0, v3",
    ]),
  PieceCase(
    name: "a store that is overwritten in part",
    code: ["i32.store v0, v0", "i32.store8 v0, v1", "i32.store v0, v0", "i32.store v0, v1 offset=1"]),
  PieceCase(
    name: "globals",
    code: [
      "v2: i32 = global.get global=2", "v3: i32 = global.get global=2", "i32.store v0, v0", "global.set v1 global=3",
      "v4: i32 = global.get global=3", "v5: i32 = global.get global=2", "call v3, v4 function=1",
      "v6: i32 = global.get global=2", "call v5, v6 function=1",
    ],
    want: [
      "v2: i32 = global.get global=2", "i32.store v0, v0", "global.set v1 global=3", "call v2, v1 function=1",
      "v3: i32 = global.get global=2", "call v2, v3 function=1",
    ]),
  PieceCase(
    name: "imported globals may be one",
    code: [
      "v2: i32 = global.get global=0", "i32.store v0, v0", "global.set v1 global=1", "v3: i32 = global.get global=0",
      "v4: i32 = global.get global=1", "call v2, v3 function=1", "call v4, v4 function=1",
    ],
    want: [
      "v2: i32 = global.get global=0", "i32.store v0, v0", "global.set v1 global=1", "v3: i32 = global.get global=0",
      "call v2, v3 function=1", "call v1, v1 function=1",
    ]),
]

/// The lines of an IR text, without indentation.
private func lines(_ text: some StringProtocol) -> [String] {
  text.split(separator: "\n").map { String($0.trimmingPrefix { $0 == " " }) }.filter { !$0.isEmpty }
}

private func optimised(_ body: String) throws -> [String] {
  let context = FrontendContext(module: try module("(module \(fields))"), policy: .icp)
  var function = try parseIR("function 2 (i32, i32) -> () frame 6\n" + body)
  #expect(verifyIR(function) == [])
  var optimizer = Optimizer(context, options: CompilerOptions(verifiesIR: true))
  try optimizer.run(&function)
  return Array(lines(printIR(function)).dropFirst())
}

@Suite struct MemoryPassTests {
  @Test(arguments: pieces)
  private func piece(_ test: PieceCase) throws {
    let head = ["block0:", "charge.check 1", "v0: i32 = argument 0", "v1: i32 = argument 1"]
    let got = try optimised((head + test.code + ["return"]).joined(separator: "\n"))
    // Printing numbers values anew.
    let wanted = lines(
      printIR(
        try parseIR(
          "function 2 (i32, i32) -> () frame 6\n"
            + (head + (test.want ?? test.code) + ["return"]).joined(separator: "\n"))))
    #expect(got == Array(wanted.dropFirst()))
  }

  /// What is loaded before a branch is known after it, unless an arm writes it.
  @Test func joins() throws {
    func loads(_ arm: String) throws -> Int {
      try optimised(
        """
        block0:
          charge.check 1
          v0: i32 = argument 0
          v1: i32 = argument 1
          v2: i32 = i32.load v0 offset=8
          branch v1, block1, block2
        block1:
          \(arm)
          jump block2
        block2:
          v3: i32 = i32.load v0 offset=8
          call v2, v3 function=1
          return
        """
      ).filter { $0.contains("i32.load v0") }.count
    }
    #expect(try loads("charge 1") == 1)
    #expect(try loads("i32.store v0, v1 offset=4") == 1)
    #expect(try loads("i32.store v0, v1 offset=11") == 2)
    #expect(try loads("i32.store v1, v1") == 2)
    #expect(try loads("call function=0") == 2)
    #expect(try loads((0..<20).map { "i32.store8 v0, v1 offset=\(100 + $0)" }.joined(separator: "\n")) == 2)
  }

  /// The same for a loop, which may have written before it is entered again.
  @Test func loops() throws {
    func loads(_ body: String) throws -> Int {
      try optimised(
        """
        block0:
          charge.check 1
          v0: i32 = argument 0
          v1: i32 = argument 1
          v2: i32 = i32.load v0 offset=8
          jump block1
        block1:
          charge.check 1
          v3: i32 = i32.load v0 offset=8
          global.set v3 global=2
          \(body)
          branch v3, block1, block2
        block2:
          return
        """
      ).filter { $0.contains("i32.load v0") }.count
    }
    #expect(try loads("charge 1") == 1)
    #expect(try loads("i32.store v0, v1") == 1)
    #expect(try loads("v7: i32 = i32.const 4\nv8: i32 = i32.add v0, v7\ni32.store v8, v1") == 1)
    #expect(try loads("v7: i32 = i32.const 4\nv8: i32 = i32.add v0, v7\ni32.store v8, v1 offset=2") == 2)
    #expect(try loads("i32.store v3, v1") == 2)
    #expect(try loads("i32.store v0, v1 offset=5") == 2)
    #expect(try loads("call function=0") == 2)
    #expect(try loads("v7: i32 = memory.grow v1") == 2)
  }
}
