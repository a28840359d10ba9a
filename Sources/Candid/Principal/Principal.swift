// Principals: the identities of users and canisters, blobs of at most 29 bytes.
//
// Source: Internet Computer interface specification, section "Principals".

/// An identity: a user, a canister, the management canister or the anonymous caller.
///
/// Held inline, in four words, so that copying one counts no references.
public struct Principal: Sendable {
  /// The most bytes that a principal has.
  public static let maximumLength = 29

  // The bytes from the most significant end on, those that aren't there being zero.
  private let words: (UInt64, UInt64, UInt64, UInt64)
  private let length: UInt8

  /// The principal with these bytes; `nil` if they are more than 29.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count <= Self.maximumLength else { return nil }
    var words: [UInt64] = [0, 0, 0, 0]
    var length = 0
    for byte in bytes {
      words[length / 8] |= UInt64(byte) << UInt64(56 - length % 8 * 8)
      length += 1
    }
    self.words = (words[0], words[1], words[2], words[3])
    self.length = UInt8(length)
  }

  private init(words: (UInt64, UInt64, UInt64, UInt64), length: UInt8) {
    self.words = words
    self.length = length
  }

  /// The management canister, `aaaaa-aa`: the principal without bytes.
  public static let managementCanister = Principal(words: (0, 0, 0, 0), length: 0)

  /// The caller who doesn't say who it is, `2vxsx-fae`.
  public static let anonymous = Principal(words: (4 << 56, 0, 0, 0), length: 1)

  /// The canister with this number on its network: the number in 8 bytes, the most significant first, then 1 and 1.
  public init(canister number: UInt64) {
    self.init(words: (number, 0x0101 << 48, 0, 0), length: 10)
  }

  /// The principal that a public key stands for: the SHA-224 digest of its DER encoding, then 2.
  /// `nil` if the digest hasn't 28 bytes.
  public init?(selfAuthenticating digest: some Collection<UInt8>) {
    guard digest.count == 28 else { return nil }
    self.init(Array(digest) + [2])
  }

  public var count: Int { Int(length) }

  public var bytes: [UInt8] { (0..<count).map { byte(at: $0) } }

  private func byte(at index: Int) -> UInt8 {
    let word =
      switch index / 8 {
      case 0: words.0
      case 1: words.1
      case 2: words.2
      default: words.3
      }
    return UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))
  }

  public var isManagementCanister: Bool { length == 0 }

  public var isAnonymous: Bool { self == Self.anonymous }

  /// Whether the principal stands for a public key.
  public var isSelfAuthenticating: Bool { length == 29 && byte(at: 28) == 2 }

  /// The number of a canister on its network, if the principal has the form of such a canister's.
  public var canisterNumber: UInt64? { length == 10 && words.1 == 0x0101 << 48 ? words.0 : nil }
}

extension Principal: Hashable {
  public static func == (left: Principal, right: Principal) -> Bool {
    left.length == right.length && left.words == right.words
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(length)
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}

extension Principal: Comparable {
  /// Shorter ones first, then by bytes: the order of the network's own tables.
  public static func < (left: Principal, right: Principal) -> Bool {
    left.length != right.length ? left.length < right.length : left.words < right.words
  }
}
