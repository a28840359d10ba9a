// The rules outside of function bodies, one module for each. The core suite has many more; these also pin reasons,
// details and offsets.

import Testing
import WasmText
import WasmValidation
import WebAssembly

private let typeCases: [TextCase] = [
  TextCase("(type (func (param i32 i64 f32 f64 v128 funcref externref exnref) (result anyref)))"),
  TextCase("(type (func (param (ref 1))))", .unknownType, "type 0: 1"),
  TextCase("(type (func (param (ref 1)))) (type (func))", .unknownType, "type 0"),
  TextCase("(rec (type (func (param (ref 1)))) (type (func)))"),
  TextCase("(type (struct (field (ref 0))))"),
  TextCase(
    "(rec (type (struct (field (ref 1)))) (type (struct (field (ref 2))))) (type (func))", .unknownType, "type 1"),
  // Supertypes.
  TextCase("(type (sub (func))) (type (sub 0 (func)))"),
  TextCase("(type (func)) (type (sub 0 (func)))", .subTypeMismatch, "type 0 is final"),
  TextCase("(type (sub final (func))) (type (sub 0 (func)))", .subTypeMismatch, "final"),
  TextCase("(type (sub 0 (func)))", .unknownType, "type 0: 0"),
  TextCase("(rec (type (sub 1 (func))) (type (sub (func))))", .unknownType, "type 0: 1"),
  TextCase("(type (sub (func))) (type (sub (func))) (type (sub 0 1 (func)))", .subTypeMismatch, "more than one"),
  TextCase("(type (sub (func))) (type (sub 0 (struct)))", .subTypeMismatch, "does not match type 0"),
  TextCase("(type (sub (func (param i31ref)))) (type (sub 0 (func (param anyref))))"),
  TextCase("(type (sub (func (param anyref)))) (type (sub 0 (func (param i31ref))))", .subTypeMismatch),
  TextCase("(type (sub (func (result anyref)))) (type (sub 0 (func (result i31ref))))"),
  TextCase("(type (sub (func (result i31ref)))) (type (sub 0 (func (result anyref))))", .subTypeMismatch),
  TextCase("(type (sub (func))) (type (sub 0 (func (result i32))))", .subTypeMismatch),
  TextCase("(type (sub (struct (field i32)))) (type (sub 0 (struct (field i32) (field i64))))"),
  TextCase("(type (sub (struct (field i32) (field i64)))) (type (sub 0 (struct (field i32))))", .subTypeMismatch),
  TextCase("(type (sub (struct (field anyref)))) (type (sub 0 (struct (field i31ref))))"),
  TextCase("(type (sub (struct (field (mut anyref))))) (type (sub 0 (struct (field (mut i31ref)))))", .subTypeMismatch),
  TextCase("(type (sub (struct (field (mut anyref))))) (type (sub 0 (struct (field anyref))))", .subTypeMismatch),
  TextCase("(type (sub (array i8))) (type (sub 0 (array i8)))"),
  TextCase("(type (sub (array i8))) (type (sub 0 (array i16)))", .subTypeMismatch),
  TextCase("(type (sub (array i8))) (type (sub 0 (array i32)))", .subTypeMismatch),
  TextCase("(rec (type $a (sub (struct (field (ref null $a))))) (type $b (sub $a (struct (field (ref null $b))))))"),
  // A supertype may be given by an equivalent type.
  TextCase(
    """
    (type $a (func)) (type $b (func))
    (type (sub (struct (field (ref $a))))) (type (sub 2 (struct (field (ref $b)))))
    """),
]

