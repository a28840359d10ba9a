// Globals, tables, memories and instances of wasm.h.

import CWasm
import Cannery
import WebAssembly

// MARK: Globals

/// A global with a value that is nil if it isn't of its type.
private func newGlobal(
  _ owner: StoreObject, _ type: wasm_globaltype_t, _ value: (ValueType) throws -> Value?
) throws -> OpaquePointer {
  try owner.using {
    guard let content = ValueType(type.content.pointee.kind), let initial = try value(content) else {
      throw ArgumentError("the global's value is not of its type")
    }
    let global = owner.store.makeGlobal(initial, isMutable: UInt32(type.mutability) == WASM_VAR.rawValue)
    return newPointer(CANNERY_REFERENCE_GLOBAL, GlobalObject(global, owner))
  }
}

@c @implementation
public func wasm_global_new(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_globaltype_t>?, _ value: UnsafePointer<wasm_val_t>?
) -> OpaquePointer? {
  guard let store, let type, let value else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting { try newGlobal(owner, type.pointee) { Value(value.pointee, $0, owner) } }
}

@c @implementation
public func cannery_global_new(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_globaltype_t>?, _ slots: UnsafePointer<UInt64>?, _ count: Int
) -> OpaquePointer? {
  guard let store, let type, let slots else { return missing(nil) }
  return reporting {
    try newGlobal(object(store), type.pointee) { count >= $0.slotCount ? Value(type: $0, from: slots) : nil }
  }
}

@c @implementation
public func wasm_global_type(_ global: OpaquePointer?) -> UnsafeMutablePointer<wasm_globaltype_t>? {
  global.map { reference($0).object(as: GlobalObject.self).thing.type.inC }
}

@c @implementation
public func wasm_global_get(_ global: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_val_t>?) {
  out?.pointee = wasm_val_t()
  guard let global, let out else { return }
  let object = reference(global).object(as: GlobalObject.self)
  object.store.using(otherwise: ()) { out.pointee = object.thing.value.inC(object.store) }
}

@c @implementation
public func wasm_global_set(_ global: OpaquePointer?, _ value: UnsafePointer<wasm_val_t>?) {
  guard let global, let value else { return }
  let object = reference(global).object(as: GlobalObject.self)
  object.store.using(otherwise: ()) {
    guard let value = Value(value.pointee, object.thing.type.value, object.store) else { return }
    _ = object.thing.set(value)
  }
}

@c @implementation
public func cannery_global_read(_ global: OpaquePointer?, _ slots: UnsafeMutablePointer<UInt64>?, _ count: Int) -> Bool
{
  guard let global, let slots else { return missing(false) }
  let object = reference(global).object(as: GlobalObject.self)
  guard count >= object.thing.type.value.slotCount else { return false }
  return object.store.using(otherwise: false) {
    object.thing.value.store(to: slots)
    return true
  }
}

@c @implementation
public func cannery_global_write(_ global: OpaquePointer?, _ slots: UnsafePointer<UInt64>?, _ count: Int) -> Bool {
  guard let global, let slots else { return missing(false) }
  let object = reference(global).object(as: GlobalObject.self)
  let type = object.thing.type.value
  guard count >= type.slotCount else { return false }
  return object.store.using(otherwise: false) { object.thing.set(Value(type: type, from: slots)) }
}

// MARK: Tables

@c @implementation
public func wasm_table_new(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_tabletype_t>?, _ initial: UnsafeMutablePointer<wasm_ref_t>?
) -> OpaquePointer? {
  guard let store, let type else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting {
    try owner.using {
      guard let element = ValueType(type.pointee.element.pointee.kind), element.isReference,
        let value = Value(UnsafePointer(initial), element, owner)
      else { throw ArgumentError("the table's element is not of its type") }
      let limits = Limits(type.pointee.limits, is64: type.pointee.is_64)
      let table = try owner.store.makeTable(TableType(element: element, limits: limits), initial: value.reference)
      return newPointer(CANNERY_REFERENCE_TABLE, TableObject(table, owner))
    }
  }
}

extension Value {
  /// The reference that the value is.
  fileprivate var reference: Reference {
    switch self {
    case .funcref(let reference), .externref(let reference): reference
    default: .null
    }
  }
}

@c @implementation
public func wasm_table_type(_ table: OpaquePointer?) -> UnsafeMutablePointer<wasm_tabletype_t>? {
  table.map { reference($0).object(as: TableObject.self).thing.type.inC }
}

