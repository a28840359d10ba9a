// Inspection of modules.

import Cannery
import WasmBinary
import WasmValidation

extension Inspection {
  /// The facts about a module in any of its forms. One that is not valid is shown as far as it can be decoded.
  init(module bytes: ModuleBytes, file: String, listsAllFunctions: Bool) throws {
    let module = try Engine().decode(bytes)
    let types = TypeText(module)
    add("file", "file", .string(file))
    add("kind", "kind", "module")
    add("form", "form", .string(InputFile.form(of: bytes.buffer).rawValue))
    add("fileSize", "file size", JSONValue(bytes.count), unit: " bytes")
    add("fileSha256", "SHA-256 of the file", .string(SHA256.hash(bytes.buffer).description))
    add("size", "size", JSONValue(module.bytes.count), unit: " bytes")
    add("sha256", "SHA-256", .string(sha256(of: module.bytes)))
    add("name", "name", JSONValue(NameSection(module).module))
    do throws(ModuleError) {
      let info = try validate(module)
      add("valid", "valid", true)
      add("featuresUsed", "features used", proposalNames(info.usedProposals))
      do throws(ModuleError) {
        try validateCanister(module, info)
        add("canister", "canister", "yes")
      } catch {
        add("canister", "canister", .string("no: \(error)"))
      }
    } catch {
      add("valid", "valid", false)
      add("error", "error", .string("\(error)"))
    }
    addSections(module)
    addInterface(types)
    addCustomSections(module)
    addFunctions(types, listsAll: listsAllFunctions)
  }

  private mutating func addSections(_ module: WebAssembly.Module) {
    var rows: [[JSONValue]] = []
    // The module has been decoded: its sections are known and end where it ends.
    var reader = ByteReader(
      module.bytes.buffer, range: ByteRange(start: min(8, module.bytes.count), end: module.bytes.count))
    while !reader.isAtEnd, let code = try? reader.byte(), let size = try? reader.u32() {
      let start = reader.offset
      guard (try? reader.slice(Int(size))) != nil else { break }
      rows.append([.string(SectionId(rawValue: code)?.name ?? "\(code)"), JSONValue(start), JSONValue(Int(size))])
    }
    add("sections", "sections", columns: ["section", "offset", "size"], rows)
  }

  private mutating func addFunctions(_ types: TypeText, listsAll: Bool) {
    let module = types.module
    let imported = types.spaces.importedFunctionCount
    let names = NameSection(module).functions
    add("importedFunctions", "imported functions", JSONValue(imported))
    add("definedFunctions", "defined functions", JSONValue(module.bodies.count))
    add("codeSize", "size of code", JSONValue(module.codeSection?.count ?? 0), unit: " bytes")
    let order = Inspection.selection(module.bodies.map(\.range.count), listsAll: listsAll)
    let rows = order.map { (index: Int) -> [JSONValue] in
      let number = imported + index
      return [
        JSONValue(number), JSONValue(module.bodies[index].range.count), .string(types.function(number)),
        JSONValue(names.name(of: UInt32(number))),
      ]
    }
    let isComplete = listsAll || order.count == module.bodies.count
    add(
      "functions", isComplete ? "functions" : "largest functions", columns: ["index", "size", "type", "name"], rows)
  }

  /// The functions to list, by size downwards, or all by index.
  static func selection(_ sizes: [Int], listsAll: Bool) -> [Int] {
    if listsAll { return Array(sizes.indices) }
    return Array(sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }.prefix(functionCount))
  }
}
