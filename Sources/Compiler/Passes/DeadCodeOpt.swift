// Removes nodes whose values nobody needs, block parameters among them, even where they only need each other.
//
// What executes for its effect is needed, and so is all that needed nodes use. Operations that may trap stay; divisions
// by constants that can't do without (`IRFunction.mayTrap`) don't.

import WebAssembly

struct DeadCodeOpt: ~Copyable {
  // Not private: debug builds of Swift 6.3 destroy the buffer below from other files, where they lack its private element.
  enum Need: UInt8, BitwiseCopyable {
    case none
    /// The walk, which has not come to it, will mark what it needs.
    case value
    /// What it needs is marked or in `pending`.
    case all
  }
  private var needs = GrowableBuffer<Need>()
  private var pending = GrowableBuffer<UInt32>()

  /// One walk from the last node to the first finds nearly all: values are defined before they are used. What parameters
  /// get over back edges is not; from there the search is deep.
  mutating func run(_ function: inout IRFunction) {
    needs.truncate(to: 0)
    needs.append(repeating: .none, count: function.nodes.count)
    var block = function.blocks.count - 1
    while block >= 0 {
      if function.blocks[block].isReachable { markNeeds(of: block, function) }
      block -= 1
    }
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      for index in function.nodeRange(of: block)
      where needs[index] == .none && function.nodes[index].operation != .parameter {
        function.nodes[index] = Node(.removed)
      }
      removeParameters(&function, of: block)
    }
  }

  private mutating func markNeeds(of block: Int, _ function: borrowing IRFunction) {
    let range = function.nodeRange(of: block)
    var index = range.upperBound
    while index > range.lowerBound {
      index -= 1
      if needs[index] == .none {
        if !function.executesForEffect(index) { continue }
        needs[index] = .value
      }
      let node = function.nodes[index]
      let shape = node.operation.info.shape
      if shape.contains(.a) { need(node.a) }
      if shape.contains(.b) { need(node.b) }
      if shape.contains(.c) { need(node.c) }
      if shape.contains(.list) {
        for position in node.b..<node.b + node.c { need(function.operands[position]) }
      }
    }
    var parameter = function.blocks[block].firstParameter
    while parameter != .max {
      if needs[parameter] == .value {
        needAll(parameter)
        while !pending.isEmpty { needOperands(of: Int(pending.removeLast()), function) }
      }
      parameter = function.nodes[parameter].c
    }
  }

  private mutating func needOperands(of index: Int, _ function: borrowing IRFunction) {
    let node = function.nodes[index]
    let shape = node.operation.info.shape
    if shape.contains(.a) { needAll(node.a) }
    if shape.contains(.b) { needAll(node.b) }
    if shape.contains(.c) { needAll(node.c) }
    if shape.contains(.list) {
      for position in node.b..<node.b + node.c { needAll(function.operands[position]) }
    }
    if shape.contains(.incoming) {
      for position in node.a..<node.a + function.blocks[node.b].predecessorCount {
        needAll(function.operands[position])
      }
    }
  }

  @inline(__always)
  private mutating func need(_ value: UInt32) {
    if needs[value] == .none { needs[value] = .value }
  }

  @inline(__always)
  private mutating func needAll(_ value: UInt32) {
    if needs[value] == .all { return }
    needs[value] = .all
    pending.append(value)
  }

  /// Takes the parameters that are not needed out of the block's list.
  private mutating func removeParameters(_ function: inout IRFunction, of block: Int) {
    var previous = UInt32.max
    var parameter = function.blocks[block].firstParameter
    while parameter != .max {
      let next = function.nodes[parameter].c
      if needs[parameter] != .none {
        previous = parameter
      } else {
        function.nodes[parameter] = Node(.removed)
        if previous == .max {
          function.blocks[block].firstParameter = next
        } else {
          function.nodes[previous].c = next
        }
      }
      parameter = next
    }
  }
}

extension IRFunction {
  /// Whether the node must execute even if nothing uses its result.
  @inline(__always)
  func executesForEffect(_ index: Int) -> Bool {
    let node = nodes[index]
    let effects = node.operation.info.effects
    if effects.isDisjoint(with: [.terminator, .mayTrap, .call, .writes, .counter]) {
      // Results stand for the whole of what a call returns: they stay with it.
      return node.operation == .result
    }
    return effects.isDisjoint(with: [.terminator, .call, .writes, .counter]) ? mayTrap(index) : true
  }

  /// Whether the node can trap, as far as its operands tell: division by a constant often can't.
  @inline(__always)
  func mayTrap(_ index: Int) -> Bool {
    let node = nodes[index]
    return node.operation.info.effects.contains(.mayTrap)
      && (node.operation.opcode.map { !isSafeDivision(node, $0) } ?? true)
  }

  private func isSafeDivision(_ node: Node, _ opcode: Opcode) -> Bool {
    let isSigned: Bool
    switch opcode {
    case .i32DivS, .i64DivS: isSigned = true
    case .i32DivU, .i64DivU, .i32RemS, .i32RemU, .i64RemS, .i64RemU: isSigned = false
    default: return false
    }
    let divisor = nodes[node.b]
    switch divisor.operation {
    case Operation(.i32Const): return divisor.imm != 0 && !(isSigned && divisor.imm == 0xFFFF_FFFF)
    case Operation(.i64Const): return divisor.imm != 0 && !(isSigned && divisor.imm == .max)
    default: return false
    }
  }
}
