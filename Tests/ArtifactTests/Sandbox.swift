// Loads and runs what may be a hostile artifact, in a store of its own beside a bystander, and looks for what must not
// happen: a bystander that changed, words of others' that the code got hold of, a stack that was overrun. (What crashes
// ends the test by itself; a build with the address sanitizer sees accesses that don't.)

import Cannery
import Executor
import ProgramGenerator
import Semantics

import let Compiler.frameReserve

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Something that code from outside must not be able to do.
struct Violation: Error, CustomStringConvertible { var description: String }

/// How far an artifact got.
enum SandboxOutcome: Hashable {
  case refused, notInstantiated
  /// No function was executed beyond its entry: each was refused by the verifier.
  case refusedWhenCalled
  case executed
}

final class Sandbox {
  /// What fills the stack before each call. Both halves are the same, so that a part of it is recognised too.
  private static let secret: UInt64 = 0x5EC4_E75E_5EC4_E75E
  private var random: Random
  private let store: Store
  private let engine: Engine
  private let bystander: Instance
  /// Calls of host functions that are under way, and that came in all.
  private var hostDepth = 0
  private var hostCalls = 0
  private var violation: Violation?
  private var instance: Instance?
  private var executed = false
  private var refused = false

  private static let bystanderText = """
    (module
      (memory (export "memory") 1 2) (data (i32.const 0) "nobody else may touch this")
      (global $g (export "global") (mut i64) (i64.const 42))
      (table (export "table") 4 8 funcref) (elem (i32.const 0) func $id $none)
      (func $id (export "id") (param i32) (result i32) (local i64)
        (local.set 1 (i64.extend_i32_u (local.get 0))) (i32.wrap_i64 (local.get 1)))
      (func $none (export "none"))
      (func (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call 2 (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 5)))))
    """

  init(_ engine: Engine, random: Random) throws {
    self.engine = engine
    self.random = random
    var limits = StoreLimits()
    limits.memoryPages = 8
    limits.tableElements = 2000
    limits.stackSlots = 2048
    store = try engine.makeStore(limits: limits, tracksWrites: self.random.chance(1, in: 2))
    bystander = try store.instantiate(engine.compile(Array(Sandbox.bystanderText.utf8)), imports: [])
  }

  /// Loads `bytes` and runs some functions, among them those `defined` functions of the module. Throws a `Violation`.
  func run(_ bytes: [UInt8], calling defined: [Int] = []) throws -> SandboxOutcome {
    let module: Module
    do { module = try engine.load(artifact: bytes) } catch is ArtifactError { return .refused }
    if random.chance(1, in: 4) {
      do { try module.verify() } catch { return .refused }
    }
    let before = bystanderState()
    fillStack()
    do throws(InstantiationError) {
      // A module that traps when it is instantiated stays in its store, and what it exports can be called.
      var imports: [ExternalValue] = []
      for item in module.module.imports { if let value = provide(item, module) { imports.append(value) } }
      let made = try store.makeInstance(module, imports: imports)
      instance = made
      try made.runStart(instructions: 2000)
    } catch {
      if instance == nil {
        try check(before)
        return .notInstantiated
      }
    }
    guard let instance else { return .notInstantiated }
    // Functions that are not exported, too: a host can reach them by references.
    let count = module.spaces.functions.count
    let chosen = defined.map { $0 + module.spaces.importedFunctionCount }.filter { $0 < count }
    for index in chosen { try call(instance.function(at: index)) }
    for _ in 0..<min(count, 4) { try call(instance.function(at: random.below(count))) }
    try check(before)
    for global in instance.globals {
      try examine(global.cell[0], "a global")
      if global.type.value == .v128 { try examine(global.cell[1], "a global") }
    }
    for memory in instance.memories { try examine(memory) }
    for table in instance.tables where table.count > 0 { _ = table.get(UInt64(random.below(Int(table.count)))) }
    return executed ? .executed : refused ? .refusedWhenCalled : .executed
  }

  // MARK: Imports

