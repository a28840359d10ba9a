// What the management canister's methods do with their arguments.

import Candid
import Cannery
import SystemAPI

extension CanisterRuntime {
  /// Executes a call of the management canister.
  func perform(_ call: ManagementCall) throws(CanisterError) -> ManagementReply {
    if Self.unavailable.contains(call.method) {
      throw CanisterError(.canisterRejectedMessage, "\(call.method) is not available on this subnet")
    }
    let argument = try decode(call.method, call.argument)
    try checkVersion(argument, call.caller)
    let caller = call.caller.telling(argument.nat64("sender_canister_version"))
    if let values = try performSnapshot(call.method, argument, by: caller) { return ManagementReply(values: values) }
    func id() throws(CanisterError) -> Principal { try argument.principal("canister_id") }
    func done(_ values: CandidValue..., accepted: Cycles = 0) -> ManagementReply {
      ManagementReply(values: values, acceptedCycles: accepted)
    }
    switch call.method {
    case "create_canister":
      let fee = fees.creationCost
      guard call.cycles >= fee else {
        throw CanisterError(
          .insufficientCyclesForCreateCanister,
          "Creating a canister requires a fee of \(fee) that is deducted from the canister's initial balance but only "
            + "\(call.cycles) cycles were received with the create_canister request.")
      }
      let created = try createCanister(
        settings(argument.argument("settings")), cycles: call.cycles - fee, fee: fee, by: caller)
      return done(.record(["canister_id": .principal(created)]), accepted: call.cycles)
    case "provisional_create_canister_with_cycles":
      let created = try createCanister(
        settings(argument.argument("settings")), cycles: argument.cycles("amount") ?? fees.provisionalBalance,
        by: caller,
        id: argument.optionalPrincipal("specified_id"))
      return done(.record(["canister_id": .principal(created)]))
    case "provisional_top_up_canister":
      try depositCycles(try id(), argument.cycles("amount") ?? 0)
      return done()
    case "update_settings":
      try updateSettings(id(), settings(argument.argument("settings")), by: caller)
      return done()
    case "install_code":
      let isOver =
        try installCode(
          id(), argument.blob("wasm_module"), mode: mode(argument), argument: argument.blob("arg"), by: caller,
          cycles: call.cycles) == nil
      return isOver ? done() : ManagementReply()
    case "install_chunked_code":
      return try installChunks(argument, by: caller, cycles: call.cycles) ? done() : ManagementReply()
    case "upload_chunk":
      let hash = try uploadChunk(id(), argument.blob("chunk"), by: caller)
      return done(.record(["hash": .blob(hash)]))
    case "clear_chunk_store":
      try clearChunks(id(), by: caller)
      return done()
    case "stored_chunks":
      let hashes = try storedChunks(id(), by: caller)
      return done(.vec(hashes.map { .record(["hash": .blob($0)]) }))
    case "uninstall_code":
      try uninstallCode(id(), by: caller)
      return done()
    case "start_canister":
      try startCanister(id(), by: caller)
      return done()
    case "stop_canister":
      return try stopCanister(id(), by: caller, cycles: call.cycles) ? done() : ManagementReply()
    case "delete_canister":
      try deleteCanister(id(), by: caller)
      return done()
    case "deposit_cycles":
      try depositCycles(id(), call.cycles)
      return done(accepted: call.cycles)
    case "canister_status":
      let canister = try canister(id())
      try checkStatus(canister, caller)
      return done(statusRecord(canister))
    case "canister_metrics":
      let canister = try canister(id())
      try checkController(canister, caller, orAdmin: true)
      return done(metricsRecord(canister))
    case "canister_info":
      return done(infoRecord(try canister(id()), argument.nat64("num_requested_changes") ?? 0))
    case "canister_metadata": return done(try metadataRecord(id(), argument.text("name"), caller))
    case "raw_rand": return done(.blob(randomness.next()))
    case "subnet_info":
      try checkSubnet(argument)
      return done(.record(["replica_version": .text(Self.replicaVersion), "registry_version": .nat64(1)]))
    case "node_metrics_history":
      try checkSubnet(argument)
      // No node has proposed a block.
      return done(.vec([]))
    case "fetch_canister_logs", "list_canisters": throw onlyAsQuery(call.method)
    default: throw unknown(call.method)
    }
  }

