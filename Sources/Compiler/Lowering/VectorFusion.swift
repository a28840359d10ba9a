// Superinstructions on vectors: accesses with a sum as their address, operators whose last operand is loaded, multiply and
// add, shifts by a constant with what they are combined with, rotations. What `Fusion.swift` says of all holds for these.

import WebAssembly

/// Two vector operators in one operation: its forms, and its operands.
struct VectorPairSelection {
  /// The generator's `VectorPair.Kind`.
  enum Kind: UInt16 { case first, last, shift, rotate, xorRotate }
  var kind: Kind
  /// Where the six forms begin in the pair table.
  var base: Int
  var x: Value
  var y = Value.none
  var z = Value.none
  /// Places to shift by.
  var count: UInt64 = 0
  var secondCount: UInt64 = 0
}

extension Lowering {
  /// Decides what the vector operator at `index` computes besides itself.
  mutating func fuseVector(_ index: Int, _ node: Node, _ block: Int) {
    if node.operation.info.isAccess {
      guard vectorAccess(node) != nil, vectorAddress(node, block) != nil else { return }
      facts[index].fusion = .vectorAddress
      facts[node.a].residence = .fused
      return
    }
    guard node.type == .v128, node.operation.info.shape == [.a, .b], node.a != node.b else { return }
    if fuseRotation(index, node, block) { return }
    // The later operand first: it may be the load just before.
    let isALater = node.a > node.b
    if fuseVectorOperand(index, node, block, isA: isALater) { return }
    _ = fuseVectorOperand(index, node, block, isA: !isALater)
  }

  private mutating func fuseVectorOperand(_ index: Int, _ node: Node, _ block: Int, isA: Bool) -> Bool {
    let value = Value(isA ? node.a : node.b)
    guard isOnlyUsedHere(value, block) else { return false }
    if canLoad(node, isA: isA), isLoadInReach(value, of: index) {
      facts[index].fusion = isA ? .vectorLoadA : .vectorLoadB
      let load = function.nodes[value]
      if vectorAddress(load, block)?.mode == .plus { facts[load.a].residence = .fused }
    } else if facts[isA ? node.b : node.a].residence != .constant,
      loadedProduct(node, function.nodes[value]) != nil, let factor = loadedFactor(of: value, index, block)
    {
      facts[index].fusion = isA ? .vectorProductA : .vectorProductB
      facts[factor].residence = .fused
      let load = function.nodes[factor]
      if vectorAddress(load, block)?.mode == .plus { facts[load.a].residence = .fused }
    } else if vectorPair(node, isA ? .vectorPairA : .vectorPairB) != nil,
      loadedFactor(of: value, Int(value.index), block) == nil
    {
      facts[index].fusion = isA ? .vectorPairA : .vectorPairB
    } else {
      return false
    }
    facts[value].residence = .fused
    return true
  }

  // MARK: Memory

  /// The number of a vector access in the table of addresses; nil for accesses of lanes and all that is no access.
  mutating func vectorAccess(_ node: Node) -> Int? {
    guard let opcode = node.operation.opcode, node.operation.isVector, opcode.info.immediates == .memoryArgument,
      node.imm <= UInt64(UInt32.max), !context.wideMemories[Int(node.c)]
    else { return nil }
    let first = Int(Opcode.v128Load.row)
    let number = Int(opcode.row) - first
    if number <= 11 { return number }
    return opcode == .v128Load32Zero ? 12 : 13
  }

  /// The sum that a vector access does for its address: decided where `block` is given, else as it was decided.
  mutating func vectorAddress(_ node: Node, _ block: Int?) -> AddressSelection? {
    let value = Value(node.a)
    if let block {
      guard isOnlyUsedHere(value, block) else { return nil }
    } else if facts[value].residence != .fused {
      return nil
    }
    let sum = function.nodes[value]
    guard sum.operation == Operation(.i32Add) else { return nil }
    if isConstant(sum.b) {
      return isConstant(sum.a)
        ? nil : AddressSelection(mode: .plus, x: Value(sum.a), constant: function.nodes[sum.b].imm)
    }
    if isConstant(sum.a) {
      return AddressSelection(mode: .plus, x: Value(sum.b), constant: function.nodes[sum.a].imm)
    }
    return AddressSelection(mode: .sum, x: Value(sum.a), y: Value(sum.b))
  }

