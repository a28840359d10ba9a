// Between what C programs see and what the engine has: types, values, bytes.

import CWasm
import Cannery
import WebAssembly

// MARK: Objects behind pointers

/// The object that an opaque pointer retains. Ends the process where it is of another type.
package func object<Object: AnyObject>(_ pointer: OpaquePointer, as _: Object.Type = Object.self) -> Object {
  if cannery_checks_on() { cannery_check_alive(UnsafeRawPointer(pointer)) }
  let object = Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  guard type(of: object) == Object.self else { cannery_misused("a pointer is of another type than the function takes") }
  return unsafeDowncast(object, to: Object.self)
}

/// A pointer that retains an object.
package func retained(_ object: AnyObject) -> OpaquePointer {
  let pointer = Unmanaged.passRetained(object).toOpaque()
  if cannery_checks_on() { cannery_check_retained(pointer) }
  return OpaquePointer(pointer)
}

/// Gives a pointer's object back.
package func release(_ pointer: OpaquePointer?) {
  guard let pointer else { return }
  if cannery_checks_on() { cannery_check_released(UnsafeRawPointer(pointer)) }
  Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(pointer)).release()
}

typealias ReferencePointer = UnsafeMutablePointer<wasm_ref_t>

extension UnsafePointer<wasm_ref_t> {
  /// The object that a reference retains: of this class, which is final, or any. Ends the process where it is of another,
  /// or has been deleted.
  package func object<Object: ReferenceObject>(as _: Object.Type = Object.self) -> Object {
    unmanagedObject(as: Object.self).takeUnretainedValue()
  }

  /// The same, uncounted.
  @inline(__always)
  func unmanagedObject<Object: ReferenceObject>(as _: Object.Type) -> Unmanaged<Object> {
    guard pointee.kind != CANNERY_REFERENCE_ENDED.rawValue, let pointer = pointee.object else {
      cannery_misused("a reference was used after it was deleted")
    }
    let matches =
      Object.self == ReferenceObject.self
      || Unmanaged<ReferenceObject>.fromOpaque(pointer)._withUnsafeGuaranteedRef { type(of: $0) == Object.self }
    guard matches else { cannery_misused("a reference is of another kind than the function takes") }
    return Unmanaged<Object>.fromOpaque(pointer)
  }
}

/// The reference behind any of its names.
package func reference(_ pointer: OpaquePointer) -> UnsafePointer<wasm_ref_t> { UnsafePointer(pointer) }

/// A reference to an object.
func newReference(_ kind: cannery_reference_kind, _ object: ReferenceObject) -> ReferencePointer {
  cannery_reference_new(UInt8(kind.rawValue), Unmanaged.passRetained(object).toOpaque())
}

/// The same under another name.
func newPointer(_ kind: cannery_reference_kind, _ object: ReferenceObject) -> OpaquePointer {
  OpaquePointer(newReference(kind, object))
}

// MARK: Types

extension ValueType {
  init?(_ kind: wasm_valkind_t) {
    switch UInt32(kind) {
    case WASM_I32.rawValue: self = .i32
    case WASM_I64.rawValue: self = .i64
    case WASM_F32.rawValue: self = .f32
    case WASM_F64.rawValue: self = .f64
    case UInt32(CANNERY_V128): self = .v128
    case WASM_EXTERNREF.rawValue: self = .externref
    case WASM_FUNCREF.rawValue: self = .funcref
    default: return nil
    }
  }

  /// The kind in C; of references the nearest one.
  var kind: wasm_valkind_t {
    switch self {
    case .i32: return wasm_valkind_t(WASM_I32.rawValue)
    case .i64: return wasm_valkind_t(WASM_I64.rawValue)
    case .f32: return wasm_valkind_t(WASM_F32.rawValue)
    case .f64: return wasm_valkind_t(WASM_F64.rawValue)
    case .v128: return wasm_valkind_t(CANNERY_V128)
    default: return wasm_valkind_t(isFunctionReference ? WASM_FUNCREF.rawValue : WASM_EXTERNREF.rawValue)
    }
  }

  var isFunctionReference: Bool {
    isReference && (heapType.isConcrete || heapType == .func || heapType == .nofunc)
  }
}

extension FunctionType {
  /// Nil for kinds that there aren't.
  package init?(_ type: UnsafePointer<wasm_functype_t>) {
    func list(_ vector: wasm_valtype_vec_t) -> [ValueType]? {
      var types: [ValueType] = []
      for index in 0..<vector.size {
        guard let pointer = vector.data[index], let type = ValueType(pointer.pointee.kind) else { return nil }
        types.append(type)
      }
      return types
    }
    guard let parameters = list(type.pointee.params), let results = list(type.pointee.results) else { return nil }
    self.init(parameters: parameters, results: results)
  }

  package var inC: UnsafeMutablePointer<wasm_functype_t> {
    func vector(_ types: [ValueType]) -> wasm_valtype_vec_t {
      var pointers = types.map { wasm_valtype_new($0.kind) }
      var vector = wasm_valtype_vec_t()
      wasm_valtype_vec_new(&vector, types.count, &pointers)
      return vector
    }
    var (parameters, results) = (vector(parameters), vector(results))
    return wasm_functype_new(&parameters, &results)
  }
}

