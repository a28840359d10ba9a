// The control stack: open constructs, and the edges that wait for their labels.

struct ControlFrame: BitwiseCopyable {
  enum Kind: UInt8 { case function, inlined, block, loop, `if`, `else` }
  /// `function`: the whole function; `inlined`: a body in place of a call.
  var kind: Kind
  /// Whether the construct was entered in live code; if not, it has no edges.
  var isLive: Bool
  /// Values on the operand stack below the construct's parameters, and how many of them are v128.
  var height: Int
  var vectors: Int
  var signature: BlockSignature
  /// A loop's header.
  var header = UInt32.max
  /// The latest edge to the label, first of a list through `EdgeInfo.next`; and how many there are.
  var edges = UInt32.max
  var edgeCount = 0
  /// An `if`'s edge to its other arm, until that begins.
  var elseEdge = UInt32.max
  /// `if`: where its parameters are in `edgeValues`. `loop`: the first of its header's parameters.
  var saved: UInt32 = 0
  /// The last `br_table` with a case for this label, and its edge.
  var tableStamp: UInt32 = 0
  var tableEdge: UInt32 = 0

  /// Types of the values that a branch to the label carries.
  var labelTypes: TypeRange { kind == .loop ? signature.parameters : signature.results }
}

struct EdgeInfo: BitwiseCopyable {
  var next: UInt32
  /// Where the values that the edge carries start in `edgeValues`.
  var values: UInt32
}
