// Candid: interfaces, and messages from and to text.

import CCanister
import CWasm
import Candid
import Cannery
import CanneryC
import WasmBinary

/// An interface. Nobody changes it.
final class CandidObject: Sendable {
  let interface: CandidInterface
  let methods: [(name: CText, isQuery: Bool)]

  init(_ interface: CandidInterface) {
    self.interface = interface
    methods = interface.methods.map { (CText($0.name), $0.isQuery) }
  }

  /// Throws an `ArgumentError` if there is no such method.
  func types(_ method: String?, _ side: cannery_candid_side_t) throws -> CandidTypes? {
    guard let method else {
      guard side == CANNERY_CANDID_ARGUMENTS else { throw ArgumentError("installing has no results") }
      return interface.initArguments
    }
    guard let found = interface.method(method) else { throw ArgumentError("the interface has no method \(method)") }
    switch side {
    case CANNERY_CANDID_ARGUMENTS: return found.arguments
    case CANNERY_CANDID_RESULTS: return found.results
    default: throw ArgumentError("a method has arguments and results only")
    }
  }
}

/// The message of a text.
func encode(_ text: String, _ types: CandidTypes?) throws -> [UInt8] {
  guard let types else { return try encodeArguments(parseArguments(text)) }
  return try encodeArguments(parseArguments(text, as: types), as: types)
}

/// The text of a message.
func decode(_ message: [UInt8], _ types: CandidTypes?) throws -> String {
  guard let types else { return printArguments(try decodeArguments(message).values) }
  return printArguments(try decodeArguments(message, as: types))
}

@c @implementation
public func cannery_candid_new(
  _ text: UnsafePointer<CChar>?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    out.pointee = retained(CandidObject(try CandidInterface(parsing: given(text: text, size, "the interface"))))
  }
}

@c @implementation
public func cannery_candid_of_module(
  _ module: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<OpaquePointer?>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    let bytes = try given(bytes: module, size, "the module")
    let decoded = try Engine(EngineConfiguration(features: .icp, metering: .icp)).decode(bytes)
    guard let section = CanisterMetadata(decoded).sections.first(where: { $0.name == "candid:service" }) else {
      throw ArgumentError("the module doesn't tell its interface")
    }
    let contents = decoded.bytes.buffer[section.contents.start..<section.contents.end]
    out.pointee = retained(CandidObject(try CandidInterface(parsing: String(decoding: contents, as: UTF8.self))))
  }
}

@c @implementation
public func cannery_candid_delete(_ candid: OpaquePointer?) { release(candid) }

@c @implementation
public func cannery_candid_method_count(_ candid: OpaquePointer?) -> Int {
  candid.map { object($0, as: CandidObject.self).methods.count } ?? 0
}

private func method(_ candid: OpaquePointer?, _ index: Int) -> (name: CText, isQuery: Bool)? {
  guard let candid else { return nil }
  let methods = object(candid, as: CandidObject.self).methods
  return methods.indices.contains(index) ? methods[index] : nil
}

@c @implementation
public func cannery_candid_method_name(_ candid: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
  method(candid, index)?.name.pointer
}

@c @implementation
public func cannery_candid_method_is_query(_ candid: OpaquePointer?, _ index: Int) -> Bool {
  method(candid, index)?.isQuery ?? false
}

private func types(
  _ candid: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ side: cannery_candid_side_t
) throws -> CandidTypes? {
  guard let candid else { return nil }
  let name = try method.map { try given(text: $0, "the method's name") }
  return try object(candid, as: CandidObject.self).types(name, side)
}

@c @implementation
public func cannery_candid_encode(
  _ candid: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ side: cannery_candid_side_t,
  _ text: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    out.pointee = newBytes(try encode(given(text: text, "the text"), types(candid, method, side)))
  }
}

@c @implementation
public func cannery_candid_decode(
  _ candid: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ side: cannery_candid_side_t,
  _ message: UnsafeRawPointer?, _ size: Int, _ out: UnsafeMutablePointer<wasm_byte_vec_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    let text = try decode(given(bytes: message, size, "the message"), types(candid, method, side))
    out.pointee = newBytes(Array(text.utf8) + [0])
  }
}
