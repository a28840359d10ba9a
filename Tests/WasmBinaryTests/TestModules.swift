// What the tests of this target share: building modules, decoding them whole, finding the core suite.

import Foundation
import Testing
import WasmBinary
import WebAssembly

/// A module with what `write` encodes after the header.
func moduleBytes(_ write: (inout BinaryWriter) -> Void) -> [UInt8] {
  var writer = BinaryWriter()
  writer.moduleHeader()
  write(&writer)
  return writer.bytes
}

/// What `write` encodes.
func encoded(_ write: (inout BinaryWriter) -> Void) -> [UInt8] {
  var writer = BinaryWriter()
  write(&writer)
  return writer.bytes
}

/// The `ModuleError` that `body` throws; `nil` if it throws nothing.
func moduleError(_ body: () throws -> Void) -> ModuleError? {
  do {
    try body()
    return nil
  } catch {
    if let error = error as? ModuleError { return error }
    Issue.record("not a module error: \(error)")
    return nil
  }
}

/// Decodes a module and every operator in it, and checks what can be known of the operators without types: that the blocks
/// are closed, that `else` belongs to an `if`, and that data segments are named only after a data count section.
@discardableResult
func decodeWholly(_ bytes: [UInt8]) throws -> Module {
  let module = try decodeModule(ModuleBytes(bytes))
  for (index, body) in module.bodies.enumerated() {
    do throws(ModuleError) {
      try decodeBody(body, of: module)
    } catch { throw error.located(in: .code, function: UInt32(index)) }
  }
  return module
}

private func decodeBody(_ body: FunctionBody, of module: Module) throws(ModuleError) {
  let declarations = try LocalDeclarations(module.bytes.buffer, body: body)
  var reader = InstructionReader(module.bytes.buffer, range: declarations.operators)
  var instruction = Instruction()
  var blocks: [Opcode] = [.block]
  while let innermost = blocks.last {
    try reader.next(&instruction)
    switch instruction.opcode {
    case .block, .loop, .if, .tryTable: blocks.append(instruction.opcode)
    case .else:
      if innermost != .if { throw ModuleError(.malformed, .endOpcodeExpected, offset: instruction.offset) }
      blocks[blocks.count - 1] = .else
    case .end: blocks.removeLast()
    case .memoryInit, .dataDrop:
      if module.dataCount == nil { throw ModuleError(.malformed, .dataCountMissing, offset: instruction.offset) }
    default: break
    }
  }
  if !reader.isAtEnd { throw ModuleError(.malformed, .sectionSizeMismatch, offset: reader.offset) }
}

/// The folder of the core test suite: `WASM_TESTSUITE`, or `../shared/testsuite` beside the package.
let suiteFolder: URL? = {
  if let path = ProcessInfo.processInfo.environment["WASM_TESTSUITE"] { return URL(fileURLWithPath: path) }
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
    if folder.path == "/" { return nil }
    folder.deleteLastPathComponent()
  }
  let suite = folder.deletingLastPathComponent().appendingPathComponent("shared/testsuite")
  return FileManager.default.fileExists(atPath: suite.path) ? suite : nil
}()