  private static let replicaVersion = "cannery"

  /// There is one subnet.
  private func checkSubnet(_ argument: ManagementArgument) throws(CanisterError) {
    let id = try argument.principal("subnet_id")
    guard id == subnet.id else { throw CanisterError(.subnetNotFound, "Subnet \(id) not found") }
  }

  /// A canister that tells its version must tell the true one.
  private func checkVersion(_ argument: ManagementArgument, _ caller: ManagementCaller) throws(CanisterError) {
    guard case .canister(_, _, _, let version) = caller, let told = argument.nat64("sender_canister_version"),
      told != version
    else { return }
    throw CanisterError(
      .canisterContractViolation,
      "Management canister call payload includes sender canister version Some(\(told)) that does not match the actual "
        + "sender canister version \(version ?? 0).")
  }

  private func mode(_ argument: ManagementArgument) throws(CanisterError) -> InstallMode {
    let field = try argument.variant("mode")
    switch field.label {
    case "install": return .install
    case "reinstall": return .reinstall
    default:
      var options = UpgradeOptions()
      if case .opt(.some(let value)) = field.value {
        let record = ManagementArgument(value)
        if case .bool(let skips) = record.value("skip_pre_upgrade") { options.skipsPreUpgrade = skips }
        if case .variant(let persistence) = record.value("wasm_memory_persistence") {
          options.keepsHeap = persistence.label == "keep"
        }
      }
      return .upgrade(options)
    }
  }

  private func settings(_ record: ManagementArgument) throws(CanisterError) -> SettingsChange {
    var change = SettingsChange()
    if let list = record.list("controllers") {
      change.controllers = list.compactMap { if case .principal(let principal) = $0 { principal } else { nil } }
    }
    change.computeAllocation = try record.word("compute_allocation")
    change.memoryAllocation = try record.word("memory_allocation")
    change.freezingThreshold = try record.word("freezing_threshold")
    change.reservedCyclesLimit = try record.cycles("reserved_cycles_limit")
    change.minimumIncomingCallCycles = try record.cycles("minimum_incoming_canister_call_cycles")
    change.wasmMemoryLimit = try record.word("wasm_memory_limit")
    change.wasmMemoryThreshold = try record.word("wasm_memory_threshold")
    change.logVisibility = visibility(record.value("log_visibility"))
    change.logMemoryLimit = try record.word("log_memory_limit")
    change.snapshotVisibility = visibility(record.value("snapshot_visibility"))
    change.statusVisibility = visibility(record.value("status_visibility"))
    if let list = record.list("environment_variables") {
      var variables: [EnvironmentVariable] = []
      for value in list {
        let variable = ManagementArgument(value)
        variables.append(EnvironmentVariable(name: try variable.text("name"), value: try variable.text("value")))
      }
      change.environment = variables
    }
    return change
  }

  private func visibility(_ value: CandidValue?) -> Visibility? {
    guard case .variant(let field) = value else { return nil }
    switch field.label {
    case "controllers": return .controllers
    case "public": return .everyone
    default:
      guard case .vec(let viewers) = field.value else { return .allowedViewers([]) }
      return .allowedViewers(viewers.compactMap { if case .principal(let principal) = $0 { principal } else { nil } })
    }
  }

  /// Returns whether it has ended.
  private func installChunks(
    _ argument: ManagementArgument, by caller: ManagementCaller, cycles: Cycles
  ) throws(CanisterError) -> Bool {
    let target = try argument.principal("target_canister")
    let source = argument.optionalPrincipal("store_canister") ?? target
    var hashes: [[UInt8]] = []
    for value in argument.list("chunk_hashes_list") ?? [] { hashes.append(try ManagementArgument(value).blob("hash")) }
    let bytes = try assembleChunks(hashes, of: source, expecting: argument.blob("wasm_module_hash"), by: caller)
    return try installCode(
      target, bytes, mode: mode(argument), argument: argument.blob("arg"), by: caller, cycles: cycles,
      chunks: UInt64(hashes.count)) == nil
  }
}
