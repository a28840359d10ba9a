// Errors: what went wrong last on this thread, and errors as objects.

import CWasm
import Cannery
import HostFiles
import Synchronization
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why a function failed.
package final class ErrorObject: Sendable {
  let kind: cannery_error_kind_t
  /// Of what the rules of the Internet Computer don't allow: which; else 0.
  package let code: UInt32
  let offset: Int?
  /// The message with a zero at its end.
  let message: [CChar]

  package init(_ kind: cannery_error_kind_t, _ message: String, offset: Int? = nil, code: UInt32 = 0) {
    self.kind = kind
    self.code = code
    self.offset = offset
    self.message = Array(message.utf8CString)
  }

  package convenience init(_ error: any Error) {
    switch error {
    case let error as ModuleError:
      self.init(
        error.kind == .malformed ? CANNERY_ERROR_MALFORMED : CANNERY_ERROR_INVALID, "\(error)", offset: error.offset)
    case let error as TextError: self.init(CANNERY_ERROR_MALFORMED, "\(error)", offset: error.offset)
    case let error as ArtifactError: self.init(CANNERY_ERROR_ARTIFACT, "\(error)")
    case let error as ResourceError: self.init(CANNERY_ERROR_RESOURCE, "\(error)")
    case let error as InstantiationError:
      switch error {
      case .resource: self.init(CANNERY_ERROR_RESOURCE, "\(error)")
      case .storeIsSuspended: self.init(CANNERY_ERROR_BUSY, "\(error)")
      case .trap: self.init(CANNERY_ERROR_TRAP, "\(error)")
      default: self.init(CANNERY_ERROR_LINK, "\(error)")
      }
    case let error as ExecutionError:
      switch error {
      case .storeIsSuspended: self.init(CANNERY_ERROR_BUSY, "\(error)")
      case .invalidArtifact: self.init(CANNERY_ERROR_ARTIFACT, "\(error)")
      case .outOfMemory: self.init(CANNERY_ERROR_RESOURCE, "\(error)")
      default: self.init(CANNERY_ERROR_ARGUMENT, "\(error)")
      }
    case let error as FileError: self.init(CANNERY_ERROR_FILE, error.description)
    case let error as StoreInUseError: self.init(CANNERY_ERROR_BUSY, error.description)
    case let error as ArgumentError: self.init(CANNERY_ERROR_ARGUMENT, error.description)
    default: self.init(CANNERY_ERROR_INTERNAL, "\(error)")
    }
  }
}

/// An argument that a function doesn't take.
package struct ArgumentError: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// The last error of each thread, which goes when the thread ends.
enum LastError {
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let code = pthread_key_create(&key) { pointer in
      #if canImport(Darwin)
      Unmanaged<ErrorObject>.fromOpaque(pointer).release()
      #else
      if let pointer { Unmanaged<ErrorObject>.fromOpaque(pointer).release() }
      #endif
    }
    precondition(code == 0, "the system has no more keys for threads")
    return key
  }()

  static func set(_ error: ErrorObject) {
    let old = pthread_getspecific(key)
    pthread_setspecific(key, Unmanaged.passRetained(error).toOpaque())
    if let old { Unmanaged<ErrorObject>.fromOpaque(old).release() }
  }

  static var current: ErrorObject? {
    pthread_getspecific(key).map { Unmanaged<ErrorObject>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// Does `body`; of an error it keeps why, and gives nil.
func reporting<Result>(_ body: () throws -> Result?) -> Result? {
  do {
    return try body()
  } catch {
    LastError.set(ErrorObject(error))
    return nil
  }
}

/// The result of a function that was not given what it needs, or not so much of it; that is the thread's last error.
func missing<Result>(_ result: Result) -> Result {
  LastError.set(ErrorObject(CANNERY_ERROR_ARGUMENT, "an argument is NULL, or is not what the function takes"))
  return result
}

@c @implementation
public func cannery_last_error() -> OpaquePointer? { LastError.current.map(retained) }

@c @implementation
public func cannery_error_delete(_ error: OpaquePointer?) { release(error) }

@c @implementation
public func cannery_error_kind(_ error: OpaquePointer?) -> cannery_error_kind_t {
  error.map { object($0, as: ErrorObject.self).kind } ?? CANNERY_ERROR_NONE
}

@c @implementation
public func cannery_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  // Sound: an array that nobody changes keeps its storage, and the error keeps the array.
  error.flatMap { object($0, as: ErrorObject.self).message.withUnsafeBufferPointer { $0.baseAddress } }
}

@c @implementation
public func cannery_error_offset(_ error: OpaquePointer?) -> Int {
  error.flatMap { object($0, as: ErrorObject.self).offset } ?? -1
}

@c @implementation
public func cannery_abi() -> UInt32 { UInt32(CANNERY_ABI) }

/// Never freed. Sound to share: nobody writes to it.
nonisolated(unsafe) private let version = strdup(CANNERY_VERSION)

@c @implementation
public func cannery_version() -> UnsafePointer<CChar>! { UnsafePointer(version) }

@c @implementation
public func cannery_error_new(_ kind: cannery_error_kind_t, _ message: UnsafePointer<CChar>?) -> OpaquePointer? {
  retained(ErrorObject(kind, message.map { String(cString: $0) } ?? ""))
}

@c @implementation
public func cannery_set_last_error(_ kind: cannery_error_kind_t, _ message: UnsafePointer<CChar>?) {
  LastError.set(ErrorObject(kind, message.map { String(cString: $0) } ?? ""))
}
