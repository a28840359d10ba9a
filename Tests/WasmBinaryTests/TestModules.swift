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

/// The bytes of `module` in `range`.
func content(_ range: ByteRange, of module: Module) -> [UInt8] {
  withExtendedLifetime(module.bytes) { [UInt8](module.bytes.buffer[range.start..<range.end]) }
}

/// What differs between two modules, apart from where their bytes are and which sections are empty; `nil` if nothing does.
func difference(_ left: Module, _ right: Module) -> String? {
  if left.types != right.types || left.recursiveGroups != right.recursiveGroups { return "types" }
  if left.imports != right.imports { return "imports" }
  if left.functions != right.functions { return "functions" }
  if left.tables.map(\.type) != right.tables.map(\.type) { return "tables" }
  if left.memories != right.memories { return "memories" }
  if left.tags != right.tags { return "tags" }
  if left.globals.map(\.type) != right.globals.map(\.type) { return "globals" }
  if left.exports != right.exports || left.start != right.start { return "exports" }
  if left.elements.map(\.type) != right.elements.map(\.type) { return "element segments" }
  if left.dataCount != right.dataCount { return "data counts" }
  if left.customSections.map(\.name) != right.customSections.map(\.name) { return "custom sections" }
  let (leftParts, rightParts) = (contents(of: left), contents(of: right))
  return leftParts == rightParts ? nil : "code, expressions or data"
}

/// Everything in `module` that stays in its bytes, in one order.
private func contents(of module: Module) -> [[UInt8]] {
  var parts: [[UInt8]] = []
  func add(_ range: ByteRange) { parts.append(content(range, of: module)) }
  func add(_ mode: SegmentMode) {
    switch mode {
    case .passive: parts.append([1])
    case .declarative: parts.append([2])
    case .active(let index, let offset):
      parts.append([3, UInt8(truncatingIfNeeded: index)])
      add(offset.range)
    }
  }
  for table in module.tables { table.initializer.map { add($0.range) } }
  for global in module.globals { add(global.initializer.range) }
  for segment in module.elements {
    add(segment.mode)
    switch segment.items {
    case .functions(let indices): parts.append(indices.map { UInt8(truncatingIfNeeded: $0) })
    case .expressions(let list): for expression in list { add(expression.range) }
    }
  }
  for body in module.bodies { add(body.range) }
  for segment in module.data {
    add(segment.mode)
    add(segment.bytes)
  }
  for section in module.customSections { add(section.contents) }
  return parts
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
