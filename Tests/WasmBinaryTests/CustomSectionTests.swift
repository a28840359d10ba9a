// The name section and the canister metadata.

import Testing
import WasmBinary
import WebAssembly

extension BinaryWriter {
  fileprivate mutating func names(_ names: [(UInt32, String)]) { nameMap(names.map { IndexedName($0.0, $0.1) }) }
}

private func names(_ write: (inout BinaryWriter) -> Void) throws -> NameSection {
  NameSection(try decodeModule(ModuleBytes(moduleBytes { $0.customSection("name", write) })))
}

@Suite struct NameSectionTests {
  @Test func allSubsections() throws {
    let section = try names { writer in
      writer.nameSubsection(.module) { $0.name("Modül") }
      writer.nameSubsection(.functions) { $0.names([(0, "main"), (7, ""), (300, "naïve")]) }
      for id in [NameSubsection.locals, .labels, .fields] {
        writer.nameSubsection(id) { writer in
          writer.vector([UInt32(id.rawValue), 200]) { writer, index in
            writer.u32(index)
            writer.names([(1, "a"), (index + 1, "b")])
          }
        }
      }
      for id in [NameSubsection.types, .tables, .memories, .globals, .elements, .data, .tags] {
        writer.nameSubsection(id) { $0.names([(UInt32(id.rawValue), "\(id)")]) }
      }
      writer.append([99, 2, 0xFF, 0xFF])
    }
    #expect(section.problem == nil)
    #expect(section.module == "Modül")
    #expect(section.functions.map(\.index) == [0, 7, 300] && section.functions.map(\.name) == ["main", "", "naïve"])
    #expect(
      [0, 1, 6, 7, 299, 300, 301, UInt32.max].map { section.functions.name(of: $0) } == [
        "main", nil, nil, "", nil, "naïve", nil, nil,
      ])
    for (map, id) in [(section.locals, NameSubsection.locals), (section.labels, .labels), (section.fields, .fields)] {
      let first = UInt32(id.rawValue)
      #expect(Array(map.indices) == [first, 200] && !map.isEmpty)
      #expect(map.names(of: first).map(\.name) == ["a", "b"])
      #expect(map.names(of: 200).name(of: 201) == "b" && map.names(of: 200).name(of: 2) == nil)
      #expect(map.names(of: 199).isEmpty)
    }
    let simple = [
      section.types, section.tables, section.memories, section.globals, section.elements, section.data, section.tags,
    ]
    #expect(
      simple.map { $0.first?.name } == [
        "types", "tables", "memories", "globals", "elements", "data", "tags",
      ])
    #expect(simple.map { $0.first?.index } == [4, 5, 6, 7, 8, 9, 11])
  }

  @Test func modulesWithoutNames() throws {
    let section = NameSection(try decodeModule(ModuleBytes(moduleBytes { _ in })))
    #expect(section.module == nil && section.functions.isEmpty && section.locals.isEmpty && section.problem == nil)
    #expect(section.functions.name(of: 0) == nil && section.locals.names(of: 0).isEmpty)
  }

  /// A subsection that is wrong is left out; those after it are read if its length is right.
  @Test(
    arguments: [
      ([1, 5, 2, 1, 0, 1, 0], .malformedNameMap), ([1, 7, 2, 1, 0, 0, 0], .lengthOutOfBounds),
      ([1, 3, 0, 0, 0], .sectionSizeMismatch), ([1, 4, 1, 0, 1, 0xFF], .malformedUTF8),
      ([1, 3, 1, 0, 9], .lengthOutOfBounds), ([1, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0], .unexpectedEndOfSection),
      ([2, 5, 2, 1, 0, 1, 0], .malformedNameMap), ([2, 6, 1, 0, 2, 5, 0, 5], .malformedNameMap),
      ([0, 2, 1, 0xC0], .malformedUTF8), ([1], .unexpectedEndOfSection),
    ] as [([UInt8], ModuleErrorReason)])
  func problems(bytes: [UInt8], reason: ModuleErrorReason) throws {
    let isFramed = bytes.count > 1 && Int(bytes[1]) == bytes.count - 2
    let section = try names { writer in
      writer.append(bytes)
      if isFramed { writer.nameSubsection(.globals) { $0.names([(3, "g")]) } }
    }
    #expect(section.problem?.reason == reason)
    #expect(section.module == nil && section.functions.isEmpty && section.locals.isEmpty)
    #expect(section.globals.name(of: 3) == (isFramed ? "g" : nil))
  }

  /// One local's name for each of many functions. If reading them took quadratic time, this would take minutes.
  @Test(.timeLimit(.minutes(1))) func manyFunctionsWithFewNames() throws {
    let count: UInt32 = 300_000
    let section = try names { writer in
      writer.nameSubsection(.locals) { writer in
        writer.u32(count)
        for index in 0..<count {
          writer.u32(index)
          writer.append([1, 0, 1, 0x78])
        }
      }
    }
    #expect(section.problem == nil)
    #expect(section.locals.indices.count == Int(count))
    #expect(section.locals.names(of: count - 1).name(of: 0) == "x")
  }

  /// Names live as long as the section, whatever becomes of the module.
  @Test func namesOutliveTheModule() throws {
    var section = NameSection()
    do {
      let long = String(repeating: "long name ", count: 10)
      section = try names { $0.nameSubsection(.functions) { $0.names([(2, long)]) } }
    }
    #expect(section.functions.name(of: 2)?.count == 100)
  }
}

