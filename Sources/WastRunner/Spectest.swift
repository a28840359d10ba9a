// The host module `spectest`, which scripts may import from.
//
// Source: the specification's reference interpreter (interpreter/README.md, "Spectest host module").

import WebAssembly

/// Something that `spectest` exports.
public enum SpectestItem: Hashable, Sendable {
  /// A function that takes these parameters and does nothing.
  case function([ValueType])
  /// An immutable global.
  case global(ValueType, EngineValue)
  case table(TableType)
  case memory(MemoryType)
}

/// All exports of `spectest`.
public let spectest: [(name: String, item: SpectestItem)] = [
  ("print", .function([])),
  ("print_i32", .function([.i32])),
  ("print_i64", .function([.i64])),
  ("print_f32", .function([.f32])),
  ("print_f64", .function([.f64])),
  ("print_i32_f32", .function([.i32, .f32])),
  ("print_f64_f64", .function([.f64, .f64])),
  ("global_i32", .global(.i32, .i32(666))),
  ("global_i64", .global(.i64, .i64(666))),
  ("global_f32", .global(.f32, .f32(Float(666.6).bitPattern))),
  ("global_f64", .global(.f64, .f64(Double(666.6).bitPattern))),
  ("table", .table(TableType(element: .funcref, limits: Limits(minimum: 10, maximum: 20)))),
  ("table64", .table(TableType(element: .funcref, limits: Limits(address: .i64, minimum: 10, maximum: 20)))),
  ("memory", .memory(MemoryType(limits: Limits(minimum: 1, maximum: 2)))),
]
