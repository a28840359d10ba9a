// The subnet's fees and limits by their names, each with what it may be: far from where computing with them would overflow.

import CCanister
import CWasm
import CanneryC
import SystemAPI

/// A number of the subnet's configuration.
struct ConfigurationNumber: Sendable {
  let name: String
  let range: ClosedRange<Cycles>
  let get: @Sendable (SubnetConfiguration) -> Cycles
  let set: @Sendable (inout SubnetConfiguration, Cycles) -> Void

  private init(_ path: WritableKeyPath<SubnetConfiguration, Cycles> & Sendable, _ name: String, most: Cycles) {
    self.name = name
    range = 0...most
    get = { $0[keyPath: path] }
    set = { $0[keyPath: path] = $1 }
  }

  /// Where the configuration says "no limit", that is the greatest number here.
  private init(
    _ path: WritableKeyPath<SubnetConfiguration, UInt64> & Sendable, _ name: String, _ range: ClosedRange<Cycles>
  ) {
    self.name = name
    self.range = range
    get = { Cycles($0[keyPath: path]) }
    set = { $0[keyPath: path] = UInt64($1) }
  }

  private init(
    _ path: WritableKeyPath<SubnetConfiguration, Int> & Sendable, _ name: String, _ range: ClosedRange<Cycles>
  ) {
    self.name = name
    self.range = range
    get = { Cycles($0[keyPath: path]) }
    set = { $0[keyPath: path] = Int($1) }
  }

  private static let fee: Cycles = 1 << 50
  /// Instructions, and those for a page, an operator and the like.
  private static let instructions: ClosedRange<Cycles> = 1...1 << 48
  private static let weight: ClosedRange<Cycles> = 0...1 << 20
  private static let bytes: ClosedRange<Cycles> = 0...1 << 48
  private static let payload: ClosedRange<Cycles> = 0...1 << 30
  private static let count: ClosedRange<Cycles> = 0...1 << 30
  private static let seconds: ClosedRange<Cycles> = 0...1 << 30

