// Verifies the threaded code of one function, in time linear in its length. What passes cannot touch memory outside its
// frame, its instance and the checked ways into linear memory, whatever made it. (It may still compute nonsense.)
//
// The first pass finds where operations begin and which of them are branch targets. The second checks every field, and
// that slots and accumulators are written before they are read: a slot counts as written if it is a parameter, if the
// entry operation zeroes it, or if an earlier operation of the same straight run of code wrote it. A call overwrites the
// slots from its frame's header on. The third (in ThreadedVerifier+Progress.swift) sees to it that no execution goes on
// without end, or far, without being charged and checked.

import WebAssembly

extension ThreadedOperation {
  /// Length in words at `operation`, the table of a switch included. At least 1; can exceed any buffer.
  @inline(__always)
  public func length(at operation: UnsafePointer<UInt64>) -> Int {
    isSwitch ? wordCount + switchCount(at: operation) : wordCount
  }

  /// Number of entries of a switch.
  @inline(__always)
  func switchCount(at operation: UnsafePointer<UInt64>) -> Int { Int(operation[1] >> 32) }
}

/// Slots beyond its logical cost that a frame may use without `enterLarge`; the executor's stacks have that much room.
public let frameReserve = 8192

/// How many times its logical cost a frame takes at most where the compiler is free to lay it out, and half of what any
/// frame takes. So a stack that has room for twice as much as its limit times this never ends before its limit.
public let frameRatio = 4

/// Verifies `words`, the code of defined function `index`.
public func verify(
  _ artifact: Artifact, _ function: ArtifactFunction, index: Int, words: UnsafeMutableBufferPointer<UInt64>
) throws(ArtifactError) {
  let found = ArtifactLayout.checksum(function, words: UnsafeRawBufferPointer(words), in: artifact.bytes.buffer)
  guard found == function.checksum else { throw .corrupt("function \(index)") }
  var verifier = ThreadedVerifier(artifact, function, index, words)
  try verifier.findOperations()
  try verifier.checkOperations()
  try verifier.checkProgress()
}

struct ThreadedVerifier: ~Copyable {
  let artifact: Artifact
  let function: ArtifactFunction
  let index: Int
  let base: UnsafePointer<UInt64>
  let count: Int
  private let parameterSlots: Int
  private let resultSlots: Int
  private let returnsScalar: Bool
  private let returnsFloat: Bool
  /// Per word.
  let marks: ZeroedBuffer<UInt8>
  /// Per slot: the number of the operation that last wrote it, plus 1; 0 for never.
  private let written: ZeroedBuffer<UInt32>
  private var zeroed = 0..<0
  /// Number of the present operation, plus 1.
  private var sequence: UInt32 = 0
  private var runStart: UInt32 = 0
  private var lastCall: UInt32 = 0
  private var lowestCalled = Int.max
  private var accumulatorIsWritten = false
  private var floatIsWritten = false
  /// The last call's single result, if it is no vector; else `.none`.
  private var scalarResult = IRType.none

  init(_ artifact: Artifact, _ function: ArtifactFunction, _ index: Int, _ words: UnsafeMutableBufferPointer<UInt64>) {
    self.artifact = artifact
    self.function = function
    self.index = index
    count = words.count
    base = UnsafePointer(words.baseAddress!)
    let type = artifact.functionType(artifact.spaces.importedFunctionCount + index)
    parameterSlots = type.parameters.reduce(0) { $0 + $1.slotCount }
    resultSlots = type.results.reduce(0) { $0 + $1.slotCount }
    returnsScalar = type.results.count == 1 && resultSlots == 1
    returnsFloat = returnsScalar && IRType(type.results[0]).isFloat
    marks = ZeroedBuffer(count: count)
    written = ZeroedBuffer(count: min(function.frameSlots, ThreadedVerifier.slotLimit))
  }

  private static let slotLimit = 1 << 24

  /// Bits of `marks`.
  enum Mark {
    static let operation: UInt8 = 1
    static let target: UInt8 = 2
    /// From here on a check comes, whatever way execution takes, before it goes back.
    static let checks: UInt8 = 4
    /// From here on something is charged, whatever way execution takes, before it goes back or calls.
    static let charges: UInt8 = 8
    /// What back edges to here leave to what follows.
    static let mustCheck: UInt8 = 16
    static let mustCharge: UInt8 = 32
  }

