// What the management canister tells about canisters.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  private func nat(_ value: some BinaryInteger) -> CandidValue { .nat(Natural(value)) }

  func statusRecord(_ canister: Canister) -> CandidValue {
    let state = canister.state
    let status =
      switch state.status {
      case .running: "running";
      case .stopping: "stopping";
      case .stopped: "stopped"
      }
    let statistics = canister.queryStatistics
    return .record([
      "status": .variant(CandidLabel(status)),
      "ready_for_migration": .bool(state.status == .stopped && canister.queues.isEmpty && canister.calls.isEmpty),
      "version": .nat64(state.version),
      "settings": settingsRecord(state.settings),
      "module_hash": .opt((canister.machine?.installed.hash).map { .blob($0) }),
      "memory_size": nat(state.memoryUsage),
      "memory_metrics": .record([
        "wasm_memory_size": nat(state.heapBytes),
        "stable_memory_size": nat(state.stableBytes),
        "global_memory_size": nat(state.fixedMemory.globals),
        "wasm_binary_size": nat(state.fixedMemory.module),
        "custom_sections_size": nat(state.fixedMemory.customSections),
        "canister_history_size": nat(state.fixedMemory.history),
        "wasm_chunk_store_size": nat(state.fixedMemory.chunks),
        "snapshots_size": nat(state.fixedMemory.snapshots),
      ]),
      "cycles": nat(state.balance),
      "reserved_cycles": nat(state.reservedBalance),
      "idle_cycles_burned_per_day": nat(state.idleCyclesPerDay(fees)),
      "query_stats": .record([
        "num_calls_total": nat(statistics.calls),
        "num_instructions_total": nat(statistics.instructions),
        "request_payload_bytes_total": nat(statistics.requestBytes),
        "response_payload_bytes_total": nat(statistics.responseBytes),
      ]),
    ])
  }

  /// Whether somebody may see what controllers and viewers may; controllers always.
  func check(_ visibility: Visibility, _ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    if !visibility.includes(caller.principal) { try checkController(canister, caller) }
  }

  /// Whether somebody may see a canister's status.
  func checkStatus(_ canister: Canister, _ caller: ManagementCaller) throws(CanisterError) {
    let isVisible = canister.state.settings.statusVisibility.includes(caller.principal)
    if !isVisible && caller.principal != canister.id { try checkController(canister, caller, orAdmin: true) }
  }

  private func settingsRecord(_ settings: CanisterSettings) -> CandidValue {
    .record([
      "controllers": principals(settings.controllers),
      "compute_allocation": nat(settings.computeAllocation),
      "memory_allocation": nat(settings.memoryAllocation),
      "freezing_threshold": nat(settings.freezingThreshold),
      "reserved_cycles_limit": nat(settings.reservedCyclesLimit),
      "minimum_incoming_canister_call_cycles": nat(settings.minimumIncomingCallCycles),
      "wasm_memory_limit": nat(settings.wasmMemoryLimit),
      "wasm_memory_threshold": nat(settings.wasmMemoryThreshold),
      "log_visibility": visibilityVariant(settings.logVisibility),
      "log_memory_limit": nat(settings.logMemoryLimit),
      "snapshot_visibility": visibilityVariant(settings.snapshotVisibility),
      "status_visibility": visibilityVariant(settings.statusVisibility),
      "environment_variables": .vec(
        settings.environment.map { .record(["name": .text($0.name), "value": .text($0.value)]) }),
    ])
  }

  private func principals(_ list: [Principal]) -> CandidValue { .vec(list.map { .principal($0) }) }

  private func visibilityVariant(_ visibility: Visibility) -> CandidValue {
    switch visibility {
    case .controllers: .variant("controllers")
    case .everyone: .variant("public")
    case .allowedViewers(let viewers): .variant("allowed_viewers", principals(viewers))
    }
  }

  func metricsRecord(_ canister: Canister) -> CandidValue {
    func consumed(_ use: CycleUse) -> CandidValue { nat(canister.state.consumed[Int(use.rawValue)]) }
    return .record([
      "cycles_consumed": .record([
        "memory": consumed(.memory), "compute_allocation": consumed(.computeAllocation),
        "ingress_induction": consumed(.ingressInduction), "instructions": consumed(.instructions),
        "request_and_response_transmission": consumed(.transmission), "uninstall": consumed(.uninstall),
        "canister_creation": consumed(.creation), "http_outcalls": consumed(.outcalls),
        "burned_cycles": consumed(.burned),
      ])
    ])
  }

  func infoRecord(_ canister: Canister, _ changes: UInt64) -> CandidValue {
    return .record([
      "total_num_changes": .nat64(canister.historyCount),
      "recent_changes": .vec(canister.history.suffix(Int(clamping: changes)).map(changeRecord)),
      "module_hash": .opt((canister.machine?.installed.hash).map { .blob($0) }),
      "controllers": principals(canister.state.settings.controllers),
    ])
  }

  private func changeRecord(_ entry: HistoryEntry) -> CandidValue {
    let origin: CandidValue =
      switch entry.origin {
      case .user(let user): .variant("from_user", .record(["user_id": .principal(user)]))
      case .canister(let id, let version):
        .variant(
          "from_canister",
          .record(["canister_id": .principal(id), "canister_version": .opt(version.map { .nat64($0) })]))
      }
    let details: CandidValue =
      switch entry.change {
      case .creation(let controllers, let hash):
        .variant(
          "creation",
          .record([
            "controllers": principals(controllers), "environment_variables_hash": .opt(hash.map { .blob($0) }),
          ]))
      case .uninstall: .variant("code_uninstall")
      case .deployment(let mode, let hash):
        .variant(
          "code_deployment", .record(["mode": .variant(CandidLabel(mode.name)), "module_hash": .blob(hash)]))
      case .snapshotLoad(let version, let snapshot, let takenAt, let from, let isUploaded):
        .variant(
          "load_snapshot",
          .record([
            "from_canister_id": .opt(from.map { .principal($0) }), "snapshot_id": .blob(snapshot),
            "canister_version": .nat64(version), "taken_at_timestamp": .nat64(takenAt),
            "source": .variant(isUploaded ? "metadata_upload" : "taken_from_canister", .reserved),
          ]))
      case .controllersChange(let controllers):
        .variant("controllers_change", .record(["controllers": principals(controllers)]))
      }
    return .record([
      "timestamp_nanos": .nat64(entry.timestamp), "canister_version": .nat64(entry.version), "origin": origin,
      "details": details,
    ])
  }

  /// The log, or those of its records that a filter says.
  func logsRecord(_ canister: Canister, _ argument: ManagementArgument) throws(CanisterError) -> CandidValue {
    var records = canister.state.log.records
    if case .variant(let filter) = argument.value("filter") {
      let range = ManagementArgument(filter.value)
      let (start, end) = (range.nat64("start") ?? 0, range.nat64("end") ?? 0)
      records = ArraySlice(
        records.filter {
          let number = filter.label == "by_idx" ? $0.index : $0.timestamp
          return start <= number && number < end
        })
    }
    let list: [CandidValue] = records.map {
      .record(["idx": .nat64($0.index), "timestamp_nanos": .nat64($0.timestamp), "content": .blob($0.content)])
    }
    return .record(["canister_log_records": .vec(list)])
  }

  func metadataRecord(
    _ id: Principal, _ name: String, _ caller: ManagementCaller
  ) throws(CanisterError) -> CandidValue {
    let canister = try canister(id)
    guard let machine = canister.machine else {
      throw CanisterError(
        .canisterRejectedMessage, "The canister \(id) has no Wasm module and hence no metadata is available.")
    }
    guard let section = machine.installed.metadata[ExactName(name)],
      section.isPublic || canister.state.isController(caller.principal)
    else {
      throw CanisterError(.canisterRejectedMessage, "The canister \(id) has no metadata section with the name \(name).")
    }
    return .record(["value": .blob(section.contents)])
  }
}
