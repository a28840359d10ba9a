// What compiling a module is charged: a price for each operator that the module would have with the replica's
// instrumentation in it. The instrumentation is not made here; its operators are counted.
//
// Source: dfinity/ic, rs/embedders/src/wasm_utils/{instrumentation,system_api_replacements}.rs.

import SystemAPI
import WasmBinary
import WebAssembly

extension CanisterRuntime {
  /// Instructions that making `module` ready for a canister is charged: less if it was installed since the last checkpoint.
  func compileCharge(for module: InstalledModule) -> UInt64 {
    chargedModules.contains(module.hash)
      ? module.compileInstructions / max(fees.knownModuleDivisor, 1) : module.compileInstructions
  }
}

enum CompileCharge {
  /// Operators at the start of a straight run of operators: where it checks, and where it only charges.
  private static let checkedRun = 10
  private static let uncheckedRun = 4
  /// Before a bulk operation with a length of 32 and of 64 bits, and after `memory.grow`.
  private static let bulk32 = 3
  private static let bulk64 = 1
  private static let memoryGrow = 3
  /// Functions that are added to each module, and the globals.
  private static let helpers = 20 + 46
  private static let addedGlobals = 3
  private static let perGlobal = 2

  /// Operators of the functions that stand in for stable memory calls.
  private static func replacement(_ call: SystemCall) -> Int {
    switch call {
    case .stableSize: 10
    case .stable64Size: 2
    case .stableGrow: 24
    case .stable64Grow: 21
    case .stableRead: 106
    case .stable64Read: 119
    case .stableWrite: 91
    case .stable64Write: 107
    default: 0
    }
  }

  /// Operators of a valid module after instrumentation, with what globals count for.
  static func operators(of module: WebAssembly.Module, is64: Bool) throws(ModuleError) -> UInt64 {
    var count = helpers
    var globals = module.globals.count + addedGlobals
    for item in module.imports {
      switch item.description {
      case .global: globals += 1
      case .function: count += SystemCall.named(item.name).map(replacement) ?? 0
      default: break
      }
    }
    count += perGlobal * globals
    for body in module.bodies { count += try operators(of: body, in: module, is64: is64) }
    return UInt64(count)
  }

  private static func operators(
    of body: FunctionBody, in module: WebAssembly.Module, is64: Bool
  ) throws(ModuleError) -> Int {
    let buffer = module.bytes.buffer
    let range = try LocalDeclarations(buffer, body: body).operators
    var reader = InstructionReader(buffer, range: range)
    var instruction = Instruction()
    var count = 0
    var isChecked = true
    var cost = MeteringPolicy.icp.functionEntryCost
    while !reader.isAtEnd {
      try reader.next(&instruction)
      let opcode = instruction.opcode
      count += 1
      cost += MeteringPolicy.icp.weight(of: opcode, is64: is64)
      switch opcode {
      case .memoryFill, .memoryCopy, .tableFill, .tableCopy: count += is64 ? bulk64 : bulk32
      case .memoryInit, .tableInit: count += bulk32
      case .memoryGrow: count += memoryGrow
      case .loop, .if, .else, .br, .brIf, .brTable, .end, .return, .unreachable, .returnCall, .returnCallIndirect:
        if isChecked { count += checkedRun } else if cost > 0 { count += uncheckedRun }
        isChecked = opcode == .loop
        cost = 0
      default: break
      }
    }
    return count
  }
}
