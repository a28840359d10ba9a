// What opening an artifact refuses: headers, directories and module skeletons that are not as they should be.

import Cannery
import Compiler
import Testing
import WasmBinary
import WasmText

@Suite struct HeaderTests {
  private static let text = """
    (module
      (memory (export "memory") 1)
      (func (export "f") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
      (func (export "g") (param i32) (result i32) local.get 0 call 0))
    """

  private func open(_ bytes: [UInt8]) throws(ArtifactError) { _ = try Artifact(ModuleBytes(bytes)) }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try EditedArtifact(HeaderTests.text).bytes
    for count in 0..<bytes.count { #expect(throws: ArtifactError.self) { try open(Array(bytes[..<count])) } }
    #expect(throws: ArtifactError.self) { try open(bytes + [0]) }
  }

  /// A flipped bit is found when the artifact is opened or its functions are verified.
  @Test func everyFlippedBitIsFound() throws {
    let edited = try EditedArtifact(HeaderTests.text)
    let engine = Engine()
    var unnoticed = 0
    for offset in edited.bytes.indices {
      var bytes = edited.bytes
      bytes[offset] ^= 1 << UInt8(offset % 8)
      do { try engine.load(artifact: bytes).verify() } catch is ArtifactError { continue }
      unnoticed += 1
    }
    #expect(unnoticed == 0)
  }

  /// Byte offset in the header, a value for the word there, and what the refusal says.
  private static let headerFields: [(Int, UInt64, String)] = [
    (0, 0, "magic"), (8, 1, "another version"), (16, 1, "another version"), (24, 1 << 31, "features"),
    (24, 3 << 32, "metering"), (24, 9 << 40 | 2 << 32, "options"), (24, 1 << 48 | 2 << 32, "options"),
    (64, 1 << 40, "skeleton"), (64, 161, "skeleton"), (64, 0, "skeleton"), (72, 1 << 40, "skeleton"),
    (72, UInt64.max, "skeleton"), (80, UInt64.max, "directory"), (88, 1 << 60, "directory"), (88, 1, "directory"),
    (88, 3, "directory"), (96, UInt64.max - 7, "code"), (104, 1 << 50, "code"), (104, 9, "code"), (112, 8, "location"),
    (120, 1 << 50, "location"), (128, 0, "0 bytes expected"),
  ]

  @Test(arguments: HeaderTests.headerFields)
  func headerField(_ offset: Int, _ value: UInt64, _ reason: String) throws {
    var edited = try EditedArtifact(HeaderTests.text)
    edited.setWord(at: offset, value)
    let error = #expect(throws: ArtifactError.self) { try open(edited.sealed) }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  /// Which 32-bit field of the first function's directory entry, or from 6 on of the second's, a value for it, and what
  /// the refusal says.
  private static let directoryFields: [(Int, UInt32, String)] = [
    (0, 1, "code range"), (0, 1 << 20, "code range"), (6, 1 << 20, "code range"), (6, UInt32.max, "code range"),
    (6, 0, "no code"), (1, 1, "location range"), (1, UInt32.max, "location range"), (7, UInt32.max, "location range"),
    (2, 0, "frame size"), (2, UInt32.max, "frame size"), (3, UInt32.max, "frame"),
  ]

  @Test(arguments: HeaderTests.directoryFields)
  func directoryField(_ field: Int, _ value: UInt32, _ reason: String) throws {
    var edited = try EditedArtifact(HeaderTests.text)
    let place = Int(edited.word(at: 80)) + 4 * field
    edited.bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: place, as: UInt32.self) }
    let error = #expect(throws: ArtifactError.self) { try edited.load() }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  /// Modules that decode, but are not valid outside of their functions.
  private static let invalidModules: [(String, String)] = [
    ("(func) (export \"f\" (func 5))", "unknown function"), ("(export \"m\" (memory 0))", "unknown memory"),
    ("(global i32 (i64.const 0))", "type mismatch"), ("(global i32 (global.get 3))", "unknown global"),
    ("(global i32 (i32.ctz (i32.const 1)))", "constant expression required"),
    ("(global funcref (ref.func 9))", "unknown function"), ("(table 1 (ref func))", "type mismatch"),
    ("(data (i32.const 0) \"a\")", "unknown memory"),
    ("(table 1 funcref) (elem (i32.const 0) func 7)", "unknown function"),
    ("(memory 1) (data (offset (i64.const 0)) \"a\")", "type mismatch"),
    ("(table 1 externref) (func) (elem (i32.const 0) func 0)", "type mismatch"),
    ("(func (param i32)) (start 0)", "start function"), ("(memory 2 1)", "minimum"), ("(memory 70000)", "memory size"),
    ("(func) (export \"a\" (func 0)) (export \"a\" (func 0))", "duplicate export"),
    ("(type (struct)) (type (sub 0 (func)))", "sub type"), ("(type (func (param (ref 5))))", "unknown type"),
  ]

  @Test(arguments: HeaderTests.invalidModules)
  func skeleton(_ fields: String, _ reason: String) throws {
    let module = try decodeModule(ModuleBytes(parseModule("(module \(fields))")))
    var code = FunctionCode()
    code.words = [1]
    let writer = ArtifactWriter(features: .wasm3, policy: .icp, optimization: 1)
    let bytes = writer.write(module, functions: module.functions.map { _ in code })
    let error = #expect(throws: ArtifactError.self) { try open(bytes) }
    guard case .skeleton = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
  }

  /// The skeleton must be valid with the features that the header names, not with others.
  @Test func skeletonNeedsTheFeaturesOfTheHeader() throws {
    let module = try decodeModule(ModuleBytes(parseModule("(module (memory 1) (memory 1))")))
    func bytes(_ features: Features) -> [UInt8] {
      ArtifactWriter(features: features, policy: .icp, optimization: 1).write(module, functions: [])
    }
    try open(bytes(.wasm3))
    #expect(throws: ArtifactError.self) { try open(bytes(.wasm2)) }
  }

  @Test func skeletonHasNoCode() throws {
    let text = "(module (func))"
    let module = try decodeModule(ModuleBytes(parseModule(text)))
    let whole = encodeModule(module)
    let edited = try EditedArtifact(text)
    // The whole module behind the artifact, as its skeleton.
    var bytes = edited.bytes
    let start = bytes.count
    bytes += whole + [UInt8](repeating: 0, count: (8 - whole.count % 8) % 8)
    bytes.withUnsafeMutableBytes {
      $0.storeBytes(of: UInt64(start).littleEndian, toByteOffset: 64, as: UInt64.self)
      $0.storeBytes(of: UInt64(whole.count).littleEndian, toByteOffset: 72, as: UInt64.self)
      $0.storeBytes(of: UInt64($0.count).littleEndian, toByteOffset: 128, as: UInt64.self)
    }
    Artifact.seal(&bytes)
    #expect(throws: ArtifactError.malformed("the skeleton has a code section")) { try open(bytes) }
  }
}
