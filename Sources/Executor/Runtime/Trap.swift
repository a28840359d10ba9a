// Traps with backtraces.

import Compiler
import WebAssembly

/// One function in a backtrace.
public struct BacktraceFrame: Hashable, Sendable {
  /// Index in the function index space of the instance's module; of host functions 0.
  public var function: UInt32
  /// From the name section; of host functions the name that they were made with.
  public var name: String?
  /// Byte offset in the module of the operator that trapped or called.
  public var offset: Int?
  /// Byte offset in the module at which the function's operators begin.
  public var bodyOffset: Int?
  /// The instance, by its number in `Store.instances`; of host functions nil.
  public var instance: Int?
  /// Whether it is a host function.
  public var isHost: Bool

  init(
    function: UInt32, name: String?, offset: Int?, bodyOffset: Int? = nil, instance: Int? = nil, isHost: Bool
  ) {
    self.function = function
    self.name = name
    self.offset = offset
    self.bodyOffset = bodyOffset
    self.instance = instance
    self.isHost = isHost
  }
}

/// The end of an execution that could not go on.
public struct Trap: Error {
  /// Why the execution ended.
  public var kind: TrapKind
  /// Innermost function first; at most `Trap.frameLimit`.
  public var backtrace: [BacktraceFrame] = []
  /// What a host function threw (kind `hostError`).
  public var underlying: (any Error)?

  /// Frames that a backtrace has at most.
  public static let frameLimit = 64

  /// Makes a trap, for hosts that end an execution themselves.
  public init(kind: TrapKind, backtrace: [BacktraceFrame] = [], underlying: (any Error)? = nil) {
    self.kind = kind
    self.backtrace = backtrace
    self.underlying = underlying
  }
}

extension Trap: CustomStringConvertible {
  /// The cause, and a line for each frame of the backtrace.
  public var description: String {
    var text = kind.message
    if let underlying { text += ": \(underlying)" }
    for (index, frame) in backtrace.enumerated() {
      text += "\n  \(index): \(frame.name ?? (frame.isHost ? "host function" : "function \(frame.function)"))"
      if frame.isHost { text += " (host)" }
      if let offset = frame.offset { text += " at 0x\(String(offset, radix: 16))" }
    }
    return text
  }
}

extension Store {
  /// The functions that are active, from the saved registers.
  package func backtrace() -> [BacktraceFrame] {
    var frames: [BacktraceFrame] = []
    if let host = failedHostFunction {
      frames.append(BacktraceFrame(function: 0, name: hostFunctions[host].name, offset: nil, isHost: true))
      failedHostFunction = nil
    }
    var pc = context.pointee.registers.pc
    var fp = context.pointee.registers.fp
    var cx = context.pointee.registers.cx
    if pc == RuntimeCode.resumeHostCall || pc == RuntimeCode.retryHostCall, let call = pendingHostCall { pc = call.pc }
    while frames.count < Trap.frameLimit {
      let instance = moduleInstance(cx)
      guard let place = instance.code.location(of: pc) else { break }
      let number = moduleInstances.firstIndex { $0 === instance }
      let locations = instance.module.artifact.locations(inFunction: place.function, word: place.word)
      for location in locations.prefix(Trap.frameLimit - frames.count) {
        let name = instance.module.functionName(location.function)
        frames.append(
          BacktraceFrame(
            function: location.function, name: name, offset: location.offset, bodyOffset: location.bodyOffset,
            instance: number, isHost: false))
      }
      var back = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
      if back == RuntimeCode.leaveInstance {
        fp -= borderSlots
        cx = CX(bitPattern: UInt(fp[0])).unsafelyUnwrapped
        back = PC(bitPattern: UInt(fp[-1])).unsafelyUnwrapped
      }
      if back == RuntimeCode.exit { break }
      fp -= Int(back[-1] & 0xFFFF_FFFF)
      // The call operation's last word.
      pc = back - 1
    }
    return frames
  }
}
