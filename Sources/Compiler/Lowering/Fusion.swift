// Superinstructions: which values are computed by the operation that uses them. A value can be if it has one use, in the
// same block, and if the operation table has an operation that does both: two arithmetic operators, an access with
// arithmetic in its address, a load whose value is an operand, a branch that tests bits or a loaded value.
//
// A value without effects may be computed later than where it stands. A load moves past nothing that has an effect, so
// that traps, charges and stores keep their order.

import WebAssembly

/// What the code of a node does besides the node itself.
enum Fusion: UInt8, BitwiseCopyable {
  case none
  /// Operand a or b is an arithmetic operator that is computed too.
  case pairA, pairB
  /// Operand a or b is a load.
  case loadA, loadB
  /// An access with arithmetic in its address.
  case address
  /// A store whose value is a load, each perhaps with a constant that is added to the address.
  case copied
  /// A branch on bits: the tested `and` is computed by it.
  case test
  /// A branch whose comparison's operand a or b is a load.
  case comparedA, comparedB
  /// A branch on whether a loaded value is zero, without a comparison.
  case loaded
  /// A vector access with a sum as its address.
  case vectorAddress
  /// Operand a or b of a vector operator is a load.
  case vectorLoadA, vectorLoadB
  /// Operand a or b is a vector operator that is computed too.
  case vectorPairA, vectorPairB
  /// Operand a or b of a sum of vectors is a product of which a factor is loaded.
  case vectorProductA, vectorProductB
  /// A vector shifted both ways, perhaps an exclusive or.
  case vectorRotate, vectorXorRotate
  /// A branch on what an operator makes of a vector.
  case vectorTest

  var isVector: Bool { rawValue >= Fusion.vectorAddress.rawValue }
}

/// An operator in the pair table.
struct PairOperator {
  /// 0 for i32, 1 for i64, 2 for f32, 3 for f64.
  var type: Int
  /// Add, sub, mul, and, or, xor, shl, shrU, shrS, rotl; `reversedSubtraction` as the second of a pair.
  var number: Int

  static let reversedSubtraction = 10

  @inline(__always)
  init?(_ operation: Operation) {
    let code = operation.info.pairCode
    if code == .max { return nil }
    type = Int(code >> 4)
    number = Int(code & 15)
  }

  /// Whether the first operand and the second can be exchanged.
  var isCommutative: Bool { number == 0 || number >= 2 && number <= 5 }
  var isFloat: Bool { type >= 2 }
}

/// A pair of operators: the place of its forms in the pair table, and its operands.
struct PairSelection {
  /// The generator's `PairShape`.
  enum Shape: Int { case immediateVariable, variables, immediates, variableImmediate }
  var shape: Shape
  var base: Int
  var first: PairOperator
  /// The variable operands in the table's order; `none` where there are fewer.
  var x: Value
  var y = Value.none
  var z = Value.none
  var immediate: UInt64 = 0
  var secondImmediate: UInt64 = 0
}

/// The address of an access that computes it.
struct AddressSelection {
  /// The generator's `AddressMode`.
  enum Mode: Int { case plus, sum, scaled, multiple, affine, absolute }
  var mode: Mode
  var x: Value
  var y = Value.none
  /// What is added, or multiplied with.
  var constant: UInt64 = 0
  /// What is added in `affine`.
  var summand: UInt64 = 0
  /// The multiplication in `scaled` and `affine`, which is fused as well.
  var product = Value.none
}

extension Lowering {
  /// Takes out conversions that are nothing in registers and slots, where an i32 is zero-extended: an operation that reads
  /// an i32 looks at the lower half only, so it can read an i64 that is to be wrapped; and an extended i32 is the i32.
  mutating func dropConversions() {
    var anyCopy = false
    var anyWrap = false
    hasVectors = false
    for index in 0..<function.nodes.count {
      let node = function.nodes[index]
      if node.type == .v128 { hasVectors = true }
      if node.operation == Operation(.i64ExtendI32U) {
        if function.nodes[node.a].operation == Operation(.i32WrapI64) { continue }
        function.nodes[index] = Node(.copy, type: .i64, a: node.a)
        anyCopy = true
      } else if node.operation == Operation(.i32WrapI64) {
        anyWrap = true
      }
    }
    if anyWrap { dropWraps() }
    if anyCopy { function.removeCopies() }
    if hasVectors { prepareVectors() }
  }

