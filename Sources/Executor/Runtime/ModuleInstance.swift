// Module instances: a module's functions bound to memories, tables and globals.
//
// Source: WebAssembly 3.0, section 4.7.3.

import Compiler
import WasmBinary
import WebAssembly

/// What is behind an `Instance`. The store keeps it as long as it lives itself, so that functions never lose theirs.
final class ModuleInstance {
  let module: CompiledModule
  unowned let store: Store
  let code: LinkedCode
  let context: UnsafeMutablePointer<InstanceContext>
  private(set) var memories: [Memory] = []
  private(set) var tables: [Table] = []
  private(set) var globals: [Global] = []
  /// Instructions that the start function executed.
  var startInstructions: UInt64 = 0
  private var droppedData: [Bool]
  private var droppedElements: [Bool]
  /// Handles of the element segments' items, made when first needed.
  private var elementItems: [[UInt64]?]
  /// The memory that stands in where the module has none.
  private let absentMemory: UnsafeMutablePointer<MemoryRecord>
  private let absentPage: UnsafeMutablePointer<UInt8>

  /// Allocates the instance and runs its segments, not its start function. `imports` are in the module's order.
  init(
    _ module: CompiledModule, store: Store, imports: [ExternalValue], beginning: Beginning = .initialized
  ) throws(InstantiationError) {
    guard module.canonicalizer === store.canonicalizer else { throw .otherEngine }
    guard store.moduleInstances.count < store.limits.instances else {
      throw .resource(.instanceLimit(store.limits.instances))
    }
    if let proposal = module.unsupportedForExecution { throw .unsupported(proposal) }
    self.module = module
    self.store = store
    code = module.code(isTracked: store.tracksWrites)
    droppedData = [Bool](repeating: false, count: module.module.data.count)
    droppedElements = [Bool](repeating: false, count: module.module.elements.count)
    elementItems = [[UInt64]?](repeating: nil, count: module.module.elements.count)
    let spaces = module.spaces
    let functions = zeroedWords(spaces.functions.count, of: UnsafeMutablePointer<FunctionRecord>?.self)
    absentPage = .allocate(capacity: 1)
    absentPage.initialize(to: 1)
    absentMemory = .allocate(capacity: 1)
    absentMemory.initialize(
      to: MemoryRecord(
        base: UnsafeMutableRawPointer(absentPage), size: 0, writeMap: absentPage,
        object: UnsafeMutableRawPointer(absentPage)))
    let types = UnsafeMutablePointer<UInt32>.allocate(capacity: max(module.types.count, 1))
    for (index, type) in module.types.enumerated() { types[index] = type }
    context = .allocate(capacity: 1)
    context.initialize(
      to: InstanceContext(
        memorySize: 0, writeMap: absentPage, currentMemory: absentMemory, stackLimit: 0, code: code.cells,
        globals: zeroedPointers(spaces.globals.count), memories: zeroedPointers(max(spaces.memories.count, 1)),
        tables: zeroedPointers(spaces.tables.count), functions: functions, types: UnsafePointer(types),
        store: store.context, trackStart: 0,
        object: UnsafeMutableRawPointer(context)))
    context.pointee.object = Unmanaged.passUnretained(self).toOpaque()
    try link(imports)
    try allocate(beginning)
    store.add(self)
    try runElementSegments()
    if case .initialized = beginning {
      try runDataSegments()
    } else {
      for index in module.module.data.indices { noteDone(index) }
    }
    // What the segments wrote is what the instance begins with; to imported memories they are writes like any other.
    for memory in memories.dropFirst(memories.count - module.module.memories.count) { memory.commit() }
  }

  deinit {
    freeWords(context.pointee.globals)
    freeWords(context.pointee.memories)
    freeWords(context.pointee.tables)
    freeWords(context.pointee.functions)
    context.pointee.types.deallocate()
    context.deallocate()
    absentMemory.deallocate()
    absentPage.deallocate()
  }

  // MARK: Construction

  private func link(_ imports: [ExternalValue]) throws(InstantiationError) {
    for (index, item) in module.module.imports.enumerated() {
      guard index < imports.count else { throw .unknownImport(index: index, item) }
      func refuse(_ reason: String) -> InstantiationError { .incompatibleImport(index: index, item, reason: reason) }
      switch (item.description, imports[index]) {
      case (.function(let typeIndex), .function(let function)):
        guard function.store === store else { throw refuse("it belongs to another store") }
        guard store.types.isSubtype(function.record.pointee.type, of: module.types[Int(typeIndex)]) else {
          guard case .function(let wanted) = module.module.types[Int(typeIndex)].composite else {
            preconditionFailure("a function's type is no function type")
          }
          throw refuse("its type is \(describe(function.type)), not \(describe(wanted))")
        }
        let position = functionImportCount
        context.pointee.functions[position] = function.record
        functionImportCount += 1
      case (.memory(let type), .memory(let memory)):
        guard memory.owner === store.functions else { throw refuse("it belongs to another store") }
        guard matches(memory.currentType.limits, type.limits) else {
          throw refuse("its limits are \(describe(memory.currentType.limits)), not within \(describe(type.limits))")
        }
        add(memory)
      case (.table(let type), .table(let table)):
        guard table.functions === store.functions else { throw refuse("it belongs to another store") }
        // A table's type holds canonical type indices.
        guard canonical(type.element) == table.type.element, matches(table.currentType.limits, type.limits) else {
          throw refuse("its type is \(describe(table.currentType)), not within \(describe(type))")
        }
        add(table)
      case (.global(let type), .global(let global)):
        guard global.owner === store.functions else { throw refuse("it belongs to another store") }
        let wanted = canonical(type.value)
        let fits = type.isMutable ? global.type.value == wanted : store.types.matches(global.type.value, wanted)
        guard global.type.isMutable == type.isMutable, fits else {
          throw refuse("it is \(describe(global.type)), not \(describe(type))")
        }
        add(global)
      default: throw refuse("it is a \(imports[index].kind), not a \(item.description.kind)")
      }
    }
  }

