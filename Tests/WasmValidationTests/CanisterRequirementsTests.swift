// The Internet Computer's requirements, row by row.

import Testing
import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

/// A module, and what the detail of its refusal contains; `nil` if it is accepted.
private struct CanisterCase: Sendable, CustomTestStringConvertible {
  var text: String
  var detail: String?

  init(_ text: String, _ detail: String? = nil) {
    self.text = text
    self.detail = detail
  }

  var testDescription: String { "\(detail ?? "accepted"): \(text.prefix(100))" }
}

private func canisterError(_ module: Module, features: Features = .icp) throws -> ModuleError? {
  let info = try validate(module, features: features)
  return moduleError { () throws(ModuleError) in try validateCanister(module, info) }
}

private let importCases: [CanisterCase] = [
  CanisterCase("(import \"ic0\" \"msg_reply\" (func))"),
  CanisterCase("(import \"ic0\" \"msg_reply\" (func (param i32)))", "has type () -> (), not (i32) -> ()"),
  CanisterCase("(import \"ic1\" \"msg_reply\" (func))", "from 'ic1' instead of 'ic0'"),
  CanisterCase("(import \"ic0\" \"msg_replies\" (func))", "not a function of the System API"),
  CanisterCase("(import \"\" \"\" (func))", "not a function of the System API"),
  CanisterCase("(import \"ic0\" \"msg_arg_data_size\" (func (result i32)))"),
  CanisterCase("(import \"ic0\" \"msg_arg_data_size\" (func (result i32))) (memory i64 1)", "has type () -> (i64)"),
  CanisterCase("(import \"ic0\" \"msg_arg_data_size\" (func (result i64))) (memory i64 1)"),
  CanisterCase("(import \"ic0\" \"stable_size\" (func (result i32))) (memory 1)"),
  CanisterCase(
    "(import \"ic0\" \"stable_size\" (func (result i32))) (memory i64 1)", "not available with 64-bit memory"),
  CanisterCase("(import \"env\" \"memory\" (memory 1))"),
  CanisterCase("(import \"m\" \"memory\" (memory 1))", "from 'env' only, not from 'm'"),
  CanisterCase("(import \"m\" \"other\" (memory 1))"),
  CanisterCase("(import \"env\" \"table\" (table 1 funcref))"),
  CanisterCase("(import \"m\" \"table\" (table 1 funcref))", "from 'env' only, not from 'm'"),
  CanisterCase("(import \"env\" \"g\" (global i32))", "globals cannot be imported"),
]

private let exportCases: [CanisterCase] = [
  CanisterCase("(func (export \"canister_update f\"))"),
  CanisterCase("(func (export \"canister_update \"))"),
  CanisterCase("(func (export \"canister_query a b  c\"))"),
  CanisterCase("(func (export \"canister_composite_query f\"))"),
  CanisterCase("(func (export \"canister_update f\") (param i32))", "has type (i32) -> (); it must have () -> ()"),
  CanisterCase("(func (export \"canister_query f\") (result i32) (i32.const 0))", "it must have () -> ()"),
  CanisterCase("(func (export \"canister_init\") (param i64))", "it must have () -> ()"),
  CanisterCase("(func (export \"canister_update\"))", "not an entry point"),
  CanisterCase("(func (export \"canister_foo\"))", "not an entry point"),
  CanisterCase("(func (export \"canister_foo bar\"))", "not an entry point"),
  CanisterCase("(func (export \"canister\") (param i32))"),
  CanisterCase("(func (export \"anything\") (param i32) (result i32) (i32.const 0))"),
  CanisterCase("(memory (export \"canister_memory\") 1)"),
  CanisterCase("(func (export \"canister_update f\") (export \"canister_query f\"))", "two methods are named 'f'"),
  CanisterCase("(func (export \"canister_update f\") (export \"canister_query F\"))"),
  CanisterCase("(func (export \"canister counter_instructions\"))", "reserved"),
  CanisterCase("(memory (export \"canister counter_dirty_pages\") 1)", "reserved"),
  CanisterCase("(global (export \"canister counter_accessed_pages\") i64 (i64.const 0))", "reserved"),
  CanisterCase("(func (export \"canister_start\"))", "reserved"),
  CanisterCase("(memory (export \"stable_memory\") 1)", "reserved"),
  CanisterCase("(memory (export \"stable_bytemap_memory\") 1)", "reserved"),
  CanisterCase("(func $s (nop)) (start $s)"),
]

