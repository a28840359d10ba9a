// Certificates of canisters' data, as queries get them on a network: a hash tree with the canister's data and the time. Its
// signature is a subnet's on a network; here it is zeros.
//
// Source: the Internet Computer interface specification, "Certification"; RFC 8949 for CBOR.

import Candid
import SystemAPI

extension CanisterRuntime {
  /// What a query of `canister` gets; nil if it has none.
  func certificate(of canister: Canister) -> [UInt8]? {
    let data = canister.state.certifiedData
    if let make = dataCertificate { return make(canister.id, data) }
    return DataCertificate(canister: canister.id, data: data, time: time).bytes
  }
}

/// A certificate without a valid signature.
struct DataCertificate {
  var canister: Principal
  var data: [UInt8]
  /// Nanoseconds since 1970.
  var time: UInt64

  /// Encoded in CBOR: `{tree, signature}`.
  var bytes: [UInt8] {
    let tree = HashTree.fork(
      .labeled(
        "canister", .labeled(canister.bytes, .labeled("certified_data", .leaf(data)))),
      .labeled("time", .leaf(DataCertificate.natural(time))))
    var encoder = CBOREncoder()
    // The tag of CBOR itself.
    encoder.put(6, 55_799)
    encoder.put(5, 2)
    encoder.put(text: "tree")
    tree.encode(to: &encoder)
    encoder.put(text: "signature")
    encoder.put(bytes: [UInt8](repeating: 0, count: 48))
    return encoder.bytes
  }

  /// A natural number in LEB128.
  private static func natural(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}

/// What certificates are made of.
private indirect enum HashTree {
  case fork(HashTree, HashTree)
  case labeled([UInt8], HashTree)
  case leaf([UInt8])

  static func labeled(_ label: String, _ tree: HashTree) -> HashTree { .labeled(Array(label.utf8), tree) }

  func encode(to encoder: inout CBOREncoder) {
    switch self {
    case .fork(let left, let right):
      encoder.put(4, 3)
      encoder.put(0, 1)
      left.encode(to: &encoder)
      right.encode(to: &encoder)
    case .labeled(let label, let tree):
      encoder.put(4, 3)
      encoder.put(0, 2)
      encoder.put(bytes: label)
      tree.encode(to: &encoder)
    case .leaf(let value):
      encoder.put(4, 2)
      encoder.put(0, 3)
      encoder.put(bytes: value)
    }
  }
}

/// Writes items of CBOR in their shortest form.
private struct CBOREncoder {
  var bytes: [UInt8] = []

  /// The head of an item: its major type, with a number or a length.
  mutating func put(_ major: UInt8, _ number: UInt64) {
    let type = major << 5
    switch number {
    case ..<24: bytes.append(type | UInt8(number))
    case ...0xFF: bytes += [type | 24, UInt8(number)]
    case ...0xFFFF: bytes += [type | 25, UInt8(number >> 8), UInt8(truncatingIfNeeded: number)]
    default:
      bytes.append(type | 27)
      withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
  }

  mutating func put(bytes value: [UInt8]) {
    put(2, UInt64(value.count))
    bytes += value
  }

  mutating func put(text: String) {
    put(3, UInt64(text.utf8.count))
    bytes += text.utf8
  }
}
