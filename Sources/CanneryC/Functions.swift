// Functions of wasm.h: the host's, and calls.

import CWasm
import Cannery
import WebAssembly

package typealias Finalizer = @convention(c) (UnsafeMutableRawPointer?) -> Void

/// What a host function or a hook was made with; the finalizer runs when nobody keeps it any more. While the function is
/// being made there is none: where that fails, the pointer stays the program's.
package final class Environment: @unchecked Sendable {
  // Sound as Sendable: the pointer is the embedder's, who was told on which threads it is used.
  package let pointer: UnsafeMutableRawPointer?
  /// Set before anybody else sees the environment.
  var finalizer: Finalizer?
  package init(_ pointer: UnsafeMutableRawPointer?, _ finalizer: Finalizer? = nil) {
    self.pointer = pointer
    self.finalizer = finalizer
  }
  deinit { finalizer?(pointer) }
}

/// A trap that a host function returned: it goes through the Wasm code as an error, and comes out as the same trap.
package struct HostTrap: Error, CustomStringConvertible {
  var message: String
  var token: Token
  /// Of Wasm code that the host function called: where that trapped.
  var inner: Trap?
  package init(message: String, token: Token = Token()) { (self.message, self.token) = (message, token) }
  init(_ object: TrapObject) {
    (message, token) = (object.message, object.token)
    inner = object.trap.backtrace.isEmpty ? nil : object.trap
  }
  package var description: String { message }
}

/// A host function whose body gets its parameters, and room for its results, as values of C.
private func makeFunction(
  _ owner: StoreObject, _ type: FunctionType,
  _ body: @escaping (UnsafePointer<wasm_val_vec_t>, UnsafeMutablePointer<wasm_val_vec_t>) -> OpaquePointer?
) throws -> Function {
  let (parameters, results) = (type.parameters, type.results)
  let count = max(parameters.count + results.count, 1)
  // The function is the store's, which ends after `owner` at the earliest; calls happen while somebody holds `owner`.
  let unowned = Unmanaged.passUnretained(owner)
  return try owner.store.makeHostFunction(type) { caller, slots in
    let owner = unowned.takeUnretainedValue()
    return try withUnsafeTemporaryAllocation(of: wasm_val_t.self, capacity: count) { values in
      var slot = 0
      for (index, type) in parameters.enumerated() {
        values[index] = Value(type: type, from: slots + slot).inC(owner)
        slot += type.slotCount
      }
      for index in 0..<results.count { values[parameters.count + index] = wasm_val_t() }
      var arguments = wasm_val_vec_t(size: parameters.count, data: values.baseAddress)
      var answers = wasm_val_vec_t(size: results.count, data: values.baseAddress.map { $0 + parameters.count })
      let trap = body(&arguments, &answers)
      // What was given, and what the callback gave: also where it gave a trap besides, or something wrong.
      defer { for index in 0..<(parameters.count + results.count) { wasm_val_delete(&values[index]) } }
      if let trap {
        let object = reference(trap).object(as: TrapObject.self)
        let error = HostTrap(object)
        let kind = object.trap.kind
        wasm_trap_delete(trap)
        // Of Wasm code that the function called: it is the whole execution's.
        if kind == .outOfInstructions || kind == .interrupted { throw kind }
        throw error
      }
      slot = 0
      for (index, type) in results.enumerated() {
        guard let value = Value(values[parameters.count + index], type, owner) else {
          throw HostTrap(message: "a host function returned a value of another type than \(type)", token: Token())
        }
        value.store(to: slots + slot)
        slot += type.slotCount
      }
      return .done
    }
  }
}

private func newFunction(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_functype_t>?,
  _ body: @escaping (UnsafePointer<wasm_val_vec_t>, UnsafeMutablePointer<wasm_val_vec_t>) -> OpaquePointer?
) -> OpaquePointer? {
  guard let store, let type, let signature = FunctionType(type) else { return missing(nil) }
  let owner = object(store, as: StoreObject.self)
  return reporting {
    newPointer(
      CANNERY_REFERENCE_FUNC, FunctionObject(try owner.using { try makeFunction(owner, signature, body) }, owner))
  }
}

@c @implementation
public func wasm_func_new(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_functype_t>?, _ callback: wasm_func_callback_t?
) -> OpaquePointer? {
  guard let callback else { return missing(nil) }
  return newFunction(store, type) { callback($0, $1) }
}

@c @implementation
public func wasm_func_new_with_env(
  _ store: OpaquePointer?, _ type: UnsafePointer<wasm_functype_t>?, _ callback: wasm_func_callback_with_env_t?,
  _ environment: UnsafeMutableRawPointer?, _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) -> OpaquePointer? {
  guard let callback else { return missing(nil) }
  let kept = Environment(environment)
  let made = newFunction(store, type) { callback(kept.pointer, $0, $1) }
  if made != nil { kept.finalizer = finalizer }
  return made
}

@c @implementation
public func wasm_func_type(_ function: OpaquePointer?) -> UnsafeMutablePointer<wasm_functype_t>? {
  function.map { reference($0).object(as: FunctionObject.self).function.type.inC }
}

@c @implementation
public func wasm_func_param_arity(_ function: OpaquePointer?) -> Int {
  function.map { reference($0).object(as: FunctionObject.self).function.type.parameters.count } ?? 0
}

@c @implementation
public func wasm_func_result_arity(_ function: OpaquePointer?) -> Int {
  function.map { reference($0).object(as: FunctionObject.self).function.type.results.count } ?? 0
}