  private var functionImportCount = 0

  private func add(_ memory: Memory) {
    context.pointee.memories[memories.count] = memory.record
    memories.append(memory)
  }

  private func add(_ table: Table) {
    context.pointee.tables[tables.count] = table.record
    tables.append(table)
  }

  private func add(_ global: Global) {
    context.pointee.globals[globals.count] = global.cell
    globals.append(global)
  }

  /// Limits of an item against those of its import.
  private func matches(_ actual: Limits, _ wanted: Limits) -> Bool {
    guard actual.address == wanted.address, actual.minimum >= wanted.minimum else { return false }
    guard let most = wanted.maximum else { return true }
    guard let given = actual.maximum else { return false }
    return given <= most
  }

  /// A value type of the module with canonical type indices.
  private func canonical(_ type: ValueType) -> ValueType { type.canonical(module.types) }

  private func allocate(_ beginning: Beginning) throws(InstantiationError) {
    do throws(ResourceError) {
      for type in module.module.memories {
        add(try store.makeMemory(type, pages: beginning.pages(of: memories.count, type)))
      }
      if memories.isEmpty { context.pointee.memories[0] = absentMemory }
      ContextReference(pointer: context).useMemory(context.pointee.memories[0])
      // Table initialisers may use imported globals only, so tables come before the module's own globals.
      for table in module.module.tables {
        let element = canonical(table.type.element)
        let holdsFunctions = store.types.matches(element.heapType, .func)
        let made = try Table(
          type: TableType(element: element, limits: table.type.limits), holdsFunctions: holdsFunctions,
          elementLimit: store.limits.tableElements, functions: store.functions)
        add(made)
      }
    } catch {
      throw .resource(error)
    }
    let imported = tables.count - module.module.tables.count
    for global in module.module.globals {
      let value = evaluate(global.initializer)
      let made = Global(
        type: GlobalType(value: canonical(global.type.value), isMutable: global.type.isMutable), low: value.low,
        high: value.high, owner: store.functions)
      if let bits = beginning.bits(of: globals.count) { _ = made.set(bits) }
      add(made)
    }
    for (index, table) in module.module.tables.enumerated() {
      guard let initializer = table.initializer else { continue }
      let made = tables[imported + index]
      _ = made.fill(0, evaluate(initializer).low, made.count)
    }
  }

  /// Active segments in order; a segment that does not fit traps, and what the earlier ones wrote stays.
  private func runElementSegments() throws(InstantiationError) {
    for (index, segment) in module.module.elements.enumerated() {
      switch segment.mode {
      case .active(let table, let offset):
        let start = evaluate(offset).low
        guard initialize(tables[Int(table)], start, from: index, 0, UInt64(segment.items.count)) else {
          throw .trap(Trap(kind: .outOfBoundsTableAccess))
        }
        droppedElements[index] = true
        elementItems[index] = nil
      case .declarative: droppedElements[index] = true
      case .passive: break
      }
    }
  }

  /// The same for those of data.
  private func runDataSegments() throws(InstantiationError) {
    if try !mapInitialContents() { try copyDataSegments() }
  }

  /// A data segment that is active has done what it does: it is dropped.
  private func noteDone(_ index: Int) {
    if case .active = module.module.data[index].mode { droppedData[index] = true }
  }

  /// Gives the memories what the active data segments make of them, where that is prepared. False if it isn't, or the
  /// system has no address space for it.
  private func mapInitialContents() throws(InstantiationError) -> Bool {
    guard let contents = module.takeInitialContents() else { return false }
    do throws(ResourceError) {
      for part in contents.parts {
        if try !memories[part.memory].map(part.image, at: part.start) { return false }
      }
    } catch {
      throw .resource(error)
    }
    for (segment, offset) in contents.copied {
      guard case .active(let memory, _) = module.module.data[segment].mode else { continue }
      _ = memories[Int(memory)].write(dataSegment(segment), at: UInt64(offset))
    }
    for index in module.module.data.indices { noteDone(index) }
    return true
  }

