// Snapshots: what a canister was at some time, or what its controllers say that it shall become.
//
// Source: the Internet Computer interface specification, "IC method take_canister_snapshot" and those after it;
// dfinity/ic, rs/replicated_state/src/canister_snapshots.rs.

import Candid
import Cannery
import SystemAPI

struct CanisterSnapshot: Sendable {
  var id: SnapshotID
  /// Uploaded by controllers, so that it can be written; else taken from the canister.
  var isUploaded = false
  /// Nanoseconds since 1970.
  var takenAt: UInt64
  /// The canister's version then.
  var version: UInt64
  var module: Code
  /// Those that are exported or mutable, in their order.
  var globals: [Global]
  var heap: SparseMemory
  var stable: SparseMemory
  var chunks: [[UInt8]: [UInt8]] = [:]
  var certifiedData: [UInt8]
  /// Nanoseconds since 1970, or 0 for off; nil where it isn't said.
  var timer: UInt64?
  var hook: LowMemoryHook?
  /// Bytes of its pages that were changed since the last checkpoint.
  var changedBytes: UInt64 = 0

  static let limit = 10

  /// The module's file.
  enum Code: Sendable {
    case installed(InstalledModule)
    case uploaded([UInt8])

    var bytes: [UInt8] {
      switch self {
      case .installed(let module): module.bytes
      case .uploaded(let bytes): bytes
      }
    }
  }

  /// A global's type and value.
  struct Global: Hashable, Sendable {
    var kind: Kind
    var bits: GlobalBits

    enum Kind: UInt8, CaseIterable, Hashable, Sendable {
      case i32, i64, f32, f64, v128

      init?(_ type: ValueType) {
        switch type {
        case .i32: self = .i32
        case .i64: self = .i64
        case .f32: self = .f32
        case .f64: self = .f64
        case .v128: self = .v128
        default: return nil
        }
      }
    }
  }

  /// Bytes that it takes, as they are billed.
  var size: UInt64 {
    // A snapshot that is taken has the counter of instructions among its globals.
    let globalCount = UInt64(globals.count) + (isUploaded ? 0 : 1)
    return UInt64(module.bytes.count) + heap.count + stable.count + UInt64(certifiedData.count)
      + globalCount * InstalledModule.globalSize + UInt64(chunks.count) * CanisterRuntime.chunkSize
  }
}

/// Names a snapshot: the number that its canister gave it, and the canister.
struct SnapshotID: Hashable, Sendable {
  let bytes: [UInt8]

  init(canister: Principal, number: UInt64) {
    bytes = withUnsafeBytes(of: number.bigEndian) { Array($0) } + canister.bytes
  }

  /// Nil if no snapshot can have it.
  init?(_ bytes: [UInt8]) {
    guard bytes.count > 8, Principal(bytes[8...]) != nil else { return nil }
    self.bytes = bytes
  }

  /// The canister to which the snapshot belongs.
  var canister: Principal {
    guard let principal = Principal(bytes[8...]) else { preconditionFailure("checked when it was made") }
    return principal
  }
}

extension SnapshotID: CustomStringConvertible {
  var description: String { hexadecimal(bytes) }
}

extension Canister {
  /// What a snapshot of the present committed state is. Pages that the newest snapshot has too are shared with it.
  func snapshot(_ id: SnapshotID, at time: UInt64) -> CanisterSnapshot? {
    guard let machine else { return nil }
    return whileParked {
      let types = machine.installed.module.spaces.globals
      let globals = zip(machine.installed.keptGlobals, machine.keptGlobals).map { index, bits in
        guard let kind = CanisterSnapshot.Global.Kind(types[index].value) else {
          preconditionFailure("canisters have no globals of reference types")
        }
        return CanisterSnapshot.Global(kind: kind, bits: bits)
      }
      return CanisterSnapshot(
        id: id, takenAt: time, version: state.version, module: .installed(machine.installed), globals: globals,
        heap: SparseMemory(pageCount: machine.memory?.pageCount ?? 0, like: snapshots.last?.heap) {
          machine.memory?.forEachNonzeroPage($0)
        },
        stable: SparseMemory(pageCount: stable.pageCount, like: snapshots.last?.stable) {
          stable.forEachNonzeroPage($0)
        },
        chunks: chunks, certifiedData: state.certifiedData, timer: state.globalTimer, hook: lowMemoryHook,
        changedBytes: min(changedBytes, state.heapBytes + state.stableBytes + state.fixedMemory.chunks))
    }
  }

  /// Bytes that a snapshot of the present state takes.
  var snapshotSize: UInt64 {
    state.heapBytes + state.stableBytes + state.fixedMemory.globals + state.fixedMemory.module
      + state.fixedMemory.chunks + UInt64(state.certifiedData.count)
  }
}