  private mutating func dropWraps() {
    // Where one use needs what is wrapped, the others may as well use it.
    isNeeded.truncate(to: 0)
    isNeeded.append(repeating: false, count: function.nodes.count)
    for index in 0..<function.nodes.count {
      let node = function.nodes[index]
      let shape = node.operation.info.shape
      if shape.contains(.a) && isWrap(node.a) && !readsLowerHalf(node, .a) { isNeeded[node.a] = true }
      if shape.contains(.b) && isWrap(node.b) && !readsLowerHalf(node, .b) { isNeeded[node.b] = true }
      if shape.contains(.c) && isWrap(node.c) { isNeeded[node.c] = true }
      if shape.rawValue & (OperandShape.list.rawValue | OperandShape.incoming.rawValue) != 0 {
        let start = shape.contains(.list) ? node.b : node.a
        let count = shape.contains(.list) ? node.c : function.blocks[node.b].predecessorCount
        for position in start..<start + count {
          let value = function.operands[position]
          if isWrap(value) { isNeeded[value] = true }
        }
      }
    }
    for index in 0..<function.nodes.count {
      let node = function.nodes[index]
      let shape = node.operation.info.shape
      if shape.contains(.a) && isWrap(node.a) && !isNeeded[node.a] && readsLowerHalf(node, .a) {
        function.nodes[index].a = unwrapped(node.a)
      }
      if shape.contains(.b) && isWrap(node.b) && !isNeeded[node.b] && readsLowerHalf(node, .b) {
        function.nodes[index].b = unwrapped(node.b)
      }
    }
  }

  @inline(__always)
  private mutating func isWrap(_ value: UInt32) -> Bool { function.nodes[value].operation == Operation(.i32WrapI64) }

  private mutating func unwrapped(_ value: UInt32) -> UInt32 {
    let node = function.nodes[value]
    // A constant is one of the operation's type: selection looks at all its bits.
    return node.operation == Operation(.i32WrapI64) && !isConstant(node.a) ? node.a : value
  }

  /// Whether the code of `node` reads its operand as an i32, whatever stands above.
  private mutating func readsLowerHalf(_ node: Node, _ operand: OperandShape) -> Bool {
    if node.operation == .branch || node.operation == .switch { return operand == .a }
    guard let opcode = node.operation.opcode, node.operation.info.shape.contains(operand) else { return false }
    if let operation = PairOperator(node.operation) { return operation.type == 0 }
    if let comparison = Comparison(opcode) { return comparison.type == .i32 }
    if isAccess(node) {
      if operand == .a { return !context.wideMemories[Int(node.c)] }
      switch opcode {
      case .i32Store, .i32Store8, .i32Store16: return true
      default: return false
      }
    }
    switch opcode {
    case .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i32Rotr, .i32Clz, .i32Ctz, .i32Popcnt, .i32Extend8S, .i32Extend16S,
      .i64ExtendI32S, .i64ExtendI32U, .f32ConvertI32S, .f32ConvertI32U, .f64ConvertI32S, .f64ConvertI32U:
      return true
    default: return false
    }
  }

  /// How far back a load is looked for; it bounds the work.
  private static var reach: Int { 12 }

