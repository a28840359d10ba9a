// Writing files whole or not at all: the bytes go to a temporary file beside the target, are synced to the device, and
// take the target's name in one step. Whoever opens the name sees the old contents or the new ones, also after a crash.

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

package enum FileWriter {
  package typealias Pieces = (_ body: (UnsafeRawBufferPointer) -> Void) -> Void

  /// Puts `bytes` into the file at `path`, replacing it. A link is followed. What exists and is no regular file (a device, a
  /// pipe) is written to as it is.
  ///
  /// Throws a `FileError`; the file is then as it was, and no temporary file stays.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    try write(to: path) { piece in bytes.withUnsafeBytes(piece) }
  }

  /// The same for contents in pieces: `forEachPiece` calls what it is given with each in turn.
  package static func write(to path: String, _ forEachPiece: Pieces) throws(FileError) {
    var status = stat()
    var target = path
    var mode: mode_t?
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw FileError("write", path, EISDIR)
      default: return try writeInPlace(forEachPiece, to: path)
      }
      mode = status.st_mode & 0o7777
      if let resolved = realpath(path, nil) {
        target = String(cString: resolved)
        free(resolved)
      }
    }
    try replace(target, with: forEachPiece, mode: mode, shownAs: path)
  }

  private static func replace(
    _ target: String, with forEachPiece: Pieces, mode: mode_t?, shownAs path: String
  ) throws(FileError) {
    let folder = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(target[...$0]) } ?? "./"
    // By chance, not by process: a process that was killed has left its file, and another may have the same number.
    let temporary = "\(folder)\(prefix)\(String(UInt64.random(in: 0 ... .max), radix: 36))\(suffix)"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw FileError("write", path, errno) }
    var code = writeAll(descriptor, forEachPiece)
    if code == 0, let mode, fchmod(descriptor, mode) != 0 { code = errno }
    if code == 0, fsync(descriptor) != 0 { code = errno }
    if close(descriptor) != 0, code == 0 { code = errno }
    if code == 0, rename(temporary, target) != 0 { code = errno }
    if code != 0 {
      unlink(temporary)
      throw FileError("write", path, code)
    }
    // The new name lasts once its folder is on the device. Some file systems don't sync folders: nothing is lost then
    // but that promise.
    let opened = open(folder, O_RDONLY | O_CLOEXEC)
    if opened >= 0 {
      fsync(opened)
      close(opened)
    }
  }

  private static let prefix = ".cannery-"
  private static let suffix = ".tmp"

  /// Deletes what processes that were killed while they wrote have left in a folder. Nobody may be writing there.
  package static func removeLeftovers(in folder: String) {
    guard let directory = opendir(folder) else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) { String(cString: $0) }
      }
      if name.hasPrefix(prefix) && name.hasSuffix(suffix) { unlink("\(folder)/\(name)") }
    }
  }

  private static func writeInPlace(_ forEachPiece: Pieces, to path: String) throws(FileError) {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw FileError("write", path, errno) }
    let code = writeAll(descriptor, forEachPiece)
    if close(descriptor) != 0 && code == 0 { throw FileError("write", path, errno) }
    if code != 0 { throw FileError("write", path, code) }
  }

  /// Returns 0, or an error number.
  private static func writeAll(_ descriptor: Int32, _ forEachPiece: Pieces) -> Int32 {
    var code: Int32 = 0
    forEachPiece { if code == 0 { code = FileAccess.writeAll(descriptor, $0) } }
    return code
  }
}
