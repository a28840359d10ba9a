// Where commands read from and print to. Tests give them one that keeps what is printed.

import HostFiles

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Standard input, output and error of a command. Used from one thread.
public final class Console {
  package enum Stream: Sendable { case output, error }

  /// Whether standard output is a terminal, to which no binary is written.
  public let outputIsTerminal: Bool
  /// Writes all bytes; returns an error number, or 0.
  private let writeBytes: (Stream, UnsafeRawBufferPointer) -> Int32
  private let readInput: (_ limit: Int) throws(FileError) -> [UInt8]
  private var buffer: [UInt8] = []
  private var inputIsRead = false
  private var notedOnce: Set<String> = []
  /// The first error number of writing to standard output; 0 as long as there is none.
  public private(set) var outputError: Int32 = 0
  private static let bufferSize = 1 << 16

  package init(
    outputIsTerminal: Bool, readInput: @escaping (_ limit: Int) throws(FileError) -> [UInt8],
    write: @escaping (Stream, UnsafeRawBufferPointer) -> Int32
  ) {
    self.outputIsTerminal = outputIsTerminal
    self.readInput = readInput
    writeBytes = write
  }

  /// The process's own.
  public static func standard() -> Console {
    Console(
      outputIsTerminal: isatty(STDOUT_FILENO) != 0,
      readInput: { limit throws(FileError) in
        try FileAccess.readAll(STDIN_FILENO, path: "standard input", limit: limit)
      },
      write: { stream, bytes in FileAccess.writeAll(stream == .output ? STDOUT_FILENO : STDERR_FILENO, bytes) })
  }

  /// All of standard input, once; at most `limit` bytes.
  func input(limit: Int) throws(FileError) -> [UInt8] {
    if inputIsRead { throw FileError("standard input can be read only once") }
    inputIsRead = true
    return try readInput(limit)
  }

  /// Adds `text` and a newline to standard output. Names, and what canisters say, may be in it, so control characters are
  /// escaped.
  func print(_ text: String) { line(visible(text)) }

  /// Adds a value and a newline to standard output.
  func print(_ value: JSONValue) { line(value.text) }

  private func line(_ text: String) {
    write(text.utf8)
    write(CollectionOfOne(0x0A))
  }

  /// Adds bytes to standard output.
  func write(_ bytes: some Collection<UInt8>) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Console.bufferSize { flush() }
  }

  /// Adds bytes that may be many to standard output, without a copy.
  func write(piece: UnsafeRawBufferPointer) {
    if piece.count < Console.bufferSize { return write(piece) }
    flush()
    let code = writeBytes(.output, piece)
    if outputError == 0 { outputError = code }
  }

  /// Adds `text` and a newline to standard error, after all that was printed before; control characters are escaped.
  func note(_ text: String) {
    flush()
    _ = Array((visible(text) + "\n").utf8).withUnsafeBytes { writeBytes(.error, $0) }
  }

  /// The same, but a text that was noted so before isn't noted again.
  func noteOnce(_ text: String) {
    if notedOnce.insert(text).inserted { note(text) }
  }

  func flush() {
    if buffer.isEmpty { return }
    let code = buffer.withUnsafeBytes { writeBytes(.output, $0) }
    if outputError == 0 { outputError = code }
    buffer.removeAll(keepingCapacity: true)
  }
}
