// Simplification: jump threading. A block that only tests what its parameters bring (`a && b`, compiled plainly) decides
// nothing for an edge that brings a constant: the edge goes on at once where the test leads.
//
// What the block charges is charged on the way: by a block of its own, if the edge is one of a branch. Nothing that the
// block defines may be used elsewhere, since it no longer dominates what follows.

import WebAssembly

extension SimplificationOpt {
  /// An edge that charges: its target is a block that is still to be written.
  struct Split: BitwiseCopyable {
    var edge: UInt32
    var target: Target
  }

  // MARK: Tests

  /// Notes the blocks that only test, for some edge a constant.
  mutating func findTests() {
    confined.truncate(to: 0)
    var found = false
    for block in 0..<old.blocks.count where isTest(block) {
      records[block].isTest = true
      found = true
    }
    if !found { return }
    confined.append(repeating: .max, count: old.nodes.count)
    for block in 0..<old.blocks.count where records[block].isTest {
      old.forEachParameter(of: block) { confined[$0] = UInt32(truncatingIfNeeded: block) }
      for index in old.nodeRange(of: block) where old.nodes[index].operation != .parameter {
        confined[index] = UInt32(truncatingIfNeeded: block)
      }
    }
    for block in 0..<old.blocks.count where old.blocks[block].isReachable {
      old.forEachParameter(of: block) { parameter in
        var position = old.nodes[parameter].a
        old.forEachPredecessor(of: block) { edge in
          let owner = confined[old.operands[position]]
          if owner != .max && owner != old.edges[edge].from.index { records[owner].isTest = false }
          position += 1
        }
      }
      for index in old.nodeRange(of: block) where old.nodes[index].operation != .parameter {
        old.forEachOperand(of: index) { value in
          let owner = confined[value]
          if owner != .max && owner != block { records[owner].isTest = false }
        }
      }
    }
  }

  private mutating func isTest(_ block: Int) -> Bool {
    let data = old.blocks[block]
    guard data.isReachable, data.firstParameter != .max, data.loopEnd == .max, data.end - data.first <= 8,
      old.nodes[data.end - 1].operation == .branch
    else { return false }
    for index in data.first..<data.end - 1 {
      let operation = old.nodes[index].operation
      if operation == .charge {
        if old.nodes[index].flags & NodeFlags.check != 0 { return false }
      } else if !operation.info.effects.isPure {
        return false
      }
    }
    var parameter = data.firstParameter
    while parameter != .max {
      let node = old.nodes[parameter]
      for position in node.a..<node.a + data.predecessorCount
      where old.nodes[old.operands[position]].operation.isScalarConstant {
        return true
      }
      parameter = node.c
    }
    return false
  }

  // MARK: Edges

  /// Where an edge to `target` goes on, if that block only tests and the test is decided.
  mutating func threaded(_ target: Target) -> Target? {
    let block = target.block
    if !records[block].isTest || records[block].isDone || growth < 0 { return nil }
    // For this edge the block's values are these. If it is written after all, it gets its own.
    bindParameters(of: block, to: target.arguments)
    var onward = target
    for index in old.nodeRange(of: block).dropLast() {
      var node = old.nodes[index]
      switch node.operation {
      case .removed, .parameter: continue
      case .copy: values[index] = values[node.a]
      case .charge: onward.charge += node.imm
      default: values[index] = evaluated(&node) ?? .max
      }
    }
    let branch = old.nodes[old.blocks[block].end - 1]
    guard values[branch.a] != .max, let condition = constant(values[branch.a]) else { return nil }
    let edge = condition != 0 ? branch.b : branch.c
    onward.block = Int(old.edges[edge].to.index)
    if onward.block <= block { return nil }
    let start = arguments.count
    _ = gatherArguments(edge, onward.block)
    let count = arguments.count - start
    // Also where it comes to nothing: or many edges to one test would each gather many values in vain.
    growth -= count + 1
    for position in start..<start + count where arguments[position] == .max {
      arguments.truncate(to: start)
      return nil
    }
    for position in 0..<count { arguments[Int(target.arguments) + position] = arguments[start + position] }
    arguments.truncate(to: Int(target.arguments) + count)
    if records[block].remaining == 0 && !records[block].hasEdges {
      // All edges have been led past it.
      records[block].finish()
      records[onward.block].remaining += 1
      drop(branch.b)
      drop(branch.c)
      records[onward.block].remaining -= 1
    }
    return onward
  }

  /// What old node `node` computes with the present values of its operands, if that is nothing new.
  private mutating func evaluated(_ node: inout Node) -> UInt32? {
    let shape = node.operation.info.shape
    if node.operation.isScalarConstant { return number(node) }
    if shape.contains(.a) { node.a = values[node.a] }
    if shape.contains(.b) { node.b = values[node.b] }
    if shape.contains(.c) { node.c = values[node.c] }
    if shape.contains(.a) && node.a == .max || shape.contains(.b) && node.b == .max
      || shape.contains(.c) && node.c == .max
    {
      return nil
    }
    return simplify(&node)
  }

  /// Writes the blocks that charge on edges of the block that has just ended.
  mutating func writeSplits() {
    let from = current
    for index in 0..<splits.count {
      var split = splits[index]
      current = UInt32(truncatingIfNeeded: new.blocks.count)
      new.edges[split.edge].to = Block(current)
      dominators.add(key: current, parent: from)
      memory.beginBlock()
      memory.addPredecessor(from)
      new.blocks.append(BlockData())
      new.blocks[current].first = UInt32(truncatingIfNeeded: new.nodes.count)
      add(Node(.charge, imm: split.target.charge))
      split.target.charge = 0
      let edge = addEdge(split.target)
      records[split.target.block].remaining -= 1
      add(Node(.jump, a: edge))
      endBlock()
    }
    splits.truncate(to: 0)
  }
}
