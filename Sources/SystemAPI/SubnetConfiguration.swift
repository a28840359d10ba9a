// What the subnet charges and allows: the numbers of an application subnet of 13 nodes, and how fees follow from them.
//
// Source: dfinity/ic, rs/config/src/{subnet_config,execution_environment,embedders}.rs,
// rs/cycles_account_manager/src/lib.rs.

import Candid

/// An amount of cycles.
public typealias Cycles = UInt128

extension UInt128 {
  /// The sum, at most the greatest number.
  public func addingSaturated(_ other: UInt128) -> UInt128 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The difference, at least 0.
  public func subtractingSaturated(_ other: UInt128) -> UInt128 { self > other ? self - other : 0 }
}

/// What kinds of subnets there are: they differ in fees and limits.
public enum SubnetKind: String, CaseIterable, Hashable, Sendable {
  case application, system
}

/// What the subnet charges. Cycles on 13 nodes; `nodes` scales them.
public struct SubnetConfiguration: Hashable, Sendable {
  public var kind: SubnetKind
  public var nodes: UInt64 = 13
  /// Nodes that the fees below are for.
  public static let referenceNodes: UInt64 = 13
  /// Who may stop, uninstall and delete canisters, see them, and as a user make them. Where there are any, making canisters
  /// is free.
  public var subnetAdmins: [Principal] = []

  // Fees.
  public var canisterCreationFee: Cycles = 500_000_000_000
  /// For each execution, and for ten instructions of canisters with 32-bit and with 64-bit memory.
  public var executionFee: Cycles = 5_000_000
  public var tenInstructionsFee32: Cycles = 10
  public var tenInstructionsFee64: Cycles = 20
  /// For a call with its response, and for each byte of either.
  public var callFee: Cycles = 260_000
  public var callByteFee: Cycles = 1_000
  public var ingressFee: Cycles = 1_200_000
  public var ingressByteFee: Cycles = 2_000
  public var gibibyteSecondFee: Cycles = 127_000
  public var computePercentSecondFee: Cycles = 10_000_000
  public var signatureFee: Cycles = 10_000_000_000
  /// For an HTTPS outcall, on each node: the call, for each node besides, and for each byte of request and response.
  public var outcallFee: Cycles = 3_000_000
  public var outcallNodeFee: Cycles = 60_000
  public var outcallRequestByteFee: Cycles = 400
  public var outcallResponseByteFee: Cycles = 800

  // Instructions.
  public var messageInstructions: UInt64 = 40_000_000_000
  public var queryInstructions: UInt64 = 5_000_000_000
  /// Of a query method that is called as an update.
  public var replicatedQueryInstructions: UInt64 = 5_000_000_000
  public var inspectInstructions: UInt64 = 200_000_000
  public var installInstructions: UInt64 = 300_000_000_000
  public var sliceInstructions: UInt64 = 2_000_000_000
  public var installSliceInstructions: UInt64 = 2_000_000_000
  public var roundInstructions: UInt64 = 7_000_000_000
  /// Logical cores of the scheduler: budgets are for each. How many threads execute them changes nothing.
  public var schedulerCores = 4
  /// Of a canister's installations, what one round makes up for.
  public var installRateLimit: UInt64 = 2_000_000_000
  /// Added for each call in the graph of a composite query.
  public var compositeCallInstructions: UInt64 = 50_000_000
  /// How deep the calls of a composite query may go: at most 12, whatever is set.
  public var compositeDepth = 6
  public var dirtyPageInstructions: UInt64 = 1_000
  public var dirtyPageFactor64: UInt64 = 4
  /// Where an execution changes more pages of the heap than this, copying each of them counts to the round.
  public var uncountedCopies: UInt64 = 262_144
  public var pageCopyInstructions: UInt64 = 3_000
  public var stableDirtyPageInstructions: UInt64 = 1_000
  public var compileInstructions: UInt64 = 6_000
  /// A module that was installed since the last checkpoint is charged so many times less.
  public var knownModuleDivisor: UInt64 = 100
  public var uploadChunkInstructions: UInt64 = 200_000_000
  public var snapshotInstructions: UInt64 = 2_000_000_000
  public var snapshotDataInstructions: UInt64 = 5_000_000
  /// Counted to the round, not billed.
  public var executionOverhead: UInt64 = 2_000_000
  public var canisterOverhead: UInt64 = 8_000_000
  /// For each canister of the subnet, after each iteration of a round.
  public var finalizationOverhead: UInt64 = 12_000
  /// Executions that are kept while they are paused: at least one, whatever is set.
  public var pausedExecutions = 4
  /// Slices of one execution at most and at least, however large they are.
  public var sliceLimits: ClosedRange<UInt64> = 4...400
  /// Rounds from one checkpoint to the next, at which all paused executions are given up.
  public var checkpointInterval: UInt64 = 500

