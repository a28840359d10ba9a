// Principals and cycles: plain data in C.

import CCanister
import CWasm
import Candid
import CanneryC
import SystemAPI

extension Principal {
  /// Throws an `ArgumentError` for more than 29 bytes.
  init(_ principal: cannery_principal_t) throws {
    let read: Principal? = withUnsafeBytes(of: principal.bytes) { bytes in
      Int(principal.size) <= bytes.count ? Principal(bytes.prefix(Int(principal.size))) : nil
    }
    guard let read else { throw ArgumentError("a principal has at most \(Principal.maximumLength) bytes") }
    self = read
  }

  var inC: cannery_principal_t {
    var principal = cannery_principal_t()
    let bytes = bytes
    principal.size = UInt8(bytes.count)
    withUnsafeMutableBytes(of: &principal.bytes) { $0.copyBytes(from: bytes) }
    return principal
  }
}

/// A principal that must be there.
func given(principal pointer: UnsafePointer<cannery_principal_t>?, _ name: String = "canister") throws -> Principal {
  try Principal(given(pointer, name))
}

@c @implementation
public func cannery_principal_parse(
  _ text: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<cannery_principal_t>?
) -> OpaquePointer? {
  failing {
    let out = try target(out)
    out.pointee = try Principal(parsing: given(text: text, "text")).inC
  }
}

/// Writes a text of less than `capacity` bytes.
private func write(_ text: String, _ out: UnsafeMutablePointer<CChar>, capacity: Int) {
  var index = 0
  for byte in text.utf8.prefix(capacity - 1) {
    out[index] = CChar(bitPattern: byte)
    index += 1
  }
  out[index] = 0
}

@c @implementation
public func cannery_principal_format(
  _ principal: UnsafePointer<cannery_principal_t>?, _ out: UnsafeMutablePointer<CChar>?
) -> Bool {
  guard let out else { return false }
  let text = (try? given(principal: principal))?.description
  write(text ?? "", out, capacity: Int(CANNERY_PRINCIPAL_TEXT))
  return text != nil
}

@c @implementation
public func cannery_principal_anonymous(_ out: UnsafeMutablePointer<cannery_principal_t>?) {
  out?.pointee = Principal.anonymous.inC
}

@c @implementation
public func cannery_principal_canister(_ number: UInt64, _ out: UnsafeMutablePointer<cannery_principal_t>?) {
  out?.pointee = Principal(canister: number).inC
}

@c @implementation
public func cannery_principal_equal(
  _ left: UnsafePointer<cannery_principal_t>?, _ right: UnsafePointer<cannery_principal_t>?
) -> Bool {
  guard let left = try? given(principal: left), let right = try? given(principal: right) else { return false }
  return left == right
}

// MARK: Cycles

extension UInt128 {
  init(_ cycles: cannery_cycles_t) { self = UInt128(cycles.high) << 64 | UInt128(cycles.low) }

  var inC: cannery_cycles_t {
    cannery_cycles_t(low: UInt64(truncatingIfNeeded: self), high: UInt64(truncatingIfNeeded: self >> 64))
  }
}

@c @implementation
public func cannery_cycles_format(_ cycles: cannery_cycles_t, _ out: UnsafeMutablePointer<CChar>?) {
  guard let out else { return }
  write("\(UInt128(cycles))", out, capacity: Int(CANNERY_CYCLES_TEXT))
}