  private func provide(_ item: Import, _ module: Module) -> ExternalValue? {
    switch item.description {
    case .function(let index):
      let type = module.functionTypeAt(index)
      if random.chance(1, in: 3) {
        if type == FunctionType(parameters: [.i32], results: [.i32]) {
          return bystander.export(random.chance(1, in: 2) ? "id" : "deep")
        }
        if type == FunctionType(parameters: [], results: []) { return bystander.export("none") }
      }
      return (try? store.makeHostFunction(type) { [unowned self] caller, slots in try host(caller, slots, type) })
        .map { .function($0) }
    case .memory(let type): return (try? store.makeMemory(type)).map { .memory($0) }
    case .table(let type):
      if type.element.heapType.isConcrete { return nil }
      return (try? store.makeTable(type)).map { .table($0) }
    case .global(let type):
      let zero: Value
      switch type.value {
      case .i32: zero = .i32(3)
      case .i64: zero = .i64(3)
      case .f32: zero = .float(1)
      case .f64: zero = .double(1)
      case .v128: zero = .v128(.zero)
      default: zero = type.value == .funcref ? .funcref(.null) : .externref(.null)
      }
      return .global(store.makeGlobal(zero, isMutable: type.isMutable))
    case .tag: return nil
    }
  }

  /// What all host functions do: look at their arguments, sometimes call Wasm code, wait, charge, or fail.
  private func host(
    _ caller: Caller, _ slots: UnsafeMutablePointer<UInt64>, _ type: FunctionType
  ) throws -> HostOutcome {
    executed = true
    hostCalls += 1
    for slot in 0..<type.parameters.reduce(0, { $0 + $1.slotCount }) { try examine(slots[slot], "an argument") }
    if hostDepth < 3 && hostCalls < 40, let instance = caller.instance, random.chance(1, in: 4) {
      hostDepth += 1
      defer { hostDepth -= 1 }
      let exports = instance.module.module.exports.filter { $0.kind == .function }
      if !exports.isEmpty {
        let function = instance.function(at: Int(random.pick(exports).index))
        // Whatever it ends by, the caller goes on.
        if let results = try? function.call(arguments(function.type)) { try examine(results) }
        if let violation { throw violation }
      }
    }
    switch random.below(16) {
    case 0: return .suspend
    case 1: throw TrapKind.unreachable
    case 2: try caller.charge(UInt64(random.below(100)))
    case 3: for memory in caller.instance?.memories ?? [] { _ = memory.grow(by: 1) }
    default: break
    }
    for slot in 0..<type.results.reduce(0, { $0 + $1.slotCount }) {
      slots[slot] = random.pick([0, 0, 1, 5, random.next()])
    }
    return .done
  }

  // MARK: Calls

  private func arguments(_ type: FunctionType) -> [Value] { type.parameters.map(value) }

  private func value(_ type: ValueType) -> Value {
    let bits = random.pick([0, 1, 2, 3, 5, 8, 65_536, 0x7FFF_FFFF, 0x8000_0000, UInt64.max, random.next()])
    switch type {
    case .i32: return .i32(Int32(truncatingIfNeeded: bits))
    case .i64: return .i64(Int64(bitPattern: bits))
    case .f32: return .f32(UInt32(truncatingIfNeeded: bits))
    case .f64: return .f64(bits)
    case .v128: return .v128(V128(low: bits, high: random.next()))
    default:
      let reference = Reference(handle: random.pick([1, 2, 3, 4, 5, bits | 1]))
      let isExternal = !type.heapType.isConcrete && type.heapType != .func && type.heapType != .nofunc
      return isExternal ? .externref(reference) : .funcref(reference)
    }
  }

  private func call(_ function: Function) throws {
    fillStack()
    let type = function.type
    do {
      guard function.instance != nil else {
        try examine(function.call(arguments(type)))
        return
      }
      let execution = try Execution(function, arguments: arguments(type), instructions: UInt64(random.below(4000)))
      var state = try execution.run()
      executed = true
      for _ in 0..<4 {
        switch state {
        case .finished(let results):
          try examine(results)
          return try checkStack()
        case .trapped(let trap):
          if trap.underlying is ArtifactError { refused = true }
          if let violation { throw violation }
          _ = trap.description
          return try checkStack()
        case .outOfInstructions: state = try execution.resume(instructions: UInt64(random.below(2000)))
        case .waitingForHost(let type): state = try execution.resume(results: type.results.map(value))
        case .interrupted: throw Violation(description: "interrupted by nobody")
        }
      }
      try checkStack()
    } catch let error as ExecutionError {
      if case .invalidArtifact = error { refused = true }
    } catch let error as Violation {
      throw error
    } catch {
      if let violation { throw violation }
    }
  }

