import Testing
import WasmBinary
import WasmText
import WebAssembly

/// Annotations that stand for custom sections.
@Suite struct AnnotationTests {
  private func error(_ text: String) -> TextErrorReason? {
    do {
      _ = try parseModule(text)
      return nil
    } catch { return error.reason }
  }

  private func customSections(_ text: String) throws -> [CustomSection] {
    try decodeModule(ModuleBytes(try parseModule(text))).customSections
  }

  private func contents(_ text: String, section: String) throws -> [UInt8]? {
    let module = try decodeModule(ModuleBytes(try parseModule(text)))
    guard let found = module.customSections.first(where: { $0.name == section }) else { return nil }
    return Array(module.bytes.buffer[found.contents.start..<found.contents.end])
  }

  @Test func customSectionsArePlaced() throws {
    let text = """
      (module
        (@custom "default")
        (@custom "after last" (after last))
        (@custom "after code" (after code))
        (@custom "before code" (before code))
        (@custom "after type" (after type))
        (@custom "first" (before first))
        (@custom "before import" (before import))
        (@custom "after global" (after global))
        (@custom "before tag" (before tag))
        (@custom "after tag" (after tag))
        (@custom "before datacount" (before datacount))
        (@custom "before type" (before type))
        (func) (table 1 funcref) (memory 1) (global i32 (i32.const 0)) (tag) (elem func) (data "") (start 0)
        (export "" (func 0)))
      """
    let sections = try customSections(text)
    #expect(
      sections.map { "\($0.name): \($0.precedingSection)" } == [
        "first: 0", "before type: 0", "after type: 1", "before import: 1", "before tag: 5", "after tag: 13",
        "after global: 6", "before datacount: 9", "before code: 9", "after code: 10", "default: 11", "after last: 11",
      ])
  }

  @Test func customSectionContents() throws {
    #expect(try contents("(@custom \"a\" \"b\\00\" \"\" \"c\")", section: "a") == [0x62, 0x00, 0x63])
    #expect(try contents("(@custom \"\" (before first))", section: "") == [])
    #expect(try contents("(@custom \"a\" (@other) \"b\" (;;))", section: "a") == [0x62])
  }

  @Test func namesAreWritten() throws {
    let text = """
      (module $m
        (type $t (struct (field $x i32) (field i64) (field (@name "a b") i32)))
        (import "" "" (func $imported (param $ignored i32)))
        (import "" "" (global (@name "no identifier") i32))
        (func $f (@name "other") (param $p i32) (param i64) (local f32) (local (@name "") f64) (local $q f64)
          (block (block $l1 (loop (@name "l2") (br $l1)))) (if $l3 (i32.const 0) (then)))
        (table $t 1 funcref) (memory $m 1) (tag $e) (elem $s func) (data $d ""))
      """
    let names = NameSection(try decodeModule(ModuleBytes(try parseModule(text))))
    func list(_ map: NameMap) -> [String] { map.map { "\($0.index) \($0.name)" } }
    #expect(names.problem == nil && names.module == "m")
    #expect(list(names.functions) == ["0 imported", "1 other"])
    #expect(list(names.globals) == ["0 no identifier"])
    #expect(list(names.locals.names(of: 0)) == [])
    #expect(list(names.locals.names(of: 1)) == ["0 p", "3 ", "4 q"])
    #expect(list(names.labels.names(of: 1)) == ["1 l1", "2 l2", "3 l3"])
    #expect(list(names.types) == ["0 t"] && list(names.fields.names(of: 0)) == ["0 x", "2 a b"])
    #expect(list(names.tables) == ["0 t"] && list(names.memories) == ["0 m"] && list(names.tags) == ["0 e"])
    #expect(list(names.elements) == ["0 s"] && list(names.data) == ["0 d"])
    // A module can name itself twice, but not with two annotations.
    #expect(NameSection(try decodeModule(ModuleBytes(try parseModule("(module $a (@name \"b\"))")))).module == "b")
  }

  @Test func namesAreLeftOut() throws {
    #expect(try contents("(module $m (func $f))", section: "name") != nil)
    #expect(try contents("(module (func) (@name_of_nothing))", section: "name") == nil)
    let bytes = try parseModule("(module $m (func $f (param $x i32)))", options: TextOptions(emitsNames: false))
    #expect(try decodeModule(ModuleBytes(bytes)).customSections.isEmpty)
    // A name section that is given as a whole replaces the other.
    #expect(try contents("(module $m (@custom \"name\" \"\\00\\02\\01x\"))", section: "name") == [0, 2, 1, 0x78])
    #expect(try customSections("(module $m (@custom \"name\"))").count == 1)
  }

  @Test func branchHints() throws {
    let text = """
      (import "" "" (func))
      (func)
      (func (param i32) (local i64 f32)
        block
          local.get 0
          (@metadata.code.branch_hint "\\00") br_if 0
          (@metadata.code.branch_hint "\\01") (br_if 0 (local.get 0))
          (@metadata.code.branch_hint "\\01")
          (if (local.get 0)
            (then (@metadata.code.branch_hint "\\00") (if (local.get 0) (then nop))))
        end)
      (func i32.const 0 (@metadata.code.branch_hint "\\01") if end)
      """
    let section = try contents(text, section: "metadata.code.branch_hint")
    #expect(
      section == [
        2,
        // Function 2: offsets from the local declarations on, which take 5 bytes.
        2, 4, 9, 1, 0, 13, 1, 1, 17, 1, 1, 21, 1, 0,
        3, 1, 3, 1, 1,
      ])
    let places = try customSections(text).map { "\($0.name): \($0.precedingSection)" }
    #expect(places == ["metadata.code.branch_hint: 3"])
  }

  @Test(
    arguments: [
      ("(@custom)", .customAnnotationWithoutName), ("(@custom 4)", .customAnnotationWithoutName),
      ("(@custom \"\\df\")", .customAnnotationMalformedUTF8), ("(@custom \"a\" x)", .customAnnotationUnexpectedToken),
      ("(@custom \"a\" \"b\" (before first))", .customAnnotationUnexpectedToken),
      ("(@custom \"a\" (before first type))", .customAnnotationUnexpectedToken),
      ("(@custom \"a\" ())", .customAnnotationMalformedPlacement),
      ("(@custom \"a\" (type))", .customAnnotationMalformedPlacement),
      ("(@custom \"a\" (after))", .customAnnotationMalformedSectionKind),
      ("(@custom \"a\" (after first))", .customAnnotationMalformedSectionKind),
      ("(@custom \"a\" (before last))", .customAnnotationMalformedSectionKind),
      ("(@custom \"a\" (before custom))", .customAnnotationMalformedSectionKind),
      ("(func (@custom \"a\"))", .misplacedCustomAnnotation),
      ("(func nop (@custom \"a\"))", .misplacedCustomAnnotation),
      ("(func (drop (@custom \"a\") (i32.const 0)))", .misplacedCustomAnnotation),
      ("(type (@custom \"a\") (func))", .misplacedCustomAnnotation),
      ("((@custom \"a\") func)", .misplacedCustomAnnotation),
      ("(module) (@custom \"a\")", .misplacedCustomAnnotation),
      ("(table (@custom \"a\") 1 funcref)", .misplacedCustomAnnotation),
      ("(@name \"a\")", .misplacedNameAnnotation), ("(module (func) (@name \"a\"))", .misplacedNameAnnotation),
      ("(module (@name \"a\") (@name \"b\"))", .multipleModuleNameAnnotations),
      ("(func nop (@name \"a\"))", .misplacedNameAnnotation),
      ("(func (@name \"a\") (@name \"b\"))", .misplacedNameAnnotation), ("(func (@name \"\\ff\"))", .malformedUTF8),
      ("(func (@name 1))", .unexpectedToken), ("(func (@name \"a\" \"b\"))", .unexpectedToken),
      ("(@metadata.code.branch_hint \"\\00\")", .branchHintNotInFunction),
      ("(global i32 (@metadata.code.branch_hint \"\\00\") (i32.const 0))", .branchHintNotInFunction),
      ("(func (@metadata.code.branch_hint \"\\00\") nop)", .branchHintInvalidTarget),
      ("(func (@metadata.code.branch_hint \"\\00\"))", .branchHintInvalidTarget),
      ("(func (@metadata.code.branch_hint \"\\00\") (br 0))", .branchHintInvalidTarget),
      ("(func (block (@metadata.code.branch_hint \"\\00\")))", .branchHintInvalidTarget),
      ("(func block (@metadata.code.branch_hint \"\\00\") end)", .branchHintInvalidTarget),
      (
        "(func (@metadata.code.branch_hint \"\\00\") (@metadata.code.branch_hint \"\\00\") if end)",
        .branchHintDuplicate
      ),
      ("(func (@metadata.code.branch_hint \"\\02\") if end)", .branchHintInvalidValue),
      ("(func (@metadata.code.branch_hint \"\") if end)", .branchHintInvalidValue),
      ("(func (@metadata.code.branch_hint) if end)", .unexpectedToken),
    ] as [(String, TextErrorReason)])
  func isRefused(text: String, reason: TextErrorReason) { #expect(error(text) == reason, "\(text)") }
}
