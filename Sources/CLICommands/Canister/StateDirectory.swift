// Where canisters are kept between commands: a folder with the runtime's state in one file, and the names of canisters in
// another. One process at a time changes it, and a change is written whole or not at all; who only reads sees the state
// before or after it.

import Candid
import CanisterRuntime
import Cannery
import HostFiles

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that one process at a time has; given back with the value.
private final class FileLock {
  private let descriptor: Int32

  /// Waits a while for a process that has it, if `waits`.
  init(_ path: String, of folder: String, waits: Bool = true) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw FileError("open", path, errno) }
    for _ in 0..<(waits ? Self.attempts : 1) {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      guard errno == EWOULDBLOCK || errno == EINTR else { throw FileError("lock", path, errno) }
      if waits { usleep(Self.pause) }
    }
    throw CommandFailure(.inputWrong, "busy", "another command is working with \(folder)")
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Half a minute in all: saving a large state takes a while.
  private static let attempts = 600
  private static let pause: UInt32 = 50_000
}

/// An open state directory; nobody else changes it meanwhile, if it was opened for that.
struct StateDirectory {
  let path: String
  private var lock: FileLock?
  let runtime: CanisterRuntime
  /// Canisters by name.
  var names: [String: Principal]
  private let savedNames: [String: Principal]
  private let hasState: Bool

  private static let stateFile = "state"
  private static let namesFile = "names"
  private static let lockFile = "lock"
  /// Bytes of a state that are read at most.
  private static let sizeLimit = 1 << 36

  enum Access {
    case read
    case change
    /// For changes if that can be had at once, or else for reading.
    case changeIfFree
  }

  /// Whether it was opened for changes.
  var mayChange: Bool { lock != nil }

  /// Lets others change it.
  mutating func unlock() { lock = nil }

  /// Opens the folder. With `makes` it is made if it isn't there, with the folders that it is in.
  init(_ path: String, for access: Access, makes: Bool = false) throws {
    if makes { try FileAccess.makeFolder(path) }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw CommandFailure(
        .inputWrong, "file", "there is no state at \(path): `cannery canister create --state \(path)` makes one")
    }
    let lockFile = "\(path)/\(Self.lockFile)"
    switch access {
    case .read: lock = nil
    case .change: lock = try FileLock(lockFile, of: path)
    case .changeIfFree: lock = try? FileLock(lockFile, of: path, waits: false)
    }
    self.path = path
    // Names first: whoever writes makes sure that there is a state before there are names.
    savedNames = try Self.readNames("\(path)/\(Self.namesFile)")
    let stateFile = "\(path)/\(Self.stateFile)"
    hasState = stat(stateFile, &status) == 0
    if hasState {
      try Self.checkRegular(stateFile, status)
      let bytes = try FileAccess.Descriptor(reading: stateFile).readAll(limit: Self.sizeLimit)
      runtime = try naming(stateFile) { try CanisterRuntime(state: bytes) }
    } else {
      guard errno == ENOENT else { throw FileError("read", stateFile, errno) }
      runtime = CanisterRuntime()
    }
    // A command that was ended while it saved may have left a name without its canister.
    let ids = Set(runtime.canisterIDs)
    if !hasState && !savedNames.isEmpty {
      throw CommandFailure(.inputWrong, "file", "\(path) has names of canisters, but the file \(stateFile) is missing")
    }
    names = savedNames.filter { ids.contains($0.value) }
  }

  /// Writes what has changed. Whenever that is interrupted, every canister that there is has its name.
  func save() throws(FileError) {
    FileWriter.removeLeftovers(in: path)
    // Names without a state would be a loss: a new folder has a state first.
    if !hasState { try FileWriter.write(CanisterRuntime().state(), to: "\(path)/\(Self.stateFile)") }
    let all = savedNames.merging(names) { $1 }
    if all != savedNames { try write(all) }
    try FileWriter.write(runtime.state(), to: "\(path)/\(Self.stateFile)")
    if all != names { try write(names) }
  }

  private func write(_ names: [String: Principal]) throws(FileError) {
    let text = names.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
    try FileWriter.write(Array(text.utf8), to: "\(path)/\(Self.namesFile)")
  }

  /// Reading what is no file might never end.
  private static func checkRegular(_ path: String, _ status: stat) throws {
    if status.st_mode & S_IFMT == S_IFREG { return }
    throw CommandFailure(.inputWrong, "file", "\(path) is no regular file")
  }

  private static func readNames(_ path: String) throws -> [String: Principal] {
    var status = stat()
    guard stat(path, &status) == 0 else { return [:] }
    try checkRegular(path, status)
    let text = String(decoding: try FileAccess.Descriptor(reading: path).readAll(limit: 1 << 24), as: UTF8.self)
    var names: [String: Principal] = [:]
    // By scalars: a name may begin with what joins the character before it.
    for line in text.unicodeScalars.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let id = Principal(String(parts[0])) else {
        throw CommandFailure(.inputWrong, "malformed", "\(path): not a canister's id and name: \(String(line))")
      }
      names[String(parts[1])] = id
    }
    return names
  }

  /// The canister with this id or name.
  func canister(_ target: String) throws(CommandFailure) -> Principal {
    if let id = names[target] { return id }
    if let id = Principal(target), runtime.canisterIDs.contains(id) { return id }
    throw CommandFailure(
      .inputWrong, "unknown-canister",
      "there is no canister \(target) in \(path); `cannery canister list --state \(path)` shows what there is")
  }

  func name(of id: Principal) -> String? { names.filter { $0.value == id }.keys.sorted().first }
}
