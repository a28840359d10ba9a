// Finds an earlier node that computes the same: a hash table of nodes by what they compute.
//
// A place keeps the latest node only, and a search looks at a few places at most, so that chosen collisions cost
// findings, not time.

struct ValueTable: ~Copyable {
  /// Node indices; `UInt32.max` marks a free place.
  private var places = GrowableBuffer<UInt32>()
  static let reach = 8

  /// Empties the table and makes room for the nodes of a function with `count` of them.
  mutating func reset(count: Int) {
    var capacity = 64
    while capacity < count { capacity *= 2 }
    places.truncate(to: 0)
    places.append(repeating: .max, count: capacity)
  }

  /// The places to look at for `hash`, in order; a new entry goes to the first free one, or to the first.
  @inline(__always)
  func place(_ distance: Int, for hash: UInt64) -> Int {
    (Int(truncatingIfNeeded: hash &>> 20) &+ distance) & (places.count - 1)
  }

  /// The node at a place, or `UInt32.max`.
  @inline(__always)
  func node(at place: Int) -> UInt32 { places[place] }

  @inline(__always)
  mutating func put(_ node: UInt32, at place: Int) { places[place] = node }

  /// Mixes the words that make up what a node computes.
  @inline(__always)
  static func hash(_ node: Node, commutative: Bool) -> UInt64 {
    let (low, high) = commutative ? (min(node.a, node.b), max(node.a, node.b)) : (node.a, node.b)
    var hash = UInt64(node.operation.code) | UInt64(node.flags) << 16 | UInt64(node.c) << 32
    hash = (hash ^ node.imm) &* 0x9E37_79B9_7F4A_7C15
    hash = (hash ^ hash &>> 32 ^ UInt64(low) ^ UInt64(high) << 32) &* 0xC2B2_AE3D_27D4_EB4F
    return hash
  }
}
