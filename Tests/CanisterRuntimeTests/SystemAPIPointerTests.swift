// What calls do with addresses and lengths that don't fit: for each call that has any, at the borders and far beyond.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

/// A call of which operands are ranges.
struct RangedCall: CustomTestStringConvertible, Sendable {
  enum Range: Sendable {
    /// Of the heap: the operands that are address and length.
    case heap(Int, Int)
    /// The same where the bytes have to be what they are.
    case name(Int, Int)
    /// Of the heap: the operand that is the address of 16 bytes.
    case amount(Int)
    /// Of a blob of `length` bytes: the operands that are offset and length.
    case blob(Int, Int, length: UInt64)
  }

  var call: SystemCall
  /// Operands with which it succeeds.
  var operands: [UInt64]
  var ranges: [Range]
  var mode = ExecutionMode.update
  var needsCall = false

  var testDescription: String { call.name }

  init(
    _ call: SystemCall, _ operands: [UInt64], _ ranges: [Range], mode: ExecutionMode = .update, needsCall: Bool = false
  ) {
    self.call = call
    self.operands = operands
    self.ranges = ranges
    self.mode = mode
    self.needsCall = needsCall
  }

  /// `X_copy` of a blob, of which it copies the bytes 2 to 4.
  static func copy(_ call: SystemCall, length: UInt64, mode: ExecutionMode = .update) -> RangedCall {
    RangedCall(call, [1_000, 2, 3], [.heap(0, 2), .blob(1, 2, length: length)], mode: mode)
  }

  static let all: [RangedCall] = [
    .copy(.msgArgDataCopy, length: 100), .copy(.msgCallerCopy, length: 20), .copy(.msgCallerInfoDataCopy, length: 50),
    .copy(.msgCallerInfoSignerCopy, length: 10), .copy(.msgRejectMsgCopy, length: 11, mode: .rejectCallback),
    .copy(.msgMethodNameCopy, length: 6, mode: .inspectMessage), .copy(.canisterSelfCopy, length: 10),
    .copy(.subnetSelfCopy, length: 10), .copy(.rootKeyCopy, length: 60),
    .copy(.dataCertificateCopy, length: 70, mode: .query),
    RangedCall(.envVarNameCopy, [1, 1_000, 2, 3], [.heap(1, 3), .blob(2, 3, length: 7)]),
    // The name is "SECOND_".
    RangedCall(.envVarValueCopy, [512, 7, 1_000, 2, 3], [.name(0, 1), .heap(2, 4), .blob(3, 4, length: 9)]),
    RangedCall(.envVarValueSize, [512, 7], [.name(0, 1)]),
    RangedCall(.envVarNameExists, [512, 7], [.heap(0, 1)]),
    RangedCall(.msgReplyDataAppend, [512, 7], [.heap(0, 1)]), RangedCall(.msgReject, [512, 7], [.heap(0, 1)]),
    RangedCall(.msgCyclesAvailable128, [512], [.amount(0)]),
    RangedCall(.msgCyclesRefunded128, [512], [.amount(0)], mode: .replyCallback),
    RangedCall(.msgCyclesAccept128, [0, 1, 512], [.amount(2)]), RangedCall(.cyclesBurn128, [0, 1, 512], [.amount(2)]),
    RangedCall(.canisterCycleBalance128, [512], [.amount(0)]),
    RangedCall(.canisterLiquidCycleBalance128, [512], [.amount(0)]),
    RangedCall(.callNew, [600, 10, 512, 7, 0, 0, 0, 0], [.heap(0, 1), .heap(2, 3)]),
    RangedCall(.callDataAppend, [512, 7], [.heap(0, 1)], needsCall: true),
    RangedCall(.isController, [600, 10], [.heap(0, 1)]), RangedCall(.certifiedDataSet, [512, 7], [.heap(0, 1)]),
    RangedCall(.costCall, [1, 1, 512], [.amount(2)]), RangedCall(.costCreateCanister, [512], [.amount(0)]),
    RangedCall(.costHttpRequest, [1, 1, 512], [.amount(2)]),
    RangedCall(.costSignWithEcdsa, [512, 7, 0, 1_000], [.heap(0, 1)]),
    RangedCall(.costSignWithSchnorr, [512, 7, 0, 1_000], [.heap(0, 1)]),
    RangedCall(.costVetkdDeriveKey, [512, 7, 0, 1_000], [.heap(0, 1)]),
  ]