  /// Whether operand a or b of `node` is a vector that it could load itself.
  private mutating func canLoad(_ node: Node, isA: Bool) -> Bool {
    let load = function.nodes[isA ? node.a : node.b]
    let other = isA ? node.b : node.a
    return load.operation == Operation(.v128Load) && load.c == 0 && vectorAccess(load) != nil
      && ThreadedTables.loadedOperands[Int(node.operation.code) * 4] != .max
      && (!isA || node.operation.info.isCommutative) && facts[other].residence != .constant
  }

  /// The operand of vector operator `value` that is a load which the node at `index` can do; nil if there is none.
  private mutating func loadedFactor(of value: Value, _ index: Int, _ block: Int) -> Value? {
    let node = function.nodes[value]
    guard node.operation.info.shape == [.a, .b], node.a != node.b else { return nil }
    for isA in [false, true] where canLoad(node, isA: isA) {
      let operand = Value(isA ? node.a : node.b)
      if isOnlyUsedHere(operand, block) && isLoadInReach(operand, of: index) { return operand }
    }
    return nil
  }

  /// Where the operations are in their table that add a product with a loaded factor; nil if there are none.
  mutating func loadedProduct(_ sum: Node, _ product: Node) -> Int? {
    let table = ThreadedTables.loadedProducts
    var entry = 0
    while entry < table.count {
      if table[entry] == product.operation.code && table[entry + 1] == sum.operation.code { return entry + 2 }
      entry += 4
    }
    return nil
  }

  /// The operands of a sum with a product of which a factor is loaded.
  mutating func productOperands(_ node: Node, _ fusion: Fusion) -> (load: Value, factor: Value, summand: Value) {
    let isA = fusion == .vectorProductA
    let product = function.nodes[isA ? node.a : node.b]
    let summand = Value(isA ? node.b : node.a)
    // The factor that isn't loaded has code of its own.
    let isALoaded = facts[product.a].residence == .fused
    return (Value(isALoaded ? product.a : product.b), Value(isALoaded ? product.b : product.a), summand)
  }

  // MARK: Pairs

  /// The operation that computes vector operator `node` with its operand a or b; nil if there is none.
  mutating func vectorPair(_ node: Node, _ fusion: Fusion) -> VectorPairSelection? {
    let isA = fusion == .vectorPairA
    let inner = function.nodes[isA ? node.a : node.b]
    let other = Value(isA ? node.b : node.a)
    guard inner.operation.isVector, facts[other].residence != .constant else { return nil }
    let table = ThreadedTables.vectorPairs
    var entry = 0
    while entry < table.count {
      defer { entry += 9 }
      if table[entry] != inner.operation.code || table[entry + 1] != node.operation.code { continue }
      guard let kind = VectorPairSelection.Kind(rawValue: table[entry + 2]) else { continue }
      var selection = VectorPairSelection(kind: kind, base: entry + 3, x: Value(inner.a), z: other)
      switch kind {
      case .first: if !isA && !node.operation.info.isCommutative { continue }
      case .last: if isA { continue }
      case .shift:
        if !isConstant(inner.b) { continue }
        selection.count = function.nodes[inner.b].imm
        return selection
      case .rotate, .xorRotate: continue
      }
      if facts[inner.a].residence == .constant || facts[inner.b].residence == .constant { return nil }
      selection.y = Value(inner.b)
      return selection
    }
    return nil
  }

  /// Makes the `or` at `index` of the same vector shifted both ways a rotation, of an exclusive or if it is one.
  private mutating func fuseRotation(_ index: Int, _ node: Node, _ block: Int) -> Bool {
    guard node.operation == Operation(.v128Or), isOnlyUsedHere(Value(node.a), block),
      isOnlyUsedHere(Value(node.b), block), let rotation = rotation(node)
    else { return false }
    facts[index].fusion = .vectorRotate
    facts[node.a].residence = .fused
    facts[node.b].residence = .fused
    let rotated = function.nodes[rotation.x]
    if rotated.operation == Operation(.v128Xor), rotated.a != rotated.b, facts[rotation.x].uses == 2,
      lifetimes[rotation.x].block == UInt32(block), facts[rotation.x].residence == .nowhere,
      facts[rotated.b].residence != .constant
    {
      facts[index].fusion = .vectorXorRotate
      facts[rotation.x].residence = .fused
    }
    return true
  }

