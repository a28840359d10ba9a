// Between what C programs see and what the runtime has: arguments, errors, one use at a time.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import Cannery
import CanneryC
import Synchronization
import SystemAPI

// MARK: Errors

/// Something is used while a call on it is in progress.
struct BusyError: Error {
  var description: String
  init(_ description: String) { self.description = description }
}

/// Something that can't be had.
struct FailedError: Error {
  var kind: cannery_error_kind_t
  var description: String
  init(_ kind: cannery_error_kind_t, _ description: String) { (self.kind, self.description) = (kind, description) }
}

private func errorObject(_ error: any Error) -> ErrorObject {
  switch error {
  case let error as CanisterError:
    return ErrorObject(CANNERY_ERROR_REFUSED, "\(error)", code: UInt32(error.code.rawValue))
  case let error as CanisterReject:
    return ErrorObject(CANNERY_ERROR_REFUSED, "\(error)", code: UInt32(error.error.rawValue))
  case let error as BusyError: return ErrorObject(CANNERY_ERROR_BUSY, error.description)
  case let error as FailedError: return ErrorObject(error.kind, error.description)
  case let error as PrincipalTextError: return ErrorObject(CANNERY_ERROR_MALFORMED, "\(error)")
  case let error as CandidTextError: return ErrorObject(error.reason.kind, "\(error)", offset: error.offset)
  case let error as CandidError:
    switch error {
    case .malformed(_, let offset): return ErrorObject(CANNERY_ERROR_MALFORMED, "\(error)", offset: offset)
    case .limitExceeded(_, let offset): return ErrorObject(CANNERY_ERROR_RESOURCE, "\(error)", offset: offset)
    default: return ErrorObject(CANNERY_ERROR_INVALID, "\(error)")
    }
  case let error as StateError:
    if case .malformed(let offset) = error { return ErrorObject(CANNERY_ERROR_MALFORMED, "\(error)", offset: offset) }
    return ErrorObject(CANNERY_ERROR_ARTIFACT, "\(error)")
  case let error as InputLogError:
    switch error {
    case .malformed(let offset): return ErrorObject(CANNERY_ERROR_MALFORMED, "\(error)", offset: offset)
    case .otherVersion, .damaged: return ErrorObject(CANNERY_ERROR_ARTIFACT, "\(error)")
    case .tooLarge: return ErrorObject(CANNERY_ERROR_RESOURCE, "\(error)")
    case .differs: return ErrorObject(CANNERY_ERROR_INVALID, "\(error)")
    case .otherConfiguration, .needsState, .otherState: return ErrorObject(CANNERY_ERROR_ARGUMENT, "\(error)")
    }
  default: return ErrorObject(error)
  }
}

extension CandidTextError.Reason {
  /// Whether the text can't be read, or doesn't fit types.
  fileprivate var kind: cannery_error_kind_t {
    switch self {
    case .mismatch, .outOfRange, .missingField, .unknownCase, .argumentCount: CANNERY_ERROR_INVALID
    default: CANNERY_ERROR_MALFORMED
    }
  }
}

/// Does `body`. Returns nil, or an error that the caller owns.
func failing(_ body: () throws -> Void) -> OpaquePointer? {
  do {
    try body()
    return nil
  } catch {
    return retained(errorObject(error))
  }
}

@c @implementation
public func cannery_error_code(_ error: OpaquePointer?) -> UInt32 {
  error.map { object($0, as: ErrorObject.self).code } ?? 0
}

// MARK: Arguments

/// What a pointer points to, which must not be NULL.
func given<Value>(_ pointer: UnsafePointer<Value>?, _ name: String) throws -> Value {
  guard let pointer else { throw ArgumentError("\(name) is NULL") }
  return pointer.pointee
}

/// Where a result is written.
func target<Value>(_ out: UnsafeMutablePointer<Value>?, _ name: String = "out") throws -> UnsafeMutablePointer<Value> {
  guard let out else { throw ArgumentError("\(name) is NULL") }
  return out
}

/// The object behind a pointer that must not be NULL.
func given<Object: AnyObject>(_ pointer: OpaquePointer?, _ name: String, as _: Object.Type) throws -> Object {
  guard let pointer else { throw ArgumentError("\(name) is NULL") }
  return object(pointer)
}

/// Bytes that a caller lends.
func given(bytes pointer: UnsafeRawPointer?, _ size: Int, _ name: String) throws -> [UInt8] {
  guard size >= 0 else { throw ArgumentError("the size of \(name) is too large") }
  guard size == 0 || pointer != nil else { throw ArgumentError("\(name) is NULL") }
  return Array(UnsafeRawBufferPointer(start: pointer, count: size))
}

/// A text with a zero at its end.
func given(text pointer: UnsafePointer<CChar>?, _ name: String) throws -> String {
  guard let pointer else { throw ArgumentError("\(name) is NULL") }
  guard let text = String(validatingCString: pointer) else { throw ArgumentError("\(name) is not UTF-8") }
  return text
}

/// A text of so many bytes.
func given(text pointer: UnsafePointer<CChar>?, _ size: Int, _ name: String) throws -> String {
  guard let text = String(validating: try given(bytes: pointer, size, name), as: UTF8.self) else {
    throw ArgumentError("\(name) is not UTF-8")
  }
  return text
}

/// Elements that a caller lends.
func given<Value>(_ pointer: UnsafePointer<Value>?, _ count: Int, _ name: String) throws -> UnsafeBufferPointer<Value> {
  guard count >= 0, count <= Int.max / max(MemoryLayout<Value>.stride, 1) else {
    throw ArgumentError("there are too many of \(name)")
  }
  guard count == 0 || pointer != nil else { throw ArgumentError("\(name) is NULL") }
  return UnsafeBufferPointer(start: pointer, count: count)
}

/// Writes as many elements as there is room for. Returns how many there are.
func write<Value>(_ values: [Value], _ target: UnsafeMutablePointer<Value>?, capacity: Int) throws -> Int {
  // Size types of C that are greater than any number of Swift's are room enough.
  let room = capacity < 0 ? Int.max : capacity
  guard room == 0 || target != nil else { throw ArgumentError("there is no room that a capacity tells of") }
  for index in 0..<min(values.count, room) { target?[index] = values[index] }
  return values.count
}

/// A text that C can read as long as somebody keeps it, with a zero at its end.
struct CText: Sendable {
  private let bytes: [UInt8]
  init(_ text: String) { bytes = Array(text.utf8) + [0] }
  init(_ contents: [UInt8]) { bytes = contents + [0] }
  /// Sound: an array that nobody changes keeps its storage.
  var pointer: UnsafePointer<CChar>? {
    bytes.withUnsafeBytes { $0.baseAddress?.assumingMemoryBound(to: CChar.self) }
  }
  /// Without the zero.
  var count: Int { bytes.count - 1 }
}

/// Bytes that C owns.
func newBytes(_ bytes: [UInt8]) -> wasm_byte_vec_t {
  var vector = wasm_byte_vec_t()
  bytes.withUnsafeBytes {
    wasm_byte_vec_new(&vector, $0.count, $0.baseAddress?.assumingMemoryBound(to: wasm_byte_t.self))
  }
  return vector
}

// MARK: One use at a time

/// Lets one call at a time in.
final class Gate: Sendable {
  private let isTaken = Atomic<Bool>(false)

  /// Throws `BusyError` while another call is in progress, on any thread.
  func using<Result>(_ what: String, _ body: () throws -> Result) throws -> Result {
    guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else {
      throw BusyError("\(what) is in use: a call on it is in progress")
    }
    defer { isTaken.store(false, ordering: .releasing) }
    return try body()
  }
}
