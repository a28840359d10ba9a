// The nodes of the SSA intermediate representation.
//
// A node is one instruction; a node with a result is also the value that it defines. Everything is a 32-bit index into
// the arenas of its `IRFunction`. Wasm operators that compute, load or store keep their `Opcode`; the rest of the
// vocabulary (parameters, control flow, charges) is in `Operation`.

import WebAssembly

/// An SSA value: the index of the node that defines it.
@frozen
public struct Value: Hashable, Sendable, BitwiseCopyable {
  public let index: UInt32
  @inline(__always) public init(_ index: UInt32) { self.index = index }
  @inline(__always) public init(_ index: Int) { self.index = UInt32(truncatingIfNeeded: index) }
  public static let none = Value(UInt32.max)
}

/// A basic block: an index into `IRFunction.blocks`, which is also the layout order.
@frozen
public struct Block: Hashable, Sendable, BitwiseCopyable {
  public let index: UInt32
  @inline(__always) public init(_ index: UInt32) { self.index = index }
  @inline(__always) public init(_ index: Int) { self.index = UInt32(truncatingIfNeeded: index) }
  public static let none = Block(UInt32.max)
}

/// What a value is made of. References are 64-bit handles (0 is null), so they are `i64` here.
public enum IRType: UInt8, Hashable, Sendable, BitwiseCopyable {
  case none, i32, i64, f32, f64, v128

  public init(_ type: ValueType) {
    switch type {
    case .i32: self = .i32
    case .f32: self = .f32
    case .f64: self = .f64
    case .v128: self = .v128
    default: self = .i64
    }
  }

  /// 64-bit slots that a value takes.
  public var slotCount: Int { self == .v128 ? 2 : self == .none ? 0 : 1 }
  public var isFloat: Bool { self == .f32 || self == .f64 }
  public var isInteger: Bool { self == .i32 || self == .i64 }
}

/// What a node does: a Wasm operator's table row, or one of the operations that only the representation has.
@frozen
public struct Operation: Hashable, Sendable, BitwiseCopyable {
  public let code: UInt16
  @inline(__always) public init(code: UInt16) { self.code = code }
  @inline(__always) public init(_ opcode: Opcode) { code = UInt16(truncatingIfNeeded: opcode.row) }

  /// The Wasm operator, if it is one.
  @inline(__always) public var opcode: Opcode? { code < 512 ? Opcode(row: code) : nil }

  /// Nothing: a node that a pass removed.
  public static let removed = Operation(code: 512)
  /// The same value as `a`; left by passes that replace a value, looked through by `IRFunction.resolve`.
  public static let copy = Operation(code: 513)
  /// Parameter `imm` of the function.
  public static let argument = Operation(code: 514)
  /// A block's parameter. `a`: start of its incoming values in `operands`, one for each predecessor edge of the block, in
  /// the order of `predecessors`; `b`: its block; `c`: the block's next parameter or `UInt32.max`.
  public static let parameter = Operation(code: 515)
  /// Result `imm` of the call `a`; follows directly on the call. Only for calls with two results or more.
  public static let result = Operation(code: 516)
  /// Terminator: go along edge `a`.
  public static let jump = Operation(code: 517)
  /// Terminator: along edge `b` if the i32 `a` is not 0, else along edge `c`.
  public static let branch = Operation(code: 518)
  /// Terminator: i32 selector `a`. `operands[b ..< b + c]` are edge ids, one for each case, the last one the default;
  /// the same edge may stand there many times. Edges ascend in the order in which they first stand there.
  public static let `switch` = Operation(code: 519)
  /// Terminator: return `operands[b ..< b + c]`.
  public static let `return` = Operation(code: 520)
  /// Terminator: trap with the `TrapKind` whose raw value is `imm`.
  public static let trap = Operation(code: 521)
  /// Subtract `imm` from the instruction counter. With `NodeFlags.check`, then compare with 0: a check point.
  public static let charge = Operation(code: 522)
  /// Subtract the unsigned value of `a` (i32, or i64 with `NodeFlags.wide`) from the counter, saturating at the least
  /// i64, then compare with 0: a check point.
  public static let chargeDynamic = Operation(code: 523)
  /// The value of pinned local `imm` (functions whose locals are not in SSA form; see `Frontend`).
  public static let localGet = Operation(code: 524)
  /// Set pinned local `imm` to `a`.
  public static let localSet = Operation(code: 525)
  /// The entry of a function whose body stands here in place of a call: trap if the stack's limit has no room for `a` slots
  /// from the beginning of this function's frame on, then charge `imm`, a check point. Its site is that of its offset.
  public static let enter = Operation(code: 526)
}

/// Bits of `Node.flags`. Lane operators keep their lane there instead.
public enum NodeFlags {
  /// On `charge` and `enter`: a check point.
  public static let check: UInt8 = 1
  /// On `chargeDynamic`, and on bulk and grow operators: the length operand is an i64.
  public static let wide: UInt8 = 2
}

/// One instruction. Meaning of the fields by operation (values are node indices):
///
/// | operation | a | b | c | imm |
/// | --- | --- | --- | --- | --- |
/// | `*.const` (`ref.null` is `i64.const 0`) | | | | bits (i32, f32 zero-extended) |
/// | `v128.const`, shuffle's lanes | (shuffle: value) | (shuffle: value) | | index into `vectors` |
/// | unary, binary operators | operand | operand | | |
/// | `select`, ternary vector operators | operand | operand | operand (`select`: the i32 condition) | |
/// | lane operators | operand | replacement | | (lane in `flags`) |
/// | loads | address | | memory | static offset |
/// | stores | address | value | memory | static offset |
/// | `v128.loadN_lane`, `storeN_lane` | address | vector | memory | static offset (lane in `flags`) |
/// | `memory.size` | | | memory | |
/// | `memory.grow` | pages | | memory | |
/// | `memory.fill` | address | byte | length | memory |
/// | `memory.copy` | destination | source | length | destination memory, source memory << 32 |
/// | `memory.init` | destination | source | length | data segment, memory << 32 |
/// | `data.drop`, `elem.drop` | | | | segment |
/// | `table.get` / `table.set` | index | (value) | | table |
/// | `table.size` / `table.grow` | initial value | count | | table |
/// | `table.fill` | index | value | count | table |
/// | `table.copy` | destination | source | count | destination table, source table << 32 |
/// | `table.init` | destination | source | count | element segment, table << 32 |
/// | `global.get` / `global.set` | (value) | | | global |
/// | `ref.func` | | | | function |
/// | `call`, `return_call` | | operands start | operand count | function |
/// | `call_indirect`, `return_call_indirect` | | operands start | operand count, the table index last | type, table << 32 |
/// | `call_ref`, `return_call_ref` | callee (traps if null) | operands start | operand count | type |
///
/// `return_call*` are terminators.
@frozen
public struct Node: BitwiseCopyable, Sendable {
  public var operation: Operation
  public var type: IRType
  public var flags: UInt8
  public var a: UInt32
  public var b: UInt32
  public var c: UInt32
  public var imm: UInt64

  @inline(__always)
  public init(
    _ operation: Operation, type: IRType = .none, flags: UInt8 = 0, a: UInt32 = .max, b: UInt32 = .max,
    c: UInt32 = .max, imm: UInt64 = 0
  ) {
    self.operation = operation
    self.type = type
    self.flags = flags
    self.a = a
    self.b = b
    self.c = c
    self.imm = imm
  }
}
