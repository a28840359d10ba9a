// Calls whose callees' bodies stand in their places.
//
// Nodes that come from such a body have offsets beyond the module's end: each site has a range of them, as long as the
// body's operators. So an offset alone tells where a node comes from, and by what calls execution came there.

import WebAssembly

/// One call that was replaced by its callee's body.
public struct InlineSite: BitwiseCopyable, Sendable {
  /// Index of the callee in the function index space.
  public var function: UInt32
  /// The first of its offsets, and the byte offset in the module that it stands for.
  public var start: UInt32
  public var bodyStart: UInt32
  /// Bytes of the body's operators.
  public var size: UInt32
  /// Offset of the call, which may itself be in a site.
  public var call: UInt32
  /// The site that the call is in, or `UInt32.max`.
  public var parent: UInt32
  /// The entry's node in the front end's numbering.
  var entry: UInt32
  /// What the stack's limit is charged from the end of the outermost function's logical frame to the end of this one's, in
  /// slots.
  public var depth: UInt32
}

extension IRFunction {
  /// The site that `offset` is in: an index into `sites`; nil for offsets in the module.
  public func site(ofOffset offset: UInt32) -> Int? {
    if sites.isEmpty || offset < sites[0].start { return nil }
    var low = 0
    var high = sites.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if sites[middle].start <= offset { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// What the stack's limit is charged for the bodies around the node at `index` beside the function's own frame, in slots.
  @inline(__always)
  public func depth(of index: Int) -> Int {
    if sites.isEmpty { return 0 }
    return site(ofOffset: offsets[index]).map { Int(sites[$0].depth) } ?? 0
  }

  /// The byte offset in the module that `offset` stands for.
  func moduleOffset(_ offset: UInt32) -> Int {
    guard let site = site(ofOffset: offset) else { return Int(offset) }
    return Int(offset - sites[site].start + sites[site].bodyStart)
  }
}
