// A canister's machine without a runtime around it: it executes series of System API calls, in any mode, with any state.
//
// The module is always the same. It reads what to call from its memory, so that a test is data, and nothing has to be
// compiled for it.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI

/// One call with its operands.
struct Step {
  /// A function of the module's table.
  var function: UInt64
  var operands: [UInt64]

  init(_ call: SystemCall, _ operands: UInt64...) { self.init(call, operands) }

  init(_ call: SystemCall, _ operands: [UInt64]) {
    function = UInt64(call.rawValue)
    self.operands = operands
  }

  private init(function: UInt64, operands: [UInt64]) {
    self.function = function
    self.operands = operands
  }

  /// `memory.grow`
  static func grow(_ pages: UInt64) -> Step { Step(function: Script.grow, operands: [pages]) }
  /// `unreachable`
  static let unreachable = Step(function: Script.unreachable, operands: [])
}

/// The module that executes steps.
enum Script {
  // Functions beside the calls.
  static let grow: UInt64 = 80
  static let unreachable: UInt64 = 81
  /// Executes the steps at the address that it gets: a callback.
  static let callback: UInt64 = 82
  /// Of another type than callbacks.
  static let wrongType: UInt64 = 83
  static let null: UInt64 = 84
  static let tableSize: UInt64 = 90

  /// Pages of the memory, and its bytes.
  static let pages: UInt64 = 64
  static let heapSize = pages * MemoryType.pageSize
  /// Where steps are: their number, then 80 bytes for each, of which the last 8 are for its result.
  static let program: UInt64 = 0x20000
  private static let stepSize: UInt64 = 80

  /// The bytes of a program.
  static func encode(_ steps: [Step]) -> [UInt8] {
    var words = [UInt64(steps.count)]
    for step in steps {
      precondition(step.operands.count <= 8)
      words += [step.function] + step.operands + [UInt64](repeating: 0, count: 9 - step.operands.count)
    }
    return words.withUnsafeBytes { Array($0) }
  }

  /// The address of a step's result in a program at `program`.
  static func result(_ index: Int, at program: UInt64 = program) -> UInt64 { program + 80 + UInt64(index) * stepSize }

  /// The module's text. `$run` executes the steps at an address; `body` is more of the module.
  static func text(is64: Bool, _ body: String) -> String {
    let address = is64 ? "i64" : "i32"
    var imports = ""
    var functions = ""
    for call in SystemCall.allCases {
      guard let type = call.type(is64: is64) else { continue }
      let parameters = type.parameters.map { " (param \($0))" }.joined()
      let results = type.results.map { " (result \($0))" }.joined()
      imports += "  (import \"ic0\" \"\(call.name)\" (func $\(call.name)\(parameters)\(results)))\n"
      let operands = type.parameters.enumerated().map { index, type in
        let load = "(i64.load offset=\(8 + 8 * index) (local.get 0))"
        return type == .i32 ? "(i32.wrap_i64 \(load))" : load
      }
      let code = "(call $\(call.name) \(operands.joined(separator: " ")))"
      functions += function(call.rawValue, code, result: type.results.first)
    }
    let grow =
      is64 ? "(memory.grow (i64.load offset=8 (local.get 0)))" : "(memory.grow (i32.load offset=8 (local.get 0)))"
    functions += function(UInt8(self.grow), grow, result: is64 ? .i64 : .i32)
    functions += function(UInt8(unreachable), "(unreachable)", result: nil)
    return """
      (module
      \(imports)
        (type $step (func (param \(address))))
        (memory \(is64 ? "i64 " : "")\(pages))
        (table \(tableSize) funcref)
        (elem (i32.const \(callback)) $run $wrong)
      \(functions)
        (func $wrong (param f32))
        (func $run (param $at \(address)) (local $left i64)
          (local.set $left (i64.load (local.get $at)))
          (local.set $at (\(address).add (local.get $at) (\(address).const 8)))
          (loop $next
            (if (i64.eqz (local.get $left)) (then (return)))
            (call_indirect (type $step) (local.get $at) (i32.wrap_i64 (i64.load (local.get $at))))
            (local.set $at (\(address).add (local.get $at) (\(address).const \(stepSize))))
            (local.set $left (i64.sub (local.get $left) (i64.const 1)))
            (br $next)))
      \(body))
      """
  }

  private static func function(_ index: UInt8, _ code: String, result: ValueType?) -> String {
    let stored =
      switch result {
      case .i32?: "(i64.store offset=72 (local.get 0) (i64.extend_i32_u \(code)))"
      case .i64?: "(i64.store offset=72 (local.get 0) \(code))"
      default: code
      }
    return "  (func $s\(index) (type $step) \(stored))\n  (elem (i32.const \(index)) $s\(index))\n"
  }
}