  // Bytes.
  public var subnetMemory: UInt64 = 2 << 40
  /// Of it, what is left to callbacks.
  public var callbackMemory: UInt64 = 10 << 30
  /// Of custom sections with metadata, of all modules.
  public var customSectionMemory: UInt64 = 2 << 30
  /// From so much memory in use on, growth reserves cycles for its storage.
  public var reservationThreshold: UInt64 = 750 << 30
  /// Seconds of storage that are reserved where the subnet is full.
  public var reservationSeconds: UInt64 = 300_000_000
  /// Of pages that executions change: what ends a round, what one round makes up for of a canister's, and what there may be
  /// of all between two checkpoints, with the part of it that may be used at once.
  public var heapDeltaPerRound: UInt64 = 200_000_000
  public var heapDeltaRateLimit: UInt64 = 75 << 20
  public var heapDeltaCapacity: UInt64 = 140 << 30
  public var heapDeltaReserve: UInt64 = 32 << 30
  public var guaranteedResponseMemory: UInt64 = 15 << 30
  public var bestEffortMemory: UInt64 = 5 << 30
  public var responseLimit = 2 << 20
  public var queryResponseLimit = 3 << 20
  public var localPayloadLimit = 10 << 20
  public var ingressLimit = 2 << 20
  /// Of answers to ingress messages that are kept.
  public var ingressHistoryMemory: UInt64 = 4 << 30
  public var logCapacity = 4096
  public var heapLimit32: UInt64 = 4 << 30
  public var heapLimit64: UInt64 = 6 << 30
  public var stableLimit: UInt64 = 500 << 30
  /// Of stable memory, what one execution may touch: of a message, of a query, of an installation's stages.
  public var messageStableAccess: UInt64 = 2 << 30
  public var queryStableAccess: UInt64 = 1 << 30
  public var installStableAccess: UInt64 = 8 << 30

  // Messages.
  public var queueCapacity = 500
  /// Open calls that each canister may have, whatever others have; beyond them it shares those of the subnet.
  public var guaranteedCallbacks = 50
  public var callbackPool = 1_000_000
  /// Longest wait of a best-effort call, and of a request that wasn't taken, seconds.
  public var callTimeout: UInt64 = 300
  public var ingressTimeout: UInt64 = 300
  /// Ingress messages, and bytes of them, that come in with one round.
  public var ingressPerRound = 1_000
  public var ingressBytesPerRound = 4 << 20
  public var stopTimeout: UInt64 = 300

  public var provisionalBalance: Cycles = 100_000_000_000_000

  public init(_ kind: SubnetKind = .application) {
    self.kind = kind
    guard kind == .system else { return }
    (canisterCreationFee, executionFee, tenInstructionsFee32, tenInstructionsFee64) = (0, 0, 0, 0)
    (callFee, callByteFee, ingressFee, ingressByteFee) = (0, 0, 0, 0)
    (gibibyteSecondFee, computePercentSecondFee) = (0, 0)
    (outcallFee, outcallNodeFee, outcallRequestByteFee, outcallResponseByteFee) = (0, 0, 0, 0)
    (messageInstructions, replicatedQueryInstructions) = (50_000_000_000, 50_000_000_000)
    installInstructions = 1_000_000_000_000
    installSliceInstructions = 5_000_000_000
    roundInstructions = 52_000_000_000
    heapDeltaRateLimit = .max
  }

