import Testing
import WasmBinary
import WebAssembly

/// A module in canonical form with every section and every form of what they hold.
let completeModule = moduleBytes { writer in
  let i32Const: (UInt8) -> [UInt8] = { [0x41, $0, 0x0B] }
  writer.customSection("before") { $0.byte(1) }
  writer.section(.type) { writer in
    writer.byte(4)
    writer.append([0x60, 2, 0x7F, 0x7B, 1, 0x6F])
    writer.append([0x4E, 2, 0x50, 0, 0x5F, 2, 0x78, 1, 0x64, 1, 0, 0x4F, 1, 1, 0x5E, 0x77, 0])
    writer.append([0x4E, 0])
    writer.append([0x60, 0, 0])
  }
  writer.customSection("after type") { _ in }
  writer.customSection("after type") { $0.append([2, 3]) }
  writer.section(.import) { writer in
    writer.append([5, 1, 0x61, 1, 0x62, 0, 3, 0, 1, 0x63, 1, 0x64, 0x70, 1, 2, 3, 0, 0, 2, 5, 4, 0x80, 1])
    writer.append([1, 0x64, 0, 3, 0x7E, 1, 0, 0, 4, 0, 3])
  }
  writer.section(.function) { $0.append([2, 3, 0]) }
  writer.section(.table) { $0.append([2, 0x6F, 4, 5, 0x40, 0, 0x64, 0x70, 1, 1, 9, 0xD2, 0, 0x0B]) }
  writer.section(.memory) { $0.append([2, 0, 1, 5, 2, 3]) }
  writer.section(.tag) { $0.append([1, 0, 3]) }
  writer.section(.global) { $0.append([1, 0x7D, 1, 0x43, 0, 0, 0x80, 0x3F, 0x0B]) }
  writer.section(.export) { $0.append([2, 1, 0x78, 4, 0, 0, 3, 0]) }
  writer.section(.start) { $0.append([0]) }
  writer.section(.element) { writer in
    writer.byte(9)
    writer.append([0] + i32Const(0) + [2, 0, 1])
    writer.append([1, 0, 1, 1])
    writer.append([2, 3] + i32Const(1) + [0, 0])
    writer.append([3, 0, 1, 2])
    writer.append([4] + i32Const(2) + [1, 0xD2, 0, 0x0B])
    writer.append([5, 0x64, 0x70, 0])
    writer.append([6, 2] + i32Const(3) + [0x6F, 1, 0xD0, 0x6F, 0x0B])
    writer.append([6, 0] + i32Const(3) + [0x6E, 0])
    writer.append([7, 0x70, 2, 0xD2, 0, 0x0B, 0xD0, 0x70, 0x0B])
  }
  writer.section(.dataCount) { $0.byte(3) }
  writer.section(.code) { $0.append([2, 2, 0, 0x0B, 7, 1, 1, 0x7E, 0x02, 0x40, 0x0B, 0x0B]) }
  writer.customSection("after code") { $0.byte(4) }
  writer.section(.data) { $0.append([3, 0] + i32Const(0) + [1, 9, 1, 2, 7, 8, 2, 5] + i32Const(0) + [0]) }
  writer.customSection("after data") { $0.byte(5) }
}

@Suite struct ModuleEncoderTests {
  @Test func completeModuleRoundTrips() throws {
    let module = try decodeWholly(completeModule)
    #expect(encodeModule(module) == completeModule)
  }

  @Test func integersBecomeShortAndEmptySectionsVanish() throws {
    let module = try decodeModule(
      ModuleBytes(
        moduleBytes { writer in
          writer.append([1, 0x84, 0x80, 0, 1, 0x60, 0, 0])
          writer.section(.import) { $0.byte(0) }
          writer.section(.memory) { $0.append([0x81, 0, 0, 0x82, 0]) }
        }))
    let short = moduleBytes { writer in
      writer.section(.type) { $0.append([1, 0x60, 0, 0]) }
      writer.section(.memory) { $0.append([1, 0, 2]) }
    }
    #expect(encodeModule(module) == short)
  }

  @Test func groupsOfOneAreWrittenAsOneType() throws {
    let group = moduleBytes { $0.section(.type) { $0.append([1, 0x4E, 1, 0x4F, 0, 0x60, 0, 0]) } }
    let alone = moduleBytes { $0.section(.type) { $0.append([1, 0x60, 0, 0]) } }
    let module = try decodeModule(ModuleBytes(group))
    #expect(encodeModule(module) == alone)
    #expect(try decodeModule(ModuleBytes(alone)).types == module.types)
  }

  @Test func skeletons() throws {
    let module = try decodeModule(ModuleBytes(completeModule))
    let bytes = encodeModule(module, omitCode: true)
    #expect(moduleError { _ = try decodeModule(ModuleBytes(bytes)) }?.reason == .functionCodeMismatch)
    let skeleton = try decodeModule(ModuleBytes(bytes), isSkeleton: true)
    #expect(skeleton.codeSection == nil && skeleton.bodies.isEmpty)
    #expect(skeleton.functions == module.functions && skeleton.exports == module.exports)
    #expect(skeleton.data.count == 3 && skeleton.dataCount == 3 && skeleton.elements.count == 9)
    #expect(skeleton.customSections.map(\.name) == module.customSections.map(\.name))
    #expect(encodeModule(skeleton) == bytes)
  }

  @Test func suiteModulesRoundTrip() throws {
    guard let folder = suiteFolder else {
      print("SKIPPED: no core test suite; set WASM_TESTSUITE to its folder")
      return
    }
    for binary in try binaryModules(in: folder) where binary.assertion != "assert_malformed" {
      let module = try decodeWholly(binary.bytes)
      let encoded = encodeModule(module)
      let again = try decodeWholly(encoded)
      #expect(difference(module, again) == nil, "\(binary)")
      #expect(encodeModule(again) == encoded, "\(binary)")
    }
  }
}
