import Testing
import WasmText

/// The module that `text` is, without a name section.
func binary(_ text: String) throws -> [UInt8] { try parseModule(text, options: TextOptions(emitsNames: false)) }

/// Short forms of the text format beside what they stand for: both must give the same bytes.
@Suite struct AbbreviationTests {
  @Test(arguments: [
    // The module itself.
    ("(func)", "(module (func))"),
    ("", "(module)"),
    ("(module $m (func $f) (start $f))", "(func) (start 0)"),
    ("(module binary \"\\00asm\" \"\\01\\00\\00\\00\")", "(module)"),
    ("(module quote \"(func (result\" \" i32) unreachable)\")", "(func (result i32) unreachable)"),
    // Inline imports and exports.
    ("(func $f (export \"a\") (export \"b\") nop)", "(export \"a\" (func 0)) (func nop) (export \"b\" (func 0))"),
    ("(func (import \"m\" \"n\") (param i32))", "(import \"m\" \"n\" (func (param i32)))"),
    ("(func (export \"e\") (import \"m\" \"n\"))", "(import \"m\" \"n\" (func)) (export \"e\" (func 0))"),
    ("(table (import \"m\" \"n\") i64 1 2 funcref)", "(import \"m\" \"n\" (table i64 1 2 funcref))"),
    ("(memory (export \"e\") (import \"m\" \"n\") 1)", "(import \"m\" \"n\" (memory 1)) (export \"e\" (memory 0))"),
    ("(global (import \"m\" \"n\") (mut i32))", "(import \"m\" \"n\" (global (mut i32)))"),
    (
      "(tag (export \"e\") (import \"m\" \"n\") (param i32))",
      "(import \"m\" \"n\" (tag (param i32))) (export \"e\" (tag 0))"
    ),
    // Tables and memories with their contents.
    ("(table funcref (elem 0 1)) (func) (func)", "(table 2 2 funcref) (elem (i32.const 0) func 0 1) (func) (func)"),
    ("(table i64 funcref (elem 0)) (func)", "(table i64 1 1 funcref) (elem (i64.const 0) func 0) (func)"),
    (
      "(table externref (elem (ref.null extern) (item ref.null extern)))",
      "(table 2 2 externref) (elem (table 0) (i32.const 0) externref (ref.null extern) (ref.null extern))"
    ),
    (
      "(type $t (func)) (table (ref null $t) (elem $f)) (func $f)",
      "(type (func)) (table 1 1 (ref null 0)) (elem (i32.const 0) (ref null 0) (item ref.func 0)) (func)"
    ),
    ("(memory (data \"ab\" \"c\"))", "(memory 1 1) (data (i32.const 0) \"abc\")"),
    ("(memory (data))", "(memory 0 0) (data (i32.const 0) \"\")"),
    ("(memory i64 (data \"a\"))", "(memory i64 1 1) (data (i64.const 0) \"a\")"),
    ("(memory i32 1 2)", "(memory 1 2)"),
    // Segments.
    (
      "(table 1 funcref) (elem (i32.const 0) $f) (func $f)",
      "(table 1 funcref) (elem (table 0) (offset i32.const 0) func 0) (func)"
    ),
    ("(elem funcref (ref.func 0)) (func)", "(elem funcref (item (ref.func 0))) (func)"),
    ("(elem declare func 0) (func)", "(elem $e declare func 0) (func)"),
    ("(memory 1) (data (i32.const 1) \"a\")", "(memory 1) (data (memory 0) (offset (i32.const 1)) \"a\")"),
    (
      "(memory 1) (data (offset i32.const 1 i32.const 2 i32.add) \"\")",
      "(memory 1) (data (offset (i32.add (i32.const 1) (i32.const 2))))"
    ),
    // Types.
    (
      "(type (func (param i32 i64) (result i32 i32)))",
      "(type (func (param $a i32) (param i64) (result i32) (result i32)))"
    ),
    (
      "(type (struct (field i32 i64) (field) (field (mut i8))))",
      "(type (struct (field i32) (field $x i64) (field (mut i8))))"
    ),
    ("(type (func))", "(type (sub final (func)))"),
    ("(rec (type (func)))", "(type (func))"),
    ("(type (array anyref))", "(type (array (ref null any)))"),
    (
      "(type (func (param funcref externref eqref i31ref structref arrayref exnref)))",
      "(type (func (param (ref null func) (ref null extern) (ref null eq) (ref null i31) (ref null struct) (ref null array) (ref null exn))))"
    ),
    (
      "(type (func (param nullref nullfuncref nullexternref nullexnref)))",
      "(type (func (param (ref null none) (ref null nofunc) (ref null noextern) (ref null noexn))))"
    ),
    // Type uses: what is missing comes last, in the order of first use, and only once.
    (
      "(func (param i32)) (func (block (param i64))) (func (param i32)) (type (func))",
      "(type (func)) (type (func (param i32))) (type (func (param i64))) (func (type 1)) (func (type 0) (block (type 2))) (func (type 1))"
    ),
    ("(type $t (func (param i32))) (func (type $t) (param i32))", "(type (func (param i32))) (func (param i32))"),
    // A type in a larger group, with a supertype, or not final is not what a type use without index means.
    (
      "(rec (type (func)) (type (func))) (type (sub (func))) (func)",
      "(rec (type (func)) (type (func))) (type (sub (func))) (type (func)) (func (type 3))"
    ),
    // Locals and parameters.
    ("(func (local i32 i32) (local) (local $x i32) (local i64))", "(func (local i32) (local i32) (local i32 i64))"),
    ("(func (param $x i32) (param $y i64) (drop (local.get $y)))", "(func (param i32 i64) local.get 1 drop)"),
    (
      "(type $t (func (param i32 i32))) (func (type $t) (local $x i32) (drop (local.get $x)))",
      "(func (param i32 i32) (local i32) local.get 2 drop)"
    ),
    // Blocks.
    ("(func (block))", "(func block end)"),
    ("(func (block $a (loop $b (br $a) (br $b))))", "(func block loop br 1 br 0 end end)"),
    (
      "(func (result i32) (block (result i32) (i32.const 1)))", "(func (result i32) block (result i32) i32.const 1 end)"
    ),
    ("(func (if (i32.const 1) (then nop) (else unreachable)))", "(func i32.const 1 if nop else unreachable end)"),
    ("(func (if (i32.const 1) (then)))", "(func i32.const 1 if end)"),
    ("(func (if (i32.const 1) (then nop) (else)))", "(func i32.const 1 if nop else end)"),
    ("(func i32.const 1 (if (then nop)))", "(func i32.const 1 if nop end)"),
    ("(func (if $l (i32.const 1) (then br $l)))", "(func i32.const 1 if br 0 end)"),
    (
      "(func block $l (if (br_if $l (i32.const 0)) (then (br $l))) end)",
      "(func block i32.const 0 br_if 0 if br 1 end end)"
    ),
    ("(func i32.const 0 if $l br $l else $l br $l end $l)", "(func i32.const 0 if br 0 else br 0 end)"),
    ("(func block $l block $l br $l end br $l end)", "(func block block br 0 end br 0 end)"),
    ("(func block $l block $l end br $l end)", "(func block block end br 0 end)"),
    ("(func (block $\"l\" (br $l)))", "(func block br 0 end)"),
    (
      "(tag $t) (func (block $l (try_table $m (catch $t $l) (catch_all_ref $l) (br $m))))",
      "(tag) (func block try_table (catch 0 0) (catch_all_ref 0) br 0 end end)"
    ),
    // Folded instructions.
    (
      "(func (drop (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3)))))",
      "(func i32.const 1 i32.const 2 i32.const 3 i32.mul i32.add drop)"
    ),
    ("(func (br_table 0 0 (i32.const 1)))", "(func i32.const 1 br_table 0 0)"),
    ("(func (i32.const 1) drop (nop))", "(func i32.const 1 drop nop)"),
    (
      "(table 1 funcref) (func (call_indirect (i32.const 0)))",
      "(table 1 funcref) (func i32.const 0 call_indirect 0 (type 0))"
    ),
    ("(func (drop (block (result i32) i32.const 1)))", "(func block (result i32) i32.const 1 end drop)"),
    // Defaults of immediates.
    ("(memory 1) (func i32.const 0 i32.load drop)", "(memory 1) (func i32.const 0 i32.load 0 offset=0 align=4 drop)"),
    (
      "(memory 1) (memory 1) (func i32.const 0 i32.load 1 align=0x1 drop)",
      "(memory 1) (memory $m 1) (func i32.const 0 i32.load $m offset=0 align=1 drop)"
    ),
    (
      "(memory 1) (func i32.const 0 v128.const i32x4 0 0 0 0 v128.load8_lane 3 drop)",
      "(memory 1) (func i32.const 0 v128.const i32x4 0 0 0 0 v128.load8_lane 0 3 drop)"
    ),
    (
      "(memory 1) (func i32.const 0 v128.const i32x4 0 0 0 0 v128.load8_lane offset=1 3 drop)",
      "(memory 1) (func i32.const 0 v128.const i32x4 0 0 0 0 v128.load8_lane 0 offset=1 align=1 3 drop)"
    ),
    (
      "(memory 1) (data \"\") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))",
      "(memory 1) (data \"\") (func i32.const 0 i32.const 0 i32.const 0 memory.init 0 0)"
    ),
    (
      "(table 1 funcref) (elem func) (func (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))",
      "(table 1 funcref) (elem func) (func i32.const 0 i32.const 0 i32.const 0 table.init 0 0)"
    ),
    (
      "(memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.copy)",
      "(memory 1) (func i32.const 0 i32.const 0 i32.const 0 memory.copy 0 0)"
    ),
    ("(memory 1) (func memory.size drop)", "(memory 1) (func memory.size 0 drop)"),
    // Numbers.
    ("(func i32.const -1 drop)", "(func i32.const 0xffff_ffff drop)"),
    ("(func f32.const 1 drop)", "(func f32.const 0x1p0 drop)"),
    (
      "(func v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 -16 drop)",
      "(func v128.const i64x2 0x0807060504030201 0xf00f0e0d0c0b0a09 drop)"
    ),
    ("(func v128.const f32x4 0 1 -0 nan drop)", "(func v128.const i32x4 0 0x3f800000 0x80000000 0x7fc00000 drop)"),
    ("(func v128.const f64x2 1 -inf drop)", "(func v128.const i16x8 0 0 0 0x3ff0 0 0 0 0xfff0 drop)"),
    // Fields by name.
    (
      "(type $s (struct (field $a i32) (field $b i32))) (type $r (struct (field $b i32))) (func struct.get $s $b struct.get $r $b)",
      "(type (struct (field i32 i32))) (type (struct (field i32))) (func struct.get 0 1 struct.get 1 0)"
    ),
    // Data count section only where an instruction needs it.
    ("(memory 1) (data $d \"a\") (func data.drop $d)", "(memory 1) (data \"a\") (func data.drop 0)"),
  ])
  func meansTheSame(short: String, long: String) throws { #expect(try binary(short) == binary(long), "\(short)") }

  @Test func wholeModule() throws {
    let bytes = try parseModule(
      "(module $m (func $f (export \"e\") (param $x i32) (result i32) (block $l) local.get $x))")
    #expect(
      bytes == [
        0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00,
        0x01, 0x06, 0x01, 0x60, 0x01, 0x7F, 0x01, 0x7F,
        0x03, 0x02, 0x01, 0x00,
        0x07, 0x05, 0x01, 0x01, 0x65, 0x00, 0x00,
        0x0A, 0x09, 0x01, 0x07, 0x00, 0x02, 0x40, 0x0B, 0x20, 0x00, 0x0B,
        // "name": module "m"; function 0 "f"; local 0.0 "x"; label 0.0 "l".
        0x00, 0x1F, 0x04, 0x6E, 0x61, 0x6D, 0x65, 0x00, 0x02, 0x01, 0x6D, 0x01, 0x04, 0x01, 0x00, 0x01, 0x66,
        0x02, 0x06, 0x01, 0x00, 0x01, 0x00, 0x01, 0x78, 0x03, 0x06, 0x01, 0x00, 0x01, 0x00, 0x01, 0x6C,
      ])
  }
}
