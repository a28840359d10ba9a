// A canister: its state, its queues and call contexts, and its machine if it has a module.

import Candid
import Cannery
import SystemAPI

/// What a canister does next, before its messages.
enum CanisterTask: UInt8, Hashable, Sendable {
  case lowMemoryHook, globalTimer, heartbeat
}

/// What comes first in a round: timer, heartbeat and messages take turns.
enum TaskTurn: UInt8, CaseIterable, Hashable, Sendable {
  case globalTimer, heartbeat, message

  var next: TaskTurn {
    switch self {
    case .globalTimer: .heartbeat
    case .heartbeat: .message
    case .message: .globalTimer
    }
  }
}

/// An entry of a canister's history.
struct HistoryEntry: Hashable, Sendable {
  /// Nanoseconds since 1970.
  var timestamp: UInt64
  var version: UInt64
  var origin: ChangeOrigin
  var change: CanisterChange
}

extension HistoryEntry {
  /// Bytes that it takes in the replica, where each has room for the largest, and controllers come on top.
  var size: UInt64 {
    switch change {
    case .creation(let controllers, _), .controllersChange(let controllers): 184 + 30 * UInt64(controllers.count)
    case .uninstall, .deployment, .snapshotLoad: 184
    }
  }
}

/// Who changed a canister.
enum ChangeOrigin: Hashable, Sendable {
  case user(Principal)
  case canister(Principal, version: UInt64?)
}

enum CanisterChange: Hashable, Sendable {
  case creation(controllers: [Principal], environmentHash: [UInt8]?)
  case uninstall
  case deployment(InstallMode, moduleHash: [UInt8])
  case snapshotLoad(version: UInt64, snapshot: [UInt8], takenAt: UInt64, from: Principal?, isUploaded: Bool)
  case controllersChange([Principal])
}

/// How a module is installed.
public enum InstallMode: Hashable, Sendable {
  case install
  case reinstall
  case upgrade(UpgradeOptions = UpgradeOptions())

  /// The mode's name in Candid.
  public var name: String {
    switch self {
    case .install: "install"
    case .reinstall: "reinstall"
    case .upgrade: "upgrade"
    }
  }
}

public struct UpgradeOptions: Hashable, Sendable {
  public var skipsPreUpgrade: Bool
  /// Whether the heap is kept; nil if the caller doesn't say.
  public var keepsHeap: Bool?

  public init(skipsPreUpgrade: Bool = false, keepsHeap: Bool? = nil) {
    self.skipsPreUpgrade = skipsPreUpgrade
    self.keepsHeap = keepsHeap
  }
}

/// A canister. One thread at a time works with it.
final class Canister {
  let id: Principal
  var state: SystemState
  var machine: CanisterMachine?
  var stable = StableMemory()
  var queues = InputQueues()
  var calls = CallContexts()
  /// Tasks that are due in this round, in order.
  var tasks: [CanisterTask] = []
  var lowMemoryHook = LowMemoryHook.notSatisfied
  /// An execution that goes on in the next round.
  var paused: PausedExecution?
  /// An execution that starts anew, because it was paused and couldn't be kept.
  var aborted: AbortedExecution?
  /// An installation of code that has not ended.
  var installation: Installation?
  /// Who waits for the canister to stop.
  var stopRequests: [StopRequest] = []
  var history: [HistoryEntry] = []
  /// All entries that there ever were.
  var historyCount: UInt64 = 0
  var chunks: [[UInt8]: [UInt8]] = [:]
  /// In the order of their ids.
  var snapshots: [CanisterSnapshot] = []
  /// The number of the next one.
  var nextSnapshot: UInt64 = 0
  var queryStatistics = QueryStatistics()
  /// Nanoseconds since 1970: storage is paid for until then.
  var chargedUntil: UInt64
  /// Grows with what the canister is due, falls with what it got.
  var priority: Int64 = 0
  /// Instructions of installations that later rounds still have to make up for.
  var installDebt: UInt64 = 0

  /// Bytes of pages that were changed, which later rounds still have to make up for.
  var heapDebt: UInt64 = 0
  /// Bytes of pages that executions and uploads changed since the last checkpoint: a page that two of them changed counts
  /// twice. It is what taking a snapshot counts as changed.
  var changedBytes: UInt64 = 0
  /// Which comes first in the next round.
  var turn = TaskTurn.globalTimer

  init(id: Principal, state: SystemState, time: UInt64) {
    self.id = id
    self.state = state
    chargedUntil = time
  }

  /// Whether a module is installed.
  var isEmpty: Bool { machine == nil }

  /// Whether there is anything to execute. While code is being installed, nothing is.
  var hasWork: Bool { installation == nil && (paused != nil || aborted != nil || !tasks.isEmpty || !queues.isEmpty) }

  /// Whether it has begun what hasn't ended: a message or an installation.
  var isInMiddle: Bool { paused != nil || aborted != nil || installation != nil }

  /// Changes the queues; what best-effort messages take there is memory of the canister.
  func changeQueues<Result>(_ change: (inout InputQueues) -> Result) -> Result {
    let before = queues.bestEffortBytes
    defer {
      state.messageMemory += queues.bestEffortBytes
      state.messageMemory -= min(before, state.messageMemory)
    }
    return change(&queues)
  }

  /// Adds an entry to the history, of which the newest twenty stay.
  func record(_ change: CanisterChange, by origin: ChangeOrigin, at time: UInt64) {
    history.append(HistoryEntry(timestamp: time, version: state.version, origin: origin, change: change))
    if history.count > Canister.historyLimit { history.removeFirst() }
    historyCount += 1
    state.fixedMemory.history = historySize
  }

  /// Bytes that the history takes.
  var historySize: UInt64 { history.reduce(0) { $0 + $1.size } }

  static let historyLimit = 20
}

/// Who asked a canister to stop.
struct StopRequest: Hashable, Sendable {
  var caller: ManagementCaller
  /// They go back with the answer.
  var cycles: Cycles
  /// Nanoseconds since 1970.
  var since: UInt64
}

struct QueryStatistics: Hashable, Sendable {
  var calls: UInt64 = 0
  var instructions: UInt64 = 0
  var requestBytes: UInt64 = 0
  var responseBytes: UInt64 = 0
}
