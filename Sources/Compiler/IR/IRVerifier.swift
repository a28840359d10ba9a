// Checks a function's IR against the rules that its data structures state. Run after each pass in debug builds and tests.
//
// The rule for values: an operand is defined in a block that dominates the use's block, and before the use if it is the
// same block; what a parameter receives over an edge counts as used at the end of the edge's source. Nearly linear time.

import WebAssembly

/// A broken rule: an error of the compiler, not of its input.
public struct IRViolation: Error, Hashable, Sendable, CustomStringConvertible {
  public var function: UInt32
  public var block: Int?
  public var node: Int?
  public var rule: String

  public var description: String {
    "function \(function)" + (block.map { ", block \($0)" } ?? "") + (node.map { ", node \($0)" } ?? "") + ": \(rule)"
  }
}

/// The rules that `function` breaks; empty if it is well formed. With a `context`, also compares with the module's types.
public func verifyIR(_ function: borrowing IRFunction, in context: FrontendContext? = nil) -> [IRViolation] {
  var verifier = IRVerifier(function.index, context: context)
  verifier.checkStructure(function)
  // What follows relies on indices in range.
  if verifier.violations.isEmpty { verifier.checkEdges(function) }
  if verifier.violations.isEmpty { verifier.checkParameters(function) }
  if verifier.violations.isEmpty { verifier.checkValues(function) }
  if verifier.violations.isEmpty { verifier.checkLoops(function) }
  return verifier.violations
}

struct IRVerifier: ~Copyable {
  let index: UInt32
  let context: FrontendContext?
  var violations: [IRViolation] = []
  /// The block that defines each value; `UInt32.max` for nodes without one.
  var definingBlock = GrowableBuffer<UInt32>()

  init(_ index: UInt32, context: FrontendContext?) {
    self.index = index
    self.context = context
  }

  mutating func report(_ rule: String, block: Int? = nil, node: Int? = nil) {
    // A broken function may break a rule everywhere.
    if violations.count < 100 { violations.append(IRViolation(function: index, block: block, node: node, rule: rule)) }
  }