private let storageCases: [CanisterCase] = [
  CanisterCase("(memory 65536)"),
  CanisterCase("(memory i64 98304)"),
  CanisterCase("(memory i64 98305)", "98305 pages, at most 98304"),
  CanisterCase("(memory i64 1 200000)"),
  CanisterCase("(table 1000000 funcref)"),
  CanisterCase("(table 1000001 funcref)", "1000001 elements, at most 1000000"),
  CanisterCase("(table 1 externref)", "a table of externref"),
  CanisterCase("(table 1 funcref) (table 1 funcref)", "more than one table"),
  CanisterCase("(global v128 (v128.const i64x2 0 0)) (global f32 (f32.const 0))"),
  CanisterCase("(global funcref (ref.null func))", "a global of type funcref"),
  CanisterCase(String(repeating: "(global i32 (i32.const 0))", count: 1_000)),
  CanisterCase(String(repeating: "(global i32 (i32.const 0))", count: 1_001), "1001 globals, at most 1000"),
  CanisterCase("(memory 1) (data (i32.const 65534) \"ab\")"),
  CanisterCase("(memory 1) (data (i32.const 65535) \"ab\")", "2 bytes at 65535 do not fit"),
  CanisterCase("(memory 1) (data (i32.const -1) \"\")", "do not fit"),
  CanisterCase("(memory 1) (data (i32.const 65536) \"\")"),
  CanisterCase("(memory i64 1) (data (i64.const 65534) \"ab\")"),
  CanisterCase("(memory i64 1) (data (i64.const -1) \"ab\")", "do not fit"),
  CanisterCase("(memory 0) (data \"passive\")"),
]

private let codeCases: [CanisterCase] = [
  CanisterCase("(table 1 funcref) (func (drop (table.get (i32.const 0))) (drop (table.size)))"),
  CanisterCase("(elem func) (func (elem.drop 0))"),
  CanisterCase("(table 1 funcref) (func (table.set (i32.const 0) (ref.null func)))", "table.set is not available"),
  CanisterCase("(table 1 funcref) (func (drop (table.grow (ref.null func) (i32.const 0))))", "table.grow"),
  CanisterCase("(table 1 funcref) (func (table.fill (i32.const 0) (ref.null func) (i32.const 0)))", "table.fill"),
  CanisterCase("(table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0)))", "table.copy"),
  CanisterCase(
    "(table 1 funcref) (elem func) (func (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))", "table.init"),
  CanisterCase(String(repeating: "(func)", count: 50_000)),
  CanisterCase(String(repeating: "(func)", count: 50_001), "50001 functions, at most 50000"),
]

private let customCases: [CanisterCase] = [
  CanisterCase("(@custom \"icp:public a\" \"x\") (@custom \"icp:private b\" \"x\") (@custom \"other\" \"x\")"),
  CanisterCase("(@custom \"icp:public \" \"x\")"),
  CanisterCase("(@custom \"icp:public\" \"x\")", "neither"),
  CanisterCase("(@custom \"icp:secret a\" \"x\")", "neither"),
  CanisterCase("(@custom \"icp:public a\" \"x\") (@custom \"icp:private a\" \"x\")", "two metadata sections"),
  CanisterCase((0..<16).map { "(@custom \"icp:public \($0)\" \"\")" }.joined()),
  CanisterCase((0..<17).map { "(@custom \"icp:public \($0)\" \"\")" }.joined(), "more than 16"),
  CanisterCase("(@custom \"icp:public a\" \"\(String(repeating: "x", count: 1_048_575))\")"),
  CanisterCase("(@custom \"icp:public a\" \"\(String(repeating: "x", count: 1_048_576))\")", "more than 1048576 bytes"),
]

@Suite struct CanisterRequirementsTests {
  @Test(arguments: [importCases, exportCases, storageCases, codeCases, customCases].flatMap(\.self))
  private func requirement(_ item: CanisterCase) throws {
    let error = try canisterError(try module("(module \(item.text))"))
    guard let detail = item.detail else {
      #expect(error == nil)
      return
    }
    #expect(error?.reason == .canisterRequirement)
    #expect(error?.kind == .unsupported)
    let text = error?.detail ?? ""
    #expect(text.contains(detail), "\(String(describing: error))")
  }

  @Test func everySystemFunctionCanBeImported() throws {
    #expect(SystemCall.allCases.count == 76)
    #expect(SystemCall.allCases.filter { $0.type(is64: true) == nil }.count == 9)
    for is64 in [false, true] {
      for function in SystemCall.allCases {
        let memory = is64 ? "(memory i64 1)" : ""
        let type = function.type(is64: is64)
        let text = signature(type ?? function.type(is64: false)!)
        let right = try module("(module (import \"ic0\" \"\(function.name)\" (func \(text))) \(memory))")
        #expect((try canisterError(right) == nil) == (type != nil), "\(function.name)")
        let wrong = try module("(module (import \"ic0\" \"\(function.name)\" (func (param f32) \(text))) \(memory))")
        #expect(try canisterError(wrong)?.reason == .canisterRequirement, "\(function.name)")
      }
    }
  }

