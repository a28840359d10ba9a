// A temporary folder with modules for one test, and shorthands for running commands in it.

import CLICommands
import Foundation

/// Deleted with the value.
final class Workspace {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("cannery-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The path of a file in the folder, which need not exist.
  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Writes a file; returns its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))) }

  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted() }

  /// Runs a command; words that name an existing file of the folder become its path.
  func run(_ words: String..., input: [UInt8] = []) -> CommandResult { run(words, input: input) }

  func run(_ words: [String], input: [UInt8] = [], outputIsTerminal: Bool = false) -> CommandResult {
    let existing = Set(names)
    return runCommand(
      words.map { existing.contains($0) ? path($0) : $0 }, input: input, outputIsTerminal: outputIsTerminal)
  }

  /// Compiles the module in a file of the folder. Returns the artifact's name.
  func compile(_ name: String, _ options: String...) throws -> String {
    let output = name + ".canned"
    let result = run(["compile"] + options + ["-o", path(output), name])
    if result.exitCode != 0 { throw CommandError(text: result.errors) }
    return output
  }
}

struct CommandError: Error { var text: String }

extension CommandResult {
  /// Standard output as one JSON object, its members in any order.
  var json: [String: Any] {
    guard let object = try? JSONSerialization.jsonObject(with: Data(outputBytes)) as? [String: Any] else { return [:] }
    return object
  }

  /// The `kind` of the `error` on standard output.
  var errorKind: String? { (json["error"] as? [String: Any])?["kind"] as? String }
}

/// Modules that several tests use.
enum Samples {
  static let arithmetic = """
    (module
      (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
      (func $divide (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
      (func (export "fib") (param i32) (result i32)
        local.get 0
        i32.const 2
        i32.lt_s
        if (result i32)
          local.get 0
        else
          local.get 0 i32.const 1 i32.sub call 2
          local.get 0 i32.const 2 i32.sub call 2
          i32.add
        end)
      (func (export "swap") (param i64 f64) (result f64 i64) local.get 1 local.get 0)
      (func (export "echo32") (param f32) (result f32) local.get 0)
      (func (export "vector") (param v128) (result v128) local.get 0)
      (func (export "reference") (param externref) (result externref) local.get 0)
      (func (export "self") (result funcref) ref.func $divide)
      (func (export "forever") (loop br 0))
      (func $deep (export "deep") call $deep)
      (elem declare func $divide)
      (memory (export "memory") 1 2))
    """

  static let importing = """
    (module
      (import "ic0" "msg_reply" (func (param i32) (result i32)))
      (import "env" "memory" (memory 1))
      (import "env" "base" (global i32))
      (func (export "reply") (result i32) i32.const 1 call 0)
      (func (export "base") (result i32) global.get 0))
    """

  static let provider = """
    (module
      (func (export "msg_reply") (param i32) (result i32) local.get 0 i32.const 41 i32.add)
      (memory (export "memory") 1)
      (global (export "base") i32 (i32.const 1024)))
    """

  static let starting = """
    (module
      (global $done (mut i32) (i32.const 0))
      (func $start i32.const 7 global.set $done)
      (start $start)
      (func (export "done") (result i32) global.get $done))
    """
}