@c @implementation
public func wasm_func_call(
  _ function: OpaquePointer?, _ arguments: UnsafePointer<wasm_val_vec_t>?,
  _ results: UnsafeMutablePointer<wasm_val_vec_t>?
) -> OpaquePointer? {
  guard let function else { return missing(nil) }
  return reference(function).object(as: FunctionObject.self).call(arguments, results)
}

extension FunctionObject {
  /// Calls the function. Returns a reference to a trap, or nil.
  fileprivate func call(
    _ arguments: UnsafePointer<wasm_val_vec_t>?, _ results: UnsafeMutablePointer<wasm_val_vec_t>?
  ) -> OpaquePointer? {
    let signature = function.record.pointee.signature
    let (parameterCount, resultCount) = (signature.pointee.parameters.count, signature.pointee.results.count)
    let count = arguments?.pointee.data == nil ? 0 : arguments?.pointee.size ?? 0
    guard count == parameterCount else {
      return trap("the function takes \(parameterCount) arguments, and \(count) were given")
    }
    if (results?.pointee.size ?? 0) > 0, signature.pointee.results.contains(.v128) {
      return trap("a result is a vector: call the function on slots")
    }
    let slotCount = max(Int(max(function.record.pointee.parameterSlots, function.record.pointee.resultSlots)), 1)
    do {
      // References are looked up in the store: that belongs to the call.
      try store.using {
        try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: slotCount) { slots in
          if let values = arguments?.pointee.data {
            for index in 0..<parameterCount {
              let type = signature.pointee.parameters[index]
              guard let value = Value(values[index], type, store) else {
                throw ArgumentError("argument \(index) is not of the type \(type)")
              }
              value.store(to: slots.baseAddress.unsafelyUnwrapped + index)
            }
          }
          try function.call(slots: slots)
          if let values = results?.pointee.data {
            // Whoever has no room for results doesn't want them.
            for index in 0..<min(resultCount, results?.pointee.size ?? 0) {
              let type = signature.pointee.results[index]
              values[index] = Value(type: type, from: slots.baseAddress.unsafelyUnwrapped + index).inC(store)
            }
          }
        }
      }
      return nil
    } catch {
      return trap(error)
    }
  }

  private func trap(_ message: String) -> OpaquePointer {
    newPointer(
      CANNERY_REFERENCE_TRAP, TrapObject(Trap(kind: .hostError), message: message, store))
  }

  private func trap(_ error: any Error) -> OpaquePointer { store.trapReference(error) }
}

extension StoreObject {
  /// The trap that an error means.
  package func trapReference(_ error: any Error) -> OpaquePointer {
    let object: TrapObject
    switch error {
    case let trap as Trap:
      let host = trap.underlying as? HostTrap
      object = TrapObject(host?.inner ?? trap, message: host?.message, token: host?.token ?? Token(), self)
    case let kind as TrapKind: object = TrapObject(Trap(kind: kind), self)
    case let host as HostTrap:
      object = TrapObject(Trap(kind: .hostError), message: host.message, token: host.token, self)
    default: object = TrapObject(Trap(kind: .hostError), message: "\(error)", self)
    }
    return newPointer(CANNERY_REFERENCE_TRAP, object)
  }
}

// MARK: Traps and foreign objects

@c @implementation
public func wasm_trap_new(_ store: OpaquePointer?, _ message: UnsafePointer<wasm_message_t>?) -> OpaquePointer? {
  guard let store else { return missing(nil) }
  var text = message.map { bytes($0.pointee) } ?? []
  if text.last == 0 { text.removeLast() }
  return newPointer(
    CANNERY_REFERENCE_TRAP,
    TrapObject(Trap(kind: .hostError), message: String(decoding: text, as: UTF8.self), object(store)))
}

@c @implementation
public func wasm_trap_message(_ trap: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_message_t>?) {
  wasm_byte_vec_new_empty(out)
  guard let trap, let out else { return }
  out.pointee = byteVector(of: reference(trap).object(as: TrapObject.self).message, terminated: true)
}

extension TrapObject {
  /// Frames of Wasm code, innermost first.
  fileprivate var frames: [UnsafeMutablePointer<wasm_frame_t>?] {
    // Instances are looked up in the store.
    store.using(otherwise: []) { makeFrames() }
  }

  private func makeFrames() -> [UnsafeMutablePointer<wasm_frame_t>?] {
    trap.backtrace.filter { !$0.isHost }.map { frame in
      let made = cannery_frame_new()
      made?.pointee.instance = frame.instance.map {
        newPointer(CANNERY_REFERENCE_INSTANCE, InstanceObject(store.store.instances[$0], store))
      }
      made?.pointee.func_index = frame.function
      made?.pointee.module_offset = frame.offset ?? 0
      made?.pointee.func_offset = max((frame.offset ?? 0) - (frame.bodyOffset ?? 0), 0)
      return made
    }
  }
}

@c @implementation
public func wasm_trap_origin(_ trap: OpaquePointer?) -> UnsafeMutablePointer<wasm_frame_t>? {
  guard let trap else { return nil }
  let frames = reference(trap).object(as: TrapObject.self).frames
  for frame in frames.dropFirst() { wasm_frame_delete(frame) }
  return frames.first ?? nil
}

@c @implementation
public func wasm_trap_trace(_ trap: OpaquePointer?, _ out: UnsafeMutablePointer<wasm_frame_vec_t>?) {
  wasm_frame_vec_new_empty(out)
  guard let trap, let out else { return }
  let frames = reference(trap).object(as: TrapObject.self).frames
  wasm_frame_vec_new(out, frames.count, frames)
}

@c @implementation
public func wasm_foreign_new(_ store: OpaquePointer?) -> OpaquePointer? {
  store.map { newPointer(CANNERY_REFERENCE_FOREIGN, ForeignObject(Token(), object($0))) }
}