extension Limits {
  init(_ limits: wasm_limits_t, is64: Bool) {
    self.init(
      address: is64 ? .i64 : .i32, minimum: UInt64(limits.min),
      maximum: limits.max == UInt32.max ? nil : UInt64(limits.max))
  }

  /// Sizes that don't fit are the largest.
  var inC: wasm_limits_t {
    wasm_limits_t(
      min: UInt32(clamping: minimum), max: maximum.map { min(UInt32(clamping: $0), UInt32.max - 1) } ?? UInt32.max)
  }
}

extension GlobalType {
  var inC: UnsafeMutablePointer<wasm_globaltype_t> {
    wasm_globaltype_new(
      wasm_valtype_new(value.kind), wasm_mutability_t(isMutable ? WASM_VAR.rawValue : WASM_CONST.rawValue))
  }
}

extension TableType {
  var inC: UnsafeMutablePointer<wasm_tabletype_t> {
    var limits = limits.inC
    let type = wasm_tabletype_new(wasm_valtype_new(element.kind), &limits).unsafelyUnwrapped
    cannery_tabletype_set_64(type, self.limits.address == .i64)
    return type
  }
}

extension MemoryType {
  var inC: UnsafeMutablePointer<wasm_memorytype_t> {
    var limits = limits.inC
    let type = wasm_memorytype_new(&limits).unsafelyUnwrapped
    cannery_memorytype_set_64(type, self.limits.address == .i64)
    return type
  }
}

// MARK: Values

extension Value {
  /// A value in C; a reference in it is owned by whoever gets it.
  func inC(_ store: StoreObject) -> wasm_val_t {
    var value = wasm_val_t()
    value.kind = type.kind
    switch self {
    case .i32(let number): value.of.i32 = number
    case .i64(let number): value.of.i64 = number
    case .f32(let bits): value.of.f32 = Float(bitPattern: bits)
    case .f64(let bits): value.of.f64 = Double(bitPattern: bits)
    case .v128: value.of.i64 = 0
    case .funcref(let handle):
      value.of.ref = Function(handle, in: store.store).map {
        newReference(CANNERY_REFERENCE_FUNC, FunctionObject($0, store))
      }
    case .externref(let handle):
      if let external = store.store.external(handle) as? External {
        let object = external.object(in: store)
        value.of.ref = cannery_reference_new(external.kind, Unmanaged.passRetained(object).toOpaque())
      } else {
        value.of.ref = nil
      }
    }
    return value
  }

  /// The value that C gives for `type`; nil if it is of another. What it owns stays the giver's.
  init?(_ value: wasm_val_t, _ type: ValueType, _ store: StoreObject) {
    guard value.kind == type.kind else { return nil }
    switch type {
    case .i32: self = .i32(value.of.i32)
    case .i64: self = .i64(value.of.i64)
    case .f32: self = .f32(value.of.f32.bitPattern)
    case .f64: self = .f64(value.of.f64.bitPattern)
    case .v128: return nil
    default: self.init(UnsafePointer(value.of.ref), type, store)
    }
  }

  /// A reference of the type `type`.
  init?(_ reference: UnsafePointer<wasm_ref_t>?, _ type: ValueType, _ store: StoreObject) {
    let isFunction = type.isFunctionReference
    guard let reference else {
      self = isFunction ? .funcref(.null) : .externref(.null)
      return
    }
    let object = reference.object(as: ReferenceObject.self)
    // Of another store a reference means nothing here.
    guard object.store.store === store.store else { return nil }
    if isFunction {
      guard let function = object as? FunctionObject else { return nil }
      self = .funcref(function.function.reference)
    } else {
      self = .externref(store.external(object, kind: reference.pointee.kind))
    }
  }
}

// MARK: Bytes

/// A buffer that C lends; nil for a size that can't be, and for NULL with another size than 0.
package func buffer(_ bytes: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawBufferPointer? {
  guard count == 0 || (count > 0 && bytes != nil) else { return nil }
  return UnsafeMutableRawBufferPointer(start: bytes, count: count)
}

package func buffer(_ bytes: UnsafeRawPointer?, _ count: Int) -> UnsafeRawBufferPointer? {
  buffer(UnsafeMutableRawPointer(mutating: bytes), count).map { UnsafeRawBufferPointer($0) }
}

func bytes(_ vector: wasm_byte_vec_t) -> [UInt8] {
  Array(UnsafeRawBufferPointer(start: vector.data, count: vector.data == nil ? 0 : vector.size))
}

package func byteVector(_ bytes: some Collection<UInt8>) -> wasm_byte_vec_t {
  var vector = wasm_byte_vec_t()
  wasm_byte_vec_new_uninitialized(&vector, bytes.count)
  for (index, byte) in bytes.enumerated() where index < vector.size { vector.data[index] = CChar(bitPattern: byte) }
  return vector
}

package func byteVector(of text: String, terminated: Bool = false) -> wasm_byte_vec_t {
  byteVector(Array(text.utf8) + (terminated ? [0] : []))
}
