// A .did file and those that it imports, directly or not.
//
// All definitions are in one name space. A file is read once, however often it is imported; its service counts if any
// import asks for it.

struct ImportedFiles {
  struct File {
    var identity: String
    var text: [UInt8]
    var syntax: InterfaceSyntax
    /// Where an import asks for the file's service, and in which file.
    var serviceImport: (name: String, offset: Int, file: Int)?
  }

  /// The files, the first one first, each imported one behind the one that imports it first.
  private(set) var list: [File] = []

  init(
    _ text: String, identity: String,
    _ resolve: (_ name: String, _ importer: String) -> CandidInterface.ImportedFile?
  ) throws(CandidTextError) {
    var numbers: [String: Int] = [:]
    try add(identity, text, &numbers)
    var number = 0
    while number < list.count {
      let importer = list[number]
      for item in importer.syntax.imports {
        guard let file = resolve(item.file, importer.identity) else {
          throw located(CandidTextError(.importNotFound(item.file), at: item.offset), in: number)
        }
        if numbers[file.identity] == nil { try add(file.identity, file.text, &numbers) }
        let imported = numbers[file.identity]!
        if item.includesService, imported != 0, list[imported].serviceImport == nil {
          list[imported].serviceImport = (item.file, item.offset, number)
        }
      }
      number += 1
    }
  }

  private mutating func add(_ identity: String, _ text: String, _ numbers: inout [String: Int]) throws(CandidTextError)
  {
    let bytes = Array(text.utf8)
    numbers[identity] = list.count
    do throws(CandidTextError) {
      var parser = try Parser(bytes)
      list.append(File(identity: identity, text: bytes, syntax: try parser.wholeInterface()))
    } catch {
      throw error.located(in: bytes, file: list.isEmpty ? nil : identity)
    }
  }

  func located(_ error: CandidTextError, in file: Int) -> CandidTextError {
    error.located(in: list[file].text, file: file == 0 ? nil : list[file].identity)
  }

  /// The main service, with the methods of imported ones, and the arguments of its constructor.
  mutating func service(
    _ checker: inout TypeChecker
  ) throws(CandidTextError) -> (service: TypeReference?, initArguments: CandidTypes?) {
    var initTypes: [TypeReference]?
    var service: TypeReference?
    var parts: [(methods: [MethodType], offset: Int, file: Int)] = []
    if let main = list[0].syntax.service {
      if let arguments = main.initArguments { initTypes = try checker.types(arguments) }
      service = try checker.service(main.type)
      parts.append((Self.methods(service!, checker.table), main.type.offset, 0))
    }
    for (number, file) in list.enumerated() {
      guard let item = file.serviceImport else { continue }
      guard let imported = file.syntax.service else {
        throw located(CandidTextError(.importWithoutService(item.name), at: item.offset), in: item.file)
      }
      guard imported.initArguments == nil else {
        throw located(CandidTextError(.importOfConstructor(item.name), at: item.offset), in: item.file)
      }
      let type = try checker.service(imported.type, file: number)
      parts.append((Self.methods(type, checker.table), item.offset, item.file))
    }
    if parts.count > 1 || service == nil, !parts.isEmpty { service = try checker.service(merging: parts) }
    return (service, initTypes.map { CandidTypes($0, in: checker.table) })
  }

  private static func methods(_ service: TypeReference, _ table: TypeTable) -> [MethodType] {
    guard case .service(let methods)? = table[service] else { return [] }
    return methods
  }
}