@c @implementation
public func wasm_table_get(_ table: OpaquePointer?, _ index: wasm_table_size_t) -> UnsafeMutablePointer<wasm_ref_t>? {
  guard let table else { return missing(nil) }
  let object = reference(table).object(as: TableObject.self)
  return object.store.using(otherwise: nil) {
    guard var slot = object.thing.get(UInt64(index)) else { throw ArgumentError("the table has no element \(index)") }
    return Value(type: object.thing.type.element, from: &slot).inC(object.store).of.ref
  }
}

@c @implementation
public func wasm_table_set(
  _ table: OpaquePointer?, _ index: wasm_table_size_t, _ value: UnsafeMutablePointer<wasm_ref_t>?
) -> Bool {
  guard let table else { return missing(false) }
  let object = reference(table).object(as: TableObject.self)
  return object.store.using(otherwise: false) {
    guard let value = Value(UnsafePointer(value), object.thing.type.element, object.store),
      object.thing.set(UInt64(index), value.reference.handle)
    else { throw ArgumentError("the reference is not of the table's type, or there is no element \(index)") }
    return true
  }
}

@c @implementation
public func wasm_table_size(_ table: OpaquePointer?) -> wasm_table_size_t {
  table.map { wasm_table_size_t(clamping: reference($0).object(as: TableObject.self).thing.count) } ?? 0
}

@c @implementation
public func wasm_table_grow(
  _ table: OpaquePointer?, _ delta: wasm_table_size_t, _ initial: UnsafeMutablePointer<wasm_ref_t>?
) -> Bool {
  guard let table else { return missing(false) }
  let object = reference(table).object(as: TableObject.self)
  return object.store.using(otherwise: false) {
    guard let value = Value(UnsafePointer(initial), object.thing.type.element, object.store) else {
      throw ArgumentError("the reference is not of the table's type")
    }
    guard object.thing.grow(by: UInt64(delta), value.reference.handle) != nil else {
      throw ArgumentError("the table can't have \(delta) elements more")
    }
    return true
  }
}

// MARK: Memories

@c @implementation
public func wasm_memory_new(_ store: OpaquePointer?, _ type: UnsafePointer<wasm_memorytype_t>?) -> OpaquePointer? {
  guard let store, let type else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting {
    let limits = Limits(type.pointee.limits, is64: type.pointee.is_64)
    guard limits.minimum <= limits.maximum ?? .max else { throw ArgumentError("the minimum is over the maximum") }
    return newPointer(
      CANNERY_REFERENCE_MEMORY,
      MemoryObject(try owner.using { try owner.store.makeMemory(MemoryType(limits: limits)) }, owner))
  }
}

@c @implementation
public func wasm_memory_type(_ memory: OpaquePointer?) -> UnsafeMutablePointer<wasm_memorytype_t>? {
  memory.map { reference($0).object(as: MemoryObject.self).thing.type.inC }
}

@c @implementation
public func wasm_memory_data(_ memory: OpaquePointer?) -> UnsafeMutablePointer<byte_t>? {
  guard let memory else { return missing(nil) }
  return reference(memory).object(as: MemoryObject.self).thing.untrackedBase?.assumingMemoryBound(to: byte_t.self)
}

@c @implementation
public func wasm_memory_data_size(_ memory: OpaquePointer?) -> Int {
  memory.map { reference($0).object(as: MemoryObject.self).thing.count } ?? 0
}

@c @implementation
public func wasm_memory_size(_ memory: OpaquePointer?) -> wasm_memory_pages_t {
  memory.map { wasm_memory_pages_t(clamping: reference($0).object(as: MemoryObject.self).thing.pageCount) } ?? 0
}

@c @implementation
public func wasm_memory_grow(_ memory: OpaquePointer?, _ delta: wasm_memory_pages_t) -> Bool {
  guard let memory else { return missing(false) }
  let object = reference(memory).object(as: MemoryObject.self)
  return object.store.using(otherwise: false) {
    guard object.thing.grow(by: UInt64(delta)) != nil else {
      throw ArgumentError("the memory can't have \(delta) pages more")
    }
    return true
  }
}

// MARK: Externals and instances

extension ExternalValue {
  /// A reference to it.
  func inC(_ store: StoreObject) -> OpaquePointer {
    switch self {
    case .function(let function): newPointer(CANNERY_REFERENCE_FUNC, FunctionObject(function, store))
    case .global(let global): newPointer(CANNERY_REFERENCE_GLOBAL, GlobalObject(global, store))
    case .table(let table): newPointer(CANNERY_REFERENCE_TABLE, TableObject(table, store))
    case .memory(let memory): newPointer(CANNERY_REFERENCE_MEMORY, MemoryObject(memory, store))
    }
  }