  /// Decides what the nodes of a block compute besides themselves: from the last to the first, so that of a chain of
  /// operators each second one is fused.
  mutating func fuse(_ block: Int) {
    let range = function.nodeRange(of: block)
    var index = range.upperBound - 1
    while index >= range.lowerBound {
      defer { index -= 1 }
      let info = function.nodes[index].operation.info
      if info.pairCode != .max {
        if isEmitted(index) { fuseOperands(index, function.nodes[index], block) }
      } else if info.isScalarAccess {
        let node = function.nodes[index]
        guard isEmitted(index), isAccess(node) else { continue }
        if fuseCopy(index, node, block) { continue }
        guard let address = addressSelection(node, block) else { continue }
        facts[index].fusion = .address
        if address.mode == .absolute { continue }
        facts[node.a].residence = .fused
        if address.product != .none { facts[address.product].residence = .fused }
      } else if function.nodes[index].operation == .branch {
        fuseBranch(index, function.nodes[index], block)
      } else if hasVectors && function.nodes[index].operation.isVector {
        if isEmitted(index) { fuseVector(index, function.nodes[index], block) }
      }
    }
  }

  private mutating func fuseOperands(_ index: Int, _ node: Node, _ block: Int) {
    if node.a == node.b { return }
    // The later operand first: it may be the load just before.
    let isALater = node.a > node.b
    if !fuseOperand(index, node, block, isA: isALater) { _ = fuseOperand(index, node, block, isA: !isALater) }
  }

  /// Decides whether the node at `index` computes its operand a or b; returns whether it does.
  private mutating func fuseOperand(_ index: Int, _ node: Node, _ block: Int, isA: Bool) -> Bool {
    let value = Value(isA ? node.a : node.b)
    guard isOnlyUsedHere(value, block) else { return false }
    if loadSelection(node, isA ? .loadA : .loadB) != nil, isLoadInReach(value, of: index) {
      facts[index].fusion = isA ? .loadA : .loadB
    } else if pairSelection(node, isA ? .pairA : .pairB) != nil, !canTakeLoad(value, block) {
      facts[index].fusion = isA ? .pairA : .pairB
    } else {
      return false
    }
    facts[value].residence = .fused
    return true
  }

  /// Whether an operand of arithmetic node `value` is a load that it can compute.
  private mutating func canTakeLoad(_ value: Value, _ block: Int) -> Bool {
    let node = function.nodes[value]
    if node.a == node.b { return false }
    return canTakeLoad(node, value, Value(node.a), .loadA, block)
      || canTakeLoad(node, value, Value(node.b), .loadB, block)
  }

  private mutating func canTakeLoad(
    _ node: Node, _ value: Value, _ operand: Value, _ fusion: Fusion, _ block: Int
  ) -> Bool {
    isOnlyUsedHere(operand, block) && loadSelection(node, fusion) != nil
      && isLoadInReach(operand, of: Int(value.index))
  }

  @inline(__always)
  mutating func isOnlyUsedHere(_ value: Value, _ block: Int) -> Bool {
    facts[value].uses == 1 && lifetimes[value].block == UInt32(block) && facts[value].residence == .nowhere
      && facts[value].fusion == .none && !function.nodes[value].operation.info.effects.contains(.phantom)
  }

  mutating func isConstant(_ value: UInt32) -> Bool { function.nodes[value].operation.isScalarConstant }

  /// Whether nothing with an effect stands between the load `value` and the node at `index`.
  mutating func isLoadInReach(_ value: Value, of index: Int) -> Bool {
    let first = Int(value.index) + 1
    if index - first > Lowering.reach { return false }
    for between in first..<index where isEmitted(between) {
      if !function.nodes[between].operation.info.effects.isPure { return false }
    }
    return true
  }

  // MARK: Pairs

