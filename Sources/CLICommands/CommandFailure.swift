// How every error becomes an exit code, a message for people, and an object for programs.

import CanisterRuntime
import Cannery
import HostFiles
import SystemAPI
import WasmText

/// The exit codes of the command line.
public enum ExitStatus: Int32, Comparable, Sendable {
  case success = 0
  /// A trap, out of instructions, a script with failures.
  case guestFailed = 1
  /// The input is malformed, invalid, not linkable, or an artifact that does not fit; or a file cannot be read or written.
  case inputWrong = 2
  case wrongUsage = 64
  case internalError = 70

  /// The graver one is the greater.
  public static func < (left: ExitStatus, right: ExitStatus) -> Bool { left.rawValue < right.rawValue }
}

/// Why a command ended without doing its work.
struct CommandFailure: Error {
  var status: ExitStatus
  /// For programs: lower case with hyphens.
  var kind: String
  /// For people.
  var message: String
  /// Byte offset in the input.
  var offset: Int?
  /// Further members of the JSON object.
  var details: [JSONValue.Member] = []
  /// Members beside `error`: what happened before.
  var report: [JSONValue.Member] = []

  init(
    _ status: ExitStatus, _ kind: String, _ message: String, offset: Int? = nil, details: [JSONValue.Member] = [],
    report: [JSONValue.Member] = []
  ) {
    self.status = status
    self.kind = kind
    self.message = message
    self.offset = offset
    self.details = details
    self.report = report
  }

  static func usage(_ message: String) -> CommandFailure { CommandFailure(.wrongUsage, "usage", message) }

  /// `{"error":{"kind":…,"message":…,"offset":…}}`
  var json: JSONValue {
    .object(
      [
        .init(
          "error",
          .object(
            [.init("kind", .string(kind)), .init("message", .string(message)), .init("offset", JSONValue(offset))]
              + details))
      ] + report)
  }

  /// Any error; `file` is what the input is called in messages.
  init(_ error: any Error, file: String? = nil) {
    let prefix = file.map { $0 + ": " } ?? ""
    switch error {
    case let error as CommandFailure: self = error
    case let error as FileError: self.init(.inputWrong, "file", error.description)
    case let error as ModuleError: self.init(error, prefix)
    case let error as TextError:
      self.init(
        .inputWrong, "malformed", "\(file.map { $0 + ":" } ?? "")\(error)", offset: error.offset,
        details: [.init("line", JSONValue(error.line)), .init("column", JSONValue(error.column))])
    case let error as ArtifactError: self.init(error, prefix)
    case let error as InstantiationError: self.init(error, prefix)
    case let error as GuestFailure: self = error.failure
    case let error as CanisterError:
      if error.code == .canisterInvalidWasm {
        self.init(.inputWrong, "invalid", prefix + error.message)
      } else {
        self = GuestFailure(error).failure
      }
    case let error as CanisterReject: self = GuestFailure(error).failure
    case let error as StateError where error.isOtherVersion:
      self.init(
        .inputWrong, "stale",
        "\(prefix)\(error); only that version can go on with it: for this one, make canisters in another folder")
    case let error as StateError: self.init(.inputWrong, "malformed", "\(prefix)\(error)")
    case let error as RuntimeError: self.init(.guestFailed, "no-answer", "\(prefix)\(error)")
    case let error as ResourceError: self.init(.inputWrong, "resource", "\(prefix)\(error)")
    case let error as ExecutionError:
      switch error {
      case .invalidArtifact(let error): self.init(error, prefix)
      case .typeMismatch(let text): self.init(.wrongUsage, "arguments", prefix + text)
      default: self.init(.internalError, "internal", "\(prefix)internal error: \(error)")
      }
    default: self.init(.internalError, "internal", "\(prefix)internal error: \(error)")
    }
  }

  private init(_ error: ModuleError, _ prefix: String) {
    var details: [JSONValue.Member] = []
    if let section = error.section { details.append(.init("section", .string(section.name))) }
    if let function = error.function { details.append(.init("function", JSONValue(function))) }
    let what: String
    switch error.kind {
    case .malformed: what = "malformed module: "
    case .invalid: what = "invalid module: "
    case .unsupported, .limit: what = ""
    case .internal: what = "internal error: "
    }
    self.init(
      error.kind == .internal ? .internalError : .inputWrong, error.kind.rawValue, "\(prefix)\(what)\(error)",
      offset: error.offset, details: details)
  }

  private init(_ error: ArtifactError, _ prefix: String) {
    let kind: String
    switch error {
    case .notAnArtifact: kind = "not-an-artifact"
    case .otherVersion, .stale: kind = "stale"
    case .wrongSize: kind = "wrong-size"
    case .corrupt: kind = "corrupt"
    case .malformed, .skeleton: kind = "malformed"
    case .invalidCode: kind = "invalid-code"
    }
    self.init(.inputWrong, kind, "\(prefix)artifact refused: \(error)")
  }

  private init(_ error: InstantiationError, _ prefix: String) {
    switch error {
    case .unknownImport, .incompatibleImport: self.init(.inputWrong, "unlinkable", "\(prefix)\(error)")
    case .resource: self.init(.inputWrong, "resource", "\(prefix)\(error)")
    case .trap(let trap): self.init(.guestFailed, trap.kind.name, "\(prefix)\(error)")
    case .unsupported: self.init(.inputWrong, "unsupported", "\(prefix)\(error)")
    case .otherEngine: self.init(.internalError, "internal", "\(prefix)internal error: \(error)")
    case .storeIsSuspended, .memoryExchange:
      self.init(.internalError, "internal", "\(prefix)internal error: \(error)")
    }
  }
}

extension StateError {
  fileprivate var isOtherVersion: Bool { if case .otherVersion = self { true } else { false } }
}
