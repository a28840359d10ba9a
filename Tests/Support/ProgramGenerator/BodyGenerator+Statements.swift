// Statements and control flow in generated bodies.

import WebAssembly

extension BodyGenerator {
  // MARK: Constructs

  /// A block, loop or `if` of type `type`, whose parameters are not on the stack yet. It leaves the results.
  mutating func construct(_ type: FunctionType, immediate: [UInt8], depth: Int) {
    constructs += 1
    values(type.parameters, depth: depth + 1)
    let opcode = random.pick([Opcode.block, .loop, .if])
    if opcode == .if { expression(.i32, depth: depth + 1) }
    emit(opcode, immediate)
    labels.append(opcode == .loop ? type.parameters : type.results)
    arm(type, depth: depth)
    if opcode == .if && (type.parameters != type.results || random.chance(1, in: 2)) {
      emit(.else)
      arm(type, depth: depth)
    }
    labels.removeLast()
    emit(.end)
  }

  private mutating func arm(_ type: FunctionType, depth: Int) {
    for parameter in type.parameters.reversed() { consume(parameter) }
    for _ in 0..<random.below(4) where budget > 0 { statement(depth: depth + 1) }
    if random.chance(1, in: 6) {
      unconditional(depth: depth + 1)
      // Dead code, with as many operands as it pleases.
      if random.chance(1, in: 2) { statement(depth: depth + 2) }
      if random.chance(1, in: 2) { return }
    }
    values(type.results, depth: depth + 1)
  }

  /// Takes a value of `type` from the stack.
  private mutating func consume(_ type: ValueType) {
    switch random.below(4) {
    case 0: emit(.drop)
    case 1: emit(.globalSet, leb(layout.types.firstIndex(of: type)!))
    default: emit(.localSet, leb(local(type)))
    }
  }

  // MARK: Statements

  mutating func statement(depth: Int) {
    if depth > 5 || budget <= 0 { return emit(.nop) }
    switch random.below(17) {
    case 0...4:
      let type = random.pick(locals)
      expression(type, depth: depth)
      emit(.localSet, leb(local(type)))
    case 5:
      let type = random.pick(locals)
      expression(type, depth: depth)
      emit(.localTee, leb(local(type)))
      consume(type)
    case 6, 7: store(depth: depth)
    case 8: construct(FunctionType(parameters: [], results: []), immediate: [0x40], depth: depth)
    case 9:
      let index = random.below(layout.blockTypes.count)
      construct(layout.blockTypes[index], immediate: signedLeb(Int64(layout.functions.count + index)), depth: depth)
      for type in layout.blockTypes[index].results.reversed() { consume(type) }
    case 10: countedLoop(depth: depth)
    case 11, 12: conditionalBranch(depth: depth)
    case 13:
      let callee = random.below(layout.functions.count)
      call(callee, depth: depth)
      for type in layout.functions[callee].results.reversed() { consume(type) }
    case 14: bulk(depth: depth)
    case 15 where operandDepth > 0: operandPile(depth: depth)
    default:
      let type = random.pick(locals)
      expression(type, depth: depth)
      consume(type)
    }
  }

  /// Operands that wait on the stack while other statements execute.
  private mutating func operandPile(depth: Int) {
    let types = (0..<1 + random.below(operandDepth)).map { _ in random.pick(layout.types) }
    values(types, depth: 3)
    for _ in 0..<random.below(3) { statement(depth: depth + 1) }
    for type in types.reversed() { consume(type) }
  }

  /// A loop that mostly ends: it counts a local down, unless its body interferes.
  private mutating func countedLoop(depth: Int) {
    constructs += 1
    let counter = local(.i32)
    emit(.i32Const, [UInt8(1 + random.below(6))])
    emit(.localSet, leb(counter))
    emit(.loop, [0x40])
    labels.append([])
    for _ in 0..<random.below(4) where budget > 0 { statement(depth: depth + 1) }
    emit(.localGet, leb(counter))
    emit(.i32Const, [1])
    emit(.i32Sub)
    emit(.localTee, leb(counter))
    emit(.brIf, [0])
    if random.chance(1, in: 3) { statement(depth: depth + 1) }
    labels.removeLast()
    emit(.end)
  }

  private mutating func conditionalBranch(depth: Int) {
    constructs += 1
    let label = random.below(labels.count)
    let types = labels[labels.count - 1 - label]
    values(types, depth: depth + 1)
    if random.chance(1, in: 4) {
      // All labels of a table take the same types.
      let others = labels.indices.map { labels.count - 1 - $0 }.filter { labels[labels.count - 1 - $0] == types }
      // A block around the table, so that the code after it can be reached.
      for type in types.reversed() { consume(type) }
      emit(.block, [0x40])
      labels.append([])
      values(types, depth: depth + 2)
      expression(.i32, depth: depth + 1)
      emit(.i32Const, [7])
      emit(.i32And)
      labels.removeLast()
      let cases = (0..<random.below(6)).map { _ in
        types.isEmpty && random.chance(1, in: 2) ? 0 : random.pick(others) + 1
      }
      emit(.brTable, leb(cases.count) + cases.flatMap { leb($0) } + leb(types.isEmpty ? 0 : label + 1))
      emit(.end)
      return
    }
    expression(.i32, depth: depth + 1)
    emit(.brIf, leb(label))
    for type in types.reversed() { consume(type) }
  }

  private mutating func unconditional(depth: Int) {
    constructs += 1
    switch random.below(8) {
    case 0:
      values(type.results, depth: depth)
      emit(.return)
    case 1: emit(.unreachable)
    case 2, 3: tailCall(depth: depth)
    default:
      let label = random.below(labels.count)
      values(labels[labels.count - 1 - label], depth: depth)
      emit(.br, leb(label))
    }
  }
}