  /// The pair of `node` and its operand, if the table has it.
  mutating func pairSelection(_ node: Node, _ fusion: Fusion) -> PairSelection? {
    guard var second = PairOperator(node.operation) else { return nil }
    let inner = function.nodes[fusion == .pairA ? node.a : node.b]
    guard let first = PairOperator(inner.operation), first.type == second.type else { return nil }
    let other = fusion == .pairA ? node.b : node.a
    if fusion == .pairB && !second.isCommutative {
      guard second.number == 1 else { return nil }
      second.number = PairOperator.reversedSubtraction
    }
    // The constant of the inner operator, if it has one.
    var x = inner.a
    var y = inner.b
    if isConstant(x) && first.isCommutative { swap(&x, &y) }
    if isConstant(x) { return nil }
    let innerConstant = isConstant(y) ? function.nodes[y].imm : nil
    if first.isFloat && (innerConstant != nil || isConstant(other)) { return nil }

    var selection: PairSelection
    if isConstant(other) {
      // A constant minus the inner value has no form.
      if second.number == PairOperator.reversedSubtraction { return nil }
      let bits = function.nodes[other].imm
      if let innerConstant {
        guard fits(innerConstant, first.type), fits(bits, first.type) else { return nil }
        selection = PairSelection(shape: .immediates, base: 0, first: first, x: Value(x))
        selection.immediate = innerConstant
        selection.secondImmediate = bits
      } else {
        guard fits(bits, first.type) else { return nil }
        selection = PairSelection(shape: .variableImmediate, base: 0, first: first, x: Value(x), y: Value(y))
        selection.immediate = bits
      }
    } else if let innerConstant {
      guard fits(innerConstant, first.type) else { return nil }
      selection = PairSelection(shape: .immediateVariable, base: 0, first: first, x: Value(x), y: Value(other))
      selection.immediate = innerConstant
    } else {
      selection = PairSelection(
        shape: .variables, base: 0, first: first, x: Value(x), y: Value(y), z: Value(other))
    }
    selection.base =
      (((first.type * 4 + selection.shape.rawValue) * 10 + first.number) * 11 + second.number) * 8
    return ThreadedTables.pairs[selection.base] == .max ? nil : selection
  }

  /// Whether a constant of type 0 (i32) or 1 (i64) is a sign-extended number of 32 bits.
  private mutating func fits(_ bits: UInt64, _ type: Int) -> Bool {
    type == 0 || Int32(exactly: Int64(bitPattern: bits)) != nil
  }

  // MARK: Memory

  /// Whether a node is a scalar load or store whose offset its operation can hold.
  @inline(__always)
  mutating func isAccess(_ node: Node) -> Bool {
    guard let number = accessNumber(node.operation) else { return false }
    return number < 23 && node.imm <= UInt64(UInt32.max)
  }

  /// Scalar loads are numbered from 0, stores from 14, as in the binary format.
  @inline(__always)
  mutating func accessNumber(_ operation: Operation) -> Int? {
    let number = Int(operation.code) - Int(Opcode.i32Load.row)
    return number >= 0 && number < 23 ? number : nil
  }

  /// The arithmetic that an access does for its address: decided where `block` is given, else as it was decided.
  mutating func addressSelection(_ node: Node, _ block: Int?) -> AddressSelection? {
    let value = Value(node.a)
    let isWide = context.wideMemories[Int(node.c)]
    if isConstant(node.a) {
      let base = function.nodes[node.a].imm
      let (address, overflow) = (isWide ? base : base & 0xFFFF_FFFF).addingReportingOverflow(node.imm)
      if overflow || address > UInt64(UInt32.max) { return nil }
      return AddressSelection(mode: .absolute, x: .none, constant: address)
    }
    if let block {
      guard isOnlyUsedHere(value, block), node.a != node.b || accessNumber(node.operation)! < 14 else { return nil }
    }
    let sum = function.nodes[value]
    guard let operation = PairOperator(sum.operation), operation.type == (isWide ? 1 : 0) else { return nil }
    if operation.number == 0 {
      var x = sum.a
      var y = sum.b
      if isConstant(x) { swap(&x, &y) }
      if isConstant(x) { return nil }
      if isConstant(y) {
        if !isWide, let found = affine(x, function.nodes[y].imm, block) { return found }
        return AddressSelection(mode: .plus, x: Value(x), constant: function.nodes[y].imm)
      }
      if !isWide {
        if let found = scaled(x, y, block) { return found }
        if let found = scaled(y, x, block) { return found }
      }
      return AddressSelection(mode: .sum, x: Value(x), y: Value(y))
    }
    if isWide { return nil }
    guard let (index, factor) = product(sum) else { return nil }
    return AddressSelection(mode: .multiple, x: index, constant: factor)
  }

