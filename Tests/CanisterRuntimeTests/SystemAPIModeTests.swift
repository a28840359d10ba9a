// Every call of the System API in every mode, and what each of them is charged.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing
import WebAssembly

@Suite struct SystemAPIModeTests {
  @Test func theTableIsWhole() {
    #expect(SystemCall.allCases.count == 76)
    #expect(Set(SystemCall.allCases.map(\.name)) == Set(allowedModes.keys))
    for call in SystemCall.allCases {
      #expect((call.type(is64: true) == nil) == onlyIn32Bit.contains(call.name), "\(call.name)")
    }
  }

  /// A call is refused, with the text that names it and the mode, where the interface doesn't have it, and only there.
  @Test(arguments: ExecutionMode.allCases, [false, true]) func allowedAndRefused(
    mode: ExecutionMode, is64: Bool
  ) throws {
    let stage = try Stage(is64: is64)
    for call in SystemCall.allCases {
      guard let type = call.type(is64: is64), let modes = allowedModes[call.name] else { continue }
      let outcome = try stage.run(mode, [Step(call, type.parameters.map { _ in 0 })])
      let refusal =
        "Canister violated contract: \"ic0_\(call.name)\" cannot be executed in \(modeNames[mode] ?? "") mode"
      if modes.contains(mode) {
        #expect(outcome.text?.contains("cannot be executed in") != true, "\(call.name) in \(mode)")
      } else {
        #expect(outcome.code == .canisterContractViolation, "\(call.name) in \(mode)")
        #expect(outcome.text == refusal, "\(call.name) in \(mode)")
        #expect(outcome.result.error?.message.hasPrefix("Error from Canister \(Stage.id): ") == true)
      }
    }
  }

  /// A module cannot import what there isn't for its memory, nor with another type.
  @Test func imports() {
    func isRefused(_ text: String) -> Bool {
      let runtime = CanisterRuntime()
      do throws(CanisterError) {
        try runtime.prepare(Array(text.utf8))
        return false
      } catch {
        return error.code == .canisterInvalidWasm
      }
    }
    func module(_ name: String, _ type: WebAssembly.FunctionType, is64: Bool) -> String {
      let parameters = type.parameters.map { "(param \($0))" }.joined()
      let results = type.results.map { "(result \($0))" }.joined()
      return "(module (import \"ic0\" \"\(name)\" (func \(parameters)\(results))) (memory \(is64 ? "i64" : "") 1))"
    }
    for call in SystemCall.allCases {
      guard let narrow = call.type(is64: false) else { continue }
      #expect(!isRefused(module(call.name, narrow, is64: false)), "\(call.name)")
      let wide = call.type(is64: true)
      // Calls without addresses have one type for both.
      #expect(isRefused(module(call.name, narrow, is64: true)) == (wide != narrow), "\(call.name)")
      if let wide, wide != narrow {
        #expect(!isRefused(module(call.name, wide, is64: true)), "\(call.name)")
        #expect(isRefused(module(call.name, wide, is64: false)), "\(call.name)")
      }
    }
    #expect(isRefused("(module (import \"ic0\" \"msg_missing\" (func)))"))
    #expect(isRefused("(module (import \"ic1\" \"msg_reply\" (func)))"))
  }
}

/// What calls are charged: the count of a function that does nothing but one of them, with constants for its operands.
@Suite struct SystemAPIChargeTests {
  private static let sizes: [UInt64] = [0, 1, 100, 5_000]
  private static let modules = [false, true].map { is64 in
    var text = "(module\n"
    var functions = ""
    for call in SystemCall.allCases {
      guard let type = call.type(is64: is64) else { continue }
      let parameters = type.parameters.map { " (param \($0))" }.joined()
      let results = type.results.map { " (result \($0))" }.joined()
      text += "  (import \"ic0\" \"\(call.name)\" (func $\(call.name)\(parameters)\(results)))\n"
      for size in sizes {
        let constants = zip(type.parameters, operands(call, size)).map { "(\($0).const \($1))" }.joined(separator: " ")
        let code = "(call $\(call.name) \(constants))"
        functions +=
          "  (func (export \"call \(call.name) \(size)\") \(type.results.isEmpty ? code : "(drop \(code))"))\n"
      }
    }
    return Stage.compile("\(text)  (memory \(is64 ? "i64 " : "")1)\n\(functions))")
  }

