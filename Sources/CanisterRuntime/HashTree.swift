// Hash trees, and the certificates that hold them: what queries get to prove a canister's data.
//
// Source: the Internet Computer interface specification, "Certification".

import Candid
import Cannery
import SystemAPI

/// A tree of which a part may be known by its hash only.
public indirect enum HashTree: Hashable, Sendable {
  case empty
  case fork(HashTree, HashTree)
  case labeled([UInt8], HashTree)
  case leaf([UInt8])
  case pruned([UInt8])

  /// The SHA-256 that stands for the whole tree.
  public var rootHash: [UInt8] {
    switch self {
    case .empty: HashTree.hash("ic-hashtree-empty", [])
    case .fork(let left, let right): HashTree.hash("ic-hashtree-fork", left.rootHash + right.rootHash)
    case .labeled(let label, let tree): HashTree.hash("ic-hashtree-labeled", label + tree.rootHash)
    case .leaf(let value): HashTree.hash("ic-hashtree-leaf", value)
    case .pruned(let hash): hash
    }
  }

  private static func hash(_ domain: String, _ bytes: [UInt8]) -> [UInt8] {
    let message = [UInt8(domain.utf8.count)] + Array(domain.utf8) + bytes
    return message.withUnsafeBytes { SHA256.hash($0).bytes }
  }

  /// The tree as CBOR.
  public var encoded: [UInt8] {
    switch self {
    case .empty: CBOR.array(1) + CBOR.unsigned(0)
    case .fork(let left, let right): CBOR.array(3) + CBOR.unsigned(1) + left.encoded + right.encoded
    case .labeled(let label, let tree): CBOR.array(3) + CBOR.unsigned(2) + CBOR.bytes(label) + tree.encoded
    case .leaf(let value): CBOR.array(2) + CBOR.unsigned(3) + CBOR.bytes(value)
    case .pruned(let hash): CBOR.array(2) + CBOR.unsigned(4) + CBOR.bytes(hash)
    }
  }

  /// A tree with `tree` at the end of labels.
  static func path(_ labels: [[UInt8]], _ tree: HashTree) -> HashTree {
    labels.reversed().reduce(tree) { .labeled($1, $0) }
  }
}

/// The pieces of CBOR that certificates are made of (RFC 8949).
private enum CBOR {
  private static func head(_ major: UInt8, _ count: UInt64) -> [UInt8] {
    let type = major << 5
    switch count {
    case 0..<24: return [type | UInt8(count)]
    case 24...0xFF: return [type | 24, UInt8(count)]
    case 0x100...0xFFFF: return [type | 25] + bigEndian(count, 2)
    case 0x1_0000...0xFFFF_FFFF: return [type | 26] + bigEndian(count, 4)
    default: return [type | 27] + bigEndian(count, 8)
    }
  }

  private static func bigEndian(_ number: UInt64, _ count: UInt64) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * (count - 1 - $0))) }
  }

  static func unsigned(_ number: UInt64) -> [UInt8] { head(0, number) }
  static func bytes(_ bytes: [UInt8]) -> [UInt8] { head(2, UInt64(bytes.count)) + bytes }
  static func text(_ text: String) -> [UInt8] { head(3, UInt64(text.utf8.count)) + Array(text.utf8) }
  static func array(_ count: Int) -> [UInt8] { head(4, UInt64(count)) }
  static func map(_ count: Int) -> [UInt8] { head(5, UInt64(count)) }
  /// What follows is CBOR, for those who guess formats.
  static let selfDescribed = head(6, 55_799)
}

/// A certificate of a part of the state.
public struct Certificate: Hashable, Sendable {
  public var tree: HashTree
  /// Of the tree's root hash by the subnet.
  public var signature: [UInt8]

  public init(tree: HashTree, signature: [UInt8]) {
    self.tree = tree
    self.signature = signature
  }

  /// The certificate as CBOR.
  public var encoded: [UInt8] {
    CBOR.selfDescribed + CBOR.map(2) + CBOR.text("tree") + tree.encoded + CBOR.text("signature") + CBOR.bytes(signature)
  }
}

extension CanisterRuntime {
  /// The tree that tells a canister's certified data, and the time: what a query's certificate holds.
  public func certifiedTree(of canister: Principal, _ data: [UInt8]) -> HashTree {
    var time: [UInt8] = []
    var rest = self.time
    repeat {
      time.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest > 0
    return .fork(
      .path([Array("canister".utf8), canister.bytes, Array("certified_data".utf8)], .leaf(data)),
      .path([Array("time".utf8)], .leaf(time)))
  }

  /// The certificate of a canister's data that queries see. This machine has no key of a subnet: unless the host signs
  /// (`dataCertificate`), the signature is zeros, and whoever verifies it refuses it.
  func certificate(of canister: Canister) -> [UInt8]? {
    let data = canister.state.certifiedData
    if let dataCertificate { return dataCertificate(canister.id, data) }
    return Certificate(tree: certifiedTree(of: canister.id, data), signature: [UInt8](repeating: 0, count: 48)).encoded
  }
}