  /// Calls without addresses, and those that other tests are for.
  static let others: Set<SystemCall> = [
    .stable64Read, .stable64Write, .stableRead, .stableWrite, .debugPrint, .trap, .mintCycles128, .costHttpRequestV2,
  ]
}

@Suite struct SystemAPIPointerTests {
  /// Executes a call with these operands.
  private func run(_ stage: Stage, _ ranged: RangedCall, _ operands: [UInt64]) throws -> Outcome {
    var steps = [Step(ranged.call, operands)]
    if ranged.needsCall { steps.insert(Step(.callNew, 600, 10, 512, 7, 0, 0, 0, 0), at: 0) }
    return try stage.run(ranged.mode, steps) {
      $0.argument = [UInt8](repeating: 1, count: 100)
      $0.caller = Principal([UInt8](repeating: 1, count: 20))!
      $0.callerInfo = [UInt8](repeating: 1, count: 50)
      $0.callerInfoSigner = [UInt8](repeating: 1, count: 10)
      $0.reject = CanisterReject(code: .canisterReject, error: .canisterRejectedMessage, message: "the refusal")
      $0.methodName = "method"
      $0.dataCertificate = [UInt8](repeating: 1, count: 70)
      $0.cyclesAvailable = 100
      $0.cyclesRefunded = 100
    }
  }

  private func stage(is64: Bool) throws -> Stage {
    let stage = try Stage(is64: is64, rootKey: [UInt8](repeating: 1, count: 60))
    stage.put("SECOND_", at: 512)
    stage.put(Stage.id.bytes, at: 600)
    stage.state.settings.setEnvironment([
      EnvironmentVariable(name: "SECOND_", value: "the value"), EnvironmentVariable(name: "FIRST_", value: ""),
    ])
    return stage
  }

  /// Every call with an address is in the list.
  @Test func theListIsWhole() {
    let listed = Set(RangedCall.all.map(\.call)).union(RangedCall.others)
    for call in SystemCall.allCases where call.type(is64: true) != nil {
      let addresses = zip(
        call.type(is64: true)?.parameters ?? [], call.type(is64: false)?.parameters ?? []
      ).filter { $0 != $1 }.count
      // Indices into the table and among the variables are no addresses.
      if call == .callOnCleanup || call == .envVarNameSize { continue }
      #expect(addresses == 0 || listed.contains(call), "\(call.name)")
    }
  }