@Suite struct CanisterMetadataTests {
  private func metadata(_ sections: [(String, Int)]) throws -> CanisterMetadata {
    let bytes = moduleBytes { writer in
      for (name, size) in sections {
        writer.customSection(name) { $0.append([UInt8](repeating: 1, count: size)) }
      }
    }
    return CanisterMetadata(try decodeModule(ModuleBytes(bytes)))
  }

  @Test func sections() throws {
    let metadata = try metadata([
      ("name", 1), ("icp:public candid:service", 10), ("icp", 3), ("icp:private two words", 4), ("icp:public ", 0),
      ("icp:private  \u{301}", 2), ("x icp:public y", 1),
    ])
    #expect(metadata.violation == nil)
    #expect(metadata.sections.map(\.name) == ["candid:service", "two words", "", " \u{301}"])
    #expect(metadata.sections.map(\.visibility) == [.public, .private, .public, .private])
    #expect(metadata.sections.map(\.contents.count) == [10, 4, 0, 2])
    #expect(metadata.section(named: "two words")?.visibility == .private)
    #expect(metadata.section(named: "name") == nil)
  }

  @Test(
    arguments: [
      ([("icp:public", 0)], "neither"), ([("icp:", 0)], "neither"), ([("icp:publica b", 0)], "neither"),
      ([("icp:Public a", 0)], "neither"), ([("icp:protected a", 0)], "neither"),
      ([("icp:public a", 0), ("icp:private a", 0)], "two metadata sections are named 'a'"),
      ((0..<17).map { ("icp:public \($0)", 0) }, "more than 16"),
      ([("icp:public ab", 1_048_575)], "more than 1048576 bytes"),
      ([("icp:public ab", 1_000_000), ("icp:public b", 48_574)], "more than 1048576 bytes"),
    ] as [([(String, Int)], String)])
  func violations(sections: [(String, Int)], text: String) throws {
    let violation = try metadata(sections).violation
    #expect(violation?.kind == .unsupported && violation?.reason == .canisterRequirement)
    #expect(violation?.detail?.contains(text) == true)
  }

  @Test func limitsAreInclusive() throws {
    let full: [(String, Int)] = (0..<15).map { ("icp:public \(10 + $0)", 0) } + [("icp:private x", 1_048_576 - 31)]
    #expect(try metadata(full).violation == nil)
    // Two spellings of one letter are two names.
    #expect(try metadata([("icp:public \u{E9}", 0), ("icp:public e\u{301}", 0)]).violation == nil)
  }
}