private let indexSpaceCases: [TextCase] = [
  TextCase("(import \"m\" \"f\" (func (type 0)))", .unknownType, "import 0"),
  TextCase("(type (struct)) (import \"m\" \"f\" (func (type 0)))", .nonFunctionType, "import 0"),
  TextCase("(import \"m\" \"a\" (func)) (import \"m\" \"g\" (global (ref 7)))", .unknownType, "import 1"),
  TextCase("(type (func (result i32))) (import \"m\" \"t\" (tag (type 0)))", .nonEmptyTagResult, "import 0"),
  TextCase("(tag (param i32)) (tag (result i32))", .nonEmptyTagResult, "tag 1"),
  TextCase("(func (type 3))", .unknownType, "function 0: 3"),
  TextCase("(type (array i8)) (func (type 0))", .nonFunctionType, "function 0"),
  // Limits.
  TextCase("(memory 0 65536)"),
  TextCase("(memory 65537)", .memorySizeLimit, "memory 0"),
  TextCase("(memory 0) (memory 0 65537)", .memorySizeLimit, "memory 1"),
  TextCase("(memory 2 1)", .sizeMinimumGreaterThanMaximum, "2 and 1"),
  TextCase("(memory i64 0 0x1_0000_0000_0000)"),
  TextCase("(memory i64 0x1_0000_0000_0001)", .memory64SizeLimit),
  TextCase("(import \"m\" \"m\" (memory 1 0))", .sizeMinimumGreaterThanMaximum, "import 0"),
  TextCase("(table 0 0xffff_ffff funcref)"),
  TextCase("(table 0x1_0000_0000 funcref)", .tableSizeLimit, "table 0"),
  TextCase("(table i64 0 0xffff_ffff_ffff_ffff funcref)"),
  TextCase("(table 3 2 externref)", .sizeMinimumGreaterThanMaximum),
  // Tables.
  TextCase("(type (func)) (table 1 (ref null 0))"),
  TextCase("(table 1 (ref null 0))", .unknownType),
  TextCase("(table 1 (ref func))", .typeMismatch, "initial value"),
  TextCase("(func $f) (table 1 (ref func) (ref.func $f))"),
  TextCase("(table 1 funcref (ref.null extern))", .typeMismatch),
  TextCase("(import \"m\" \"g\" (global funcref)) (table 1 funcref (global.get 0))"),
  TextCase("(table 1 funcref (global.get 0)) (global funcref (ref.null func))", .unknownGlobal),
  // Globals and constant expressions.
  TextCase("(global i32 (i64.const 0))", .typeMismatch, "expects i32 but found i64"),
  TextCase("(global i32)", .typeMismatch, "stack is empty"),
  TextCase("(global i32 (i32.const 0) (i32.const 0))", .typeMismatch, "remaining"),
  TextCase("(global i32 (i32.clz (i32.const 0)))", .constantExpressionRequired, "i32.clz"),
  TextCase("(global i32 (block (result i32) (i32.const 0)))", .constantExpressionRequired, "block"),
  TextCase("(global i32 (i32.const 1)) (global i32 (global.get 0))"),
  TextCase("(global i32 (global.get 1)) (global i32 (i32.const 1))", .unknownGlobal, "1"),
  TextCase("(global i32 (global.get 0))", .unknownGlobal, "0"),
  TextCase("(global (mut i32) (i32.const 1)) (global i32 (global.get 0))", .constantExpressionRequired, "mutable"),
  TextCase("(global (ref func) (ref.func 0)) (func)"),
  TextCase("(global (ref func) (ref.func 1)) (func)", .unknownFunction, "1"),
  TextCase("(type (struct (field i32))) (global (ref 0) (struct.new 0 (i32.const 1)))"),
  TextCase("(type (array i8)) (global (ref 0) (array.new_fixed 0 2 (i32.const 1) (i32.const 2)))"),
  TextCase(
    "(type (array i8)) (data \"ab\") (global (ref 0) (array.new_data 0 0 (i32.const 0) (i32.const 2)))",
    .constantExpressionRequired),
  TextCase("(global anyref (any.convert_extern (ref.null extern)))"),
]

private let segmentCases: [TextCase] = [
  TextCase("(elem (i32.const 0) func)", .unknownTable, "element segment 0"),
  TextCase("(table 1 funcref) (elem (i64.const 0) func)", .typeMismatch),
  TextCase("(table i64 1 funcref) (elem (i64.const 0) func)"),
  TextCase("(table 1 funcref) (elem (i32.const 0) func 0)", .unknownFunction),
  TextCase("(table 1 funcref) (elem (i32.const 0) externref)", .typeMismatch, "externref into a table of funcref"),
  TextCase("(func $f) (table 1 (ref func) (ref.func $f)) (elem (i32.const 0) func $f)"),
  TextCase("(func $f) (table 1 (ref func) (ref.func $f)) (elem (i32.const 0) funcref (ref.func $f))", .typeMismatch),
  TextCase("(elem funcref (ref.null extern))", .typeMismatch),
  TextCase("(elem externref (ref.null extern))"),
  TextCase("(elem declare func 0) (func)"),
  TextCase("(elem (ref null 0) (ref.null 0))", .unknownType),
  TextCase("(data (i32.const 0) \"\")", .unknownMemory, "data segment 0"),
  TextCase("(memory 1) (data (i64.const 0) \"\")", .typeMismatch),
  TextCase("(memory i64 1) (data (i64.const 0) \"\")"),
  TextCase("(memory 1) (data (memory 1) (i32.const 0) \"\")", .unknownMemory, "1"),
  TextCase("(memory 1) (data (i32.const 0) \"\") (data (nop) \"\")", .constantExpressionRequired, "nop"),
]

