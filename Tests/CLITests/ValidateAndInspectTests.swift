// `cannery validate` and `cannery inspect`.

import CLICommands
import Foundation
import Testing

@Suite struct ValidateAndInspectTests {
  @Test func validModules() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let result = work.run("validate", "--json", "a.wat")
    #expect(result.exitCode == 0)
    #expect(result.json["valid"] as? Bool == true)
    #expect(result.json["functions"] as? Int == 10)
    #expect((result.json["featuresUsed"] as? [String])?.contains("simd") == true)
    #expect(work.run("validate", "a.wat").output.contains("valid, 10 functions; uses "))
    try work.write("empty.wat", "(module)")
    #expect(work.run("validate", "empty.wat").output.contains("uses no proposal beyond WebAssembly 1.0"))
    let artifact = work.run("validate", try work.compile("a.wat"))
    #expect(artifact.exitCode == 2)
    #expect(artifact.errors.contains("is an artifact"))
  }

  @Test func features() throws {
    let work = try Workspace()
    try work.write("memory64.wat", "(module (memory i64 1))")
    #expect(work.run("validate", "--features", "wasm2", "memory64.wat").exitCode == 2)
    #expect(work.run("validate", "--features", "wasm2,+memory64", "memory64.wat").exitCode == 0)
    #expect(work.run("validate", "--features", "-memory64", "memory64.wat").exitCode == 2)
    #expect(work.run("validate", "--features", "icp", "memory64.wat").exitCode == 0)
  }

  @Test func canisters() throws {
    let work = try Workspace()
    try work.write("c.wat", #"(module (import "env" "f" (func)))"#)
    #expect(work.run("validate", "c.wat").exitCode == 0)
    let result = work.run("validate", "--json", "--features", "icp", "c.wat")
    #expect(result.exitCode == 2)
    #expect(result.errorKind == "unsupported")
    #expect(result.errors.contains("not a valid canister module"))
    #expect(work.run("compile", "--features", "icp", "c.wat").exitCode == 2)
    #expect(work.run("run", "--features", "icp", "c.wat").exitCode == 2)
  }

  /// A compressed canister has one member, as its size at the end tells.
  @Test func compressedCanisters() throws {
    let work = try Workspace()
    // The eight bytes of an empty module: as one member, and as two of four bytes.
    let whole: [UInt8] = [
      0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 8, 0, 0xF7, 0xFF, 0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 0xCE, 0x33, 0x4B,
      0x1C, 8, 0, 0, 0,
    ]
    let parts: [UInt8] = [
      0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 4, 0, 0xFB, 0xFF, 0, 0x61, 0x73, 0x6D, 0xDB, 0x49, 0x40, 0x5F, 4, 0, 0,
      0, 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 4, 0, 0xFB, 0xFF, 1, 0, 0, 0, 0x79, 0xB8, 0xF8, 0x99, 4, 0, 0, 0,
    ]
    try work.write("whole.wasm.gz", whole)
    try work.write("parts.wasm.gz", parts)
    for name in ["whole.wasm.gz", "parts.wasm.gz"] { #expect(work.run("validate", name).exitCode == 0) }
    for words in [["validate"], ["compile", "--emit", "ir"], ["run"]] {
      #expect(work.run(words + ["--features", "icp", "whole.wasm.gz"]).exitCode == 0, "\(words)")
      let result = work.run(words + ["--json", "--features", "icp", "parts.wasm.gz"])
      #expect(result.exitCode == 2, "\(words)")
      #expect(result.errorKind == "unsupported")
      #expect(result.errors.contains("ends with the size 4, but inflates to 8 bytes"))
    }
  }

  /// What a module calls things does not reach a terminal as it is.
  @Test func hostileNames() throws {
    let work = try Workspace()
    let name = #"\1b[31m\u{202e}"#
    try work.write(
      "n.wat", #"(module (import "\#(name)" "\#(name)" (func)) (func (export "\#(name)")) (@custom "\#(name)"))"#)
    for words in [
      ["inspect"], ["validate", "--features", "icp"], ["run"], ["run", "--imports", "trap", "--invoke", "x"],
    ] {
      let result = work.run(words.prefix(1) + ["n.wat"] + words.dropFirst())
      for text in [result.output, result.errors] {
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"), "\(words)")
      }
    }
  }

  @Test func inspectedModule() throws {
    let work = try Workspace()
    try work.write("i.wat", Samples.importing)
    let json = work.run("inspect", "--json", "i.wat").json
    #expect(json["kind"] as? String == "module")
    #expect(json["form"] as? String == "text")
    #expect(json["valid"] as? Bool == true)
    let imports = try #require(json["imports"] as? [[String: String]])
    #expect(imports.first == ["module": "ic0", "name": "msg_reply", "kind": "function", "type": "(i32) -> (i32)"])
    let functions = try #require(json["functions"] as? [[String: Any]])
    #expect(functions.count == 2)
    #expect(functions[0]["size"] as? Int ?? 0 >= (functions[1]["size"] as? Int ?? .max))
    let sections = try #require(json["sections"] as? [[String: Any]])
    #expect(sections.compactMap { $0["section"] as? String } == ["type", "import", "function", "export", "code"])
  }

  @Test func invalidModulesAreShown() throws {
    let work = try Workspace()
    try work.write("bad.wat", #"(module (func (export "f") (result i32)))"#)
    let result = work.run("inspect", "--json", "bad.wat")
    #expect(result.exitCode == 0)
    #expect(result.json["valid"] as? Bool == false)
    #expect((result.json["error"] as? String)?.contains("type mismatch") == true)
    // Indices that lead nowhere don't hurt.
    let wild: [UInt8] = [
      0, 0x61, 0x73, 0x6D, 1, 0, 0, 0, 2, 7, 1, 1, 0x61, 1, 0x62, 0, 9, 7, 9, 2, 1, 0x66, 0, 42, 1, 0x67, 1, 3,
    ]
    try work.write("wild.wasm", wild)
    let shown = work.run("inspect", "wild.wasm")
    #expect(shown.exitCode == 0, "\(shown.errors)")
    #expect(shown.output.contains("unknown type 9") && shown.output.contains("unknown function 42"))
  }

  @Test func allFunctions() throws {
    let work = try Workspace()
    let functions = (0..<30).map { "(func $f\($0) " + String(repeating: "nop ", count: $0) + ")" }.joined()
    try work.write("many.wat", "(module \(functions))")
    let some = try #require(work.run("inspect", "--json", "many.wat").json["functions"] as? [[String: Any]])
    #expect(some.compactMap { $0["index"] as? Int } == Array((20..<30).reversed()))
    let all = work.run("inspect", "--json", "--functions", "many.wat").json["functions"] as? [[String: Any]]
    #expect(all?.compactMap { $0["index"] as? Int } == Array(0..<30))
    #expect(work.run("inspect", "many.wat").output.contains("largest functions:"))
    let artifact = try work.compile("many.wat")
    let compiled = work.run("inspect", "--json", "--functions", artifact).json["functions"] as? [[String: Any]]
    #expect(compiled?.count == 30)
  }

  @Test func damagedCodeIsFound() throws {
    let work = try Workspace()
    try work.write("a.wat", Samples.arithmetic)
    let name = try work.compile("a.wat")
    var bytes = try work.read(name)
    let code = Int(bytes[96]) | Int(bytes[97]) << 8
    bytes[code + 8] ^= 1
    try work.write(name, bytes)
    let result = work.run("inspect", "--json", name)
    #expect(result.exitCode == 2)
    #expect(result.errorKind == "corrupt")
    let text = work.run("compile", "--emit", "threaded", name)
    #expect(text.exitCode == 2)
    #expect(text.errors.contains("the checksum of function 0 is wrong"))
  }
}
