// Instantiation: imports are matched, everything the module defines is made, segments are written, the start function
// runs.
//
// Source: WebAssembly 3.0, section 4.7.3.

import WasmBinary
import WebAssembly

public enum OracleInstantiationError: Error {
  /// Nothing is given for the import.
  case unknownImport(Import)
  /// What is given does not match the import's type.
  case incompatibleImport(Import)
  /// A memory or table is larger than the store's limits allow.
  case limit(String)
  /// Writing the segments or running the start function stopped. What was written until then stays written.
  case stopped(OracleStop)
}

extension OracleStore {
  /// Makes an instance of `module`, which must be valid. The start function is metered as part of the running limit.
  public func instantiate(
    _ module: Module, imports: (Import) -> OracleExternal?
  ) throws(OracleInstantiationError) -> OracleInstance {
    guard let typeIds = try? types.add(module.types, groups: module.recursiveGroups) else {
      throw .limit("types")
    }
    let instance = OracleInstance(module, store: self, typeIds: typeIds)
    try instance.link(imports)
    do throws(OracleStop) {
      for (offset, typeIndex) in module.functions.enumerated() {
        let index = UInt32(instance.spaces.importedFunctionCount + offset)
        instance.functions.append(functions.count)
        functions.append(.wasm(instance, index: index, type: typeIds[Int(typeIndex)]))
      }
      for global in module.globals {
        let type = GlobalType(value: global.type.value.canonical(typeIds), isMutable: global.type.isMutable)
        instance.globals.append(OracleGlobal(type: type, value: try instance.evaluate(global.initializer)))
      }
      for type in module.tags { instance.tags.append(OracleTag(type: typeIds[Int(type)])) }
    } catch {
      throw .stopped(error)
    }
    try instance.makeTablesAndMemories()
    do throws(OracleStop) {
      try instance.makeSegments()
      if let start = module.start {
        _ = try invoke(OracleFunction(address: instance.functions[Int(start)]), [])
      }
    } catch {
      throw .stopped(error)
    }
    return instance
  }
}

extension OracleInstance {
  // MARK: Imports

  fileprivate func link(_ imports: (Import) -> OracleExternal?) throws(OracleInstantiationError) {
    for item in module.imports {
      guard let external = imports(item) else { throw .unknownImport(item) }
      guard accept(external, for: item.description) else { throw .incompatibleImport(item) }
    }
  }

  /// Adds `external` to its index space if it matches the import's type.
  private func accept(_ external: OracleExternal, for description: ImportDescription) -> Bool {
    switch (description, external) {
    case (.function(let type), .function(let function)):
      functions.append(function.address)
      return store.types.table.isSubtype(store.functions[function.address].type, of: typeIds[Int(type)])
    case (.table(let type), .table(let table)):
      tables.append(table)
      let matches = matches(UInt64(table.elements.count), table.type.limits, type.limits)
      return matches && table.type.element == type.element.canonical(typeIds)
    case (.memory(let type), .memory(let memory)):
      memories.append(memory)
      return matches(memory.pageCount, memory.type.limits, type.limits)
    case (.global(let type), .global(let global)):
      globals.append(global)
      let wanted = type.value.canonical(typeIds)
      if type.isMutable { return global.type.isMutable && global.type.value == wanted }
      return !global.type.isMutable && store.types.table.matches(global.type.value, wanted)
    case (.tag(let type), .tag(let tag)):
      tags.append(tag)
      return tag.type == typeIds[Int(type)]
    default: return false
    }
  }

  /// Whether something of present size `size` and declared limits `given` can be imported with limits `wanted`.
  private func matches(_ size: UInt64, _ given: Limits, _ wanted: Limits) -> Bool {
    guard given.address == wanted.address, size >= wanted.minimum else { return false }
    guard let bound = wanted.maximum else { return true }
    guard let maximum = given.maximum else { return false }
    return maximum <= bound
  }

  // MARK: Definitions

