// What controllers decide about a canister.
//
// Source: the Internet Computer interface specification, "IC method update_settings".

import Candid

/// Who may read something beside the controllers.
public enum Visibility: Hashable, Sendable {
  case controllers
  case everyone
  case allowedViewers([Principal])

  /// Allowed viewers at most.
  public static let viewerLimit = 10
}

/// A variable of a canister's environment.
public struct EnvironmentVariable: Hashable, Sendable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// How many a canister may have, and bytes of a name or value.
  public static let countLimit = 20
  public static let byteLimit = 128
}

/// A canister's settings, with the defaults of the specification.
public struct CanisterSettings: Hashable, Sendable {
  /// At most ten.
  public var controllers: [Principal]
  /// Percent.
  public var computeAllocation: UInt64 = 0
  /// Bytes; 0 for none.
  public var memoryAllocation: UInt64 = 0
  /// Seconds.
  public var freezingThreshold: UInt64 = 2_592_000
  public var reservedCyclesLimit: Cycles = 5_000_000_000_000
  public var minimumIncomingCallCycles: Cycles = 0
  /// Bytes; 0 for none.
  public var wasmMemoryLimit: UInt64 = 0
  public var wasmMemoryThreshold: UInt64 = 0
  public var logVisibility = Visibility.controllers
  /// Bytes; 0 for no log.
  public var logMemoryLimit: UInt64 = 4096
  /// What else it may be.
  public static let logMemoryLimits: ClosedRange<UInt64> = 4096...2 << 20
  public var snapshotVisibility = Visibility.controllers
  public var statusVisibility = Visibility.controllers
  /// Names are unique, and ascend by their bytes.
  public private(set) var environment: [EnvironmentVariable] = []

  public static let controllerLimit = 10

  public init(controllers: [Principal]) { self.controllers = controllers }

  /// Replaces the environment. Names must be unique.
  public mutating func setEnvironment(_ variables: [EnvironmentVariable]) {
    environment = variables.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The variable whose name has these bytes.
  public func variable(named name: String) -> EnvironmentVariable? {
    environment.first { $0.name.utf8.elementsEqual(name.utf8) }
  }
}