  private func copyDataSegments() throws(InstantiationError) {
    for (index, segment) in module.module.data.enumerated() {
      guard case .active(let memory, let offset) = segment.mode else { continue }
      let bytes = dataSegment(index)
      guard memories[Int(memory)].write(bytes, at: evaluate(offset).low) else {
        throw .trap(Trap(kind: .outOfBoundsMemoryAccess))
      }
      droppedData[index] = true
    }
  }

  // MARK: Parts

  /// The record of function `index` of the function index space, made on first use.
  func functionRecord(_ index: Int) -> UnsafeMutablePointer<FunctionRecord> {
    if let record = context.pointee.functions[index] { return record }
    let defined = index - module.spaces.importedFunctionCount
    let typeIndex = Int(module.spaces.functions[index])
    let type = module.signatures[typeIndex]
    let resultSlots = type.results.reduce(0) { $0 + $1.slotCount }
    let record = store.functions.add(
      FunctionRecord(
        context: UnsafeMutableRawPointer(context), cell: code.cells + defined, host: nil,
        narrowSlots: narrowSlots(type.parameters), signature: module.signatures + typeIndex,
        type: module.types[typeIndex], index: UInt32(defined),
        parameterSlots: UInt32(type.parameters.reduce(0) { $0 + $1.slotCount }),
        resultSlots: UInt32(resultSlots), returnsScalar: type.results.count == 1 && resultSlots == 1, handle: 0))
    context.pointee.functions[index] = record
    return record
  }

  /// The bytes of a data segment; empty once it is dropped.
  func dataSegment(_ index: Int) -> UnsafeRawBufferPointer {
    if droppedData[index] { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let range = module.module.data[index].bytes
    return UnsafeRawBufferPointer(rebasing: module.module.bytes.buffer[range.start..<range.end])
  }

  func dropData(_ index: Int) {
    if droppedData[index] { return }
    droppedData[index] = true
    store.droppedSegments.append(DroppedSegment(instance: self, isData: true, index: index))
  }

  func dropElements(_ index: Int) {
    if droppedElements[index] { return }
    droppedElements[index] = true
    store.droppedSegments.append(DroppedSegment(instance: self, isData: false, index: index))
  }

  /// Brings a dropped segment back, or drops it again; the store's list is the caller's.
  func set(_ segment: DroppedSegment, isDropped: Bool) {
    if segment.isData {
      droppedData[segment.index] = isDropped
    } else {
      droppedElements[segment.index] = isDropped
    }
  }

  /// Copies items of an element segment to a table. False where a range does not fit.
  func initialize(_ table: Table, _ destination: UInt64, from segment: Int, _ start: UInt64, _ length: UInt64) -> Bool {
    let count = droppedElements[segment] ? 0 : UInt64(module.module.elements[segment].items.count)
    guard length <= count, start <= count - length, length <= table.count, destination <= table.count - length else {
      return false
    }
    if length == 0 { return true }
    let items = handles(of: segment)
    for index in 0..<length {
      guard let value = table.stored(items[Int(start + index)]) else { return false }
      table.record.pointee.elements[Int(destination + index)] = value
    }
    return true
  }

  private func handles(of segment: Int) -> [UInt64] {
    if let items = elementItems[segment] { return items }
    let items: [UInt64]
    switch module.module.elements[segment].items {
    case .functions(let list): items = list.map { functionRecord(Int($0)).pointee.handle }
    case .expressions(let list): items = list.map { evaluate($0).low }
    }
    elementItems[segment] = items
    return items
  }

  /// The value of a constant expression; 0 if it has none, which validation doesn't let happen.
  private func evaluate(_ expression: ConstantExpression) -> (low: UInt64, high: UInt64) {
    constantValue(expression, in: module.module.bytes.buffer) { index in
      index < globals.count ? (globals[index].cell[0], globals[index].cell[1]) : nil
    } function: { index in
      index < module.spaces.functions.count ? functionRecord(index).pointee.handle : nil
    } ?? (0, 0)
  }
}

private func zeroedPointers<Pointee>(_ count: Int) -> UnsafeMutablePointer<UnsafeMutablePointer<Pointee>> {
  // Sound: entries are written before handlers can read them; zero bits are no valid pointer but are never loaded.
  UnsafeMutableRawPointer(zeroedWords(count, of: UInt.self)).assumingMemoryBound(to: UnsafeMutablePointer<Pointee>.self)
}

private func describe(_ type: FunctionType) -> String {
  "(\(type.parameters.map(\.description).joined(separator: ", "))) -> (\(type.results.map(\.description).joined(separator: ", ")))"
}

private func describe(_ limits: Limits) -> String {
  "\(limits.address == .i64 ? "i64 " : "")\(limits.minimum).." + (limits.maximum.map { "\($0)" } ?? "")
}

private func describe(_ type: TableType) -> String { "\(describe(type.limits)) \(type.element)" }

private func describe(_ type: GlobalType) -> String { "\(type.isMutable ? "a mutable" : "an immutable") \(type.value)" }
