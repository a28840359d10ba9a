// Features: the proposals that make up WebAssembly 3.0, switchable one by one.

/// A set of WebAssembly proposals.
public struct Features: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public init(_ proposal: Proposal) { rawValue = 1 << UInt32(proposal.rawValue) }

  public static let mvp = Features(.mvp)
  public static let signExtension = Features(.signExtension)
  public static let saturatingFloatToInt = Features(.saturatingFloatToInt)
  public static let mutableGlobal = Features(.mutableGlobal)
  public static let multiValue = Features(.multiValue)
  public static let bulkMemory = Features(.bulkMemory)
  public static let referenceTypes = Features(.referenceTypes)
  public static let simd = Features(.simd)
  public static let relaxedSimd = Features(.relaxedSimd)
  public static let tailCall = Features(.tailCall)
  public static let extendedConst = Features(.extendedConst)
  public static let multiMemory = Features(.multiMemory)
  public static let memory64 = Features(.memory64)
  public static let functionReferences = Features(.functionReferences)
  public static let gc = Features(.gc)
  public static let exceptions = Features(.exceptions)

  /// WebAssembly 1.0 with nothing added.
  public static let wasm1: Features = [.mvp, .mutableGlobal]
  /// WebAssembly 2.0.
  public static let wasm2: Features = [
    .wasm1, .signExtension, .saturatingFloatToInt, .multiValue, .bulkMemory, .referenceTypes, .simd,
  ]
  /// WebAssembly 3.0: everything here.
  public static let wasm3: Features = [
    .wasm2, .relaxedSimd, .tailCall, .extendedConst, .multiMemory, .memory64, .functionReferences, .gc, .exceptions,
  ]
  /// What the ICP replica accepts in canister modules (its further rules are `CanisterRequirements`).
  public static let icp: Features = [.wasm2, .memory64, .tailCall]
}

/// A proposal that became part of WebAssembly 3.0; `mvp` is the first version.
public enum Proposal: UInt8, Hashable, Sendable, CaseIterable {
  case mvp, signExtension, saturatingFloatToInt, mutableGlobal, multiValue, bulkMemory, referenceTypes, simd,
    relaxedSimd, tailCall, extendedConst, multiMemory, memory64, functionReferences, gc, exceptions

  /// The proposal's usual name, in lower case with hyphens.
  public var name: String {
    switch self {
    case .mvp: "mvp"
    case .signExtension: "sign-extension"
    case .saturatingFloatToInt: "saturating-float-to-int"
    case .mutableGlobal: "mutable-global"
    case .multiValue: "multi-value"
    case .bulkMemory: "bulk-memory"
    case .referenceTypes: "reference-types"
    case .simd: "simd"
    case .relaxedSimd: "relaxed-simd"
    case .tailCall: "tail-call"
    case .extendedConst: "extended-const"
    case .multiMemory: "multi-memory"
    case .memory64: "memory64"
    case .functionReferences: "function-references"
    case .gc: "gc"
    case .exceptions: "exceptions"
    }
  }
}
