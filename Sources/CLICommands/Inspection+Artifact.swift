// Inspection of artifacts.

import Cannery
import WasmBinary

import struct Compiler.ArtifactFunction

extension Inspection {
  /// The facts about an artifact, after verifying all of it.
  init(artifact bytes: ModuleBytes, file: String, listsAllFunctions: Bool) throws {
    let artifact = try Artifact(bytes)
    let types = TypeText(artifact.module)
    let engine = Engine(EngineConfiguration(features: artifact.features, metering: artifact.policy))
    try engine.load(artifact).verify()
    let functions = try (0..<artifact.functionCount).map { try artifact.function($0) }
    func headerWord(_ offset: Int) -> JSONValue {
      let word = UInt64(littleEndian: bytes.buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      return .string("0x" + String(word, radix: 16))
    }
    add("file", "file", .string(file))
    add("kind", "kind", "artifact")
    add("fileSize", "file size", JSONValue(bytes.count), unit: " bytes")
    add("fileSha256", "SHA-256 of the file", .string(sha256(of: bytes)))
    add("formatVersion", "format version", headerWord(8))
    add("operatorVersion", "operator table version", headerWord(16))
    add("verified", "verified", true)
    add("metering", "metering", .string("\(artifact.policy)"))
    add(
      "optimization", "optimization",
      .string(OptimizationLevel(rawValue: artifact.optimization).map { "\($0)" } ?? "\(artifact.optimization)"))
    add("features", "features", proposalNames(artifact.features))
    add("moduleSha256", "SHA-256 of the module", .string(hexadecimal(artifact.moduleHash)))
    add("moduleSize", "size of the module", JSONValue(artifact.moduleSize), unit: " bytes")
    add("name", "name", JSONValue(NameSection(artifact.module).module))
    // What the module has beyond its skeleton is its code section.
    let moduleCode = max(0, Int(clamping: artifact.moduleSize) - artifact.module.bytes.count)
    add("codeSize", "size of threaded code", JSONValue(artifact.codeSize), unit: " bytes")
    add("locationSize", "size of locations", JSONValue(artifact.locationSize), unit: " bytes")
    if moduleCode > 0 {
      add("codeRatio", "threaded code by module code", .thousandths(Int64(artifact.codeSize * 1000 / moduleCode)))
      add("artifactRatio", "artifact by module code", .thousandths(Int64(bytes.count * 1000 / moduleCode)))
    }
    addInterface(types)
    addCustomSections(artifact.module)
    addFunctions(functions, types, listsAll: listsAllFunctions)
  }

  private mutating func addFunctions(_ functions: [ArtifactFunction], _ types: TypeText, listsAll: Bool) {
    let imported = types.spaces.importedFunctionCount
    let names = NameSection(types.module).functions
    add("importedFunctions", "imported functions", JSONValue(imported))
    add("definedFunctions", "defined functions", JSONValue(functions.count))
    let order = Inspection.selection(functions.map(\.wordCount), listsAll: listsAll)
    let rows = order.map { (index: Int) -> [JSONValue] in
      let number = imported + index
      let function = functions[index]
      return [
        JSONValue(number), JSONValue(function.wordCount * 8), JSONValue(function.frameSlots),
        JSONValue(function.frameCost), .string(types.function(number)), JSONValue(names.name(of: UInt32(number))),
      ]
    }
    let isComplete = listsAll || order.count == functions.count
    add(
      "functions", isComplete ? "functions" : "largest functions",
      columns: ["index", "size", "frameSlots", "frameCost", "type", "name"], rows)
  }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