  // MARK: What must not happen

  private func note(_ text: String) -> Violation {
    let made = Violation(description: text)
    if violation == nil { violation = made }
    return made
  }

  /// All of the value stack, what is beyond its limits too.
  private var stack: UnsafeMutableBufferPointer<UInt64> {
    let context = store.context.pointee
    // Where very many stores are alive, one has a stack only while it executes.
    guard let base = context.stackBase else { return UnsafeMutableBufferPointer(start: nil, count: 0) }
    let count = (Int(context.stackEnd) - Int(bitPattern: base)) / 8 + 2 * frameReserve
    return UnsafeMutableBufferPointer(start: base, count: count)
  }

  private func fillStack() { stack.update(repeating: Sandbox.secret) }

  /// The last frames end, with all that host functions are passed, before the last quarter of the reserve.
  private func checkStack() throws {
    for word in stack.suffix(frameReserve / 2) where word != Sandbox.secret { throw note("the stack was overrun") }
  }

  private func examine(_ results: [Value]) throws {
    for result in results {
      switch result {
      case .i32(let value): try examine(UInt64(UInt32(bitPattern: value)), "a result")
      case .i64(let value): try examine(UInt64(bitPattern: value), "a result")
      case .f32(let bits): try examine(UInt64(bits), "a result")
      case .f64(let bits): try examine(bits, "a result")
      case .v128(let vector):
        try examine(vector.low, "a result")
        try examine(vector.high, "a result")
      case .funcref(let reference), .externref(let reference):
        try examine(reference.handle, "a result")
        _ = Function(reference, in: store)
        _ = store.external(reference)
      }
    }
  }

  /// A word that the code could make known: not from the stack below it, and no address.
  private func examine(_ word: UInt64, _ place: String) throws {
    if word == Sandbox.secret || UInt32(truncatingIfNeeded: word) == UInt32(truncatingIfNeeded: Sandbox.secret) {
      throw note("\(place) has a word of somebody else's")
    }
    if let instance, let pc = PC(bitPattern: UInt(word)), instance.code.location(of: pc) != nil {
      throw note("\(place) is an address of code")
    }
  }

  private func examine(_ memory: Memory) throws {
    let secret = UInt32(truncatingIfNeeded: Sandbox.secret)
    let bytes = UnsafeRawBufferPointer(start: memory.record.pointee.base, count: min(memory.count, 131_072))
    var start = bytes.baseAddress
    // Its first byte, wherever it stands, and then the others.
    while let from = start, let found = memchr(from, Int32(secret & 0xFF), bytes.count - (from - bytes.baseAddress!)) {
      let offset = UnsafeRawPointer(found) - bytes.baseAddress!
      if offset + 4 <= bytes.count, bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self) == secret {
        throw note("a memory has a word of somebody else's")
      }
      start = offset + 1 < bytes.count ? UnsafeRawPointer(found) + 1 : nil
    }
  }

  private func bystanderState() -> [UInt64] {
    guard case .memory(let memory) = bystander.export("memory"), case .table(let table) = bystander.export("table")
    else {
      return []
    }
    let hash = memory.read(at: 0, count: memory.count).map(Checksum64.checksum) ?? 0
    return [hash, memory.pageCount, bystander.globals[0].cell[0]] + (0..<table.count).map { table.get($0) ?? 0 }
  }

  private func check(_ before: [UInt64]) throws {
    if let violation { throw violation }
    if bystanderState() != before { throw note("the bystander was changed") }
  }
}

extension CompiledModule {
  /// The function type with index `index` in the module's types.
  fileprivate func functionTypeAt(_ index: UInt32) -> FunctionType {
    guard case .function(let type) = module.types[Int(index)].composite else {
      preconditionFailure("an imported function's type is no function type")
    }
    return type
  }
}