private let exportCases: [TextCase] = [
  TextCase(
    "(func) (memory 1) (table 1 funcref) (global i32 (i32.const 0)) (tag) (export \"a\" (func 0))"
      + "(export \"b\" (memory 0)) (export \"c\" (table 0)) (export \"d\" (global 0)) (export \"e\" (tag 0))"),
  TextCase("(func) (export \"a\" (func 0)) (export \"b\" (func 1))", .unknownFunction, "export 1: 1"),
  TextCase("(export \"a\" (memory 0))", .unknownMemory),
  TextCase("(export \"a\" (table 0))", .unknownTable),
  TextCase("(export \"a\" (global 0))", .unknownGlobal),
  TextCase("(export \"a\" (tag 0))", .unknownTag),
  TextCase("(func) (memory 1) (export \"a\" (func 0)) (export \"a\" (memory 0))", .duplicateExport, "\"a\""),
  // Equal to the eye, not equal in code points.
  TextCase("(func) (export \"\\c3\\a9\" (func 0)) (export \"e\\cc\\81\" (func 0))"),
  TextCase("(func) (export \"\" (func 0)) (export \"\" (func 0))", .duplicateExport),
  TextCase("(func) (start 0)"),
  TextCase("(start 0)", .unknownFunction, "start: 0"),
  TextCase("(func (param i32)) (start 0)", .startFunctionType),
  TextCase("(func (result i32) (i32.const 0)) (start 0)", .startFunctionType),
]

@Suite struct ModuleRuleTests {
  @Test(arguments: [typeCases, indexSpaceCases, segmentCases, exportCases].flatMap(\.self))
  func rule(_ item: TextCase) throws {
    let module = try module("(module \(item.text))")
    expect(validationError(module), item, in: module)
  }

  /// Errors outside of bodies point at the very entry of the section.
  @Test func errorsPointAtTheirItem() throws {
    // What is right, and the entry of the same section that is not.
    let cases: [(before: String, wrong: String)] = [
      ("(type (func)) (type (func (param i32)))", "(type (func (param (ref 9))))"),
      (
        "(rec (type (struct (field i8))) (type (array (mut i16)))) (type (sub (func (result (ref 0)))))",
        "(type (sub 2 (struct)))"
      ),
      ("(rec (type (func)))", "(rec (type (struct (field (ref 9)))))"),
      (
        "(import \"m\" \"a\" (func)) (import \"m\" \"t\" (memory 1)) (import \"n\" \"t\" (tag))"
          + "(import \"o\" \"g\" (global (mut i32))) (import \"\" \"\" (table 1 2 funcref))",
        "(import \"m\" \"b\" (memory 2 1))"
      ),
      ("(memory 1) (memory 2 5)", "(memory 3 1)"),
      ("(table 1 funcref) (table 1 2 externref) (table 3 funcref (ref.null func))", "(table 2 1 funcref)"),
      ("(type (struct)) (type (func)) (func (type 1))", "(func (type 0))"),
      ("(tag) (tag (param i32))", "(tag (result i64))"),
      ("(global i32 (i32.const 7)) (global (mut funcref) (ref.null func))", "(global (ref 99) (unreachable))"),
      ("(func (export \"a\")) (export \"b\" (func 0))", "(export \"c\" (func 1))"),
      (
        "(table 1 funcref) (func $f) (elem (i32.const 0) $f) (elem func $f $f) (elem declare func $f)"
          + "(elem (table 0) (i32.const 0) func $f) (elem (i32.const 0) funcref (ref.null func)) (elem externref)"
          + "(elem declare funcref (ref.func $f)) (elem (table 0) (i32.const 0) (ref func) (ref.func $f))",
        "(elem (table 7) (i32.const 0) func)"
      ),
      (
        "(memory 1) (data (i32.const 0) \"abc\") (data \"def\") (data (memory 0) (i32.const 1) \"\")",
        "(data (memory 3) (i32.const 0) \"\")"
      ),
    ]
    for (before, text) in cases {
      let wrong = try module("(module \(before) \(text))")
      let error = try #require(validationError(wrong))
      let right = try module("(module \(before))")
      #expect(validationError(right) == nil, "\(before)")
      // The section that is wrong has the right entries first, and its number of entries in one byte.
      let section = try #require(error.section)
      let start = try #require(sectionContents(section, in: right))
      let expected = try #require(sectionContents(section, in: wrong)).start + start.count
      #expect(error.offset == expected, "\(text): \(error)")
    }
  }

  private func sectionContents(_ id: SectionId, in module: Module) -> ByteRange? {
    let bytes = [UInt8](module.bytes.buffer)
    var position = 8
    while position < bytes.count {
      let start = position + 2
      let end = start + Int(bytes[position + 1])
      if bytes[position] == id.rawValue { return ByteRange(start: start, end: end) }
      position = end
    }
    return nil
  }
}
