// What the harness asks and the driver answers: one JSON object on one line each.
//
// The driver for the other engine (`harness/wasmtime_driver.py`) speaks the same language, so that the harness need not
// know which engine it talks to. Values are texts: the type, a colon, then the bits in hexadecimal (`f64:7ff8000000000000`;
// of vectors the highest lane first); of external references the number, of functions `set`, and of both `null`.

/// A request: an object with one member, whose name is the case.
enum Request: Decodable {
  /// Decodes, validates and compiles the module in the file `path`.
  case open(path: String, features: [String], configuration: Configuration, limits: Limits)
  /// Makes a new instance of the open module, in a new store, and runs its start function.
  case instantiate(fuel: UInt64)
  /// Calls the function that export number `export` names. An argument `funcref:N` is the function of export number N.
  case call(export: Int, arguments: [String], fuel: UInt64)
  /// Tells what the exported memories, tables and globals hold.
  case state
}

/// How the engine is configured and used: what must not change any result.
struct Configuration: Decodable {
  var isOptimized: Bool
  var metering: String
  var tracksWrites: Bool
  /// Instructions after which an execution stops, to be resumed at once; 0 for executions in one go.
  var slice: UInt64
}

/// What a store may use.
struct Limits: Decodable {
  /// 64 KiB pages of each memory.
  var memoryPages: UInt64
  /// Elements of each table.
  var tableElements: UInt64
  /// Host calls of one execution, after which host functions fail.
  var hostCalls: Int
}

/// How a request ended.
enum Outcome: String, Encodable {
  case ok
  /// The module is malformed or invalid.
  case invalid
  /// The module is beyond a limit of the engine, or asks for more than the store may have.
  case limit
  /// The engine does not execute what the module uses, or the driver can't provide an import.
  case unsupported
  /// Execution trapped; `detail` is the kind of trap.
  case trap
  /// Something happened that never may.
  case broken
}

struct Reply: Encodable {
  var outcome: Outcome
  var detail: String?
  /// After `open`: the types of imports and exports, as in `i32 funcref -> f64`, `memory`, `table funcref`, `global i32`.
  var imports: [String]?
  var exports: [String]?
  /// After `call`.
  var results: [String]?
  /// Instructions counted by the start function or the call.
  var instructions: UInt64?
  /// After `instantiate` and `call`: the calls of imported functions, as in `3(i32:7)`.
  var hostCalls: [String]?
  /// After `state`: in the order of the exports, `memory PAGES CRC`, `table SIZE CRC`, or a global's value.
  var state: [String]?
}