  @inline(__always)
  mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String, block: Int? = nil, node: Int? = nil) {
    if !holds { report(rule(), block: block, node: node) }
  }

  // MARK: Blocks and nodes

  mutating func checkStructure(_ function: borrowing IRFunction) {
    require(function.offsets.count == function.nodes.count, "a node has no offset, or an offset no node")
    require(function.blocks.count > 0, "there is no entry block")
    if !violations.isEmpty { return }
    require(function.blocks[0].isReachable, "the entry block is not reachable", block: 0)
    require(function.blocks[0].predecessorCount == 0, "an edge leads to the entry block", block: 0)
    var end: UInt32 = 0
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      let data = function.blocks[block]
      let isOrdered = data.first >= end && data.end > data.first && Int(data.end) <= function.nodes.count
      require(isOrdered, "nodes \(data.first)..<\(data.end) are empty, out of order or out of range", block: block)
      if !isOrdered { return }
      end = data.end
      for index in function.nodeRange(of: block) {
        let operation = function.nodes[index].operation
        guard operation.code < Operation.count else {
          report("operation code \(operation.code) is unknown", block: block, node: index)
          continue
        }
        let isLast = index + 1 == Int(data.end)
        require(
          operation.info.effects.contains(.terminator) == isLast,
          isLast ? "the last node is no terminator" : "a terminator is not the last node", block: block, node: index)
        checkIndices(function, index, block: block)
      }
    }
  }

  /// Checks that what the node refers to exists.
  private mutating func checkIndices(_ function: borrowing IRFunction, _ index: Int, block: Int) {
    let node = function.nodes[index]
    let shape = node.operation.info.shape
    if shape.contains(.incoming) { return }
    if shape.contains(.list) {
      let isInRange = Int(node.b) + Int(node.c) <= function.operands.count
      require(isInRange, "the operand list is out of range", block: block, node: index)
      if !isInRange { return }
    }
    var isInRange = true
    function.forEachOperand(of: index) { if $0.index >= function.nodes.count { isInRange = false } }
    require(isInRange, "an operand is out of range", block: block, node: index)
    switch node.operation {
    case .jump: require(node.a < function.edges.count, "the edge is out of range", block: block, node: index)
    case .branch:
      require(
        node.b < function.edges.count && node.c < function.edges.count, "an edge is out of range", block: block,
        node: index)
    case .switch:
      let isInRange = node.c > 0 && Int(node.b) + Int(node.c) <= function.operands.count
      require(isInRange, "the list of cases is empty or out of range", block: block, node: index)
      if !isInRange { return }
      for position in node.b..<node.b + node.c {
        require(
          function.operands[position] < function.edges.count, "an edge is out of range", block: block, node: index)
      }
    case .result:
      var call = index - 1
      while call > 0 && [.result, .removed, .parameter].contains(function.nodes[call].operation) { call -= 1 }
      let isCall = function.nodes[call].operation.info.effects.contains(.call)
      require(isCall && call == Int(node.a), "a result does not follow its call", block: block, node: index)
    case Operation(.v128Const), Operation(.i8x16Shuffle):
      require(node.imm < function.vectors.count, "the vector is out of range", block: block, node: index)
    default: break
    }
  }

  // MARK: Edges

  mutating func checkEdges(_ function: borrowing IRFunction) {
    var leaving = GrowableBuffer<Bool>()
    leaving.append(repeating: false, count: function.edges.count)
    var count = 0
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      let node = function.nodes[function.blocks[block].end - 1]
      if node.operation == .switch {
        var greatest: UInt32?
        for position in node.b..<node.b + node.c {
          let edge = function.operands[position]
          if let greatest, edge <= greatest {
            require(leaving[edge], "the edges of a switch are not numbered in the order of its cases", block: block)
            continue
          }
          greatest = edge
          leaving[edge] = true
        }
        for position in node.b..<node.b + node.c { leaving[function.operands[position]] = false }
      }
      function.forEachSuccessor(of: block) { edge in
        require(!leaving[edge], "edge \(edge) leaves twice", block: block)
        leaving[edge] = true
        count += 1
        require(Int(function.edges[edge].from.index) == block, "edge \(edge) comes from another block", block: block)
        let to = Int(function.edges[edge].to.index)
        require(
          to < function.blocks.count && function.blocks[to].isReachable, "edge \(edge) leads to no reachable block",
          block: block)
      }
    }
    if !violations.isEmpty { return }
    var entering = 0
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      let data = function.blocks[block]
      guard Int(data.predecessorStart) + Int(data.predecessorCount) <= function.predecessors.count else {
        report("the predecessors are out of range", block: block)
        continue
      }
      require(block == 0 || data.predecessorCount > 0, "no edge leads here", block: block)
      var last: UInt32?
      function.forEachPredecessor(of: block) { edge in
        entering += 1
        let isRight = edge < function.edges.count && leaving[edge] && function.edges[edge].to == Block(block)
        require(isRight, "predecessor edge \(edge) does not lead here", block: block)
        if let last { require(last < edge, "predecessors do not ascend", block: block) }
        last = edge
      }
    }
    require(entering == count, "an edge is missing among the predecessors of its target")
  }

  // MARK: Loops and charges

  mutating func checkLoops(_ function: borrowing IRFunction) {
    let dominators = DominatorTree(function)
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      var isHeader = false
      var hasForward = false
      function.forEachPredecessor(of: block) { edge in
        let from = Int(function.edges[edge].from.index)
        if from < block {
          hasForward = true
          return
        }
        isHeader = true
        require(
          dominators.dominates(block, from), "the target of the back edge from block \(from) does not dominate it",
          block: block)
      }
      require(hasForward || block == 0, "no forward edge leads here", block: block)
      let header = function.blocks[block].loopHeader
      require(isHeader == (function.blocks[block].loopEnd != .max), "loopEnd does not tell headers", block: block)
      require(
        header == .max || header <= block && block <= function.blocks[header].loopEnd,
        "the block is not in the loop that it names", block: block)
      if block != 0 && !isHeader { continue }
      var first = function.nodeRange(of: block).lowerBound
      while function.nodes[first].operation.info.effects.contains(.phantom)
        || function.nodes[first].operation == .removed
      {
        first += 1
      }
      let node = function.nodes[first]
      let isCheck = node.operation == .charge && node.flags & NodeFlags.check != 0 || node.operation == .chargeDynamic
      require(isCheck, "the function or loop does not begin with a check point", block: block, node: first)
    }
  }
}