  /// A fee for 13 nodes on this subnet.
  public func scaled(_ fee: Cycles) -> Cycles {
    let (product, overflow) = fee.multipliedReportingOverflow(by: Cycles(nodes))
    return overflow ? .max : product / Cycles(SubnetConfiguration.referenceNodes)
  }

  /// What making a canister costs here.
  public var creationCost: Cycles { subnetAdmins.isEmpty ? scaled(canisterCreationFee) : 0 }

  // MARK: Executions

  private func unscaledCost(ofInstructions instructions: UInt64, is64: Bool) -> Cycles {
    Cycles(instructions) * (is64 ? tenInstructionsFee64 : tenInstructionsFee32) / 10
  }

  /// What an execution of so many instructions costs.
  public func executionCost(instructions: UInt64, is64: Bool) -> Cycles {
    scaled(executionFee + unscaledCost(ofInstructions: instructions, is64: is64))
  }

  /// What comes back for instructions that were paid for and not used.
  public func refund(instructions: UInt64, is64: Bool) -> Cycles {
    scaled(unscaledCost(ofInstructions: instructions, is64: is64))
  }

  // MARK: Messages

  /// What a request, or a response, of so many bytes costs, without the fee for the call.
  public func transmissionCost(bytes: Int) -> Cycles { scaled(Cycles(bytes) * callByteFee) }

  /// What is paid for a call when it is made: the call, its request, and the largest response and callback.
  public func callPrepayment(requestBytes: UInt64, is64: Bool) -> (request: Cycles, response: Cycles, execution: Cycles)
  {
    let request = scaled(callFee.addingSaturated(Cycles(requestBytes) * callByteFee))
    return (
      request, transmissionCost(bytes: responseLimit),
      executionCost(instructions: messageInstructions, is64: is64)
    )
  }

  public func ingressCost(bytes: Int) -> Cycles { scaled(ingressFee + Cycles(bytes) * ingressByteFee) }

  /// What an HTTPS outcall costs.
  public func outcallCost(requestBytes: UInt64, responseBytes: UInt64) -> Cycles {
    let nodes = Cycles(nodes)
    let bytes = (outcallRequestByteFee * Cycles(requestBytes))
      .addingSaturated(outcallResponseByteFee * Cycles(responseBytes))
    let (product, overflow) = (outcallFee + outcallNodeFee * nodes).addingSaturated(bytes)
      .multipliedReportingOverflow(by: nodes)
    return overflow ? .max : product
  }

  // MARK: Storage

  public func memoryCost(bytes: UInt64, seconds: UInt64) -> Cycles {
    let (product, overflow) = (Cycles(bytes) * gibibyteSecondFee).multipliedReportingOverflow(by: Cycles(seconds))
    return overflow ? .max : scaled(product >> 30)
  }

  public func computeCost(percent: UInt64, seconds: UInt64) -> Cycles {
    scaled(Cycles(percent) * computePercentSecondFee * Cycles(seconds))
  }

  /// What is reserved when memory grows by `bytes` with `used` bytes in use on the subnet: its storage for a time that
  /// grows with the use, from nothing at the threshold to `reservationSeconds` on a full subnet. Nothing where the threshold
  /// isn't below what the subnet has.
  public func reservation(growth bytes: UInt64, used: UInt64) -> Cycles {
    /// How far the use is over the threshold.
    func excess(_ use: UInt64) -> Cycles { Cycles(use).subtractingSaturated(Cycles(reservationThreshold)) }
    let capacity = Cycles(subnetMemory).subtractingSaturated(Cycles(reservationThreshold))
    if capacity == 0 { return 0 }
    let from = excess(used)
    let to = excess(used.addingReportingOverflow(bytes).overflow ? .max : used + bytes)
    if to == from { return 0 }
    // The price is linear in the use, so that of the growth is the price at its middle.
    let seconds = Cycles(reservationSeconds) * (from + to) / 2 / capacity
    return memoryCost(bytes: UInt64(to - from), seconds: UInt64(clamping: seconds))
  }
}
