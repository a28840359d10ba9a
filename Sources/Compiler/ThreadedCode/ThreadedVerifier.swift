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
  func switchCount(at operation: UnsafePointer<UInt64>) -> Int { ThreadedOperation.switchCount(at: operation) }

  @inline(__always)
  static func switchCount(at operation: UnsafePointer<UInt64>) -> Int { Int(operation[1] >> 32) }
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

/// The methods that passes call for each operation or field are `mutating` although some change nothing: the optimizer of
/// Swift 6.3 copies the structure for each call of a method that borrows it.
struct ThreadedVerifier: ~Copyable {
  let module: VerifiedModule
  let function: ArtifactFunction
  let index: Int
  let base: UnsafePointer<UInt64>
  let count: Int
  let table = VerificationTable.shared
  private let functionCount: Int
  private let frameSlots: Int
  private let signature: VerifiedModule.Signature
  private let parameterSlots: Int
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
  /// Both float registers, by one operation.
  private var vectorIsWritten = false
  /// The last call's single result, if it is no vector; else `.none`.
  private var scalarResult = IRType.none

  init(_ artifact: Artifact, _ function: ArtifactFunction, _ index: Int, _ words: UnsafeMutableBufferPointer<UInt64>) {
    module = artifact.verified
    self.function = function
    self.index = index
    count = words.count
    base = UnsafePointer(words.baseAddress!)
    functionCount = artifact.functionCount
    frameSlots = function.frameSlots
    signature = module.signatures[Int(module.functions[module.importedFunctionCount + index])]
    parameterSlots = signature.parameterSlots
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

  @inline(never)
  func fail(_ word: Int, _ rule: String) -> ArtifactError { .invalidCode(function: index, word: word, rule: rule) }

  // MARK: First pass

  mutating func findOperations() throws(ArtifactError) {
    guard count > 0, count < 1 << 28 else { throw fail(0, "no code, or too much") }
    guard function.frameSlots <= ThreadedVerifier.slotLimit, parameterSlots <= function.frameSlots,
      function.frameCost < 1 << 30
    else {
      throw fail(0, "frame size")
    }
    let operations = table.operations
    var position = 0
    while position < count {
      guard base[position] < UInt64(ThreadedOperation.count) else { throw fail(position, "unknown operation") }
      let operation = operations[Int(base[position])]
      guard Int(operation.wordCount) <= count - position else { throw fail(position, "operation is cut off") }
      var length = Int(operation.wordCount)
      if operation.isSwitch {
        length += ThreadedOperation.switchCount(at: base + position)
        guard length <= count - position else { throw fail(position, "operation is cut off") }
        guard length > operation.wordCount else { throw fail(position, "switch without entries") }
        for entry in Int(operation.wordCount)..<length { try markTarget(position, base[position + entry]) }
      } else if operation.branchWord != 0 {
        try markTarget(position, base[position + Int(operation.branchWord)])
      }
      marks.insert(Mark.operation, at: position)
      position += length
      if position == count && !operation.effects.contains(.terminator) { throw fail(position, "code runs off its end") }
    }
  }

  /// `word` has the displacement in its low half.
  @inline(__always)
  private mutating func markTarget(_ position: Int, _ word: UInt64) throws(ArtifactError) {
    let target = position + Int(Int32(truncatingIfNeeded: word))
    guard target > 0, target < count else { throw fail(position, "branch leaves the function") }
    marks.insert(Mark.target, at: target)
  }

  // MARK: Second pass

  mutating func checkOperations() throws(ArtifactError) {
    let operations = table.operations
    let fields = table.fields
    var position = 0
    var previousEnds = true
    while position < count {
      let words = base + position
      let operation = operations[Int(words[0])]
      var length = Int(operation.wordCount)
      if operation.isSwitch { length += ThreadedOperation.switchCount(at: words) }
      sequence &+= 1
      if marks[position] & Mark.target != 0 || previousEnds {
        runStart = sequence
        lastCall = 0
        lowestCalled = Int.max
        accumulatorIsWritten = false
        floatIsWritten = false
        vectorIsWritten = false
      }
      let effects = operation.effects
      if effects.contains(.entry) != (position == 0) { throw fail(position, "entry operation") }
      if effects.contains(.readsAccumulator) && !accumulatorIsWritten {
        throw fail(position, "accumulator is read before it is written")
      }
      if effects.contains(.readsFloat) && !floatIsWritten {
        throw fail(position, "float accumulator is read before it is written")
      }
      if effects.contains(.readsVector) && !vectorIsWritten {
        throw fail(position, "vector accumulator is read before it is written")
      }
      // Reads come before writes in effect, whatever the order of the fields.
      var field = fields + Int(operation.firstField)
      let ranged = field + Int(operation.readCount)
      while field < ranged {
        try read(Int(truncatingIfNeeded: field.pointee.value(at: words)), position)
        if field.pointee.kindCode == ThreadedFieldKind.readPair.rawValue {
          try read(Int(truncatingIfNeeded: field.pointee.value(at: words)) + 1, position)
        }
        field += 1
      }
      let writes = ranged + Int(operation.rangedCount)
      while field < writes {
        try checkRange(field.pointee, words, position)
        field += 1
      }
      let end = writes + Int(operation.writeCount)
      while field < end {
        try write(Int(truncatingIfNeeded: field.pointee.value(at: words)), position)
        if field.pointee.kindCode == ThreadedFieldKind.writePair.rawValue {
          try write(Int(truncatingIfNeeded: field.pointee.value(at: words)) + 1, position)
        }
        field += 1
      }
      if operation.rule != .none { try checkSpecial(operation.rule, position) }
      if effects.contains(.call) {
        // A single result arrives in the accumulator of its class.
        accumulatorIsWritten = scalarResult.isInteger
        floatIsWritten = scalarResult.isFloat
        vectorIsWritten = false
      }
      if effects.contains(.writesAccumulator) { accumulatorIsWritten = true }
      if effects.contains(.writesFloat) {
        floatIsWritten = true
        vectorIsWritten = false
      }
      if effects.contains(.writesVector) {
        floatIsWritten = true
        vectorIsWritten = true
      }
      previousEnds = effects.contains(.terminator)
      position += length
    }
  }

  @inline(__always)
  private mutating func read(_ slot: Int, _ position: Int) throws(ArtifactError) {
    guard slot < frameSlots else { throw slotOutside(slot, position) }
    let when = written[slot]
    if when >= runStart && when != 0 && (slot < lowestCalled || when >= lastCall) { return }
    if slot < parameterSlots || zeroed.contains(slot) { return }
    throw fail(position, "slot \(slot) is read before it is written")
  }

  @inline(__always)
  private mutating func write(_ slot: Int, _ position: Int) throws(ArtifactError) {
    guard slot < frameSlots else { throw slotOutside(slot, position) }
    written[slot] = sequence
  }

  @inline(never)
  private func slotOutside(_ slot: Int, _ position: Int) -> ArtifactError {
    fail(position, "slot \(slot) outside the frame")
  }

  /// Checks a field whose values have a range.
  private mutating func checkRange(
    _ field: ThreadedField, _ words: UnsafePointer<UInt64>, _ position: Int
  ) throws(ArtifactError) {
    let value = field.value(at: words)
    var limit = 0
    switch field.kind {
    case .function: limit = functionCount
    case .imported: limit = module.importedFunctionCount
    case .anyFunction: limit = module.functions.count
    case .type: limit = module.signatures.count
    case .table: limit = module.tableHoldsFunctions.count
    case .memory: limit = module.memoryCount
    case .global: limit = module.globalIsMutable.count
    case .data: limit = module.dataCount
    case .element: limit = module.elementCount
    case .lane: limit = Int(ThreadedTables.laneLimits[Int(words[0])])
    case .trap:
      if TrapKind(rawValue: UInt8(truncatingIfNeeded: value)) == nil || value > 255 {
        throw fail(position, "unknown trap")
      }
      return
    default: preconditionFailure("a field without a range")
    }
    if value >= UInt64(limit) { throw fail(position, "\(field.kind.rangeName) \(value) is out of range") }
    switch field.kind {
    case .type:
      if !module.signatures[Int(value)].isFunction { throw fail(position, "type \(value) is no function type") }
    case .global:
      let operation = ThreadedOperation(number: UInt16(truncatingIfNeeded: words[0]))
      if operation.writesGlobal && !module.globalIsMutable[Int(value)] {
        throw fail(position, "global \(value) is immutable")
      }
    default: break
    }
  }

  /// Rules of single operations.
  private mutating func checkSpecial(_ rule: OperationRule, _ position: Int) throws(ArtifactError) {
    let words = base + position
    switch rule {
    case .none: break
    case .enter, .enterLarge:
      guard Int(words[1] >> 32) == function.frameCost else { throw fail(position, "frame cost") }
      let from = Int(words[2] >> 32)
      let zeros = Int(words[2] & 0xFFFF_FFFF)
      guard from <= function.frameSlots, zeros <= function.frameSlots - from else {
        throw fail(position, "zeroed slots outside the frame")
      }
      zeroed = from..<from + zeros
      if rule == .enter {
        guard function.frameSlots <= function.frameCost + frameReserve else {
          throw fail(position, "frame is too large for its entry")
        }
      } else {
        guard Int(words[3] & 0xFFFF_FFFF) == function.frameSlots else { throw fail(position, "frame size") }
      }
    case .charge: if words[1] > 1 << 32 { throw fail(position, "charge is too large") }
    case .call: try checkCall(of: module.importedFunctionCount + low(words[1]), words[2], position)
    case .callAndMore: try checkCall(of: module.importedFunctionCount + low(words[1]), words[3], position)
    case .callImport: try checkCall(of: low(words[1]), words[2], position)
    case .callIndirect:
      try checkFunctionTable(Int(words[2] >> 32), position)
      try checkCall(module.signatures[low(words[2])], words[3], position)
    case .callReference: try checkCall(module.signatures[low(words[2])], words[3], position)
    case .tailCall: try checkTailCall(of: module.importedFunctionCount + low(words[1]), words[2], position)
    case .tailCallImport: try checkTailCall(of: low(words[1]), words[2], position)
    case .tailCallIndirect:
      try checkFunctionTable(Int(words[3] >> 32), position)
      try checkTailCall(module.signatures[low(words[3])], words[2], position)
    case .tailCallReference: try checkTailCall(module.signatures[low(words[3])], words[2], position)
    case .adjustStack: if words[1] & 0xFFFF_FFFF > 1 << 24 { throw fail(position, "stack adjustment is too large") }
    case .returnNone:
      if signature.scalar != .none { throw fail(position, "return without the result") }
      for slot in 0..<signature.resultSlots { try read(slot, position) }
    case .returnInteger:
      if !signature.scalar.isInteger { throw fail(position, "return with a single integer result") }
    case .returnFloat:
      if !signature.scalar.isFloat { throw fail(position, "return with a single float result") }
    case .runtimeOnly: throw fail(position, "operation of the runtime")
    }
  }

  private func low(_ word: UInt64) -> Int { Int(word & 0xFFFF_FFFF) }

  /// The handlers take the elements of a function table for addresses of functions.
  private func checkFunctionTable(_ index: Int, _ position: Int) throws(ArtifactError) {
    if !module.tableHoldsFunctions[index] { throw fail(position, "table \(index) holds no functions") }
  }

  /// Checks a call of a function by its index among all.
  private mutating func checkCall(of index: Int, _ word: UInt64, _ position: Int) throws(ArtifactError) {
    try checkCall(module.signatures[Int(module.functions[index])], word, position)
  }

  /// A call's frame lies behind everything of ours that is written once and for all, and inside our own frame with its
  /// header, arguments and results.
  private mutating func checkCall(
    _ callee: VerifiedModule.Signature, _ word: UInt64, _ position: Int
  ) throws(ArtifactError) {
    let stride = low(word)
    let destination = Int(word >> 32)
    let parameters = callee.parameterSlots
    let results = callee.resultSlots
    guard stride >= 1, stride - 1 >= parameterSlots, stride - 1 >= zeroed.upperBound, stride <= frameSlots,
      max(parameters, results) <= frameSlots - stride
    else { throw fail(position, "the callee's frame is misplaced") }
    for slot in stride..<stride + parameters { try read(slot, position) }
    lowestCalled = min(lowestCalled, stride - 1)
    lastCall = sequence
    scalarResult = callee.scalar
    if scalarResult != .none {
      try write(destination, position)
    } else {
      for slot in stride..<stride + results { try write(slot, position) }
      guard destination < frameSlots else { throw fail(position, "result slot outside the frame") }
    }
  }

  /// Checks a tail call of a function by its index among all.
  private mutating func checkTailCall(of index: Int, _ word: UInt64, _ position: Int) throws(ArtifactError) {
    try checkTailCall(module.signatures[Int(module.functions[index])], word, position)
  }

  private mutating func checkTailCall(
    _ callee: VerifiedModule.Signature, _ word: UInt64, _ position: Int
  ) throws(ArtifactError) {
    let start = low(word)
    let slots = Int(word >> 32)
    guard slots == callee.parameterSlots, start <= frameSlots, slots <= frameSlots - start else {
      throw fail(position, "arguments of a tail call")
    }
    guard callee.resultSlots == signature.resultSlots, callee.scalar.isInteger == signature.scalar.isInteger,
      callee.scalar.isFloat == signature.scalar.isFloat
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
      .globalSetSumI32, .globalSetSumI64, .globalSetReturn, .globalSetReturn_a, .globalSetReturn_s, .globalSetReturn_i:
      true
    default: false
    }
  }
}

extension ThreadedFieldKind {
  /// What a field with a range is called where it is out of range.
  fileprivate var rangeName: String {
    switch self {
    case .anyFunction: "function"
    case .imported: "imported function"
    case .data: "data segment"
    case .element: "element segment"
    default: "\(self)"
    }
  }
}
