// What lowering does to vector operators before it fuses them and gives out slots: brings them into the shapes that there are
// operations for, and finds the constants that are operands in the code, so that no slot holds them.

import WebAssembly

extension Operation {
  /// Whether this is a vector operator, accesses and constants among them: their rows stand together.
  @inline(__always)
  var isVector: Bool {
    code >= UInt16(truncatingIfNeeded: Opcode.v128Load.row)
      && code <= UInt16(truncatingIfNeeded: Opcode.i32x4RelaxedDotI8x16I7x16AddS.row)
  }

  /// The operator that gives the same with its operands exchanged, for comparisons that say which is greater.
  fileprivate var mirrored: Operation? {
    let opcode: Opcode
    switch self.opcode {
    case .i8x16LtS: opcode = .i8x16GtS
    case .i8x16LtU: opcode = .i8x16GtU
    case .i8x16GtS: opcode = .i8x16LtS
    case .i8x16GtU: opcode = .i8x16LtU
    case .i16x8LtS: opcode = .i16x8GtS
    case .i16x8LtU: opcode = .i16x8GtU
    case .i16x8GtS: opcode = .i16x8LtS
    case .i16x8GtU: opcode = .i16x8LtU
    case .i32x4LtS: opcode = .i32x4GtS
    case .i32x4LtU: opcode = .i32x4GtU
    case .i32x4GtS: opcode = .i32x4LtS
    case .i32x4GtU: opcode = .i32x4LtU
    case .f32x4Lt: opcode = .f32x4Gt
    case .f32x4Gt: opcode = .f32x4Lt
    case .f32x4Le: opcode = .f32x4Ge
    case .f32x4Ge: opcode = .f32x4Le
    case .f64x2Lt: opcode = .f64x2Gt
    case .f64x2Gt: opcode = .f64x2Lt
    case .f64x2Le: opcode = .f64x2Ge
    case .f64x2Ge: opcode = .f64x2Le
    default: return nil
    }
    return Operation(opcode)
  }

  /// The lane width in bits of a splat; nil for other operators.
  fileprivate var splatWidth: Int? {
    switch opcode {
    case .i8x16Splat: 8
    case .i16x8Splat: 16
    case .i32x4Splat, .f32x4Splat: 32
    case .i64x2Splat, .f64x2Splat: 64
    default: nil
    }
  }
}

extension Lowering {
  /// Whether there is an operation for `operation` in `form`.
  @inline(__always)
  mutating func hasForm(_ operation: Operation, _ form: OperandForm) -> Bool {
    ThreadedTables.selection[Int(operation.code) * 10 + form.rawValue] != .max
  }

  /// Makes constants of constants' splats, puts constants on the right, and of comparisons uses those whose operations read
  /// the accumulator on either side.
  mutating func prepareVectors() {
    for index in 0..<function.nodes.count where function.nodes[index].operation.isVector {
      let node = function.nodes[index]
      if let width = node.operation.splatWidth {
        let operand = function.nodes[node.a]
        if !operand.operation.isScalarConstant { continue }
        var bits = operand.imm & (UInt64.max >> UInt64(64 - width))
        for shift in [8, 16, 32] where shift >= width { bits |= bits << UInt64(shift) }
        function.nodes[index] = Node(Operation(.v128Const), type: .v128, imm: UInt64(function.vectors.count))
        function.vectors.append((bits, bits))
        continue
      }
      guard node.type == .v128, node.operation.info.shape == [.a, .b], !node.operation.info.isAccess else { continue }
      guard let mirrored = node.operation.info.isCommutative ? node.operation : node.operation.mirrored,
        !isVectorConstant(node.b)
      else { continue }
      let form = isVectorConstant(node.a) ? OperandForm.siD : .asD
      if hasForm(mirrored, form) && (form == .siD || !hasForm(node.operation, form)) {
        function.nodes[index].operation = mirrored
        function.nodes[index].a = node.b
        function.nodes[index].b = node.a
      }
    }
  }

  private mutating func isVectorConstant(_ value: UInt32) -> Bool {
    function.nodes[value].operation == Operation(.v128Const)
  }

  /// Whether the operation for `node` can have its last operand in the code.
  private mutating func takesConstant(_ node: Node) -> Bool {
    node.operation.isVector && node.operation.info.shape == [.a, .b] && hasForm(node.operation, .siD)
      && !isVectorConstant(node.a)
  }

  /// Makes those vector constants whose users all take them so operands in the code. In a slot the others are read again
  /// and again.
  mutating func findVectorConstants() {
    isNeeded.truncate(to: 0)
    isNeeded.append(repeating: false, count: function.nodes.count)
    var hasAny = false
    for index in 0..<function.nodes.count {
      let node = function.nodes[index]
      if node.operation == Operation(.v128Const) { hasAny = true }
      if node.operation.isVector && node.operation.info.shape == [.a, .b] {
        if isVectorConstant(node.a) { isNeeded[node.a] = true }
        if isVectorConstant(node.b) && !takesConstant(node) { isNeeded[node.b] = true }
        continue
      }
      let shape = node.operation.info.shape
      if shape.contains(.a) && isVectorConstant(node.a) { isNeeded[node.a] = true }
      if shape.contains(.b) && isVectorConstant(node.b) { isNeeded[node.b] = true }
      if shape.contains(.c) && isVectorConstant(node.c) { isNeeded[node.c] = true }
      if shape.rawValue & (OperandShape.list.rawValue | OperandShape.incoming.rawValue) != 0 {
        let start = shape.contains(.list) ? node.b : node.a
        let count = shape.contains(.list) ? node.c : function.blocks[node.b].predecessorCount
        for position in start..<start + count {
          let value = function.operands[position]
          if isVectorConstant(value) { isNeeded[value] = true }
        }
      }
    }
    if !hasAny { return }
    for index in 0..<function.nodes.count
    where isVectorConstant(UInt32(truncatingIfNeeded: index)) && !isNeeded[index] && facts[index].uses > 0 {
      facts[index].residence = .constant
    }
  }

  /// Whether a node's vector is in the accumulator afterwards. Lanes are replaced in slots.
  mutating func leavesVector(_ node: Node) -> Bool {
    guard let opcode = node.operation.opcode else { return false }
    if opcode == .select { return true }
    guard node.operation.isVector else { return false }
    return opcode.info.immediates != .memoryLane && opcode.info.immediates != .lane
  }
}
