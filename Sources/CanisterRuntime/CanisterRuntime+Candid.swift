// Calls with Candid values in place of bytes, by the interface that the canister's module tells.

public import Candid
import Cannery
public import SystemAPI

extension CanisterRuntime {
  /// A canister's interface, as its module's metadata `candid:service` tells it; nil if the module doesn't, or if it can't
  /// be read.
  ///
  /// Throws a `CanisterError` with the code `canisterNotFound`.
  public func interface(of id: Principal) throws(CanisterError) -> CandidInterface? { try module(of: id)?.interface }

  /// Calls a method with values, and executes rounds until it is answered. The values become those of the types that the
  /// canister's interface gives, where there is one: a number may come from any integer, and fields have names in what
  /// is returned.
  ///
  /// Throws what calling with bytes does, and a `CandidError` for arguments or a reply that aren't of the types.
  public func call(
    _ receiver: Principal, _ method: String, with arguments: [CandidValue], sender: Principal = .anonymous,
    cycles: Cycles = 0, rounds: Int = 1_000
  ) throws -> [CandidValue] {
    let types = try interface(of: receiver)?.method(method)
    let reply = try call(
      receiver, method, encode(arguments, types?.arguments), sender: sender, cycles: cycles, rounds: rounds)
    return try decode(reply, types?.results)
  }

  /// Executes a query method with values, likewise.
  public func query(
    _ receiver: Principal, _ method: String, with arguments: [CandidValue], sender: Principal = .anonymous
  ) throws -> [CandidValue] {
    let types = try interface(of: receiver)?.method(method)
    return try decode(query(receiver, method, encode(arguments, types?.arguments), sender: sender), types?.results)
  }

  /// Installs a module with values for its `canister_init` (or `canister_post_upgrade`), by the interface of the new module.
  public func install(
    _ id: Principal, _ module: [UInt8], mode: InstallMode = .install, with arguments: [CandidValue],
    sender: Principal = .anonymous
  ) throws {
    let types = try prepare(module).initArguments
    try install(id, module, mode: mode, argument: encode(arguments, types), sender: sender)
  }

  private func encode(_ values: [CandidValue], _ types: CandidTypes?) throws(CandidError) -> [UInt8] {
    guard let types else { return try encodeArguments(values) }
    return try encodeArguments(values, as: types)
  }

  private func decode(_ bytes: [UInt8], _ types: CandidTypes?) throws(CandidError) -> [CandidValue] {
    guard let types else { return try decodeArguments(bytes).values }
    return try decodeArguments(bytes, as: types)
  }
}

extension InstalledModule {
  /// What the module's metadata `candid:service` says, if it is there and can be read. It is parsed once.
  public var interface: CandidInterface? {
    parsedInterface.withLock { parsed in
      if let parsed { return parsed }
      let interface = metadata[ExactName("candid:service")].flatMap {
        try? CandidInterface(parsing: String(decoding: $0.contents, as: UTF8.self))
      }
      parsed = .some(interface)
      return interface
    }
  }

  /// What `canister_init` takes, as the module's interface says, or where that doesn't the metadata `candid:args`: compilers
  /// put it there so that callers don't see it.
  public var initArguments: CandidTypes? {
    let interface = interface
    if let arguments = interface?.initArguments { return arguments }
    guard let section = metadata[ExactName("candid:args")] else { return nil }
    let text = String(decoding: section.contents, as: UTF8.self)
    return (try? CandidTypes(parsing: text)) ?? (try? interface?.types(parsing: text))
  }
}
