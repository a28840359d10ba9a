// Where canisters are kept between commands: a folder with the runtime's state in one file, and the names of canisters in
// another. One process at a time has it; a change is written whole or not at all.

import Candid
import CanisterRuntime
import Cannery

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that one process at a time has; given back with the value.
private final class FileLock {
  private let descriptor: Int32

  init(_ path: String, of folder: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw FileError("open", path, errno) }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      throw CommandFailure(.inputWrong, "busy", "another command is working with \(folder)")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}

/// An open state directory; nobody else has it meanwhile.
struct StateDirectory {
  private let path: String
  private let lock: FileLock
  let runtime: CanisterRuntime
  /// Canisters by name.
  var names: [String: Principal]

  private static let stateFile = "state"
  private static let namesFile = "names"
  private static let lockFile = "lock"
  /// Bytes of a state that are read at most.
  private static let sizeLimit = 1 << 36

  /// Opens the folder. With `makes` it is made if it isn't there.
  init(_ path: String, makes: Bool) throws {
    if makes, mkdir(path, 0o777) != 0, errno != EEXIST { throw FileError("make", path, errno) }
    let lockPath = "\(path)/\(Self.lockFile)"
    if !makes {
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw CommandFailure(
          .inputWrong, "file", "there is no state at \(path): `cannery canister create --state \(path)` makes one")
      }
    }
    lock = try FileLock(lockPath, of: path)
    self.path = path
    var status = stat()
    if stat("\(path)/\(Self.stateFile)", &status) == 0 {
      let bytes = try FileAccess.Descriptor(reading: "\(path)/\(Self.stateFile)").readAll(limit: Self.sizeLimit)
      runtime = try naming("\(path)/\(Self.stateFile)") { try CanisterRuntime(state: bytes) }
    } else {
      runtime = CanisterRuntime()
    }
    names = try Self.readNames("\(path)/\(Self.namesFile)")
  }

  /// Writes what has changed.
  func save() throws(FileError) {
    try FileWriter.write(runtime.state(), to: "\(path)/\(Self.stateFile)")
    let text = names.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)\n" }.joined()
    try FileWriter.write(Array(text.utf8), to: "\(path)/\(Self.namesFile)")
  }

  private static func readNames(_ path: String) throws -> [String: Principal] {
    var status = stat()
    guard stat(path, &status) == 0 else { return [:] }
    let text = String(decoding: try FileAccess.Descriptor(reading: path).readAll(limit: 1 << 24), as: UTF8.self)
    var names: [String: Principal] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let id = Principal(String(parts[0])) else {
        throw CommandFailure(.inputWrong, "malformed", "\(path): not a canister's id and name: \(line)")
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
