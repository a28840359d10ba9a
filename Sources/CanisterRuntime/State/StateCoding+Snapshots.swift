// Snapshots in the stored state. Those of a canister follow each other, and say of pages that the one before has too only
// that it has them.

import Candid
import Cannery
import SystemAPI

extension SnapshotID: StateCodable {
  func write(to writer: inout StateWriter) { writer.put(bytes) }
  init(from reader: inout StateReader) throws(StateError) {
    guard let id = SnapshotID(try reader.take([UInt8].self)) else { throw reader.malformed }
    self = id
  }
}

extension CanisterSnapshot.Global.Kind: StateCodable {}

extension CanisterSnapshot.Global: StateRecord {
  static func coded(_ field: inout FieldCoder<CanisterSnapshot.Global>) throws(StateError) -> CanisterSnapshot.Global {
    try CanisterSnapshot.Global(kind: field(\.kind), bits: field(\.bits))
  }
}

extension CanisterSnapshot {
  /// Of an installed module only the hash: the state has it already.
  func write(to writer: inout StateWriter, like other: CanisterSnapshot?) {
    writer.put(id)
    writer.put(isUploaded)
    writer.put(takenAt)
    writer.put(version)
    switch module {
    case .installed(let module): writer.put(module.hash)
    case .uploaded(let bytes): writer.put(bytes)
    }
    writer.put(globals)
    heap.write(to: &writer, like: other?.heap)
    stable.write(to: &writer, like: other?.stable)
    writer.put(chunks)
    writer.put(certifiedData)
    writer.put(timer)
    writer.put(hook)
    writer.put(changedBytes)
  }

  init(
    from reader: inout StateReader, like other: CanisterSnapshot?, module known: ([UInt8]) -> InstalledModule?
  ) throws(StateError) {
    let id: SnapshotID = try reader.take()
    let isUploaded: Bool = try reader.take()
    let takenAt: UInt64 = try reader.take()
    let version: UInt64 = try reader.take()
    let code: [UInt8] = try reader.take()
    let module: Code
    if isUploaded {
      module = .uploaded(code)
    } else {
      guard let installed = known(code) else { throw reader.malformed }
      module = .installed(installed)
    }
    self.init(
      id: id, isUploaded: isUploaded, takenAt: takenAt, version: version, module: module,
      globals: try reader.take(), heap: try SparseMemory(from: &reader, like: other?.heap),
      stable: try SparseMemory(from: &reader, like: other?.stable), chunks: try reader.take(),
      certifiedData: try reader.take(), timer: try reader.take(), hook: try reader.take(),
      changedBytes: try reader.take(upTo: StateLimit.count))
  }
}
