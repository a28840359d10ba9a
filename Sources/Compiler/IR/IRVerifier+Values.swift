// The verifier's rules for values: definitions, parameters and types.

import WebAssembly

extension IRVerifier {
  // MARK: Parameters

  mutating func checkParameters(_ function: borrowing IRFunction) {
    definingBlock.append(repeating: .max, count: function.nodes.count)
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      for index in function.nodeRange(of: block) where function.definesValue(index) {
        definingBlock[index] = UInt32(block)
      }
    }
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      var parameter = function.blocks[block].firstParameter
      while parameter != .max {
        guard parameter < function.nodes.count else {
          report("a parameter is out of range", block: block)
          break
        }
        let index = Int(parameter)
        let node = function.nodes[index]
        guard node.operation == .parameter, node.b == block, node.type != .none, definingBlock[index] == .max else {
          report("a parameter is not one, belongs to another block, or stands twice", block: block, node: index)
          break
        }
        definingBlock[index] = UInt32(block)
        require(
          Int(node.a) + Int(function.blocks[block].predecessorCount) <= function.operands.count,
          "the incoming values are out of range", block: block, node: index)
        parameter = node.c
      }
    }
    require(function.blocks[0].firstParameter == .max, "the entry block has parameters", block: 0)
  }

  // MARK: Values

  mutating func checkValues(_ function: borrowing IRFunction) {
    let dominators = DominatorTree(function)
    for block in 0..<function.blocks.count where function.blocks[block].isReachable {
      function.forEachParameter(of: block) { parameter in
        let node = function.nodes[parameter]
        var position = node.a
        function.forEachPredecessor(of: block) { edge in
          let value = function.operands[position]
          position += 1
          let from = Int(function.edges[edge].from.index)
          guard value < function.nodes.count, definingBlock[value] != .max else {
            report("an incoming value is not defined", block: block, node: parameter)
            return
          }
          require(
            function.nodes[value].type == node.type, "an incoming value has another type", block: block,
            node: parameter)
          require(
            dominators.dominates(Int(definingBlock[value]), from),
            "the incoming value of edge \(edge) does not dominate it", block: block, node: parameter)
        }
      }
      for index in function.nodeRange(of: block) {
        let operation = function.nodes[index].operation
        // A call with several results has no type itself; `checkIndices` knows where it stands.
        if [.parameter, .copy, .removed, .result].contains(operation) { continue }
        function.forEachOperand(of: index) { value in
          let definition = definingBlock[value]
          if definition == .max || function.nodes[value].operation == .copy {
            report("operand \(value.index) is not defined", block: block, node: index)
          } else if definition == block {
            require(
              value.index < index || function.nodes[value].operation == .parameter,
              "operand \(value.index) is defined later", block: block, node: index)
          } else {
            require(
              dominators.dominates(Int(definition), block), "operand \(value.index) does not dominate its use",
              block: block, node: index)
          }
        }
        if violations.isEmpty { checkTypes(function, index, block: block) }
      }
    }
  }

  // MARK: Types

  private mutating func checkTypes(_ function: borrowing IRFunction, _ index: Int, block: Int) {
    let node = function.nodes[index]
    func type(_ value: UInt32) -> IRType { function.nodes[value].type }
    var isRight = true
    switch node.operation {
    case .argument:
      isRight = node.imm < function.parameterTypes.count && function.parameterTypes[Int(node.imm)] == node.type
      isRight = isRight && block == 0
    case .jump, .trap: break
    case .charge: isRight = node.flags & NodeFlags.check != 0 || node.imm > 0
    case .branch, .switch: isRight = type(node.a) == .i32
    case .return: isRight = hasTypes(function, node.b, node.c, function.resultTypes)
    case .chargeDynamic: isRight = type(node.a) == (node.flags & NodeFlags.wide != 0 ? .i64 : .i32)
    case .localGet:
      isRight = node.imm < function.pinnedLocals.count && function.pinnedLocals[Int(node.imm)] == node.type
    case .localSet:
      isRight = node.imm < function.pinnedLocals.count && function.pinnedLocals[Int(node.imm)] == type(node.a)
    default:
      guard let opcode = node.operation.opcode else { break }
      if opcode.info.hasFixedSignature {
        checkFixedSignature(function, index, opcode, block: block)
      } else {
        checkVariableSignature(function, index, opcode, block: block)
      }
    }
    require(isRight, "types or immediates do not fit", block: block, node: index)
  }

  private func hasTypes(_ function: borrowing IRFunction, _ start: UInt32, _ count: UInt32, _ types: [IRType]) -> Bool {
    if count != types.count { return false }
    for (index, type) in types.enumerated() where function.nodes[function.operands[Int(start) + index]].type != type {
      return false
    }
    return true
  }

  private mutating func checkFixedSignature(
    _ function: borrowing IRFunction, _ index: Int, _ opcode: Opcode, block: Int
  ) {
    let node = function.nodes[index]
    let info = opcode.info
    require(
      node.type == IRType(rawValue: info.resultCode), "\(opcode.mnemonic): the result has another type", block: block,
      node: index)
    for (position, value) in [node.a, node.b, node.c].enumerated() {
      let code = info.operandCode(position)
      if code == 0 { break }
      let type = function.nodes[value].type
      let isRight: Bool
      if code == SignatureType.address.rawValue {
        let memory = Int(node.c)
        if let context {
          let is64 = memory < context.spaces.memories.count && context.spaces.memories[memory].limits.address == .i64
          isRight = memory < context.spaces.memories.count && type == (is64 ? .i64 : .i32)
        } else {
          isRight = type.isInteger
        }
      } else {
        isRight = type == IRType(rawValue: code)
      }
      require(isRight, "\(opcode.mnemonic): operand \(position) has another type", block: block, node: index)
    }
    switch info.immediates {
    case .lane:
      require(UInt32(node.flags) < info.alignmentOrLanes, "the lane is out of range", block: block, node: index)
    case .memoryLane:
      require(UInt32(node.flags) < 16 >> info.alignmentOrLanes, "the lane is out of range", block: block, node: index)
    default: break
    }
  }

  private mutating func checkVariableSignature(
    _ function: borrowing IRFunction, _ index: Int, _ opcode: Opcode, block: Int
  ) {
    let node = function.nodes[index]
    func type(_ value: UInt32) -> IRType { function.nodes[value].type }
    var isRight = true
    switch opcode {
    case .select:
      isRight = node.type == type(node.a) && node.type == type(node.b) && type(node.c) == .i32
    case .memorySize, .tableSize: isRight = node.type.isInteger
    case .memoryGrow: isRight = node.type == type(node.a) && (node.type == .i64) == (node.flags & NodeFlags.wide != 0)
    case .tableGrow: isRight = node.type == type(node.b) && (node.type == .i64) == (node.flags & NodeFlags.wide != 0)
    case .memoryFill, .memoryCopy, .memoryInit, .tableFill, .tableCopy, .tableInit:
      isRight = type(node.c) == (node.flags & NodeFlags.wide != 0 ? .i64 : .i32)
    case .tableGet: isRight = node.type == .i64 && type(node.a).isInteger
    case .tableSet: isRight = type(node.b) == .i64 && type(node.a).isInteger
    case .refFunc: isRight = node.type == .i64
    case .dataDrop, .elemDrop: break
    case .globalGet, .globalSet:
      if let context {
        isRight = node.imm < context.spaces.globals.count
        if isRight {
          let expected = IRType(context.spaces.globals[Int(node.imm)].value)
          isRight = expected == (opcode == .globalGet ? node.type : type(node.a))
        }
      }
    case .call, .callIndirect, .callRef, .returnCall, .returnCallIndirect, .returnCallRef:
      isRight = isRightCall(function, node, opcode)
    default:
      isRight = false
    }
    require(isRight, "\(opcode.mnemonic): types or immediates do not fit", block: block, node: index)
  }

  private func isRightCall(_ function: borrowing IRFunction, _ node: Node, _ opcode: Opcode) -> Bool {
    guard let context else { return true }
    var typeIndex = node.imm & 0xFFFF_FFFF
    if opcode == .call || opcode == .returnCall {
      guard node.imm < context.spaces.functions.count else { return false }
      typeIndex = UInt64(context.spaces.functions[Int(node.imm)])
    }
    guard typeIndex < context.module.types.count else { return false }
    let isIndirect = opcode == .callIndirect || opcode == .returnCallIndirect
    if isIndirect {
      guard node.c > 0, function.nodes[function.operands[node.b + node.c - 1]].type.isInteger else { return false }
    }
    let results = context.results(ofType: UInt32(typeIndex))
    if node.operation.info.effects.contains(.terminator) {
      if results != function.resultTypes { return false }
    } else if node.type != (results.count == 1 ? results[0] : .none) {
      return false
    }
    let count = node.c - (isIndirect ? 1 : 0)
    return hasTypes(function, node.b, count, context.parameters(ofType: UInt32(typeIndex)))
  }
}
