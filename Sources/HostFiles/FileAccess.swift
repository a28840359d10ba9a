// Reading files: all of it into memory, or mapped, with an error that says which file and why.

import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that cannot be read or written.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  package init(_ description: String) { self.description = description }

  /// `operation` on `path` failed with the error number `code`.
  package init(_ operation: String, _ path: String, _ code: Int32) {
    description = "cannot \(operation) \(path): \(String(cString: strerror(code)))"
  }
}

package enum FileAccess {
  /// Bytes of input that are read at most; no larger module can be compiled.
  package static let inputLimit = 1 << 30

  /// An open file for reading, closed with the value.
  package struct Descriptor: ~Copyable {
    package let number: Int32
    let path: String
    /// Bytes, for regular files; nil for pipes and devices.
    package let size: Int?

    package init(reading path: String) throws(FileError) {
      let number = open(path, O_RDONLY | O_CLOEXEC)
      if number < 0 { throw FileError("read", path, errno) }
      var status = stat()
      if fstat(number, &status) != 0 {
        let code = errno
        close(number)
        throw FileError("read", path, code)
      }
      let kind = status.st_mode & S_IFMT
      if kind == S_IFDIR {
        close(number)
        throw FileError("read", path, EISDIR)
      }
      self.number = number
      self.path = path
      size = kind == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { close(number) }

    /// The first bytes, fewer if there are no more; nothing for what is no regular file.
    package func prefix(_ count: Int) -> [UInt8] {
      if size == nil { return [] }
      return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        initialized = max(0, pread(number, buffer.baseAddress, count, 0))
      }
    }

    /// All bytes.
    package func readAll(limit: Int = inputLimit) throws(FileError) -> [UInt8] {
      try FileAccess.readAll(number, path: path, limit: limit, expected: size ?? 0)
    }

    /// The file mapped into memory, for reading; nil where that is not possible. It must not be truncated meanwhile.
    package func map() -> ModuleBytes? {
      guard let size, size > 0, let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, number, 0),
        address != MAP_FAILED
      else { return nil }
      return ModuleBytes(adopting: UnsafeRawBufferPointer(start: address, count: size)) { bytes in
        munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
      }
    }
  }

  /// All that the descriptor gives until its end; an error if that is more than `limit` bytes.
  package static func readAll(
    _ descriptor: Int32, path: String, limit: Int, expected: Int = 0
  ) throws(FileError) -> [UInt8] {
    let tooLarge = FileError("cannot read \(path): it has more than \(limit) bytes")
    if expected > limit { throw tooLarge }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expected)
    var chunk = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileError("read", path, errno)
      }
      if bytes.count + count > limit { throw tooLarge }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Writes all bytes. Returns 0, or an error number.
  package static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var rest = bytes[...]
    while let address = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let count = write(descriptor, address, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      rest = rest.dropFirst(count)
    }
    return 0
  }

  /// The path without links and detours; the same path where there is no such file.
  package static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  package static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0
  }

  /// Makes the folder, and those on the way to it that are missing. One that is there stays.
  package static func makeFolder(_ path: String) throws(FileError) {
    if mkdir(path, 0o777) == 0 { return }
    let code = errno
    let name = path.utf8.reversed().drop { $0 == UInt8(ascii: "/") }
    let parent = name.drop { $0 != UInt8(ascii: "/") }.drop { $0 == UInt8(ascii: "/") }
    if code == ENOENT, !parent.isEmpty {
      try makeFolder(String(decoding: parent.reversed(), as: UTF8.self))
      if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
      throw FileError("make", path, errno)
    }
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError("make", path, code) }
    if status.st_mode & S_IFMT != S_IFDIR { throw FileError("make", path, ENOTDIR) }
  }

  /// Whether both paths are the same existing file.
  package static func isSame(_ first: String, _ second: String) -> Bool {
    var (one, two) = (stat(), stat())
    guard stat(first, &one) == 0, stat(second, &two) == 0 else { return false }
    return one.st_dev == two.st_dev && one.st_ino == two.st_ino
  }
}
