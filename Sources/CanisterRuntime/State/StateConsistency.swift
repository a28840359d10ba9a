// Whether the parts of a canister that was read from a stored state belong together: executing relies on it, and a state may
// have been made up.

import Candid
import Cannery
import SystemAPI

extension Canister {
  /// Whether the canister could have come to be what it is.
  var isConsistent: Bool {
    hasItsSnapshots && hasItsSizes && (aborted.map(canStartAnew) ?? true) && priority.magnitude <= 1 << 60
      && state.certifiedData.count <= SystemInterface.certifiedDataLimit
  }

  /// Whether the sizes that are billed are those of what there is.
  private var hasItsSizes: Bool {
    var sizes = FixedMemory()
    sizes.history = historySize
    sizes.chunks = UInt64(chunks.count) * CanisterRuntime.chunkSize
    sizes.snapshots = snapshots.reduce(0) { $0 + $1.size }
    if let installed = machine?.installed {
      sizes.globals = installed.globalsSize
      sizes.module = installed.size
      sizes.customSections = installed.customSectionsSize
    }
    return state.fixedMemory == sizes && state.stableBytes == stable.count
      && state.heapBytes == machine?.heapBytes ?? 0 && Self.canStore(chunks)
  }

  private static func canStore(_ chunks: [[UInt8]: [UInt8]]) -> Bool {
    chunks.count <= CanisterRuntime.chunkCount && chunks.values.allSatisfy { $0.count <= CanisterRuntime.chunkSize }
  }

  /// Whether the snapshots are this canister's, in the order of their numbers, with what their modules need.
  private var hasItsSnapshots: Bool {
    let ids = snapshots.map(\.id.bytes) + [SnapshotID(canister: id, number: nextSnapshot).bytes]
    return snapshots.count <= CanisterSnapshot.limit
      && zip(ids, ids.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
      && snapshots.allSatisfy { snapshot in
        var hasGlobals = true
        if case .installed(let module) = snapshot.module {
          hasGlobals = snapshot.globals.count == module.keptGlobals.count
        }
        return snapshot.id.canister == id && hasGlobals && Self.canStore(snapshot.chunks)
          && snapshot.certifiedData.count <= SystemInterface.certifiedDataLimit
      }
  }

  /// Whether an execution that begins anew is one of this canister, for one of its call contexts.
  private func canStartAnew(_ aborted: AbortedExecution) -> Bool {
    let (message, job) = (aborted.context, aborted.job)
    guard installation == nil, machine != nil, job.mode == message.mode, let context = calls[job.context],
      !context.isDeleted, message.cyclesAvailable == context.cyclesAvailable
    else { return false }
    switch (message.mode, aborted.entry) {
    case (.update, .export), (.replicatedQuery, .export), (.systemTask, .export), (.replyCallback, .callback),
      (.rejectCallback, .callback):
      return message.isAnswered == context.isAnswered
    case (.cleanup, .callback): return message.isAnswered
    default: return false
    }
  }
}
