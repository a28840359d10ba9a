// The IR against the reference interpreter, on everything that the core suite's scripts invoke: results, traps,
// instructions executed, globals and memories must be equal, before and after the passes, and with pinned locals.

import Compiler
import Foundation
import ReferenceInterpreter
import Testing
import WasmBinary
import WasmText
import WebAssembly

struct IRConfiguration: CustomTestStringConvertible, Sendable {
  var optimization: OptimizationLevel
  var policy: MeteringPolicy
  var pinsAllLocals = false
  var testDescription: String { "\(optimization), \(policy)\(pinsAllLocals ? ", pinned" : "")" }

  /// Debug builds are slow: they leave out what the others cover mostly.
  static let all: [IRConfiguration] = {
    var list = [
      IRConfiguration(optimization: .full, policy: .icp),
      IRConfiguration(optimization: .full, policy: .operators, pinsAllLocals: true),
    ]
    if !CompilerOptions.verifiesByDefault {
      list.append(IRConfiguration(optimization: .none, policy: .icp))
      list.append(IRConfiguration(optimization: .full, policy: .none))
    }
    return list
  }()
}

/// An oracle instance and an IR machine that start in the same state.
final class MachinePair {
  static let stackLimit = 2000
  let module: Module
  let store: OracleStore
  let instance: OracleInstance
  let machine: IRMachine

  /// Throws if the module needs anything but the functions, globals, tables and memories of "spectest".
  init(_ module: Module, _ configuration: IRConfiguration) throws {
    self.module = module
    var limits = OracleLimits()
    limits.stackSlots = MachinePair.stackLimit
    let store = OracleStore(policy: configuration.policy, limits: limits)
    self.store = store
    // Functions first, in order: so addresses in the store are function indices.
    var hostFunctions: [OracleFunction] = []
    for item in module.imports {
      guard case .function(let index) = item.description else { continue }
      guard case .function(let type) = module.types[Int(index)].composite, type.results.isEmpty,
        !type.parameters.contains(where: { $0.isReference && $0.heapType.isConcrete })
      else {
        throw IRStop.unsupported("import \(item.name)")
      }
      hostFunctions.append(store.hostFunction(type) { _, _ in [] })
    }
    var next = 0
    instance = try store.instantiate(module) { item in
      guard item.module == "spectest" else { return nil }
      switch item.description {
      case .function:
        next += 1
        return .function(hostFunctions[next - 1])
      case .memory(let type): return store.memory(type).map { .memory($0) }
      case .table(let type): return store.table(type).map { .table($0) }
      case .global(let type):
        let value: OracleValue
        switch type.value {
        case .i32: value = .i32(666)
        case .i64: value = .i64(666)
        case .f32: value = .f32(Float(666.6).bitPattern)
        case .f64: value = .f64(Double(666.6).bitPattern)
        default: return nil
        }
        return .global(OracleGlobal(type: type, value: value))
      case .tag: return nil
      }
    }
    let context = FrontendContext(module: module, policy: configuration.policy)
    let options = CompilerOptions(optimization: configuration.optimization, verifiesIR: true)
    let functions = IRFunctions(context, options, pinsAllLocals: configuration.pinsAllLocals)
    let elements: [[UInt64]] = module.elements.map { segment in
      guard case .passive = segment.mode else { return [] }
      switch segment.items {
      case .functions(let list): return list.map { UInt64($0) + 1 }
      case .expressions(let list): return list.map { MachinePair.handle($0, in: module) }
      }
    }
    machine = try IRMachine(functions, elements: elements, stackLimit: MachinePair.stackLimit)
    machine.globals = instance.globals.map { MachinePair.bits($0.value) }
    machine.tables = instance.tables.map { $0.elements.map { MachinePair.bits(.reference($0)) } }
    machine.memories = instance.memories.map { memory in
      var bytes = [UInt8](repeating: 0, count: Int(memory.byteCount))
      for (page, contents) in memory.contents {
        bytes.replaceSubrange((page << 16)..<((page + 1) << 16), with: contents)
      }
      return bytes
    }
  }

  /// What an expression of an element segment gives, if it is a constant reference.
  static func handle(_ expression: ConstantExpression, in module: Module) -> UInt64 {
    var reader = InstructionReader(module.bytes.buffer, range: expression.range)
    var instruction = Instruction()
    guard (try? reader.next(&instruction)) != nil, instruction.opcode == .refFunc else { return 0 }
    return UInt64(instruction.a) + 1
  }

  static func bits(_ value: OracleValue) -> UInt64 {
    switch value {
    case .i32(let bits), .f32(let bits): UInt64(bits)
    case .i64(let bits), .f64(let bits): bits
    case .v128(let vector): vector.low
    case .reference(.null): 0
    case .reference(.function(let address)): UInt64(address) + 1
    case .reference(.external(let number)): 1 << 40 | UInt64(number)
    }
  }