  private mutating func affine(_ index: UInt32, _ summand: UInt64, _ block: Int?) -> AddressSelection? {
    if let block {
      guard isOnlyUsedHere(Value(index), block) else { return nil }
    } else if facts[index].residence != .fused {
      return nil
    }
    guard let (value, factor) = product(function.nodes[index]) else { return nil }
    return AddressSelection(mode: .affine, x: value, constant: factor, summand: summand, product: Value(index))
  }

  private mutating func scaled(_ base: UInt32, _ index: UInt32, _ block: Int?) -> AddressSelection? {
    if let block {
      guard isOnlyUsedHere(Value(index), block) else { return nil }
    } else if facts[index].residence != .fused {
      return nil
    }
    guard let (value, factor) = product(function.nodes[index]) else { return nil }
    return AddressSelection(
      mode: .scaled, x: Value(base), y: value, constant: factor, product: Value(index))
  }

  /// An i32 value times a constant.
  private mutating func product(_ node: Node) -> (Value, UInt64)? {
    guard let operation = PairOperator(node.operation), operation.type == 0 else { return nil }
    if isConstant(node.a) || !isConstant(node.b) { return nil }
    let bits = function.nodes[node.b].imm
    switch operation.number {
    case 2: return (Value(node.a), bits)
    case 6: return (Value(node.a), 1 << (bits & 31))
    default: return nil
    }
  }

  /// The base in the table of loads with operators for `node` with operand a or b; nil if it has none. The load's address
  /// must not be computed by it, which is only looked at where that `isDecided` not.
  mutating func loadSelection(_ node: Node, _ fusion: Fusion, isDecided: Bool = false) -> Int? {
    guard var second = PairOperator(node.operation) else { return nil }
    let load = function.nodes[fusion == .loadA ? node.a : node.b]
    let other = fusion == .loadA ? node.b : node.a
    guard let number = loadNumber(load, as: second.type), isPlainLoad(load), !isConstant(other),
      isDecided || addressSelection(load, Int(lifetimes[fusion == .loadA ? node.a : node.b].block)) == nil
    else { return nil }
    if fusion == .loadB && !second.isCommutative {
      guard second.number == 1 else { return nil }
      second.number = PairOperator.reversedSubtraction
    }
    let base = (number * 11 + second.number) * 6
    return ThreadedTables.loadOperations[base] == .max ? nil : base
  }

  /// The number of the load that gives a value of type `type` (as in `PairOperator`) where `load` stands: after conversions
  /// are dropped an i32 may be an operand of an i64 operator, and an i64 one of an i32 operator. Nil if there is none.
  private mutating func loadNumber(_ load: Node, as type: Int) -> Int? {
    guard let number = accessNumber(load.operation), number < 14 else { return nil }
    if Int(load.type.rawValue) - Int(IRType.i32.rawValue) == type { return number }
    return load.operation == Operation(.i32Load) && type == 1 ? accessNumber(Operation(.i64Load32U)) : nil
  }

  /// A load from memory 0 with 32-bit addresses, whose address is a variable.
  private mutating func isPlainLoad(_ load: Node) -> Bool {
    load.c == 0 && load.imm <= UInt64(UInt32.max) && !context.wideMemories[0] && !isConstant(load.a)
  }

  // MARK: Copies

  /// Makes the access at `index`, if it is a store of a loaded value, load it itself, where no address has more than an
  /// addition.
  private mutating func fuseCopy(_ index: Int, _ node: Node, _ block: Int) -> Bool {
    // Loads have a type.
    if node.type != .none { return false }
    let value = Value(node.b)
    let load = function.nodes[value]
    guard let number = accessNumber(load.operation), number < 14, copiedBytes(load, by: node) != nil,
      isOnlyUsedHere(value, block), isPlainLoad(load), isPlainLoad(node), isLoadInReach(value, of: index)
    else { return false }
    let from = addressSelection(load, block)?.mode
    let to = addressSelection(node, block)?.mode
    guard from == nil || from == .plus, to == nil || to == .plus else { return false }
    facts[index].fusion = .copied
    facts[value].residence = .fused
    if from != nil { facts[load.a].residence = .fused }
    if to != nil { facts[node.a].residence = .fused }
    return true
  }