  /// The parts of a rotation; without its exclusive or.
  private mutating func rotation(_ node: Node) -> (x: Value, left: UInt64, right: UInt64, base: Int)? {
    let a = function.nodes[node.a]
    let b = function.nodes[node.b]
    let isALeft = a.operation == Operation(.i32x4Shl) || a.operation == Operation(.i64x2Shl)
    let (left, right) = isALeft ? (a, b) : (b, a)
    // Only shifts are known to have a second operand.
    guard left.a == right.a, let base = rotationBase(left.operation, right.operation, .rotate), isConstant(left.b),
      isConstant(right.b)
    else { return nil }
    return (Value(left.a), function.nodes[left.b].imm, function.nodes[right.b].imm, base)
  }

  private mutating func rotationBase(
    _ left: Operation, _ right: Operation, _ kind: VectorPairSelection.Kind
  ) -> Int? {
    let table = ThreadedTables.vectorPairs
    var entry = 0
    while entry < table.count {
      if table[entry] == left.code && table[entry + 1] == right.code && table[entry + 2] == kind.rawValue {
        return entry + 3
      }
      entry += 9
    }
    return nil
  }

  /// The operation and operands that were chosen for the vector operator `node` with its `fusion`.
  mutating func chosenVectorPair(_ node: Node, _ fusion: Fusion) -> VectorPairSelection {
    guard fusion == .vectorRotate || fusion == .vectorXorRotate else { return vectorPair(node, fusion)! }
    let (x, left, right, base) = rotation(node)!
    var selection = VectorPairSelection(kind: .rotate, base: base, x: x, count: left, secondCount: right)
    if fusion == .vectorXorRotate {
      let xor = function.nodes[x]
      selection.kind = .xorRotate
      // The forms of both follow one another.
      selection.base += 9
      selection.x = Value(xor.a)
      selection.y = Value(xor.b)
    }
    return selection
  }

  // MARK: Branches

  /// Where the branches on what vector operator `node` gives are in their table; nil if there are none.
  mutating func vectorBranch(_ node: Node) -> Int? {
    guard node.operation.isVector, node.type == .i32 else { return nil }
    let table = ThreadedTables.vectorBranches
    var entry = 0
    while entry < table.count {
      if table[entry] == node.operation.code { return entry + 1 }
      entry += 9
    }
    return nil
  }

  // MARK: Operands

  /// Appends to `realOperands` each variable that the code of a vector operator with a fusion reads.
  mutating func collectVectorVariables(_ node: Node, _ fusion: Fusion) {
    switch fusion {
    case .vectorAddress:
      let address = vectorAddress(node, nil)!
      collect(address.x, false)
      if address.y != .none { collect(address.y, false) }
      if node.type == .none { collect(Value(node.b), true) }
    case .vectorLoadA, .vectorLoadB:
      let load = function.nodes[fusion == .vectorLoadA ? node.a : node.b]
      collect(vectorAddress(load, nil)?.x ?? Value(load.a), false)
      collect(Value(fusion == .vectorLoadA ? node.b : node.a), true)
    case .vectorProductA, .vectorProductB:
      let (load, factor, summand) = productOperands(node, fusion)
      let loadNode = function.nodes[load]
      collect(vectorAddress(loadNode, nil)?.x ?? Value(loadNode.a), false)
      collect(factor, true)
      collect(summand, false)
    case .vectorTest:
      let (value, comparison, _) = testedNode(node)
      collect(Value(function.nodes[bits(value, comparison)].a), true)
    default:
      let pair = chosenVectorPair(node, fusion)
      collect(pair.x, true)
      if pair.y != .none { collect(pair.y, true) }
      if pair.z != .none { collect(pair.z, true) }
    }
  }

  /// Whether operand `position` of vector operator `node` can be read from the accumulator.
  mutating func acceptsHeld(_ node: Node, _ position: Int) -> Bool {
    let operation = node.operation
    let info = operation.info
    if info.isAccess {
      return position == 1 && !context.wideMemories[Int(node.c)] && node.imm <= UInt64(UInt32.max)
        && hasForm(operation, .saN)
    }
    let last = info.shape.contains(.c) ? 2 : info.shape.contains(.b) ? 1 : 0
    if position == 0 {
      if last == 1 && facts[node.b].residence == .constant || last == 1 && isConstant(node.b) {
        return hasForm(operation, .aiD)
      }
      return hasForm(operation, .asD)
    }
    return position == last && (hasForm(operation, .saD) || info.isCommutative && hasForm(operation, .asD))
  }
}