  /// What a reference refers to; nil for one of another store.
  init?(_ pointer: OpaquePointer, _ store: StoreObject) {
    let object = reference(pointer).object(as: ReferenceObject.self)
    guard object.store.store === store.store else { return nil }
    switch object {
    case let object as FunctionObject: self = .function(object.function)
    case let object as GlobalObject: self = .global(object.thing)
    case let object as TableObject: self = .table(object.thing)
    case let object as MemoryObject: self = .memory(object.thing)
    default: return nil
    }
  }
}

@c @implementation
public func wasm_extern_type(_ external: OpaquePointer?) -> UnsafeMutablePointer<wasm_externtype_t>? {
  guard let external else { return nil }
  let type: UnsafeMutableRawPointer
  switch reference(external).object(as: ReferenceObject.self) {
  case let object as FunctionObject: type = UnsafeMutableRawPointer(object.function.type.inC)
  case let object as GlobalObject: type = UnsafeMutableRawPointer(object.thing.type.inC)
  case let object as TableObject: type = UnsafeMutableRawPointer(object.thing.type.inC)
  case let object as MemoryObject: type = UnsafeMutableRawPointer(object.thing.type.inC)
  default: return nil
  }
  return type.assumingMemoryBound(to: wasm_externtype_t.self)
}

/// An instance, whose start function may execute so many instructions.
private func newInstance(
  _ owner: StoreObject, _ module: CompiledModule, _ imports: UnsafePointer<wasm_extern_vec_t>?, _ instructions: UInt64?
) throws -> OpaquePointer {
  let count = module.module.imports.count
  guard imports?.pointee.size ?? 0 == count else {
    throw ArgumentError("the module has \(count) imports, and \(imports?.pointee.size ?? 0) were given")
  }
  var values: [ExternalValue] = []
  for index in 0..<count {
    guard let pointer = imports?.pointee.data?[index], let value = ExternalValue(pointer, owner) else {
      throw ArgumentError("import \(index) is missing, or belongs to another store")
    }
    values.append(value)
  }
  let instance = try owner.using {
    try owner.store.instantiate(module, imports: values, instructions: instructions)
  }
  owner.engine.log(CANNERY_LOG_DEBUG) { "made an instance of a module with \(count) imports" }
  return newPointer(CANNERY_REFERENCE_INSTANCE, InstanceObject(instance, owner))
}

@c @implementation
public func wasm_instance_new(
  _ store: OpaquePointer?, _ module: OpaquePointer?, _ imports: UnsafePointer<wasm_extern_vec_t>?,
  _ trap: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  trap?.pointee = nil
  guard let store, let module else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  do {
    return try newInstance(owner, reference(module).object(as: ModuleObject.self).thing, imports, nil)
  } catch {
    LastError.set(ErrorObject(error))
    var cause: any Error = error
    if case .trap(let inner)? = error as? InstantiationError { cause = inner }
    trap?.pointee = owner.trapReference(cause)
    return nil
  }
}

@c @implementation
public func cannery_instance_new(
  _ store: OpaquePointer?, _ module: OpaquePointer?, _ imports: UnsafePointer<wasm_extern_vec_t>?,
  _ instructions: UInt64, _ trap: UnsafeMutablePointer<OpaquePointer?>?, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  trap?.pointee = nil
  return failing {
    guard let store, let module, let out else { throw ArgumentError("an argument is NULL") }
    let owner = object(store, as: StoreObject.self)
    do {
      out.pointee = try newInstance(
        owner, reference(module).object(as: ModuleObject.self).thing, imports,
        instructions == .max ? nil : instructions)
    } catch InstantiationError.trap(let cause) {
      trap?.pointee = owner.trapReference(cause)
      throw InstantiationError.trap(cause)
    }
  }
}

@c @implementation
public func wasm_instance_exports(_ instance: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_extern_vec_t>?) {
  wasm_extern_vec_new_empty(out)
  guard let instance, let out else { return }
  let object = reference(instance).object(as: InstanceObject.self)
  let pointers = object.instance.module.module.exports.compactMap {
    object.instance.export($0.name)?.inC(object.store)
  }
  wasm_extern_vec_new(out, pointers.count, pointers.map { Optional($0) })
}

@c @implementation
public func cannery_instance_export(_ instance: OpaquePointer?, _ name: UnsafePointer<CChar>?) -> OpaquePointer? {
  guard let instance, let name, let name = String(validatingCString: name) else { return missing(nil) }
  let object = reference(instance).object(as: InstanceObject.self)
  return object.instance.export(name)?.inC(object.store)
}