  func fail(_ word: Int, _ rule: String) -> ArtifactError { .invalidCode(function: index, word: word, rule: rule) }

  // MARK: First pass

  mutating func findOperations() throws(ArtifactError) {
    guard count > 0, count < 1 << 28 else { throw fail(0, "no code, or too much") }
    guard function.frameSlots <= ThreadedVerifier.slotLimit, parameterSlots <= function.frameSlots,
      function.frameCost < 1 << 30
    else {
      throw fail(0, "frame size")
    }
    var position = 0
    while position < count {
      guard base[position] < UInt64(ThreadedOperation.count) else { throw fail(position, "unknown operation") }
      let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: base[position]))
      guard operation.wordCount <= count - position else { throw fail(position, "operation is cut off") }
      let length = operation.length(at: base + position)
      guard length <= count - position else { throw fail(position, "operation is cut off") }
      marks.insert(Mark.operation, at: position)
      if operation.isSwitch {
        guard length > operation.wordCount else { throw fail(position, "switch without entries") }
        for entry in operation.wordCount..<length {
          try markTarget(position, Int(Int32(truncatingIfNeeded: base[position + entry])))
        }
      } else {
        for field in operation.fields where field.kindCode == ThreadedFieldKind.branch.rawValue {
          try markTarget(position, Int(Int32(truncatingIfNeeded: field.value(at: base + position))))
        }
      }
      position += length
      if position == count && !operation.effects.contains(.terminator) { throw fail(position, "code runs off its end") }
    }
  }

  private func markTarget(_ position: Int, _ displacement: Int) throws(ArtifactError) {
    let target = position + displacement
    guard target > 0, target < count else { throw fail(position, "branch leaves the function") }
    marks.insert(Mark.target, at: target)
  }

  // MARK: Second pass

  mutating func checkOperations() throws(ArtifactError) {
    var position = 0
    var previousEnds = true
    while position < count {
      let mark = marks[position]
      let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: base[position]))
      let length = operation.length(at: base + position)
      for word in position + 1..<position + length where marks[word] & Mark.target != 0 {
        throw fail(word, "branch into an operation")
      }
      sequence &+= 1
      if mark & Mark.target != 0 || previousEnds {
        runStart = sequence
        lastCall = 0
        lowestCalled = Int.max
        accumulatorIsWritten = false
        floatIsWritten = false
      }
      let effects = operation.effects
      if effects.contains(.entry) != (position == 0) { throw fail(position, "entry operation") }
      if effects.contains(.readsAccumulator) && !accumulatorIsWritten {
        throw fail(position, "accumulator is read before it is written")
      }
      if effects.contains(.readsFloat) && !floatIsWritten {
        throw fail(position, "float accumulator is read before it is written")
      }
      try checkFields(operation, position)
      try checkSpecial(operation, position)
      if effects.contains(.call) {
        // A single result arrives in the accumulator of its class.
        accumulatorIsWritten = scalarResult.isInteger
        floatIsWritten = scalarResult.isFloat
      }
      if effects.contains(.writesAccumulator) { accumulatorIsWritten = true }
      if effects.contains(.writesFloat) { floatIsWritten = true }
      previousEnds = effects.contains(.terminator)
      position += length
    }
  }

  private func read(_ slot: Int, _ position: Int) throws(ArtifactError) {
    guard slot < function.frameSlots else { throw fail(position, "slot \(slot) outside the frame") }
    if slot < parameterSlots || zeroed.contains(slot) { return }
    let when = written[slot]
    if when >= runStart && when != 0 && (slot < lowestCalled || when >= lastCall) { return }
    throw fail(position, "slot \(slot) is read before it is written")
  }

  private func write(_ slot: Int, _ position: Int) throws(ArtifactError) {
    guard slot < function.frameSlots else { throw fail(position, "slot \(slot) outside the frame") }
    written[slot] = sequence
  }

  private mutating func checkFields(_ operation: ThreadedOperation, _ position: Int) throws(ArtifactError) {
    let spaces = artifact.spaces
    let module = artifact.module
    // Reads come before writes in effect, whatever the order of the fields.
    for field in operation.fields {
      let value = field.value(at: base + position)
      func within(_ limit: Int, _ what: String) throws(ArtifactError) {
        if value >= UInt64(limit) { throw fail(position, "\(what) \(value) is out of range") }
      }
      switch field.kind {
      case .readSlot, .readWide: try read(Int(value), position)
      case .readPair:
        try read(Int(value), position)
        try read(Int(value) + 1, position)
      case .function: try within(artifact.functionCount, "function")
      case .imported: try within(spaces.importedFunctionCount, "imported function")
      case .anyFunction: try within(spaces.functions.count, "function")
      case .type:
        try within(module.types.count, "type")
        guard case .function = module.types[Int(value)].composite else {
          throw fail(position, "type \(value) is no function type")
        }
      case .table: try within(spaces.tables.count, "table")
      case .memory: try within(spaces.memories.count, "memory")
      case .global:
        try within(spaces.globals.count, "global")
        if operation.writesGlobal && !spaces.globals[Int(value)].isMutable {
          throw fail(position, "global \(value) is immutable")
        }
      case .data: try within(module.data.count, "data segment")
      case .element: try within(module.elements.count, "element segment")
      case .trap:
        if TrapKind(rawValue: UInt8(truncatingIfNeeded: value)) == nil || value > 255 {
          throw fail(position, "unknown trap")
        }
      case .lane: try within(Int(ThreadedTables.laneLimits[Int(operation.number)]), "lane")
      case .writeSlot, .writePair, .writeWide, .immediate, .offset, .word, .branch, .cost, .wideCost, .stride, .result,
        .count,
        .zeroCount, .frameCost:
        break
      }
    }
    for field in operation.fields {
      let value = Int(truncatingIfNeeded: field.value(at: base + position))
      switch field.kind {
      case .writeSlot, .writeWide: try write(value, position)
      case .writePair:
        try write(value, position)
        try write(value + 1, position)
      default: break
      }
    }
  }

  /// Rules of single operations.
  private mutating func checkSpecial(_ operation: ThreadedOperation, _ position: Int) throws(ArtifactError) {
    let words = base + position
    switch operation {
    case .enter, .enterLarge:
      guard Int(words[1] >> 32) == function.frameCost else { throw fail(position, "frame cost") }
      let from = Int(words[2] >> 32)
      let zeros = Int(words[2] & 0xFFFF_FFFF)
      guard from <= function.frameSlots, zeros <= function.frameSlots - from else {
        throw fail(position, "zeroed slots outside the frame")
      }
      zeroed = from..<from + zeros
      if operation == .enter {
        guard function.frameSlots <= function.frameCost + frameReserve else {
          throw fail(position, "frame is too large for its entry")
        }
      } else {
        guard Int(words[3] & 0xFFFF_FFFF) == function.frameSlots else { throw fail(position, "frame size") }
      }
    case .charge, .chargeCheck: if words[1] > 1 << 32 { throw fail(position, "charge is too large") }
    case .call:
      try checkCall(artifact.spaces.importedFunctionCount + Int(words[1] & 0xFFFF_FFFF), stride: words[2], position)
    case .callMove, .callMoveTwo, .callAdd:
      try checkCall(artifact.spaces.importedFunctionCount + Int(words[1] & 0xFFFF_FFFF), stride: words[3], position)
    case .callImport: try checkCall(Int(words[1] & 0xFFFF_FFFF), stride: words[2], position)
    case .callIndirect_s, .callIndirect_a:
      try checkFunctionTable(Int(words[2] >> 32), position)
      try checkCall(type: Int(words[2] & 0xFFFF_FFFF), stride: words[3], position)
    case .callReference: try checkCall(type: Int(words[2] & 0xFFFF_FFFF), stride: words[3], position)
    case .tailCallReference: try checkTailCall(type(Int(words[3] & 0xFFFF_FFFF)), words[2], position)
    case .tailCall:
      try checkTailCall(
        functionType(artifact.spaces.importedFunctionCount + Int(words[1] & 0xFFFF_FFFF)), words[2], position)
    case .tailCallImport: try checkTailCall(functionType(Int(words[1] & 0xFFFF_FFFF)), words[2], position)
    case .tailCallIndirect:
      try checkFunctionTable(Int(words[3] >> 32), position)
      try checkTailCall(type(Int(words[3] & 0xFFFF_FFFF)), words[2], position)
    case .raiseStack, .lowerStack:
      if words[1] & 0xFFFF_FFFF > 1 << 24 { throw fail(position, "stack adjustment is too large") }
    case .return:
      if returnsScalar { throw fail(position, "return without the result") }
      for slot in 0..<resultSlots { try read(slot, position) }
    case .return_a, .return_s, .return_i:
      if !returnsScalar || returnsFloat { throw fail(position, "return with a single integer result") }
    case .returnFloat_a, .returnFloat_s:
      if !returnsScalar || !returnsFloat { throw fail(position, "return with a single float result") }
    case .exit, .leaveInstance, .resumeHostCall, .retryHostCall: throw fail(position, "operation of the runtime")
    default: break
    }
  }

  private func functionType(_ index: Int) -> FunctionType { artifact.functionType(index) }

  private func type(_ index: Int) -> FunctionType {
    guard case .function(let type) = artifact.module.types[index].composite else {
      preconditionFailure("checked by checkFields")
    }
    return type
  }

  /// The handlers take the elements of a function table for addresses of functions.
  private func checkFunctionTable(_ index: Int, _ position: Int) throws(ArtifactError) {
    let element = artifact.spaces.tables[index].element.heapType
    var holdsFunctions = element == .func || element == .nofunc
    if element.isConcrete, case .function = artifact.module.types[Int(element.typeIndex)].composite {
      holdsFunctions = true
    }
    if !holdsFunctions { throw fail(position, "table \(index) holds no functions") }
  }

  private mutating func checkCall(_ index: Int, stride: UInt64, _ position: Int) throws(ArtifactError) {
    try checkCall(functionType(index), stride, position)
  }

  private mutating func checkCall(type index: Int, stride: UInt64, _ position: Int) throws(ArtifactError) {
    try checkCall(type(index), stride, position)
  }

  /// A call's frame lies behind everything of ours that is written once and for all, and inside our own frame with its
  /// header, arguments and results.
  private mutating func checkCall(_ type: FunctionType, _ word: UInt64, _ position: Int) throws(ArtifactError) {
    let stride = Int(word & 0xFFFF_FFFF)
    let destination = Int(word >> 32)
    let parameters = type.parameters.reduce(0) { $0 + $1.slotCount }
    let results = type.results.reduce(0) { $0 + $1.slotCount }
    guard stride >= 1, stride - 1 >= parameterSlots, stride - 1 >= zeroed.upperBound, stride <= function.frameSlots,
      max(parameters, results) <= function.frameSlots - stride
    else { throw fail(position, "the callee's frame is misplaced") }
    for slot in stride..<stride + parameters { try read(slot, position) }
    lowestCalled = min(lowestCalled, stride - 1)
    lastCall = sequence
    scalarResult = IRType(type.results.first ?? .v128)
    if type.results.count != 1 || results != 1 { scalarResult = .none }
    if type.results.count == 1 && results == 1 {
      try write(destination, position)
    } else {
      for slot in stride..<stride + results { try write(slot, position) }
      guard destination < function.frameSlots else { throw fail(position, "result slot outside the frame") }
    }
  }

  private func checkTailCall(_ type: FunctionType, _ word: UInt64, _ position: Int) throws(ArtifactError) {
    let start = Int(word & 0xFFFF_FFFF)
    let slots = Int(word >> 32)
    let parameters = type.parameters.reduce(0) { $0 + $1.slotCount }
    let results = type.results
    guard slots == parameters, start <= function.frameSlots, slots <= function.frameSlots - start else {
      throw fail(position, "arguments of a tail call")
    }
    guard results.reduce(0, { $0 + $1.slotCount }) == resultSlots,
      (results.count == 1 && resultSlots == 1) == returnsScalar,
      !returnsScalar || IRType(results[0]).isFloat == returnsFloat
    else {
      throw fail(position, "tail call of a function with other results")
    }
    for slot in start..<start + slots { try read(slot, position) }
  }
}

extension ThreadedOperation {
  fileprivate var writesGlobal: Bool {
    switch self {
    case .globalSet_s, .globalSet_a, .globalSetFloat_a, .globalSetPair, .globalStepI32_kd, .globalStepI32_kn,
      .globalStepI32_nd, .globalStepI32_nn, .globalStepI64_kd, .globalStepI64_kn, .globalStepI64_nd, .globalStepI64_nn,
      .globalSetSumI32, .globalSetSumI64:
      true
    default: false
    }
  }
}
