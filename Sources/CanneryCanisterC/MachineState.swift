// The state of a machine as bytes: to store it and go on later.
//
// The format: a line that names it, a version, SHA-256 of the module, memories, globals and the stable memory, and the
// SHA-256 of all that. Numbers have 8 bytes, the least significant first; of memories, pages that are all zeros are left out.

import CCanister
import CWasm
import Cannery
import CanneryC
import SystemAPI
import WebAssembly

private let magic = Array("CANNERY MACHINE\n".utf8)
private let formatVersion: UInt64 = 1
private let smallPage = 4096
private let hashSize = 32

private struct Writer {
  var bytes = magic

  mutating func number(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }

  /// A memory of `size` units of 64 KiB, of which `forEach` gives the pages in ascending order.
  mutating func memory(_ size: UInt64, _ forEach: ((UInt64, UnsafeRawBufferPointer) -> Void) -> Void) {
    number(size)
    forEach { page, contents in
      number(page + 1)
      bytes += contents
    }
    number(0)
  }
}

private struct Reader {
  let bytes: [UInt8]
  var position = magic.count

  var malformed: FailedError {
    FailedError(CANNERY_ERROR_MALFORMED, "the machine's state is malformed at byte \(position)")
  }

  mutating func raw(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - position else { throw malformed }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func number() throws -> UInt64 {
    try raw(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The pages of a memory whose size was read; `take` gets each with its offset.
  mutating func pages(_ take: (UInt64, UnsafeRawBufferPointer) -> Bool) throws {
    var previous: UInt64 = 0
    while true {
      let page = try number()
      if page == 0 { return }
      guard page > previous, page <= UInt64.max / UInt64(smallPage) else { throw malformed }
      let offset = (page - 1) * UInt64(smallPage)
      guard try raw(smallPage).withUnsafeBytes({ take(offset, $0) }) else { throw malformed }
      previous = page
    }
  }
}

extension MachineObject {
  /// The committed state. `using` must be around it.
  func state() throws -> [UInt8] {
    undo()
    var writer = Writer()
    writer.number(formatVersion)
    writer.bytes += module.artifact.moduleHash
    let globals = module.spaces.globals
    guard !globals.contains(where: { $0.isMutable && $0.value.isReference }) else {
      throw ArgumentError("a machine whose globals hold references can't be saved")
    }
    let state = instance.state
    writer.number(UInt64(globals.count))
    for (bits, type) in zip(state.globals, globals) {
      // What can't change is what the module says.
      writer.number(type.isMutable ? bits.low : 0)
      writer.number(type.isMutable ? bits.high : 0)
    }
    writer.number(UInt64(instance.memories.count))
    for memory in instance.memories { writer.memory(memory.pageCount) { memory.forEachNonzeroPage($0) } }
    writer.memory(stable.pageCount) { stable.forEachNonzeroPage($0) }
    return writer.bytes + SHA256.hash(bytes: writer.bytes)
  }

  /// A machine with a state that was saved.
  static func load(
    _ bytes: [UInt8], _ module: ModuleObject, _ system: SystemObject, _ limits: StoreLimits
  ) throws -> MachineObject {
    let end = bytes.count - hashSize
    guard end >= magic.count, bytes.starts(with: magic) else {
      throw FailedError(CANNERY_ERROR_MALFORMED, "these bytes are no machine's state")
    }
    var reader = Reader(bytes: Array(bytes[..<end]))
    let version = try reader.number()
    guard version == formatVersion else {
      throw FailedError(CANNERY_ERROR_ARTIFACT, "the machine's state was written by another version (\(version))")
    }
    guard SHA256.hash(bytes: reader.bytes).elementsEqual(bytes[end...]) else {
      throw FailedError(CANNERY_ERROR_ARTIFACT, "the machine's state is damaged: its checksum is wrong")
    }
    guard try reader.raw(hashSize).elementsEqual(module.thing.artifact.moduleHash) else {
      throw ArgumentError("the state is that of a machine with another module")
    }
    let spaces = module.thing.spaces
    guard try reader.number() == UInt64(spaces.globals.count) else { throw reader.malformed }
    var globals: [GlobalBits] = []
    for _ in spaces.globals { globals.append(GlobalBits(low: try reader.number(), high: try reader.number())) }
    guard try reader.number() == UInt64(spaces.memories.count) else { throw reader.malformed }
    // Sizes come before all contents are read: the instance is made in between.
    var sizes: [UInt64] = []
    let contents = reader.position
    for _ in spaces.memories {
      sizes.append(try reader.number())
      try reader.pages { _, _ in true }
    }
    let machine = try MachineObject(
      module, system, limits, state: InstanceState(memoryPages: sizes, globals: globals))
    reader.position = contents
    for memory in machine.instance.memories {
      guard try reader.number() == memory.pageCount else { throw reader.malformed }
      try reader.pages { memory.restore($1, at: $0) }
    }
    let size = try reader.number()
    guard machine.stable.grow(by: size) else {
      throw FailedError(CANNERY_ERROR_RESOURCE, "there is no room for a stable memory of \(size) pages")
    }
    try reader.pages { machine.stable.restore($1, at: $0) }
    guard reader.position == end else { throw reader.malformed }
    machine.commit()
    return machine
  }
}

extension SHA256 {
  fileprivate static func hash(bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0).bytes } }
}
