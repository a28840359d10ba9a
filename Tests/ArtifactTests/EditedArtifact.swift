// An artifact whose code is changed by hand, as an attacker would: field by field, with all checksums made to fit again.

import Cannery
import Compiler
import Executor
import Testing
import WasmText

struct EditedArtifact {
  var bytes: [UInt8]
  let original: Artifact
  private let engine: Engine

  /// Compiles `text`.
  init(_ text: String, metering: MeteringPolicy = .icp, optimization: OptimizationLevel = .full) throws {
    engine = Engine(
      EngineConfiguration(metering: metering, compiler: CompilerOptions(optimization: optimization, threads: 1)))
    bytes = try engine.precompile(Array(text.utf8))
    original = try Artifact(ModuleBytes(bytes))
  }

  /// The words of the `occurrence`-th operation of this kind in defined function `function`: their position in bytes.
  func place(
    of operation: ThreadedOperation, in function: Int = 0, occurrence: Int = 0,
    _ location: SourceLocation = #_sourceLocation
  ) throws -> Int {
    var left = occurrence
    for place in try operations(of: function) where place.operation == operation {
      if left == 0 { return place.offset }
      left -= 1
    }
    throw MissingOperation(description: "no \(operation.name) number \(occurrence) in function \(function)")
  }

  /// The operations of a function as they are now, with their positions in bytes.
  func operations(of function: Int) throws -> [(operation: ThreadedOperation, offset: Int)] {
    let entry = try original.function(function)
    var found: [(ThreadedOperation, Int)] = []
    var position = 0
    while position < entry.wordCount {
      let offset = entry.codeOffset + 8 * position
      let operation = ThreadedOperation(number: UInt16(word(at: offset)))
      found.append((operation, offset))
      let words = [word(at: offset), position + 1 < entry.wordCount ? word(at: offset + 8) : 0]
      position += operation.length(at: words)
    }
    return found
  }

  func word(at offset: Int) -> UInt64 {
    bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
  }

  mutating func setWord(at offset: Int, _ value: UInt64) {
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self) }
  }

  /// Sets the `occurrence`-th field of this kind of the operation at `offset`.
  mutating func setField(_ kind: ThreadedFieldKind, at offset: Int, occurrence: Int = 0, _ value: UInt64) throws {
    let operation = ThreadedOperation(number: UInt16(word(at: offset)))
    let fields = operation.fields.filter { $0.kind == kind }
    guard occurrence < fields.count else { throw MissingOperation(description: "\(operation.name) has no such field") }
    let field = fields[occurrence]
    let mask = (field.width == 64 ? UInt64.max : 1 << UInt64(field.width) - 1) << field.shift
    let place = offset + 8 * field.word
    setWord(at: place, word(at: place) & ~mask | value << field.shift & mask)
  }

  /// Replaces the operation at `offset` by another one of the same length; its operand words stay.
  mutating func setOperation(at offset: Int, _ operation: ThreadedOperation) {
    setWord(at: offset, UInt64(operation.number))
  }

  /// The artifact with checksums that fit.
  var sealed: [UInt8] {
    var sealed = bytes
    Artifact.seal(&sealed)
    return sealed
  }

  /// Loads the artifact and verifies all of it.
  func load() throws -> Module {
    let module = try engine.load(artifact: sealed)
    try module.verify()
    return module
  }

  func makeStore(_ limits: StoreLimits = StoreLimits(), tracksWrites: Bool = false) throws -> Store {
    try engine.makeStore(limits: limits, tracksWrites: tracksWrites)
  }

  /// Another module of the same engine.
  func compile(_ text: String) throws -> Module { try engine.compile(Array(text.utf8)) }

  /// An instance of the edited artifact in the store of `linker`, where its imports are found.
  func instantiate(_ linker: Linker) throws -> Instance { try linker.instantiate(load()) }
}

struct MissingOperation: Error, CustomStringConvertible { var description: String }

extension Instance {
  func function(_ name: String) throws -> Function {
    guard case .function(let function) = export(name) else { throw MissingOperation(description: "no export \(name)") }
    return function
  }
}

/// Expects that `artifact` is refused because of its code, by the rule whose description contains `rule`.
func expectRefused(_ artifact: EditedArtifact, _ rule: String, _ location: SourceLocation = #_sourceLocation) {
  do {
    _ = try artifact.load()
    Issue.record("not refused: \(rule)", sourceLocation: location)
  } catch let ArtifactError.invalidCode(_, _, found) {
    #expect(found.contains(rule), sourceLocation: location)
  } catch {
    Issue.record("refused for another reason: \(error)", sourceLocation: location)
  }
}
