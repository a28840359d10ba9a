// Small functions' bodies in place of calls.
//
// The builder walks over the callee's operators as if they stood in a block in place of the call, with locals of their
// own. What a call does that can be observed stays: the stack's limit is looked at, the callee's entry is a check point
// and charged, and traps and calls in the body know the functions they are in (`InlineSite`).

import WasmBinary
import WebAssembly

/// The body that the builder walks over.
struct InlinedBody: BitwiseCopyable {
  /// Added to an operator's offset in the module.
  var bias = 0
  /// Number of the body's first local.
  var firstLocal = 0
  /// Its frame, or -1 for the function itself.
  var frame = -1
  /// Its site, or `UInt32.max`.
  var site = UInt32.max
}

/// What is inlined: chosen by size, since nothing is known of how often a call executes.
enum InlineLimits {
  /// Bytes of operators.
  static let size = 64
  static let parameters = 8
  static let locals = 8
  /// Bodies in bodies.
  static let nesting = 3
  /// Bytes of other functions' bodies in a function of `size` bytes, and of its own one.
  static func budget(_ size: Int) -> Int { size / 2 + 16 }
  static func recursionBudget(_ size: Int) -> Int { 4 * size }
}

/// Bytes of the operators of `body` if calls of it may be replaced by them, else 0.
///
/// Bodies with loops are not small in time; tail calls, several results and operators that are not supported are left out.
func inlineSize(_ module: Module, body: FunctionBody, signature: BlockSignature) -> UInt8 {
  guard body.range.count <= InlineLimits.size + 16, signature.results.count <= 1,
    signature.parameters.count <= InlineLimits.parameters
  else { return 0 }
  do throws(ModuleError) {
    let buffer = module.bytes.buffer
    let declarations = try LocalDeclarations(buffer, body: body, parameterCount: Int(signature.parameters.count))
    guard declarations.operators.count <= InlineLimits.size, declarations.total <= InlineLimits.locals else { return 0 }
    var reader = InstructionReader(buffer, range: declarations.operators)
    var instruction = Instruction()
    while !reader.isAtEnd {
      try reader.next(&instruction)
      switch OperatorRow.kind(of: instruction.opcode) {
      case .loop, .tryTable, .unsupported, .returnCall, .returnCallIndirect, .returnCallRef: return 0
      case .block, .if:
        if case .type = instruction.blockType { return 0 }
      default: break
      }
    }
    return UInt8(declarations.operators.count)
  } catch {
    return 0
  }
}

extension FunctionBuilder {
  mutating func resetInlining(size: Int) {
    inlined = InlinedBody()
    let mayInline = inlines && !isPinned
    inlineBudget = mayInline ? InlineLimits.budget(size) : 0
    recursionBudget = mayInline ? InlineLimits.recursionBudget(size) : 0
    nextSiteStart = context.module.bytes.buffer.count
  }

  /// Whether a call of `callee` here is replaced by its body.
  @inline(__always)
  func canInline(_ callee: UInt32) -> Bool {
    if mode != .live || callee < tables.importedFunctionCount { return false }
    let size = Int(tables.inlineSizes[Int(callee - tables.importedFunctionCount)])
    let budget = callee == ir.index ? recursionBudget : inlineBudget
    if size == 0 || size > budget || nextSiteStart + size > Int(UInt32.max) { return false }
    // Around this call are few bodies, and none of the same function: recursion is unrolled once.
    var nesting = 1
    var site = inlined.site
    while site != .max {
      if ir.sites[site].function == callee { return false }
      nesting += 1
      site = ir.sites[site].parent
    }
    return nesting <= InlineLimits.nesting
  }

  /// Builds the body of `callee`, whose arguments are on the stack, in place of a call, and leaves its results there.
  /// Returns false if finding the values of locals takes too long.
  mutating func inline(_ callee: UInt32) throws(ModuleError) -> Bool {
    let type = tables.functions[Int(callee)]
    let signature = tables.signatures[Int(type)]
    let body = context.module.bodies[Int(callee - tables.importedFunctionCount)]
    let buffer = context.module.bytes.buffer
    let count = Int(signature.parameters.count)
    var declarations = try LocalDeclarations(buffer, body: body, parameterCount: count)
    let size = declarations.operators.count
    // Locals cost as well: each body has its own.
    let cost = size + count + Int(declarations.total)
    if callee == ir.index { recursionBudget -= cost } else { inlineBudget -= cost }
    expansionLimit += 32 * size
    workLimit += size

    let outer = (
      inlined: inlined, charge: unitCharge, cost: unitCost, start: unitStart, height: greatestHeight, offset: offset
    )
    let site = UInt32(truncatingIfNeeded: ir.sites.count)
    let bodyStart = declarations.operators.start
    offset = UInt32(truncatingIfNeeded: nextSiteStart)
    unitCharge = ir.add(Node(.enter, flags: NodeFlags.check, a: 0), offset: offset).index
    unitCost = UInt64(context.policy.functionEntryCost)
    unitStart = bodyStart
    ir.sites.append(
      InlineSite(
        function: callee, start: offset, bodyStart: UInt32(truncatingIfNeeded: bodyStart),
        size: UInt32(truncatingIfNeeded: size), call: outer.offset, parent: inlined.site, entry: unitCharge, depth: 0))
    inlined = InlinedBody(
      bias: nextSiteStart - bodyStart, firstLocal: nextInlinedLocal, frame: frames.count, site: site)
    nextSiteStart += size

    let first = stack.count - count
    for index in 0..<count {
      defineInlinedLocal(tables.types[Int(signature.parameters.start) + index], stack[first + index])
    }
    drop(count)
    var localSlots = 0
    while let run = try declarations.next() {
      let type = IRType(run.type)
      let zero = zero(type).index
      for _ in 0..<run.count { defineInlinedLocal(type, zero) }
      localSlots += Int(run.count) * type.slotCount
    }
    let height = stack.count + vectorCount
    greatestHeight = height
    frames.append(
      ControlFrame(kind: .inlined, isLive: true, height: stack.count, vectors: vectorCount, signature: signature))
    var reader = InstructionReader(buffer, range: declarations.operators)
    guard try walk(&reader) else { return false }

    // Its own cost; `finishSites` adds what is around it.
    ir.sites[site].depth = UInt32(
      StackCost.frame(
        parameterSlots: tables.parameterSlots[Int(type)], localSlots: localSlots, operandSlots: greatestHeight - height)
    )
    greatestHeight = max(outer.height, stack.count + vectorCount)
    inlined = outer.inlined
    unitCharge = outer.charge
    unitCost = outer.cost
    unitStart = outer.start
    offset = outer.offset
    return true
  }

  /// Makes `value` that of the next local of the body. No number is used twice: block parameters get their incoming values,
  /// and more of them their types, when the function is at its end.
  private mutating func defineInlinedLocal(_ type: IRType, _ value: UInt32) {
    let local = nextInlinedLocal
    nextInlinedLocal += 1
    if local >= locals.count { locals.append(repeating: LocalState(), count: local + 1 - locals.count) }
    locals[local] = LocalState(generation: generation, initial: value, type: type)
    setLocal(local, to: value)
  }

  /// Adds up what frames cost: of each site, and for its entry.
  mutating func finishSites() {
    for index in 0..<ir.sites.count {
      let parent = ir.sites[index].parent
      if parent != .max { ir.sites[index].depth += ir.sites[parent].depth }
      ir.nodes[ir.sites[index].entry].a = UInt32(truncatingIfNeeded: ir.frameCost) + ir.sites[index].depth
    }
  }
}
