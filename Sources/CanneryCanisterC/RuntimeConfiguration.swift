// What a runtime is made with, for C programs.

import CCanister
import CWasm
import Candid
import CanisterRuntime
import Cannery
import CanneryC
import SystemAPI
import WebAssembly

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A configuration that is being made.
final class RuntimeConfigurationObject {
  var configuration = RuntimeConfiguration()
  // Functions of the embedder's, with what they were set with.
  var debugPrint: (function: cannery_debug_print_t, environment: Environment)?
  var certify: (function: cannery_certify_t, environment: Environment)?
}

extension RuntimeConfigurationObject {
  /// Does what the configuration says for one runtime: calls of its hook come one at a time.
  func resolved() throws -> RuntimeConfiguration {
    var result = configuration
    try result.subnet.check()
    if let hook = debugPrint {
      let turn = Locked<Void>(())
      result.debugPrint = { canister, text in
        var canister = canister.inC
        let text = CText(text)
        turn.withLock { _ in hook.function(hook.environment.pointer, &canister, text.pointer, text.count) }
      }
    }
    return result
  }
}

private func change(_ pointer: OpaquePointer?, _ body: (inout RuntimeConfiguration) -> Void) {
  guard let pointer else { return }
  body(&object(pointer, as: RuntimeConfigurationObject.self).configuration)
}

@c @implementation
public func cannery_runtime_config_new() -> OpaquePointer? { retained(RuntimeConfigurationObject()) }

@c @implementation
public func cannery_runtime_config_delete(_ pointer: OpaquePointer?) { release(pointer) }

@c @implementation
public func cannery_runtime_config_set_system_subnet(_ pointer: OpaquePointer?, _ isSystem: Bool) {
  change(pointer) { $0.subnet = SubnetConfiguration(isSystem ? .system : .application) }
}

@c @implementation
public func cannery_runtime_config_set_threads(_ pointer: OpaquePointer?, _ threads: Int) {
  change(pointer) {
    let wanted = threads == 0 ? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) : threads
    $0.threads = min(max(wanted, 1), 256)
  }
}

@c @implementation
public func cannery_runtime_config_set_seed(_ pointer: OpaquePointer?, _ seed: UInt64) {
  change(pointer) { $0.seed = seed }
}

@c @implementation
public func cannery_runtime_config_set_start_time(_ pointer: OpaquePointer?, _ time: UInt64) {
  change(pointer) { $0.startTime = time }
}

@c @implementation
public func cannery_runtime_config_set_round_duration(_ pointer: OpaquePointer?, _ duration: UInt64) {
  change(pointer) { $0.roundDuration = duration }
}

@c @implementation
public func cannery_runtime_config_set_first_canister(_ pointer: OpaquePointer?, _ number: UInt64) {
  change(pointer) { $0.firstCanister = number }
}

@c @implementation
public func cannery_runtime_config_set_optimization(_ pointer: OpaquePointer?, _ isOn: Bool) {
  change(pointer) { $0.compiler.optimization = isOn ? .full : .none }
}

/// Changes a configuration that must be there.
private func changing(
  _ pointer: OpaquePointer?, _ body: (inout RuntimeConfiguration) throws -> Void
) -> OpaquePointer? {
  failing {
    try body(&given(pointer, "the configuration", as: RuntimeConfigurationObject.self).configuration)
  }
}

@c @implementation
public func cannery_runtime_config_set_subnet(
  _ pointer: OpaquePointer?, _ id: UnsafePointer<cannery_principal_t>?
) -> OpaquePointer? {
  changing(pointer) { $0.subnetID = try given(principal: id, "the subnet's id") }
}

@c @implementation
public func cannery_runtime_config_set_root_key(
  _ pointer: OpaquePointer?, _ key: UnsafeRawPointer?, _ size: Int
) -> OpaquePointer? {
  changing(pointer) { $0.rootKey = try given(bytes: key, size, "the key") }
}

@c @implementation
public func cannery_runtime_config_set_subnet_admins(
  _ pointer: OpaquePointer?, _ admins: UnsafePointer<cannery_principal_t>?, _ count: Int
) -> OpaquePointer? {
  changing(pointer) { $0.subnet.subnetAdmins = try given(admins, count, "the admins").map { try Principal($0) } }
}

@c @implementation
public func cannery_runtime_config_set_number(
  _ pointer: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ value: cannery_cycles_t
) -> OpaquePointer? {
  failing {
    let config = try given(pointer, "the configuration", as: RuntimeConfigurationObject.self)
    let number = try ConfigurationNumber.named(given(text: name, "the name"))
    let value = UInt128(value)
    guard number.range.contains(value) else {
      let (least, most) = (number.range.lowerBound, number.range.upperBound)
      throw ArgumentError("\(number.name) may be \(least) to \(most), not \(value)")
    }
    number.set(&config.configuration.subnet, value)
  }
}

@c @implementation
public func cannery_runtime_config_get_number(
  _ pointer: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<cannery_cycles_t>?
) -> OpaquePointer? {
  failing {
    let config = try given(pointer, "the configuration", as: RuntimeConfigurationObject.self)
    let number = try ConfigurationNumber.named(given(text: name, "the name"))
    try target(out).pointee = number.get(config.configuration.subnet).inC
  }
}

@c @implementation
public func cannery_runtime_config_number_name(_ index: Int) -> UnsafePointer<CChar>? {
  ConfigurationNumber.names.indices.contains(index) ? ConfigurationNumber.names[index].pointer : nil
}

@c @implementation
public func cannery_runtime_config_set_debug_print(
  _ pointer: OpaquePointer?, _ function: cannery_debug_print_t?, _ environment: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  guard let pointer else { return }
  let environment = Environment(environment, finalizer)
  object(pointer, as: RuntimeConfigurationObject.self).debugPrint = function.map {
    (function: $0, environment: environment)
  }
}

@c @implementation
public func cannery_runtime_config_set_certify(
  _ pointer: OpaquePointer?, _ function: cannery_certify_t?, _ environment: UnsafeMutableRawPointer?,
  _ finalizer: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
) {
  guard let pointer else { return }
  let environment = Environment(environment, finalizer)
  object(pointer, as: RuntimeConfigurationObject.self).certify = function.map {
    (function: $0, environment: environment)
  }
}