  /// In alphabetical order.
  static let all: [ConfigurationNumber] = [
    .init(\.bestEffortMemory, "bestEffortMemory", bytes),
    .init(\.callByteFee, "callByteFee", most: fee),
    .init(\.callFee, "callFee", most: fee),
    .init(\.callTimeout, "callTimeout", seconds),
    .init(\.callbackMemory, "callbackMemory", bytes),
    .init(\.callbackPool, "callbackPool", count),
    .init(\.canisterCreationFee, "canisterCreationFee", most: fee),
    .init(\.canisterOverhead, "canisterOverhead", 0...1 << 40),
    .init(\.checkpointInterval, "checkpointInterval", 0...1 << 48),
    .init(\.compileInstructions, "compileInstructions", weight),
    .init(\.compositeCallInstructions, "compositeCallInstructions", 0...1 << 40),
    .init(\.compositeDepth, "compositeDepth", 0...12),
    .init(\.computePercentSecondFee, "computePercentSecondFee", most: 1 << 40),
    .init(\.customSectionMemory, "customSectionMemory", bytes),
    .init(\.dirtyPageFactor64, "dirtyPageFactor64", 0...1 << 10),
    .init(\.dirtyPageInstructions, "dirtyPageInstructions", weight),
    .init(\.executionFee, "executionFee", most: fee),
    .init(\.executionOverhead, "executionOverhead", 0...1 << 40),
    .init(\.finalizationOverhead, "finalizationOverhead", 0...1 << 40),
    .init(\.gibibyteSecondFee, "gibibyteSecondFee", most: fee),
    .init(\.guaranteedCallbacks, "guaranteedCallbacks", count),
    .init(\.guaranteedResponseMemory, "guaranteedResponseMemory", bytes),
    .init(\.heapDeltaCapacity, "heapDeltaCapacity", bytes),
    .init(\.heapDeltaPerRound, "heapDeltaPerRound", bytes),
    .init(\.heapDeltaRateLimit, "heapDeltaRateLimit", 0...Cycles(UInt64.max)),
    .init(\.heapDeltaReserve, "heapDeltaReserve", bytes),
    .init(\.heapLimit32, "heapLimit32", 0...4 << 30),
    .init(\.heapLimit64, "heapLimit64", 0...1 << 40),
    .init(\.ingressByteFee, "ingressByteFee", most: fee),
    .init(\.ingressBytesPerRound, "ingressBytesPerRound", payload),
    .init(\.ingressFee, "ingressFee", most: fee),
    .init(\.ingressHistoryMemory, "ingressHistoryMemory", bytes),
    .init(\.ingressLimit, "ingressLimit", payload),
    .init(\.ingressPerRound, "ingressPerRound", 1...1 << 30),
    .init(\.ingressTimeout, "ingressTimeout", seconds),
    .init(\.inspectInstructions, "inspectInstructions", instructions),
    .init(\.installInstructions, "installInstructions", instructions),
    .init(\.installRateLimit, "installRateLimit", 0...1 << 48),
    .init(\.installSliceInstructions, "installSliceInstructions", instructions),
    .init(\.installStableAccess, "installStableAccess", bytes),
    .init(\.knownModuleDivisor, "knownModuleDivisor", 1...1 << 20),
    .init(\.localPayloadLimit, "localPayloadLimit", payload),
    .init(\.logCapacity, "logCapacity", 0...2 << 20),
    .init(\.messageInstructions, "messageInstructions", instructions),
    .init(\.messageStableAccess, "messageStableAccess", bytes),
    .init(\.nodes, "nodes", 1...1000),
    .init(\.outcallFee, "outcallFee", most: fee),
    .init(\.outcallNodeFee, "outcallNodeFee", most: fee),
    .init(\.outcallRequestByteFee, "outcallRequestByteFee", most: fee),
    .init(\.outcallResponseByteFee, "outcallResponseByteFee", most: fee),
    .init(\.pageCopyInstructions, "pageCopyInstructions", weight),
    .init(\.pausedExecutions, "pausedExecutions", 1...1 << 20),
    .init(\.provisionalBalance, "provisionalBalance", most: 1 << 120),
    .init(\.queryInstructions, "queryInstructions", instructions),
    .init(\.queryResponseLimit, "queryResponseLimit", payload),
    .init(\.queryStableAccess, "queryStableAccess", bytes),
    .init(\.queueCapacity, "queueCapacity", 1...1 << 20),
    .init(\.replicatedQueryInstructions, "replicatedQueryInstructions", instructions),
    .init(\.reservationSeconds, "reservationSeconds", seconds),
    .init(\.reservationThreshold, "reservationThreshold", bytes),
    .init(\.responseLimit, "responseLimit", payload),
    .init(\.roundInstructions, "roundInstructions", instructions),
    .init(\.schedulerCores, "schedulerCores", 1...1 << 10),
    .init(\.signatureFee, "signatureFee", most: fee),
    .init(\.sliceInstructions, "sliceInstructions", instructions),
    .init(\.snapshotDataInstructions, "snapshotDataInstructions", 0...1 << 40),
    .init(\.snapshotInstructions, "snapshotInstructions", 0...1 << 40),
    .init(\.stableDirtyPageInstructions, "stableDirtyPageInstructions", weight),
    .init(\.stableLimit, "stableLimit", 0...1 << 43),
    .init(\.stopTimeout, "stopTimeout", seconds),
    .init(\.subnetMemory, "subnetMemory", 1...1 << 48),
    .init(\.tenInstructionsFee32, "tenInstructionsFee32", most: fee),
    .init(\.tenInstructionsFee64, "tenInstructionsFee64", most: fee),
    .init(\.uncountedCopies, "uncountedCopies", count),
    .init(\.uploadChunkInstructions, "uploadChunkInstructions", 0...1 << 40),
  ]

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  /// As C reads them, for ever.
  static let names = all.map { CText($0.name) }

  /// Throws an `ArgumentError` if there is no such number.
  static func named(_ name: String) throws -> ConfigurationNumber {
    guard let number = byName[name] else { throw ArgumentError("a subnet has no number that is called \(name)") }
    return number
  }
}

extension SubnetConfiguration {
  /// What one number alone can't tell.
  ///
  /// Throws an `ArgumentError`.
  func check() throws {
    guard reservationThreshold < subnetMemory else {
      throw ArgumentError("reservationThreshold must be less than subnetMemory")
    }
  }
}