  /// Operands of which all lengths are `size`, and that are no addresses beyond the end.
  private static func operands(_ call: SystemCall, _ size: UInt64) -> [UInt64] {
    switch call {
    case .callNew: [0, size, 0, size + 1, 0, 0, 0, 0]
    case .envVarNameCopy: [0, 0, 0, size]
    case .envVarValueCopy: [0, 0, 0, 0, size]
    case .costSignWithEcdsa, .costSignWithSchnorr, .costVetkdDeriveKey: [0, size, 0, 0]
    case .performanceCounter, .callWithBestEffortResponse: [0]
    // Growing by nothing.
    case .stableGrow, .stable64Grow: [0]
    default:
      switch call.type(is64: false)?.parameters.count ?? 0 {
      case 3: [0, 0, size]
      case 2: [0, size]
      case let count: [UInt64](repeating: 0, count: count)
      }
    }
  }

  private func run(
    _ stage: Stage, _ call: SystemCall, _ size: UInt64, _ mode: ExecutionMode, limit: UInt64 = 1 << 60
  )
    throws -> ExecutionResult
  {
    defer { stage.machine.discard() }
    return try stage.execute(mode, .export("call \(call.name) \(size)"), limit: limit)
  }

  @Test(arguments: [false, true]) func charges(is64: Bool) throws {
    let stage = try Stage(module: Self.modules[is64 ? 1 : 0])
    #expect(stage.stable.grow(by: 1))
    stage.stable.commit()
    for call in SystemCall.allCases {
      guard let type = call.type(is64: is64), let modes = allowedModes[call.name] else { continue }
      for size in Self.sizes {
        let operands = Self.operands(call, size)
        var charge = expectedCharge(call.name, operands)
        if call == .debugPrint || call == .trap { charge += 2 * min(size, 4_096) + 50 * min(size, 4_096) }
        // The function, its constants, `call`, `drop`.
        let frame = 1 + UInt64(operands.count) + 5 + (type.results.isEmpty ? 0 : 1)
        if (call == .stableWrite || call == .stable64Write) && size > 0 { charge += 1_000 * (size / 4_096 + 1) }
        let expected = frame + charge
        guard let mode = ExecutionMode.allCases.first(where: { modes.contains($0) }) else { continue }
        let result = try run(stage, call, size, mode)
        #expect(result.executedInstructions == expected, "\(call.name) \(size)")
        // Where it isn't allowed it is charged too: the charge comes first.
        if let other = ExecutionMode.allCases.first(where: { !modes.contains($0) }) {
          #expect(try run(stage, call, size, other).executedInstructions == expected, "\(call.name) \(size)")
        }
        // One instruction less is not enough, but for code after the last check: that counts and isn't checked.
        #expect(
          try run(stage, call, size, mode, limit: expected).error?.code != .canisterInstructionLimitExceeded,
          "\(call.name) \(size)")
        let short = try run(stage, call, size, mode, limit: expected - 1)
        #expect(short.error?.code == .canisterInstructionLimitExceeded, "\(call.name) \(size)")
        #expect(short.instructions == expected - 1, "\(call.name) \(size)")
        #expect(
          short.error?.message
            == "Error from Canister \(Stage.id): Canister exceeded the limit of \(expected - 1) instructions for "
            + "single message execution.")
      }
    }
  }

  /// What a message has logged is charged less.
  @Test(arguments: [false, true]) func fullLog(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    func count(_ steps: [Step]) throws -> UInt64 { try stage.run(.update, steps).result.executedInstructions }
    let print = Step(.debugPrint, 0, 3_000)
    let (none, one, two, three) = (
      try count([]), try count([print]), try count([print, print]), try count([print, print, print])
    )
    #expect(one - none - (two - one) == 50 * (3_000 - (4_096 - 3_040)))
    // The oldest record makes room for the newest.
    #expect(two - one == three - two)
    // System subnets print elsewhere too.
    let system = try Stage(is64: is64) { $0 = SubnetConfiguration(.system) }
    let difference =
      try system.run(.update, [print]).result.executedInstructions - system.run(.update, []).result.executedInstructions
    #expect(difference == one - none + 3_000)
    let trap = Step(.trap, 0, 3_000)
    #expect(
      try system.run(.update, [trap]).result.executedInstructions
        == stage.run(.update, [trap]).result.executedInstructions)
  }

  /// What is changed of the heap is charged beside it, and more in canisters with 64-bit memory.
  @Test(arguments: [false, true]) func writtenPages(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let result = try stage.run(.update, [Step(.msgCallerCopy, 4_095, 0, 3)]).result
    // Both pages.
    #expect(result.dirtyPages == 2)
    #expect(result.instructions == result.executedInstructions + 2 * (is64 ? 4_000 : 1_000))
  }
}
