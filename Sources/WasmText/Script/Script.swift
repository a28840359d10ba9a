// Scripts (.wast files): a module format's test language, of modules, invocations and assertions about them.
//
// Source: the script grammar of the specification's reference interpreter (interpreter/README.md, "Scripts").

import WebAssembly

/// The commands of a script, in their order.
public struct Script: Sendable {
  public var commands: [ScriptCommand]

  /// Parses a script. Text modules are parsed with it; quoted ones only when their bytes are asked for.
  /// - Throws: `TextError`, where the script itself is wrong. What is wrong inside of a text module is kept in
  ///   `ScriptModule.Source.malformed` instead, because assertions may expect it.
  /// - Complexity: Linear in the length of the text.
  public init(parsing text: [UInt8], options: TextOptions = TextOptions()) throws(TextError) {
    commands = try withTextBytes(text) { (buffer) throws(TextError) in
      do throws(TextError) {
        var parser = try ScriptParser(buffer, options: options)
        return try parser.commands()
      } catch {
        throw error.located(in: buffer)
      }
    }
  }

  /// The same for text in a string.
  public init(parsing text: String, options: TextOptions = TextOptions()) throws(TextError) {
    try self.init(parsing: Array(text.utf8), options: options)
  }
}

public struct ScriptCommand: Sendable {
  /// The line on which the command begins, counted from 1.
  public var line: Int
  public var kind: Kind

  public enum Kind: Sendable {
    /// Define and instantiate a module; it becomes the current instance.
    case module(ScriptModule)
    /// Define a module without instantiating it.
    case moduleDefinition(ScriptModule)
    /// Instantiate the definition with this name, or the last one.
    case moduleInstance(name: String?, definition: String?)
    /// Let later modules import the exports of an instance, or of the current one, from the module name `name`.
    case register(name: String, instance: String?)
    case action(ScriptAction)
    case assertReturn(ScriptAction, [ResultPattern])
    case assertTrap(ScriptAction, message: String)
    /// Instantiating the module traps.
    case assertModuleTrap(ScriptModule, message: String)
    case assertException(ScriptAction)
    /// A call ends by exhausting the stack.
    case assertExhaustion(ScriptAction, message: String)
    case assertMalformed(ScriptModule, message: String)
    case assertInvalid(ScriptModule, message: String)
    case assertUnlinkable(ScriptModule, message: String)
    /// The module is well-formed but for the contents of custom sections or annotations.
    case assertMalformedCustom(ScriptModule, message: String)
    /// The module is valid but for the contents of custom sections or annotations.
    case assertInvalidCustom(ScriptModule, message: String)
  }
}

/// A module in a script.
public struct ScriptModule: Sendable {
  public enum Source: Sendable {
    /// The binary form of a module that was written as text.
    case text([UInt8])
    /// The module was written as text, which is wrong.
    case malformed(TextError)
    /// A module that was given in binary form; nothing about it is checked.
    case binary([UInt8])
    /// A module whose text was given in strings; it is not parsed yet.
    case quote([UInt8])
  }
  /// The identifier without `$`.
  public var name: String?
  public var source: Source

  /// The module in binary form.
  /// - Throws: `TextError` if its text is wrong. For quoted modules, the place is that in the quoted text.
  public func bytes(options: TextOptions = TextOptions()) throws(TextError) -> [UInt8] {
    switch source {
    case .text(let bytes), .binary(let bytes): bytes
    case .malformed(let error): throw error
    case .quote(let text): try parseModule(text, options: options)
    }
  }
}

/// Something that a script does with an instance: the one named `instance`, or the current one.
public enum ScriptAction: Hashable, Sendable {
  case invoke(instance: String?, function: String, arguments: [ScriptValue])
  case get(instance: String?, global: String)
}

/// An argument, or an exact result. Integers and floats are given by their bits.
public enum ScriptValue: Hashable, Sendable {
  case i32(UInt32)
  case i64(UInt64)
  case f32(UInt32)
  case f64(UInt64)
  /// Bytes 0 to 7 and 8 to 15, little-endian.
  case v128(low: UInt64, high: UInt64)
  case refNull(HeapType)
  /// A reference to the host's value with this number, of type `externref`.
  case refExtern(UInt32)
  /// The same, of type `anyref`.
  case refHost(UInt32)
}

/// What a result must be.
public enum ResultPattern: Hashable, Sendable {
  case value(ScriptValue)
  case f32NaN(NaNPattern)
  case f64NaN(NaNPattern)
  /// A vector, at least one of whose lanes is a pattern.
  case lanes(VectorShape, [LanePattern])
  /// Any null reference.
  case refNull
  /// Any function reference, or one to the function with this index of the instance.
  case refFunc(UInt32?)
  /// Any reference to a host value, as `externref`.
  case refExtern
  case refAny
  case refEq
  case refI31
  case refStruct
  case refArray
  case refExn
  /// One of these.
  case either([ResultPattern])
}

public enum NaNPattern: Hashable, Sendable {
  /// Quiet, with all other bits of the payload 0; any sign.
  case canonical
  /// Quiet; any sign.
  case arithmetic
}

public enum LanePattern: Hashable, Sendable {
  /// These bits.
  case bits(UInt64)
  case nan(NaNPattern)
}