  /// How many bytes a store of a loaded value copies; nil if it stores others than were loaded.
  mutating func copiedBytes(_ load: Node, by store: Node) -> Int? {
    guard let load = load.operation.opcode, let store = store.operation.opcode else { return nil }
    switch (load, store) {
    case (.i32Load, .i32Store), (.f32Load, .f32Store), (.i64Load32S, .i64Store32), (.i64Load32U, .i64Store32): return 4
    case (.i64Load, .i64Store), (.f64Load, .f64Store): return 8
    case (.i32Load8S, .i32Store8), (.i32Load8U, .i32Store8), (.i64Load8S, .i64Store8), (.i64Load8U, .i64Store8):
      return 1
    case (.i32Load16S, .i32Store16), (.i32Load16U, .i32Store16), (.i64Load16S, .i64Store16), (.i64Load16U, .i64Store16):
      return 2
    default: return nil
    }
  }

  /// An address of a copy: a variable, and what is added to it.
  mutating func copyAddress(_ address: UInt32) -> (base: Value, summand: UInt64) {
    guard facts[address].residence == .fused else { return (Value(address), 0) }
    let sum = function.nodes[address]
    return isConstant(sum.a)
      ? (Value(sum.b), function.nodes[sum.a].imm) : (Value(sum.a), function.nodes[sum.b].imm)
  }

  // MARK: Branches

  private mutating func fuseBranch(_ index: Int, _ node: Node, _ block: Int) {
    let (value, comparison, _) = testedNode(node)
    let tested = function.nodes[value]
    if isTestOfBits(tested, comparison), isOnlyUsedHere(bits(value, comparison), block) {
      let masked = bits(value, comparison)
      let and = function.nodes[masked]
      // Where only the lower half is tested, all of an i64 would be too much.
      let isWhole = and.operation == Operation(.i64And) && comparison?.type == .i64
      if and.operation == Operation(.i32And) || isWhole, and.a != and.b, !isConstant(and.a) {
        facts[index].fusion = .test
        facts[masked].residence = .fused
        return
      }
      if vectorBranch(and) != nil {
        facts[index].fusion = .vectorTest
        facts[masked].residence = .fused
        return
      }
    }
    guard let comparison else {
      if tested.type == .i32, isFusedLoad(value, block, before: index) {
        facts[index].fusion = .loaded
        facts[value].residence = .fused
      }
      return
    }
    guard comparison.type.isInteger else { return }
    for fusion in [Fusion.comparedA, .comparedB] {
      if fusion == .comparedB && (comparison.isZeroTest || tested.a == tested.b) { continue }
      let operand = Value(fusion == .comparedA ? tested.a : tested.b)
      guard function.nodes[operand].type == comparison.type, isFusedLoad(operand, block, before: index) else {
        continue
      }
      // A constant must be a 32-bit one.
      if !comparison.isZeroTest {
        let other = fusion == .comparedA ? tested.b : tested.a
        if isConstant(other) && !fits(function.nodes[other].imm, comparison.type == .i32 ? 0 : 1) { continue }
      }
      facts[index].fusion = fusion
      facts[operand].residence = .fused
      return
    }
  }

  /// Whether `value` is a load that the branch at `index` can do.
  private mutating func isFusedLoad(_ value: Value, _ block: Int, before index: Int) -> Bool {
    let load = function.nodes[value]
    guard isOnlyUsedHere(value, block), comparedLoad(load) != nil, isLoadInReach(value, of: index) else { return false }
    // Its address is a variable or a constant, no arithmetic.
    switch addressSelection(load, block)?.mode {
    case nil: return isPlainLoad(load)
    case .absolute: return load.c == 0
    default: return false
    }
  }

