// The exports of a canister: its entry points, its methods, and names that it must leave to the system.

import WebAssembly

/// The entry points with fixed names, all of type `() -> ()`.
public let canisterEntryPoints: [String] = [
  "canister_init", "canister_pre_upgrade", "canister_post_upgrade", "canister_inspect_message", "canister_heartbeat",
  "canister_global_timer", "canister_on_low_wasm_memory",
]

/// What an exported method does. The raw value and one space precede the method's name.
public enum CanisterMethodKind: String, Hashable, Sendable, CaseIterable {
  case update = "canister_update"
  case query = "canister_query"
  case compositeQuery = "canister_composite_query"

  /// Splits the name of an exported function, if it is that of a method. The method's name may be empty and may contain
  /// spaces.
  public static func parse(_ export: String) -> (kind: CanisterMethodKind, name: String)? {
    for kind in allCases {
      let prefix = "\(kind.rawValue) ".utf8
      if export.utf8.starts(with: prefix) {
        return (kind, String(decoding: export.utf8.dropFirst(prefix.count), as: UTF8.self))
      }
    }
    return nil
  }
}

/// Names that the replica gives to exports of its own.
private let reservedExports: [ExactName] = [
  "canister counter_instructions", "canister counter_dirty_pages", "canister counter_accessed_pages",
  "canister_start", "stable_memory", "stable_bytemap_memory",
].map(ExactName.init)

extension CanisterRequirements {
  func checkExports() throws(ModuleError) {
    let entryPoints = canisterEntryPoints.map(ExactName.init)
    var methods = Set<ExactName>()
    var nameBytes = 0
    for (index, export) in module.exports.enumerated() {
      let item = ModuleItem.export(index)
      if reservedExports.contains(ExactName(export.name)) {
        throw fail("the name '\(export.name)' is reserved", at: item)
      }
      if export.kind != .function { continue }
      if let (_, name) = CanisterMethodKind.parse(export.name) {
        if !methods.insert(ExactName(name)).inserted { throw fail("two methods are named '\(name)'", at: item) }
        nameBytes += name.utf8.count
        if methods.count > CanisterLimits.methods {
          throw fail("more than \(CanisterLimits.methods) methods", at: item)
        }
        if nameBytes > CanisterLimits.methodNameBytes {
          throw fail("the names of the methods exceed \(CanisterLimits.methodNameBytes) bytes", at: item)
        }
      } else if export.name.utf8.starts(with: "canister_".utf8) {
        if !entryPoints.contains(ExactName(export.name)) {
          throw fail("'\(export.name)' is not an entry point; names that begin with 'canister_' are reserved", at: item)
        }
      } else {
        continue
      }
      let type = functionType(info.spaces.functions[Int(export.index)])
      if !type.parameters.isEmpty || !type.results.isEmpty {
        throw fail("'\(export.name)' has type \(type.text); it must have () -> ()", at: item)
      }
    }
  }
}
