// The verifier finds what is broken, and the analyses that it and the frontend rest on give what plain definitions give.

import Compiler
import ProgramGenerator
import Testing
import WebAssembly

private let loop = """
  function 0 (i32, i32) -> (i32) frame 9
  block0:
    charge.check 1
    v0: i32 = argument 0
    v1: i32 = argument 1
    jump block1(v0, v1)
  block1(v2: i32, v3: i32):
    charge.check 4
    v4: i32 = i32.add v2, v3
    branch v4, block2, block3
  block2:
    charge 2
    v5: i32 = i32.mul v4, v3
    v6: i64 = i64.extend_i32_u v5
    jump block1(v5, v4)
  block3:
    return v4
  """

/// The index of the first node that `matches`.
private func first(_ function: borrowing IRFunction, _ operation: Operation, after start: Int = 0) -> Int {
  for index in start..<function.nodes.count where function.nodes[index].operation == operation { return index }
  preconditionFailure("no such node")
}

private struct Damage: CustomTestStringConvertible, Sendable {
  var rule: String
  var apply: @Sendable (inout IRFunction) -> Void
  var testDescription: String { rule }
}

private let damages: [Damage] = [
  Damage(rule: "is defined later") { function in
    let add = first(function, Operation(.i32Add))
    function.nodes[add].a = UInt32(add)
  },
  Damage(rule: "does not dominate its use") { function in
    function.nodes[first(function, .return)] = Node(.return, b: UInt32(function.operands.count), c: 1)
    function.operands.append(UInt32(first(function, Operation(.i32Mul))))
  },
  Damage(rule: "an incoming value has another type") { function in
    let parameter = first(function, .parameter)
    function.operands[function.nodes[parameter].a + 1] = UInt32(first(function, Operation(.i64ExtendI32U)))
  },
  Damage(rule: "does not dominate it") { function in
    let parameter = first(function, .parameter)
    function.operands[function.nodes[parameter].a] = UInt32(first(function, Operation(.i32Add)))
  },
  Damage(rule: "operand 0 has another type") { function in
    function.nodes[first(function, Operation(.i64ExtendI32U))].operation = Operation(.i64Clz)
  },
  Damage(rule: "the result has another type") { function in
    function.nodes[first(function, Operation(.i64ExtendI32U))].type = .i32
  },
  Damage(rule: "the function or loop does not begin with a check point") { function in
    let charge = first(function, .charge, after: 4)
    function.nodes[charge].flags = 0
  },
  Damage(rule: "a terminator is not the last node") { function in
    function.nodes[first(function, Operation(.i32Mul))] = Node(.trap, imm: 1)
  },
  Damage(rule: "the last node is no terminator") { function in
    function.nodes[first(function, .return)] = Node(.charge, imm: 1)
  },
  Damage(rule: "does not lead here") { function in function.edges[0].to = Block(3) },
  Damage(rule: "is missing among the predecessors") { function in function.blocks[1].predecessorCount = 1 },
  Damage(rule: "comes from another block") { function in function.edges[1].from = Block(2) },
  Damage(rule: "an operand is out of range") { function in
    function.nodes[first(function, Operation(.i32Mul))].a = 1 << 20
  },
  Damage(rule: "is not defined") { function in
    function.nodes[first(function, Operation(.i32Mul))] = Node(.removed)
  },
  Damage(rule: "a parameter is not one") { function in function.nodes[first(function, .parameter)].b = 2 },
  Damage(rule: "loopEnd does not tell headers") { function in function.blocks[1].loopEnd = .max },
  Damage(rule: "operation code 600 is unknown") { function in
    function.nodes[first(function, Operation(.i32Mul))].operation = Operation(code: 600)
  },
]

@Suite struct VerifierTests {
  @Test func acceptsWellFormed() throws { #expect(verifyIR(try parseIR(loop)).isEmpty) }

  @Test(arguments: damages)
  private func finds(_ damage: Damage) throws {
    var function = try parseIR(loop)
    damage.apply(&function)
    let violations = verifyIR(function)
    #expect(violations.contains { $0.description.contains(damage.rule) }, "\(violations)")
  }

  /// A loop's range covers inner loops that reach beyond its own last back edge.
  @Test func loopRangesNest() throws {
    let function = try parseIR(
      """
      function 0 (i32) -> () frame 9
      block0:
        charge.check 1
        v0: i32 = argument 0
        jump block1
      block1:
        charge.check 1
        jump block2
      block2:
        charge.check 1
        branch v0, block1, block3
      block3:
        branch v0, block2, block4
      block4:
        jump block5
      block5:
        charge.check 1
        branch v0, block5, block6
      block6:
        return
      """)
    #expect(verifyIR(function).isEmpty)
    #expect((0..<7).map { function.blocks[$0].loopEnd } == [.max, 3, 3, .max, .max, 5, .max])
    #expect((0..<7).map { function.blocks[$0].loopHeader } == [.max, 1, 2, 2, .max, 5, .max])
  }

  /// Ancestors in random trees, by jumps and by walking from parent to parent.
  @Test(arguments: [1, 2, 10, 100])
  func ancestors(branching: Int) {
    var random = Random(seed: UInt64(branching))
    var forest = AncestorForest()
    for index in 1..<400 {
      forest.add(key: UInt32(index), parent: UInt32(max(0, index - 1 - random.below(branching))))
    }
    func path(_ entry: UInt32) -> [UInt32] {
      var path = [entry]
      while let last = path.last, last != 0 { path.append(forest.parent(last)) }
      return path
    }
    for _ in 0..<1_000 {
      let (first, second) = (UInt32(random.below(400)), UInt32(random.below(400)))
      let ancestors = path(first)
      let limit = UInt32(random.below(400))
      #expect(forest.nearest(first, atMost: limit) == ancestors.first { $0 <= limit })
      if first > limit { #expect(forest.farthest(first, above: limit) == ancestors.last { $0 > limit }) }
      let other = Set(path(second))
      #expect(forest.common(first, second) == ancestors.first { other.contains($0) })
    }
  }
}
