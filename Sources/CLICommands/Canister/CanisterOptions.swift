// Options that the canister commands share.

import ArgumentParser
import Candid
import CanisterRuntime
import Cannery
import SystemAPI

struct StateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The folder that the canisters are kept in.", valueName: "dir"), completion: .directory)
  var state: String

  /// Does `body` with the state, and keeps what it changed.
  func change<Result>(makes: Bool = false, _ body: (inout StateDirectory) throws -> Result) throws -> Result {
    var directory = try StateDirectory(state, makes: makes)
    do {
      let result = try body(&directory)
      try directory.save()
      return result
    } catch let failure as GuestFailure {
      // What it cost, and what it logged, stays.
      try directory.save()
      throw failure
    }
  }

  /// Does `body` with the state, which it doesn't change.
  func read<Result>(_ body: (StateDirectory) throws -> Result) throws -> Result {
    try body(StateDirectory(state, makes: false))
  }
}

/// A canister said no, or failed.
struct GuestFailure: Error {
  var code: ErrorCode
  var rejectCode: RejectCode
  var message: String

  init(_ error: CanisterError) {
    code = error.code
    rejectCode = error.code.rejectCode
    message = error.message
  }

  init(_ reject: CanisterReject) {
    code = reject.error
    rejectCode = reject.code
    message = reject.message
  }

  var members: [JSONValue.Member] {
    [
      .init("code", .string("\(code)")), .init("rejectCode", JSONValue(UInt64(rejectCode.rawValue))),
      .init("rejectName", .string(rejectCode.name)), .init("message", .string(message)),
    ]
  }

  var failure: CommandFailure {
    CommandFailure(
      .guestFailed, "rejected", "\(code) (\(rejectCode.name)): \(message)", details: Array(members.prefix(3)))
  }
}

/// Does `body`; what canisters and the system refuse becomes a `GuestFailure`.
func reportingRejects<Result>(_ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let error as CanisterError {
    throw GuestFailure(error)
  } catch let reject as CanisterReject {
    throw GuestFailure(reject)
  }
}

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
    _ types: CandidTypes?, positional: String? = nil, mayLack: Bool = false, _ console: Console
  ) throws -> [UInt8] {
    let given = [text, positional, file].compactMap { $0 }
    if given.count > 1 { throw CommandFailure.usage("the argument is given twice") }
    if let file {
      let contents =
        file == "-"
        ? try console.input(limit: FileAccess.inputLimit) : try FileAccess.Descriptor(reading: file).readAll()
      if raw { return contents }
      return try encode(String(decoding: contents, as: UTF8.self), types, file: file)
    }
    guard let text = text ?? positional else { return try encode("()", mayLack ? nil : types, file: nil) }
    if raw { return try ArgumentOptions.bytes(hexadecimal: text) }
    return try encode(text, types, file: nil)
  }

  private func encode(_ text: String, _ types: CandidTypes?, file: String?) throws -> [UInt8] {
    do {
      guard let types else { return try encodeArguments(parseArguments(text)) }
      return try encodeArguments(parseArguments(text, as: types), as: types)
    } catch let error as CandidTextError {
      throw CommandFailure(
        .wrongUsage, "arguments", "\(file ?? "the argument"):\(error)", offset: error.offset,
        details: [.init("line", JSONValue(error.line)), .init("column", JSONValue(error.column))])
    } catch let error as CandidError {
      throw CommandFailure(.wrongUsage, "arguments", "\(file ?? "the argument"): \(error)")
    }
  }

  static func bytes(hexadecimal text: String) throws(CommandFailure) -> [UInt8] {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
      throw CommandFailure.usage("the raw argument must be hexadecimal digits, two for each byte")
    }
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
    }
  }

  /// The interface: of the file that is named, or else what the module says; nil if neither says any.
  func interface(of module: InstalledModule?) throws -> CandidInterface? {
    if let candid {
      let text = String(decoding: try FileAccess.Descriptor(reading: candid).readAll(), as: UTF8.self)
      return try parse(text, candid)
    }
    guard let section = module?.metadata["candid:service"] else { return nil }
    return try? parse(String(decoding: section.contents, as: UTF8.self), "candid:service")
  }

  private func parse(_ text: String, _ file: String) throws(CommandFailure) -> CandidInterface {
    do {
      return try CandidInterface(parsing: text)
    } catch {
      throw CommandFailure(.inputWrong, "malformed", "\(file):\(error)")
    }
  }
}

/// An amount of cycles: digits, `_` between them, and a unit: k, m, b, t.
struct CyclesAmount: ExpressibleByArgument {
  var amount: Cycles

  init?(argument: String) {
    var digits = argument.filter { $0 != "_" }
    var factor: Cycles = 1
    switch digits.last?.lowercased() {
    case "k": factor = 1_000
    case "m": factor = 1_000_000
    case "b": factor = 1_000_000_000
    case "t": factor = 1_000_000_000_000
    default: break
    }
    if factor > 1 { digits.removeLast() }
    guard let number = Cycles(digits) else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    if overflow { return nil }
    amount = product
  }
}

/// A time: digits and a unit: ns, us, ms, s, m, h, d.
struct DurationAmount: ExpressibleByArgument {
  var nanoseconds: UInt64

  init?(argument: String) {
    let digits = argument.prefix { $0.isNumber }
    let factors: [String: UInt64] = [
      "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
      "d": 86_400_000_000_000,
    ]
    guard let number = UInt64(digits), let factor = factors[String(argument.dropFirst(digits.count))] else {
      return nil
    }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    if overflow { return nil }
    nanoseconds = product
  }
}

struct PrincipalArgument: ExpressibleByArgument {
  var principal: Principal
  init?(argument: String) {
    if argument == "anonymous" {
      principal = .anonymous
    } else if let principal = Principal(argument) {
      self.principal = principal
    } else {
      return nil
    }
  }
}

/// The digits of an amount in groups of three.
func grouped(_ number: some BinaryInteger) -> String {
  var text = ""
  let digits = String(number)
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text += "_" }
    text.append(digit)
  }
  return text
}
