// Files as a host of canisters reads them: mapped. And the words with which the program gives up.

import Cannery

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The file's bytes, mapped; they are unmapped with the result.
func mapFile(_ path: String) -> ModuleBytes {
  let file = open(path, O_RDONLY)
  if file < 0 { complain("cannot read \(path)") }
  defer { close(file) }
  let size = Int(lseek(file, 0, SEEK_END))
  guard size > 0, let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
    complain("cannot map \(path)")
  }
  return ModuleBytes(adopting: UnsafeRawBufferPointer(start: start, count: size)) {
    munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress!), $0.count)
  }
}

/// The file's bytes, copied.
func readFile(_ path: String) -> [UInt8] {
  let file = mapFile(path)
  return withExtendedLifetime(file) { Array(file.buffer) }
}

/// Writes the bytes to a file for `removeFile`, and gives its path.
func writeTemporary(_ bytes: [UInt8]) -> String {
  var template = Array("/tmp/cannery-benchmark-XXXXXX".utf8CString)
  let file = mkstemp(&template)
  if file < 0 { complain("cannot make a temporary file") }
  defer { close(file) }
  var written = 0
  while written < bytes.count {
    let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count <= 0 { complain("cannot write a temporary file") }
    written += count
  }
  return template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
}

func removeFile(_ path: String) { unlink(path) }

func complain(_ text: String) -> Never {
  let line = Array("BenchmarkHost: \(text)\n".utf8)
  _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  exit(64)
}