/// What came of an execution on a stage.
struct Outcome {
  var result: ExecutionResult
  /// Of each step, if the execution succeeded and its memory is kept.
  var results: [UInt64] = []

  var error: CanisterError? { result.error }
  var code: ErrorCode? { result.error?.code }
  /// The error's text without the canister's name and without the backtrace.
  var text: String? {
    guard let message = result.error?.message, let start = message.firstRange(of: ": ") else { return nil }
    let rest = message[start.upperBound...]
    guard let end = rest.firstRange(of: "\nCanister Backtrace:") else { return String(rest) }
    return String(rest[..<end.lowerBound])
  }
}

/// A canister on which series of calls are executed.
final class Stage {
  static let id = Principal(canister: 7)
  static let subnetID = Principal(canister: 0xFFFF)
  static let caller = Principal([1, 2, 3])!
  static let controller = Principal([9, 9])!
  static let time: UInt64 = 1_700_000_000_000_000_000

  private static let engine = Engine(
    EngineConfiguration(
      features: .icp, metering: .icp, compiler: CompilerOptions(optimization: .none), requiresCanister: true))
  private static let modules = [false, true].map { is64 in
    let entry = "(func (export \"canister_update run\") (call $run (\(is64 ? "i64" : "i32").const \(Script.program))))"
    return compile(Script.text(is64: is64, entry))
  }

  static func compile(_ text: String) -> InstalledModule {
    do {
      return try InstalledModule(Array(text.utf8), engine: engine, charges: SubnetConfiguration())
    } catch {
      preconditionFailure("the tests' module is not valid: \(error)")
    }
  }

  let machine: CanisterMachine
  /// The canister's state; successful executions change it.
  var state: SystemState
  var capacity = SubnetCapacity(callbacks: 50, responseMemory: 1 << 30, memory: 2 << 40, memoryUse: 0)
  let configuration: SubnetConfiguration
  let stable: StableMemory
  let entry: String

  /// A canister with the module that executes steps, or with `module` whose functions are executed by their names.
  init(
    is64: Bool = false, module: InstalledModule? = nil, rootKey: [UInt8] = [],
    _ configure: (inout SubnetConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = SubnetConfiguration()
    configure(&configuration)
    self.configuration = configuration
    state = SystemState(
      id: Stage.id, settings: CanisterSettings(controllers: [Stage.controller]), balance: 1 << 80,
      logCapacity: configuration.logCapacity)
    stable = StableMemory()
    machine = try CanisterMachine(
      module ?? Stage.modules[is64 ? 1 : 0], engine: Stage.engine,
      subnet: SubnetInformation(id: Stage.subnetID, rootKey: rootKey, configuration: configuration), system: state,
      stable: stable)
    state.heapBytes = UInt64(machine.memory?.count ?? 0)
    entry = "canister_update run"
  }

  /// The heap's bytes at `address`.
  func heap(_ address: UInt64, _ count: Int) -> [UInt8] { machine.memory?.read(at: address, count: count) ?? [] }

  /// An amount of cycles that a call wrote.
  func amount(_ address: UInt64) -> Cycles {
    heap(address, 16).reversed().reduce(0) { $0 << 8 | Cycles($1) }
  }

  /// Puts bytes into the committed heap.
  func put(_ bytes: [UInt8], at address: UInt64) {
    guard machine.memory?.write(bytes, at: address) == true else { preconditionFailure("no such address") }
    machine.store.commit()
  }

  func put(_ text: String, at address: UInt64) { put(Array(text.utf8), at: address) }

  /// Executes steps, and commits what they did if they succeeded.
  @discardableResult
  func run(
    _ mode: ExecutionMode = .update, _ steps: [Step], limit: UInt64 = 1 << 60,
    _ change: (inout MessageContext) -> Void = { _ in }
  ) throws -> Outcome {
    put(Script.encode(steps), at: Script.program)
    var outcome = Outcome(result: try execute(mode, .export(entry), limit: limit, change))
    // Where the heap isn't kept, it is the old one again.
    let isKept = ![.query, .replicatedQuery, .transform, .inspectMessage].contains(mode)
    if outcome.error == nil && isKept {
      outcome.results = steps.indices.map { index in
        heap(Script.result(index), 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
    }
    machine.discard()
    return outcome
  }

  /// Executes an entry point in `mode`.
  func execute(
    _ mode: ExecutionMode, _ entry: EntryPoint, limit: UInt64 = 1 << 60,
    _ change: (inout MessageContext) -> Void = { _ in }
  ) throws -> ExecutionResult {
    var context = MessageContext(mode, caller: Stage.caller, time: Stage.time, instructionLimit: limit)
    change(&context)
    let execution = try CanisterExecution(machine, entry, context, state, capacity: capacity, slice: limit)
    let result = execution.run()
    if result.error == nil { state = result.system }
    return result
  }
}
