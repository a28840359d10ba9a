// Removes nodes whose values nobody needs, block parameters among them, even where they only need each other.
//
// What executes for its effect is needed, and so is all that needed nodes use. Operations that may trap stay; divisions
// by constants that can't do without (`IRFunction.mayTrap`) don't.

import WebAssembly

struct DeadCodeOpt: ~Copyable {
  private var isNeeded = GrowableBuffer<Bool>()
  private var pending = GrowableBuffer<UInt32>()

  mutating func run(_ function: inout IRFunction) {
    isNeeded.truncate(to: 0)
    isNeeded.append(repeating: false, count: function.nodes.count)
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      for index in function.nodeRange(of: block) where function.executesForEffect(index) { need(UInt32(index)) }
    }
    while !pending.isEmpty {
      let index = Int(pending.removeLast())
      let node = function.nodes[index]
      let shape = node.operation.info.shape
      if shape.contains(.a) { need(node.a) }
      if shape.contains(.b) { need(node.b) }
      if shape.contains(.c) { need(node.c) }
      if shape.contains(.list) {
        for position in node.b..<node.b + node.c { need(function.operands[position]) }
      }
      if shape.contains(.incoming) {
        for position in node.a..<node.a + function.blocks[node.b].predecessorCount {
          need(function.operands[position])
        }
      }
    }
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      for index in function.nodeRange(of: block) where !isNeeded[index] && function.nodes[index].operation != .parameter
      {
        function.nodes[index] = Node(.removed)
      }
      removeParameters(&function, of: block)
    }
  }

  @inline(__always)
  private mutating func need(_ value: UInt32) {
    if isNeeded[value] { return }
    isNeeded[value] = true
    pending.append(value)
  }

  /// Takes the parameters that are not needed out of the block's list.
  private mutating func removeParameters(_ function: inout IRFunction, of block: Int) {
    var previous = UInt32.max
    var parameter = function.blocks[block].firstParameter
    while parameter != .max {
      let next = function.nodes[parameter].c
      if isNeeded[parameter] {
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