  fileprivate func makeTablesAndMemories() throws(OracleInstantiationError) {
    for table in module.tables {
      let type = TableType(element: table.type.element.canonical(typeIds), limits: table.type.limits)
      var initial = OracleReference.null
      if let initializer = table.initializer {
        do throws(OracleStop) { initial = try evaluateReference(initializer) } catch { throw .stopped(error) }
      }
      guard let made = OracleTable(type: type, initial: initial, growthLimit: store.limits.tableElements) else {
        throw .limit("table")
      }
      tables.append(made)
    }
    for type in module.memories {
      guard let memory = store.memory(type) else { throw .limit("memory") }
      memories.append(memory)
    }
  }

  /// Evaluates the element segments, then writes the active ones in order, then the active data segments.
  fileprivate func makeSegments() throws(OracleStop) {
    for segment in module.elements {
      switch segment.items {
      case .functions(let indices): elements.append(indices.map { .function(functions[Int($0)]) })
      case .expressions(let list):
        var references: [OracleReference] = []
        for expression in list { references.append(try evaluateReference(expression)) }
        elements.append(references)
      }
    }
    data = module.data.map(\.bytes)
    for (index, segment) in module.elements.enumerated() {
      if case .active(let table, let offset) = segment.mode {
        let count = UInt64(elements[index].count)
        try initTable(Int(table), from: index, try evaluate(offset).address, 0, count)
      }
      if segment.mode != .passive { elements[index] = [] }
    }
    for (index, segment) in module.data.enumerated() {
      guard case .active(let memory, let offset) = segment.mode else { continue }
      try initMemory(Int(memory), from: index, try evaluate(offset).address, 0, UInt64(data[index].count))
      data[index] = ByteRange(start: 0, end: 0)
    }
  }

  /// `table.init`: copies `count` references of segment `segment` from `source` to `destination`.
  func initTable(
    _ table: Int, from segment: Int, _ destination: UInt64, _ source: UInt64, _ count: UInt64
  ) throws(OracleStop) {
    let references = elements[segment]
    let (end, overflow) = source.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(references.count), tables[table].contains(destination, count) else {
      throw .trap(.outOfBoundsTableAccess)
    }
    for index in 0..<Int(count) {
      tables[table].elements[Int(destination) + index] = references[Int(source) + index]
    }
  }

  /// `memory.init`: copies `count` bytes of segment `segment` from `source` to `destination`.
  func initMemory(
    _ memory: Int, from segment: Int, _ destination: UInt64, _ source: UInt64, _ count: UInt64
  ) throws(OracleStop) {
    let range = data[segment]
    let (end, overflow) = source.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(range.count), memories[memory].contains(destination, count) else {
      throw .trap(.outOfBoundsMemoryAccess)
    }
    let start = range.start + Int(source)
    memories[memory].write(module.bytes.buffer[start..<start + Int(count)], at: destination)
  }

  // MARK: Constant expressions

  private func evaluateReference(_ expression: ConstantExpression) throws(OracleStop) -> OracleReference {
    guard case .reference(let reference) = try evaluate(expression) else {
      preconditionFailure("an element has a reference type in a validated module")
    }
    return reference
  }

  fileprivate func evaluate(_ expression: ConstantExpression) throws(OracleStop) -> OracleValue {
    var reader = InstructionReader(module.bytes.buffer, range: expression.range)
    var machine = OracleMachine(store: store)
    var instruction = Instruction()
    while true {
      do throws(ModuleError) { try reader.next(&instruction) } catch {
        preconditionFailure("a validated module can be decoded: \(error)")
      }
      switch instruction.opcode {
      case .end: return machine.pop()
      case .globalGet: machine.push(globals[Int(instruction.a)].value)
      case .refFunc: machine.push(.reference(.function(functions[Int(instruction.a)])))
      case .refNull: machine.push(.reference(.null))
      case .i32Const, .i64Const, .f32Const, .f64Const, .v128Const, .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul:
        try machine.numeric(instruction)
      default: throw .unsupported(instruction.opcode.mnemonic)
      }
    }
  }
}
