// How the Internet Computer's replica weighs operators to bound the cost of compiling a function.
//
// Source: dfinity/ic, rs/embedders/src/wasm_utils/validation.rs (`wasm_function_complexity`).

import WebAssembly

extension Opcode {
  /// The operator's share of its function's complexity.
  var complexity: UInt32 { UInt32(complexityTable[row]) }

  /// Operators that a canister must not contain, as they would write to a table.
  var isForbiddenInCanisters: Bool {
    switch self {
    case .tableSet, .tableGrow, .tableFill, .tableCopy, .tableInit: true
    default: false
    }
  }
}

private let complexityTable: [UInt8] = (0..<UInt16(Opcode.count)).map { complexity(of: Opcode(row: $0)) }

private func complexity(of opcode: Opcode) -> UInt8 {
  switch opcode {
  case .block, .loop, .if, .br, .brIf, .brTable, .call, .callIndirect, .memoryGrow: 50
  case .tableGet: 14
  case .refFunc: 8
  case .refIsNull: 6
  case .i32TruncF32S, .i32TruncF32U, .i32TruncF64S, .i32TruncF64U, .i64TruncF32S, .i64TruncF32U, .i64TruncF64S,
    .i64TruncF64U:
    5
  case .f32ConvertI32S, .f32ConvertI32U, .f32ConvertI64S, .f32ConvertI64U, .f64ConvertI32S, .f64ConvertI32U,
    .f64ConvertI64S, .f64ConvertI64U:
    5
  case .i64ExtendI32S, .i64ExtendI32U, .f32DemoteF64: 5
  case .f32Neg, .f64Neg, .f32Abs, .f64Abs, .memoryCopy: 4
  case .f32Copysign, .f64Copysign, .f64Eq, .memoryFill: 3
  case .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i64DivS, .i64DivU, .i64RemS, .i64RemU: 3
  case .i32Load, .i64Load, .f32Load, .f64Load, .i32Load8S, .i32Load8U, .i32Load16S, .i32Load16U, .i64Load8S,
    .i64Load8U, .i64Load16S, .i64Load16U, .i64Load32S, .i64Load32U:
    3
  case .i32TruncSatF32S, .i32TruncSatF32U, .i32TruncSatF64S, .i32TruncSatF64U, .i64TruncSatF32S, .i64TruncSatF32U,
    .i64TruncSatF64S, .i64TruncSatF64U:
    3
  case .globalGet, .i32Popcnt, .i64Popcnt, .select, .memorySize: 2
  case .i32Store, .i64Store, .f32Store, .f64Store, .i32Store8, .i32Store16, .i64Store8, .i64Store16, .i64Store32: 2
  case .i32Eqz, .i32Eq, .i32Ne, .i32LtS, .i32LtU, .i32GtS, .i32GtU, .i32LeS, .i32LeU, .i32GeS, .i32GeU: 2
  case .i64Eqz, .i64Eq, .i64Ne, .i64LtS, .i64LtU, .i64GtS, .i64GtU, .i64LeS, .i64LeU, .i64GeS, .i64GeU: 2
  case .f32Eq, .f32Ne, .f32Lt, .f32Gt, .f32Le, .f32Ge, .f64Ne, .f64Lt, .f64Gt, .f64Le, .f64Ge: 2
  case .f32Ceil, .f64Ceil, .f32Floor, .f64Floor, .f32Sqrt, .f64Sqrt, .f32Trunc, .f64Trunc: 2
  case .i32ReinterpretF32, .i64ReinterpretF64, .f32ReinterpretI32, .f64ReinterpretI64: 2
  case .i32WrapI64, .f64PromoteF32: 2
  case .i32Extend8S, .i32Extend16S, .i64Extend8S, .i64Extend16S, .i64Extend32S: 2
  default: 1
  }
}
