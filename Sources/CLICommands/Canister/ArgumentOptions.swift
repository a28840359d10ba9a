// The argument of a call, and the interface by which it is read: Candid text or bytes, on the command line or in a file.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import HostFiles
import SystemAPI

struct ArgumentOptions: ParsableArguments {
  @Option(
    name: .customLong("arg"), parsing: .unconditional,
    help: ArgumentHelp("The argument, as Candid text: '(1, \"x\")'.", valueName: "text"))
  var text: String?
  @Option(
    name: .customLong("arg-file"),
    help: ArgumentHelp("A file with the argument: Candid text, or with --raw its bytes.", valueName: "file"),
    completion: .file())
  var file: String?
  @Flag(help: "The argument is raw bytes: hexadecimal digits, or a file's contents. The reply is printed likewise.")
  var raw = false
  @Option(
    help: ArgumentHelp(
      "A .did file with the canister's interface, in place of what the module says.", valueName: "file"),
    completion: .file(extensions: ["did"]))
  var candid: String?

  /// The argument's bytes, for a method of these types. Without a text there is no argument; with `mayLack` that is right
  /// whatever the types are.
  func bytes(
    _ types: CandidTypes?, positional: String? = nil, mayLack: Bool = false, what: String = "the argument",
    _ console: Console
  ) throws -> [UInt8] {
    let given = [text, positional, file].compactMap { $0 }
    if given.count > 1 { throw CommandFailure.usage("the argument is given twice") }
    if let file {
      let contents =
        file == "-"
        ? try console.input(limit: FileAccess.inputLimit) : try FileAccess.Descriptor(reading: file).readAll()
      if raw { return contents }
      guard let text = String(validating: contents, as: UTF8.self) else {
        throw CommandFailure(
          .inputWrong, "malformed", "\(file): not UTF-8, as Candid text is; with --raw a file's bytes are the argument")
      }
      return try ArgumentOptions.encode(text, types, file: file)
    }
    guard let text = text ?? positional else {
      return try ArgumentOptions.encode("()", mayLack ? nil : types, what: what, file: nil)
    }
    if raw { return try ArgumentOptions.bytes(hexadecimal: text) }
    return try ArgumentOptions.encode(text, types, what: what, file: nil)
  }

  /// Reads Candid text for these types.
  static func encode(
    _ text: String, _ types: CandidTypes?, what: String = "the argument", file: String?
  ) throws -> [UInt8] {
    let status: ExitStatus = file == nil ? .wrongUsage : .inputWrong
    do {
      guard let types else { return try encodeArguments(parseArguments(text)) }
      return try encodeArguments(parseArguments(text, as: types), as: types)
    } catch let error as CandidTextError {
      throw CommandFailure(
        status, "arguments", "\(file ?? what):\(error)" + hint(types), offset: error.offset,
        details: [.init("line", JSONValue(error.line)), .init("column", JSONValue(error.column))])
    } catch let error as CandidError {
      throw CommandFailure(status, "arguments", "\(file ?? what): \(error)" + hint(types))
    }
  }

  /// What the types are, if that is short.
  private static func hint(_ types: CandidTypes?) -> String {
    guard let types, types.count <= 20 else { return "" }
    let shown = "\(types)"
    if shown.utf8.count > 400 { return "" }
    var hint = "; it takes \(visible(shown))"
    var separator = ", where "
    for definition in types.definitions(limit: 8) where hint.utf8.count + definition.utf8.count < 1_000 {
      hint += separator + visible(definition)
      separator = "; "
    }
    return hint
  }

  static func bytes(hexadecimal text: String) throws(CommandFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var half: UInt8?
    for digit in text.utf8 {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else {
        throw CommandFailure.usage("the raw argument must be hexadecimal digits, two for each byte")
      }
      if let high = half {
        bytes.append(high << 4 | UInt8(value))
        half = nil
      } else {
        half = UInt8(value)
      }
    }
    if half != nil { throw CommandFailure.usage("the raw argument must be hexadecimal digits, two for each byte") }
    return bytes
  }

  // MARK: Interfaces

  /// The interface: of the file that is named, or else what the module says; nil if neither says any.
  func interface(of module: InstalledModule?, _ console: Console) throws -> CandidInterface? {
    if let candid { return try ArgumentOptions.interface(file: candid) }
    guard let section = module?.metadata[ExactName(ArgumentOptions.section)] else { return nil }
    return ArgumentOptions.interface(
      told: String(decoding: section.contents, as: UTF8.self), "the module's \(ArgumentOptions.section)", console)
  }

  /// What `canister_init` takes: as the interface says, or else the module.
  func initTypes(of module: InstalledModule, _ console: Console) throws -> CandidTypes? {
    let interface = try interface(of: module, console)
    return candid == nil ? module.initArguments : interface?.initArguments
  }

  /// The interface of a canister; of older ones without metadata, what their query for it tells.
  func interface(of id: Principal, in runtime: CanisterRuntime, _ console: Console) throws -> CandidInterface? {
    if id == .managementCanister && candid == nil {
      return try CandidInterface(parsing: CanisterRuntime.managementInterface)
    }
    let module = try runtime.module(of: id)
    if let interface = try interface(of: module, console) { return interface }
    let query = "__get_candid_interface_tmp_hack"
    guard candid == nil, module?.metadata[ExactName(ArgumentOptions.section)] == nil,
      module?.methodKind(query) == .query,
      let reply = try? runtime.query(id, query, try encodeArguments([])),
      case .text(let text)? = try? decodeArguments(reply).values.first
    else { return nil }
    _ = runtime.takeReports()
    return ArgumentOptions.interface(told: text, "the canister's \(query)", console)
  }

  private static let section = "candid:service"

  private static func interface(told text: String, _ origin: String, _ console: Console) -> CandidInterface? {
    do {
      return try CandidInterface(parsing: text)
    } catch {
      console.noteOnce("\(origin) can't be read, so that fields are shown by number: \(error)")
      return nil
    }
  }

  /// Bytes of a file with an interface.
  private static let interfaceLimit = 1 << 28

  private static func interface(file: String) throws -> CandidInterface {
    let text = String(decoding: try FileAccess.Descriptor(reading: file).readAll(limit: interfaceLimit), as: UTF8.self)
    // A file is the same one by every path, also by one that goes in a circle.
    let root = FileAccess.resolved(file)
    var unreadable: FileError?
    do {
      let interface = try CandidInterface(parsing: text, identity: root) { name, importer in
        let path = FileAccess.resolved(name.hasPrefix("/") ? name : folder(of: importer) + name)
        guard FileAccess.exists(path), unreadable == nil else { return nil }
        do throws(FileError) {
          let bytes = try FileAccess.Descriptor(reading: path).readAll(limit: interfaceLimit)
          return CandidInterface.ImportedFile(identity: path, text: String(decoding: bytes, as: UTF8.self))
        } catch {
          unreadable = error
          return nil
        }
      }
      if interface.service == nil {
        throw CommandFailure(.inputWrong, "malformed", "\(file): there is no service in it")
      }
      return interface
    } catch let error as CandidTextError {
      if let unreadable { throw unreadable }
      throw CommandFailure(.inputWrong, "malformed", "\(file):\(error)")
    }
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }
}

extension Principal {
  /// Whether a target means the management canister.
  static func isManagementCanister(_ target: String) -> Bool { Principal(target) == .managementCanister }
}