  /// What a branch tests: the comparison that is fused with it and its node, or the condition itself.
  mutating func testedNode(_ branch: Node) -> (value: Value, comparison: Comparison?, isNegated: Bool) {
    var condition = Value(branch.a)
    var isNegated = false
    while facts[condition].residence == .fused, let opcode = function.nodes[condition].operation.opcode,
      let found = Comparison(opcode)
    {
      let inner = Value(function.nodes[condition].a)
      if opcode == .i32Eqz && facts[inner].residence == .fused && isComparison(inner) {
        isNegated.toggle()
        condition = inner
        continue
      }
      return (condition, found, isNegated)
    }
    return (condition, nil, isNegated)
  }

  mutating func isComparison(_ value: Value) -> Bool {
    guard let opcode = function.nodes[value].operation.opcode else { return false }
    return Comparison(opcode) != nil
  }

  /// Whether a test is whether a value is zero, or is not.
  private mutating func isTestOfBits(_ tested: Node, _ comparison: Comparison?) -> Bool {
    guard let comparison else { return true }
    if comparison.isZeroTest { return true }
    guard comparison.type.isInteger, comparison.condition == .eq || comparison.condition == .ne else { return false }
    return isConstant(tested.b) && function.nodes[tested.b].imm == 0
  }

  /// The value whose bits such a test looks at.
  mutating func bits(_ value: Value, _ comparison: Comparison?) -> Value {
    comparison == nil ? value : Value(function.nodes[value].a)
  }

  /// The number of a load among those that a branch can compare.
  mutating func comparedLoad(_ load: Node) -> Int? {
    switch load.operation.opcode {
    case .i32Load8U: 0
    case .i32Load8S: 1
    case .i32Load16U: 2
    case .i32Load: 3
    case .i64Load: 4
    default: nil
    }
  }

  // MARK: Operands

  /// Appends to `realOperands` each variable that the code of a node with a fusion reads.
  mutating func collectVariables(of index: Int) {
    let node = function.nodes[index]
    switch facts[index].fusion {
    case .none: break
    case .pairA, .pairB:
      let pair = pairSelection(node, facts[index].fusion)!
      collect(pair.x, true)
      if pair.y != .none { collect(pair.y, true) }
      if pair.z != .none { collect(pair.z, true) }
    case .loadA:
      collect(Value(function.nodes[node.a].a), true)
      collect(Value(node.b), true)
    case .loadB:
      collect(Value(function.nodes[node.b].a), true)
      collect(Value(node.a), true)
    case .address:
      let address = addressSelection(node, nil)!
      if address.x != .none { collect(address.x, true) }
      if address.y != .none { collect(address.y, true) }
      if node.type == .none { collect(Value(node.b), true) }
    case .copied:
      collect(copyAddress(function.nodes[node.b].a).base, false)
      collect(copyAddress(node.a).base, false)
    case .test:
      let (value, comparison, _) = testedNode(node)
      let and = function.nodes[bits(value, comparison)]
      collect(Value(and.a), true)
      collect(Value(and.b), true)
    case .loaded:
      let address = Value(function.nodes[testedNode(node).value].a)
      if !isConstant(address.index) { collect(address, true) }
    case .comparedA, .comparedB:
      let (value, comparison, _) = testedNode(node)
      let tested = function.nodes[value]
      let isA = facts[index].fusion == .comparedA
      let address = Value(function.nodes[isA ? tested.a : tested.b].a)
      if !isConstant(address.index) { collect(address, true) }
      if !comparison!.isZeroTest { collect(Value(isA ? tested.b : tested.a), true) }
    case .vectorAddress, .vectorLoadA, .vectorLoadB, .vectorPairA, .vectorPairB, .vectorProductA,
      .vectorProductB, .vectorRotate, .vectorXorRotate,
      .vectorTest:
      collectVectorVariables(node, facts[index].fusion)
    }
  }
}