  enum Outcome: Hashable, CustomStringConvertible {
    case results([UInt64], executed: UInt64)
    case trap(TrapKind, executed: UInt64)
    case unsupported

    var description: String {
      switch self {
      case .results(let bits, let executed): "\(bits) after \(executed)"
      case .trap(let kind, let executed): "\(kind) after \(executed)"
      case .unsupported: "unsupported"
      }
    }
  }

  /// Invokes an export on both sides; `nil` if either can't.
  func invoke(_ name: String, _ arguments: [OracleValue], limit: Int64) -> (oracle: Outcome, ir: Outcome)? {
    guard let function = instance.function(name) else { return nil }
    store.setLimit(limit)
    let oracle: Outcome
    do throws(OracleStop) {
      let results = try store.invoke(function, arguments)
      oracle = .results(results.map(MachinePair.bits), executed: store.executed)
    } catch {
      guard let kind = error.trapKind else { return nil }
      oracle = .trap(kind, executed: store.executed)
    }
    machine.setLimit(limit)
    let ir: Outcome
    do throws(IRStop) {
      let results = try machine.call(function.address, arguments.map(MachinePair.bits))
      ir = .results(results, executed: machine.executed)
    } catch {
      switch error {
      case .trap(let kind): ir = .trap(kind, executed: machine.executed)
      case .violation(let violation):
        Issue.record(violation)
        return nil
      case .unsupported: return nil
      }
    }
    return (oracle, ir)
  }

  /// Whether globals and memories are equal. Globals of vector type are left out.
  var hasEqualState: Bool {
    for (index, global) in instance.globals.enumerated() where global.type.value != .v128 {
      if MachinePair.bits(global.value) != machine.globals[index] { return false }
    }
    for (index, memory) in instance.memories.enumerated() {
      if memory.byteCount != UInt64(machine.memories[index].count) { return false }
      let pages = memory.contents
      var next = 0
      for page in 0..<Int(memory.pageCount) {
        let bytes = machine.memories[index][(page << 16)..<((page + 1) << 16)]
        var expected = [UInt8](repeating: 0, count: 1 << 16)
        if next < pages.count && pages[next].page == page {
          expected = pages[next].bytes
          next += 1
        }
        if Array(bytes) != expected { return false }
      }
    }
    return true
  }
}

extension ScriptValue {
  var oracleValue: OracleValue {
    switch self {
    case .i32(let bits): .i32(bits)
    case .i64(let bits): .i64(bits)
    case .f32(let bits): .f32(bits)
    case .f64(let bits): .f64(bits)
    case .v128: .i32(0)
    case .refNull: .reference(.null)
    case .refExtern(let number), .refHost(let number): .reference(.external(number))
    }
  }
}

/// Longer executions run out of instructions, on both sides at the same point. Without metering nothing ends them, so
/// scripts that loop for long are left out then.
private let instructionLimit: Int64 = 50_000
private let longScripts: Set = ["return_call.wast", "return_call_indirect.wast", "call.wast", "call_indirect.wast"]

@Suite struct DifferentialTests {
  @Test(arguments: IRConfiguration.all)
  func suite(_ configuration: IRConfiguration) throws {
    var invocations = 0
    for file in suiteFiles {
      let name = file.lastPathComponent
      if configuration.policy == .none && longScripts.contains(name) { continue }
      guard let script = try? Script(parsing: [UInt8](try Data(contentsOf: file))) else { continue }
      var currentPair: MachinePair?
      var current: String?
      func finish() {
        if let pair = currentPair, !pair.hasEqualState { Issue.record("\(name): state differs") }
        currentPair = nil
      }
      for command in script.commands {
        let action: ScriptAction
        switch command.kind {
        case .module(let source):
          finish()
          current = source.name
          if let bytes = try? source.bytes(), let module = validModule(bytes) {
            currentPair = try? MachinePair(module, configuration)
          }
          continue
        case .moduleDefinition, .moduleInstance:
          finish()
          continue
        // Other modules may change what this one exports.
        case .register:
          finish()
          continue
        case .action(let invoked), .assertReturn(let invoked, _), .assertTrap(let invoked, _),
          .assertExhaustion(let invoked, _):
          action = invoked
        default: continue
        }
        guard case .invoke(let instance, let function, let arguments) = action, let pair = currentPair,
          instance == nil || instance == current,
          !arguments.contains(where: { if case .v128 = $0 { true } else { false } })
        else { continue }
        guard let (oracle, ir) = pair.invoke(function, arguments.map(\.oracleValue), limit: instructionLimit) else {
          // Only one side may have changed its state.
          currentPair = nil
          continue
        }
        invocations += 1
        #expect(ir == oracle, "\(name):\(command.line)")
      }
      finish()
    }
    print("\(configuration.testDescription): \(invocations) invocations")
    #expect(suiteFiles.isEmpty || invocations > 15_000)
  }
}
