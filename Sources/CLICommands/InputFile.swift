// What a command is given to work on: a module in any of its forms, or an artifact. Modules are read into memory,
// artifacts mapped.

import Cannery
import HostFiles
import WasmBinary

struct InputFile {
  enum Contents {
    /// A module's bytes as the file has them: binary, compressed or text.
    case module(ModuleBytes)
    /// What begins as an artifact does, or is called one; not verified in any way.
    case artifact(ModuleBytes)
  }

  /// The form of a module.
  enum Form: String { case binary, gzip, text }

  /// What the file is called in messages.
  let name: String
  let contents: Contents

  static let artifactMagic = Array("CANNED".utf8)
  static let artifactExtension = ".canned"

  /// Reads the file at `path`; `-` is standard input. Throws a `FileError`.
  init(_ path: String, _ console: Console) throws(FileError) {
    if path == "-" {
      name = "standard input"
      let bytes = try console.input(limit: FileAccess.inputLimit)
      contents = InputFile.contents(bytes)
      return
    }
    name = path
    let file = try FileAccess.Descriptor(reading: path)
    let isNamedArtifact = path.hasSuffix(InputFile.artifactExtension)
    if isNamedArtifact || file.prefix(InputFile.artifactMagic.count) == InputFile.artifactMagic {
      if let mapped = file.map() {
        contents = .artifact(mapped)
      } else {
        contents = .artifact(ModuleBytes(try file.readAll()))
      }
      return
    }
    let bytes = try file.readAll()
    // Pipes show what they hold only when they are read.
    contents = InputFile.contents(bytes)
  }

  private static func contents(_ bytes: [UInt8]) -> Contents {
    let isArtifact = bytes.starts(with: InputFile.artifactMagic)
    return isArtifact ? .artifact(ModuleBytes(bytes)) : .module(ModuleBytes(bytes))
  }

  /// The module's bytes; an error for artifacts, with `advice` on what to do instead.
  func moduleBytes(advice: String) throws(CommandFailure) -> ModuleBytes {
    switch contents {
    case .module(let bytes): return bytes
    case .artifact: throw CommandFailure(.inputWrong, "not-a-module", "\(name) is an artifact, not a module; \(advice)")
    }
  }

  static func form(of bytes: UnsafeRawBufferPointer) -> Form {
    if bytes.starts(with: [0x1F, 0x8B]) { return .gzip }
    return bytes.starts(with: [0, 0x61, 0x73, 0x6D]) ? .binary : .text
  }
}

/// Does `body` with errors that name `file`.
func naming<Result>(_ file: String, _ body: () throws -> Result) throws(CommandFailure) -> Result {
  do { return try body() } catch { throw CommandFailure(error, file: file) }
}
