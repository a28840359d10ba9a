// Who may call which method of the management canister, and in which way.
//
// Source: the Internet Computer interface specification, "The IC management canister"; dfinity/ic,
// rs/execution_environment/src/canister_manager.rs (`should_accept_ingress_message`).

import Candid
import SystemAPI

/// How a method may be called, and by whom.
struct ManagementAccess {
  var ways: Ways
  var needs: Needs

  struct Ways: OptionSet {
    let rawValue: UInt8
    static let canister = Ways(rawValue: 1)
    /// By an ingress message.
    static let user = Ways(rawValue: 2)
    /// By users and composite queries, without consensus.
    static let query = Ways(rawValue: 4)
  }

  /// What users and queries must be for it; for messages the methods look themselves.
  enum Needs {
    case nothing
    case controller
    case controllerOrAdmin
    case admin
    /// As the settings say.
    case status, snapshots, logs
  }

  static let all: [String: ManagementAccess] = {
    let both: Ways = [.canister, .user]
    var all: [String: ManagementAccess] = [:]
    func add(_ ways: Ways, _ needs: Needs, _ methods: String...) {
      for method in methods { all[method] = ManagementAccess(ways: ways, needs: needs) }
    }
    add(
      both, .controller, "update_settings", "upload_chunk", "clear_chunk_store", "stored_chunks", "install_code",
      "install_chunked_code", "take_canister_snapshot", "load_canister_snapshot", "delete_canister_snapshot",
      "upload_canister_snapshot_metadata", "upload_canister_snapshot_data")
    add(both, .controllerOrAdmin, "uninstall_code", "start_canister", "stop_canister", "delete_canister")
    add(
      both, .snapshots, "list_canister_snapshots", "read_canister_snapshot_metadata", "read_canister_snapshot_data")
    add(both, .nothing, "provisional_create_canister_with_cycles", "provisional_top_up_canister")
    // Of users, only admins.
    add(both, .admin, "create_canister")
    add([.canister, .user, .query], .status, "canister_status")
    add([.canister, .user, .query], .controllerOrAdmin, "canister_metrics")
    add(
      .canister, .nothing, "canister_info", "canister_metadata", "deposit_cycles", "raw_rand", "node_metrics_history",
      "subnet_info")
    add(.query, .logs, "fetch_canister_logs")
    add(.query, .admin, "list_canisters")
    return all
  }()
}

extension CanisterRuntime {
  private static let isAboutNoCanister: Set<String> = [
    "create_canister", "provisional_create_canister_with_cycles", "list_canisters",
  ]

  /// Checks a user's call before it comes in, and takes its cost off the canister that it is about.
  func admitManagementCall(_ message: IngressMessage) throws(CanisterError) {
    let method = message.method
    guard let access = ManagementAccess.all[method] else {
      throw Self.unavailable.contains(method) ? refused(method) : unknown(method)
    }
    guard access.ways.contains(.user) else {
      throw access.ways.contains(.canister) ? refused(method) : onlyAsQuery(method)
    }
    if access.needs == .admin && !fees.subnetAdmins.contains(message.sender) { throw refused(method) }
    if Self.isAboutNoCanister.contains(method) { return }
    let argument = try decode(method, message.argument)
    let id = try argument.principal(method == "install_chunked_code" ? "target_canister" : "canister_id")
    let canister = try canister(id)
    // Of a local network's own method: a canister that can't pay is what it is for.
    if method == "provisional_top_up_canister" { return }
    guard satisfies(access.needs, canister, message.sender) else {
      throw CanisterError(
        .canisterInvalidController, "Only controllers of canister \(id) can call ic00 method \(method)")
    }
    // A frozen canister can be rescued by its settings; what the message costs is paid when they are changed.
    if method == "update_settings", message.argument.count <= Self.delayedInduction { return }
    try payInduction(message, canister)
  }

  /// Whether a user, or the caller of a query, is what is needed for a method about `canister`.
  private func satisfies(_ needs: ManagementAccess.Needs, _ canister: Canister, _ caller: Principal) -> Bool {
    let settings = canister.state.settings
    let isController = canister.state.isController(caller)
    let isAdmin = fees.subnetAdmins.contains(caller)
    return switch needs {
    case .nothing: true
    case .controller: isController
    case .controllerOrAdmin: isController || isAdmin
    case .admin: isAdmin
    case .status: isController || isAdmin || caller == canister.id || settings.statusVisibility.includes(caller)
    case .snapshots: isController || settings.snapshotVisibility.includes(caller)
    case .logs: isController || settings.logVisibility.includes(caller)
    }
  }

  func refused(_ method: String) -> CanisterError {
    CanisterError(.canisterRejectedMessage, "Only canisters can call ic00 method \(method)")
  }

  func onlyAsQuery(_ method: String) -> CanisterError {
    CanisterError(.canisterRejectedMessage, "\(method) API is only accessible in non-replicated mode")
  }

  // MARK: Queries

  /// Answers a query of the management canister.
  func queryManagement(_ method: String, _ bytes: [UInt8], by caller: Principal) -> Response {
    do throws(CanisterError) {
      guard let access = ManagementAccess.all[method], access.ways.contains(.query) else {
        throw CanisterError(.canisterMethodNotFound, "Query method \(method) not found.")
      }
      let argument = try decode(method, bytes)
      let refusal = CanisterError(
        .canisterRejectedMessage, "Caller \(caller) is not allowed to query ic00 method \(method)")
      let value: CandidValue
      if method == "list_canisters" {
        guard fees.subnetAdmins.contains(caller) else { throw refusal }
        value = canisterRanges
      } else {
        let canister = try canister(argument.principal("canister_id"))
        guard satisfies(access.needs, canister, caller) else { throw refusal }
        switch method {
        case "canister_status": value = statusRecord(canister)
        case "canister_metrics": value = metricsRecord(canister)
        default: value = try logsRecord(canister, argument)
        }
      }
      return .reply(encodeReply([value], of: method))
    } catch {
      return .reject(CanisterReject(error))
    }
  }

  /// The ids of all canisters, in ranges without a gap.
  private var canisterRanges: CandidValue {
    var ranges: [(start: Principal, end: Principal, next: UInt64?)] = []
    for id in canisterIDs {
      let number = id.canisterNumber
      if let number, let last = ranges.last, last.next == number {
        ranges[ranges.count - 1] = (last.start, id, number &+ 1)
      } else {
        ranges.append((id, id, number.map { $0 &+ 1 }))
      }
    }
    return .record([
      "canisters": .vec(ranges.map { .record(["start": .principal($0.start), "end": .principal($0.end)]) })
    ])
  }
}

extension Visibility {
  /// Whether somebody may see it who isn't a controller.
  func includes(_ viewer: Principal) -> Bool {
    switch self {
    case .controllers: false
    case .everyone: true
    case .allowedViewers(let viewers): viewers.contains(viewer)
    }
  }
}