  @Test(arguments: RangedCall.all, [false, true]) func ranges(ranged: RangedCall, is64: Bool) throws {
    let stage = try stage(is64: is64)
    let heap = Script.heapSize
    let most: UInt64 = is64 ? .max : UInt64(UInt32.max)

    func check(_ what: String, _ change: (inout [UInt64]) -> Void, succeeds: Bool) throws {
      var operands = ranged.operands
      change(&operands)
      let before = stage.state
      let outcome = try run(stage, ranged, operands)
      if succeeds {
        #expect(outcome.error == nil, "\(what): \(operands)")
        return
      }
      // Where the length alone costs more than there is.
      let isCharged = is64 && outcome.code == .canisterInstructionLimitExceeded && operands.contains { $0 >= 1 << 50 }
      #expect(isCharged || outcome.code == .canisterContractViolation, "\(what): \(operands)")
      // Nothing is written, and nothing of the canister is changed.
      #expect(outcome.result.dirtyPages == 0, "\(what): \(operands)")
      #expect(outcome.result.effects.response == nil && outcome.result.system.balance == before.balance)
    }

    try check("as it should be", { _ in }, succeeds: true)
    for range in ranged.ranges {
      switch range {
      case .heap(let address, let length), .name(let address, let length):
        let size = ranged.operands[length]
        let isName = if case .name = range { true } else { false }
        try check("at the end", { $0[address] = heap - size }, succeeds: !isName)
        try check("over the end", { $0[address] = heap - size + 1 }, succeeds: false)
        try check("after the end", { $0[address] = heap }, succeeds: false)
        try check("far", { $0[address] = most }, succeeds: false)
        try check("around", { $0[address] = most - size + 1 }, succeeds: false)
        for far in [most, most / 2 + 1, most - 999, heap, heap + 1] {
          try check("long", { $0[length] = far }, succeeds: false)
          try check(
            "long from 1",
            {
              $0[length] = far; $0[address] = 1
            }, succeeds: false)
        }
        if !isName {
          try check("nothing", { $0[length] = 0 }, succeeds: true)
          try check(
            "nothing at the end",
            {
              $0[length] = 0; $0[address] = heap
            }, succeeds: true)
        }
        try check(
          "nothing after the end",
          {
            $0[length] = 0; $0[address] = heap + 1
          }, succeeds: false)
        try check(
          "nothing far",
          {
            $0[length] = 0; $0[address] = most
          }, succeeds: false)
      case .amount(let address):
        try check("at the end", { $0[address] = heap - 16 }, succeeds: true)
        for start in [heap - 15, heap - 1, heap, heap + 1, most, most - 15] {
          try check("over the end", { $0[address] = start }, succeeds: false)
        }
      case .blob(let offset, let length, let count):
        try check(
          "all",
          {
            $0[offset] = 0; $0[length] = count
          }, succeeds: true)
        try check(
          "the last byte",
          {
            $0[offset] = count - 1; $0[length] = 1
          }, succeeds: true)
        try check(
          "nothing at the end",
          {
            $0[offset] = count; $0[length] = 0
          }, succeeds: true)
        try check(
          "one too many",
          {
            $0[offset] = 0; $0[length] = count + 1
          }, succeeds: false)
        try check(
          "over the end",
          {
            $0[offset] = count - 1; $0[length] = 2
          }, succeeds: false)
        try check(
          "nothing after the end",
          {
            $0[offset] = count + 1; $0[length] = 0
          }, succeeds: false)
        try check(
          "far",
          {
            $0[offset] = most; $0[length] = 1
          }, succeeds: false)
        try check(
          "around",
          {
            $0[offset] = most - 1; $0[length] = 3
          }, succeeds: false)
        try check(
          "nothing far",
          {
            $0[offset] = most; $0[length] = 0
          }, succeeds: false)
      }
    }
  }

  /// In 32-bit canisters the upper half of an address isn't there.
  @Test func upperHalves() throws {
    let stage = try stage(is64: false)
    let ranged = RangedCall.copy(.msgArgDataCopy, length: 100)
    #expect(try run(stage, ranged, [1 << 32 | 1_000, 2 << 32 | 2, 5 << 32 | 3]).error == nil)
    #expect(stage.heap(1_000, 4) == [1, 1, 1, 0])
  }

  /// Calls that need a memory fail without one; the others work.
  @Test func withoutMemory() throws {
    let imports = SystemCall.allCases.map { call in
      let type = call.type(is64: false)!
      return "(import \"ic0\" \"\(call.name)\" (func $\(call.name)"
        + type.parameters.map { "(param \($0))" }.joined() + type.results.map { "(result \($0))" }.joined() + "))"
    }
    let functions = SystemCall.allCases.map { call in
      let type = call.type(is64: false)!
      let code = "(call $\(call.name) \(type.parameters.map { "(\($0).const 0)" }.joined()))"
      return "(func (export \"call \(call.name)\") \(type.results.isEmpty ? code : "(drop \(code))"))"
    }
    let stage = try Stage(module: Stage.compile("(module \(imports.joined())\(functions.joined()))"))
    func run(_ call: SystemCall, _ mode: ExecutionMode) throws -> CanisterError? {
      defer { stage.machine.discard() }
      return try stage.execute(mode, .export("call \(call.name)")).error
    }
    for ranged in RangedCall.all where !ranged.needsCall && ranged.call != .envVarNameCopy {
      let error = try run(ranged.call, ranged.mode)
      #expect(error?.code == .canisterContractViolation, "\(ranged.call.name)")
      let text = "Canister violated contract: WebAssembly module must define memory"
      #expect(error?.message.contains(text) == true || ranged.call == .dataCertificateCopy, "\(ranged.call.name)")
    }
    for call in [SystemCall.debugPrint, .trap] {
      #expect(try run(call, .update)?.code == .canisterContractViolation, "\(call.name)")
    }
    for call in [SystemCall.time, .msgReply, .canisterSelfSize, .stable64Size, .stable64Read, .stable64Write] {
      #expect(try run(call, .update) == nil, "\(call.name)")
    }
  }
}