  private func signature(_ type: FunctionType) -> String {
    let parameters = type.parameters.map { "(param \($0))" }.joined()
    return parameters + type.results.map { "(result \($0))" }.joined()
  }

  @Test(arguments: [("canister_update", 1_000), ("canister_query", 1_001)])
  func numberOfMethods(prefix: String, count: Int) throws {
    let exports = (0..<count).map { "(export \"\(prefix) \($0)\" (func 0))" }.joined()
    let error = try canisterError(try module("(module (func) \(exports))"))
    #expect((error == nil) == (count <= 1_000), "\(String(describing: error))")
  }

  @Test(arguments: [20_000, 20_001])
  func lengthOfMethodNames(bytes: Int) throws {
    let (long, rest) = (String(repeating: "é", count: 9_000), String(repeating: "b", count: bytes - 18_000))
    let error = try canisterError(
      try module("(module (func (export \"canister_query \(long)\") (export \"canister_update \(rest)\")))"))
    #expect((error == nil) == (bytes <= 20_000), "\(String(describing: error))")
  }

  /// Proposals outside the feature set are refused even if the module was validated with more.
  @Test(arguments: [
    ("(memory 1) (memory 1)", "multi-memory"), ("(tag)", "exceptions"), ("(type (struct))", "gc"),
    ("(global i32 (i32.add (i32.const 1) (i32.const 1)))", "extended-const"),
    ("(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))", "relaxed-simd"),
    ("(func (param (ref func)))", "function-references"),
  ])
  func proposals(text: String, name: String) throws {
    let module = try module("(module \(text))")
    let error = try canisterError(module, features: .wasm3)
    #expect(error?.detail == "the proposal \(name) is not available")
    #expect(validationError(module, features: .icp)?.kind == .invalid)
  }

  @Test func complexity() throws {
    // Each `block` and `br` weighs 50, each `end` 1, the body's `end` 1.
    func body(_ blocks: Int, _ nops: Int) throws -> ModuleError? {
      let blocks: [UInt8] = Array(repeatElement([0x02, 0x40, 0x0B], count: blocks).joined())
      let code: [UInt8] = blocks + Array(repeating: 0x01, count: nops) + [0x0B]
      return try canisterError(try TestModule(code: code).decode())
    }
    // 19,607 × 51 + 42 + 1 = 1,000,000.
    #expect(try body(19_607, 42) == nil)
    #expect(try body(19_607, 43)?.detail == "a complexity of 1000001, at most 1000000 is accepted")
    #expect(try body(0, 999_999) == nil)
    #expect(try body(0, 1_000_000)?.reason == .canisterRequirement)
  }

  @Test func sizes() throws {
    // The bytes themselves are never read, so they need not be initialized.
    let count = CanisterLimits.moduleSize
    for extra in [0, 1] {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count + extra, alignment: 16)
      let bytes = ModuleBytes(adopting: UnsafeRawBufferPointer(memory)) {
        UnsafeMutableRawBufferPointer(mutating: $0).deallocate()
      }
      #expect((try canisterError(Module(bytes: bytes)) == nil) == (extra == 0))
      var module = Module(bytes: bytes)
      module.codeSection = ByteRange(start: 8, end: 8 + CanisterLimits.codeSectionSize + 1 - extra)
      if extra == 0 {
        #expect(try canisterError(module)?.detail == "a code section of 12582913 bytes, at most 12582912 are accepted")
      }
    }
  }

  @Test func functionNames() throws {
    func module(_ length: Int) throws -> Module {
      var writer = BinaryWriter()
      writer.moduleHeader()
      writer.customSection("name") { writer in
        writer.byte(1)
        writer.sized { writer in
          writer.u32(1)
          writer.u32(0)
          writer.name(String(repeating: "x", count: length))
        }
      }
      return try decodeModule(ModuleBytes(writer.bytes))
    }
    #expect(try canisterError(try module(1 << 20)) == nil)
    #expect(try canisterError(try module((1 << 20) + 1))?.function == 0)
  }

  @Test func methodNames() {
    #expect(CanisterMethodKind.parse("canister_update f")?.kind == .update)
    #expect(CanisterMethodKind.parse("canister_query  a b")?.name == " a b")
    #expect(CanisterMethodKind.parse("canister_composite_query ")?.name == "")
    #expect(CanisterMethodKind.parse("canister_composite_query")?.name == nil)
    #expect(CanisterMethodKind.parse("canister_init")?.name == nil)
  }
}
