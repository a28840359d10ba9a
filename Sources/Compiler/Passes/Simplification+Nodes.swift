// Simplification: the nodes of a block, one by one.

import WebAssembly

extension SimplificationOpt {
  /// Writes what old node `index` becomes: a new node, an earlier value, or nothing.
  mutating func writeNode(_ index: Int) {
    var node = old.nodes[index]
    switch node.operation {
    case .removed, .parameter: return
    case .copy:
      values[index] = values[node.a]
      return
    default: break
    }
    offset = old.offsets[index]
    let info = node.operation.info
    if info.shape.contains(.a) { node.a = values[node.a] }
    if info.shape.contains(.b) { node.b = values[node.b] }
    if info.shape.contains(.c) { node.c = values[node.c] }
    if info.shape.contains(.list) {
      let start = UInt32(truncatingIfNeeded: new.operands.count)
      for position in node.b..<node.b + node.c { new.operands.append(values[old.operands[position]]) }
      node.b = start
    }
    if info.isScalarConstant {
      values[index] = number(node)
      return
    }
    if info.effects.isPure {
      values[index] = simplify(&node) ?? number(node)
      return
    }
    if let opcode = node.operation.opcode {
      if opcode.mayTrapNumerically {
        lastStore = .max
        values[index] = simplify(&node) ?? number(node)
        return
      }
      if opcode == .globalGet && !context.spaces.globals[Int(node.imm)].isMutable {
        values[index] = number(node)
        return
      }
      if info.effects.contains([.writes, .mayTrap]) { narrowStoredValue(&node, opcode) }
    }
    values[index] = writeEffect(node, info)
  }

  /// A value that is computed as `node` says, from its operands alone: in a simpler way, or by an earlier or a new node.
  mutating func computed(_ node: Node) -> UInt32 {
    var node = node
    return simplify(&node) ?? number(node)
  }

  /// A value that is computed as `node` says: an earlier one, or a new node. The node must depend on its operands alone.
  ///
  /// If it may trap, an equal node before it has not, or it would not be reached.
  mutating func number(_ node: Node) -> UInt32 {
    if node.operation == Operation(.v128Const) || node.operation == Operation(.i8x16Shuffle) {
      return numberVector(node)
    }
    let isCommutative = node.operation.info.isCommutative
    let hash = ValueTable.hash(node, commutative: isCommutative)
    var place = table.place(0, for: hash)
    for distance in 0..<ValueTable.reach {
      let candidatePlace = table.place(distance, for: hash)
      let candidate = table.node(at: candidatePlace)
      if candidate == .max {
        place = candidatePlace
        break
      }
      let other = new.nodes[candidate]
      guard other.operation == node.operation, other.imm == node.imm, other.c == node.c, other.flags == node.flags
      else { continue }
      let isSame = other.a == node.a && other.b == node.b
      guard isSame || isCommutative && other.a == node.b && other.b == node.a else { continue }
      if isAvailable(candidate) { return candidate }
      place = candidatePlace
      break
    }
    let value = add(node)
    table.put(value, at: place)
    return value
  }

  /// The same for nodes with 128-bit immediates, which are numbered anew in the new function.
  private mutating func numberVector(_ node: Node) -> UInt32 {
    let vector = old.vectors[Int(node.imm)]
    var node = node
    node.imm = vector.0 ^ vector.1 &* 3
    let hash = ValueTable.hash(node, commutative: false)
    var place = table.place(0, for: hash)
    for distance in 0..<ValueTable.reach {
      let candidatePlace = table.place(distance, for: hash)
      let candidate = table.node(at: candidatePlace)
      if candidate == .max {
        place = candidatePlace
        break
      }
      let other = new.nodes[candidate]
      guard other.operation == node.operation, other.flags == node.flags, other.a == node.a, other.b == node.b,
        other.c == node.c, new.vectors[Int(other.imm)] == vector
      else { continue }
      if isAvailable(candidate) { return candidate }
      place = candidatePlace
      break
    }
    new.vectors.append(vector)
    node.imm = UInt64(new.vectors.count - 1)
    let value = add(node)
    table.put(value, at: place)
    return value
  }

  /// Whether the block that defines `value` dominates the current one.
  mutating func isAvailable(_ value: UInt32) -> Bool { isBlockAbove(blockOf[value]) }

  /// Whether new block `block` dominates the current one, or is it.
  mutating func isBlockAbove(_ block: UInt32) -> Bool {
    block == current || dominators.nearest(current, atMost: block) == block
  }

  /// Rewrites `node` as long as rules apply. Returns a value that stands for it, or `nil` if it is to be computed.
  mutating func simplify(_ node: inout Node) -> UInt32? {
    // Each rule makes the node smaller or brings it closer to a normal form; the bound is for certainty.
    for _ in 0..<8 {
      guard let opcode = node.operation.opcode else { return nil }
      if let bits = fold(node, opcode) { return constant(node.type, bits) }
      switch applyIdentity(&node, opcode) {
      case .none: return nil
      case .changed: continue
      case .value(let value): return value
      }
    }
    return nil
  }
}
