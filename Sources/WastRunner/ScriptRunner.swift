// Runs specification scripts on any engine: keeps the instances that a script names and registers, carries its commands
// out in order, and judges its assertions.
//
// Source: the script grammar of the specification's reference interpreter (interpreter/README.md, "Scripts").

import WasmBinary
import WasmText
import WasmValidation
import WebAssembly

public struct ScriptRunner<Engine: ScriptEngine> {
  public private(set) var engine: Engine
  private let features: Features

  /// What a module command left behind.
  private enum Slot {
    case instance(Engine.Instance)
    /// There is no instance: the engine does not execute the module, or it failed. Commands that need it are skipped.
    case missing(reason: String)
  }
  /// A module command's module, decoded, or why there is none.
  private enum Definition {
    case module(Module)
    case missing(reason: String)
  }

  private var current: Slot = .missing(reason: "the script has no instance yet")
  private var named: [String: Slot] = [:]
  private var registered: [ExactName: Slot] = [:]
  private var hostModule: [ExactName: Engine.External] = [:]
  private var lastDefinition: Definition = .missing(reason: "the script has no module definition yet")
  private var definitions: [String: Definition] = [:]

  private var report = ScriptReport()
  private var line = 0

  /// A runner for one script.
  /// - Parameter engine: A fresh engine: instances of other scripts would show.
  /// - Parameter features: What validation accepts.
  public init(engine: Engine, features: Features = .wasm3) {
    self.engine = engine
    self.features = features
    for (name, item) in spectest { hostModule[ExactName(name)] = self.engine.make(item) }
  }

  /// Runs all commands. A failing command does not end the script.
  public mutating func run(_ script: Script) -> ScriptReport {
    report = ScriptReport()
    for command in script.commands {
      line = command.line
      perform(command.kind)
    }
    return report
  }

  // MARK: Commands

  private mutating func perform(_ command: ScriptCommand.Kind) {
    switch command {
    case .module(let module):
      let definition = define(module)
      set(instantiate(definition), name: module.name)
    case .moduleDefinition(let module):
      lastDefinition = define(module)
      if let name = module.name { definitions[name] = lastDefinition }
    case .moduleInstance(let name, let definition):
      let chosen = definition.map { definitions[$0] ?? .missing(reason: "no module definition $\($0)") }
      set(instantiate(chosen ?? lastDefinition), name: name)
    case .register(let name, let instance): registered[ExactName(name)] = slot(instance)
    case .action(let action):
      switch act(action) {
      case .success: break
      case .failure(let failure): note(failure, isAssertion: false)
      }
    case .assertReturn(let action, let patterns): assertReturn(action, patterns)
    case .assertTrap(let action, let message): assertTrap(act(action), message)
    case .assertExhaustion(let action, let message): assertTrap(act(action), message)
    case .assertException(let action):
      switch act(action) {
      case .success(let results): fail("expected an exception, got \(listed(results.map(\.description)))")
      case .failure(.engine(.exception)): report.passed += 1
      case .failure(let failure): note(failure, isAssertion: true)
      }
    case .assertModuleTrap(let module, let message): assertTrap(make(module).map { _ in [] }, message)
    case .assertUnlinkable(let module, _):
      switch make(module) {
      case .success: fail("expected the module to be unlinkable")
      case .failure(.engine(.unlinkable)): report.passed += 1
      case .failure(let failure): note(failure, isAssertion: true)
      }
    case .assertMalformed(let module, let message), .assertMalformedCustom(let module, let message):
      refuse(module, .malformed, message)
    case .assertInvalid(let module, let message): refuse(module, .invalid, message)
    case .assertInvalidCustom(let module, let message):
      // Annotations are checked by the parser, which knows no validation.
      refuse(module, .malformed, message)
    }
  }

  private mutating func set(_ slot: Slot, name: String?) {
    current = slot
    if let name { named[name] = slot }
  }

  private func slot(_ name: String?) -> Slot {
    guard let name else { return current }
    return named[name] ?? .missing(reason: "no instance $\(name)")
  }

  // MARK: Judging

  /// Why a command has no results.
  private enum Failure: Error {
    case engine(EngineError)
    /// Something the command needs is missing, for this reason.
    case missing(String)
    /// The module is refused.
    case refused(String)
  }

  private mutating func fail(_ reason: String) {
    report.failures.append(ScriptReport.Entry(line: line, reason: reason))
  }

  private mutating func skip(_ reason: String) {
    report.skipped.append(ScriptReport.Entry(line: line, reason: reason))
  }

  /// Records a failure that the command does not expect. What the engine does not support is skipped; unless it is an
  /// assertion, that shows only in what depends on it.
  private mutating func note(_ failure: Failure, isAssertion: Bool) {
    switch failure {
    case .missing(let reason), .engine(.unsupported(let reason)): if isAssertion { skip(reason) }
    case .refused(let reason): fail(reason)
    case .engine(.trap(let kind)): fail("trap: \(kind.message)")
    case .engine(.exception): fail("exception")
    case .engine(.unlinkable(let reason)): fail("unlinkable: \(reason)")
    case .engine(.failed(let reason)): fail(reason)
    }
  }

  private mutating func assertReturn(_ action: ScriptAction, _ patterns: [ResultPattern]) {
    switch act(action) {
    case .failure(let failure): note(failure, isAssertion: true)
    case .success(let results):
      if results.count == patterns.count && zip(patterns, results).allSatisfy({ $0.matches($1) }) {
        report.passed += 1
      } else {
        fail("expected \(listed(patterns.map(\.text))), got \(listed(results.map(\.description)))")
      }
    }
  }

  /// A trap's message may be a beginning of the expected one, which sometimes names the element, or go on after it.
  private mutating func assertTrap(_ outcome: Result<[EngineValue], Failure>, _ message: String) {
    switch outcome {
    case .success(let results): fail("expected the trap \(message), got \(listed(results.map(\.description)))")
    case .failure(.engine(.trap(let kind))):
      if kind.message.hasPrefix(message) || message.hasPrefix(kind.message) {
        report.passed += 1
      } else {
        fail("expected the trap \(message), got \(kind.message)")
      }
    case .failure(let failure): note(failure, isAssertion: true)
    }
  }

  /// Judges an assertion that a module is refused.
  private mutating func refuse(_ module: ScriptModule, _ kind: ModuleErrorKind, _ message: String) {
    do throws(TextError) {
      let bytes = try module.bytes()
      do throws(ModuleError) {
        _ = try validate(try decodeModule(ModuleBytes(bytes)), features: features)
        fail("expected the module to be \(kind.rawValue): \(message)")
      } catch {
        if error.kind == kind {
          report.passed += 1
        } else {
          fail("expected the module to be \(kind.rawValue): \(message), but it is \(error.kind.rawValue): \(error)")
        }
      }
    } catch {
      if kind == .malformed {
        report.passed += 1
      } else {
        fail("expected the module to be \(kind.rawValue): \(message), but its text is wrong: \(error)")
      }
    }
  }

  // MARK: Modules

  /// The module, decoded and validated.
  private func check(_ module: ScriptModule) -> Result<Module, Failure> {
    do throws(TextError) {
      let bytes = try module.bytes()
      do throws(ModuleError) {
        let decoded = try decodeModule(ModuleBytes(bytes))
        _ = try validate(decoded, features: features)
        return .success(decoded)
      } catch {
        return .failure(error.kind == .unsupported ? .missing("\(error)") : .refused("\(error)"))
      }
    } catch {
      return .failure(.refused("\(error)"))
    }
  }

  private mutating func define(_ module: ScriptModule) -> Definition {
    switch check(module) {
    case .success(let module): return .module(module)
    case .failure(let failure):
      note(failure, isAssertion: false)
      return .missing(reason: "the module at line \(line) failed")
    }
  }

  private mutating func instantiate(_ definition: Definition) -> Slot {
    switch definition {
    case .missing(let reason): return .missing(reason: reason)
    case .module(let module):
      switch make(module) {
      case .success(let instance): return .instance(instance)
      case .failure(let failure):
        note(failure, isAssertion: false)
        if case .engine(.unsupported(let reason)) = failure { return .missing(reason: reason) }
        if case .missing(let reason) = failure { return .missing(reason: reason) }
        return .missing(reason: "the module at line \(line) failed")
      }
    }
  }

  private mutating func make(_ module: ScriptModule) -> Result<Engine.Instance, Failure> {
    switch check(module) {
    case .success(let module): make(module)
    case .failure(let failure): .failure(failure)
    }
  }

  private mutating func make(_ module: Module) -> Result<Engine.Instance, Failure> {
    // Looked up before the engine is at work: it must not be asked for exports meanwhile.
    var externals: [ExactName: [ExactName: Engine.External]] = [:]
    for item in module.imports {
      let (from, name) = (ExactName(item.module), ExactName(item.name))
      switch registered[from] {
      case .missing(let reason): return .failure(.missing(reason))
      case .instance(let instance):
        if let external = engine.export(item.name, of: instance) { externals[from, default: [:]][name] = external }
      case nil:
        if item.module == "spectest" { externals[from] = hostModule }
      }
    }
    do throws(EngineError) {
      return .success(try engine.instantiate(module) { externals[ExactName($0.module)]?[ExactName($0.name)] })
    } catch {
      return .failure(.engine(error))
    }
  }

  // MARK: Actions

  private mutating func act(_ action: ScriptAction) -> Result<[EngineValue], Failure> {
    switch action {
    case .invoke(let instance, let name, let arguments):
      do throws(EngineError) {
        switch find(name, in: instance) {
        case .success(let function): return .success(try engine.invoke(function, arguments.map(EngineValue.init)))
        case .failure(let failure): return .failure(failure)
        }
      } catch {
        return .failure(.engine(error))
      }
    case .get(let instance, let name):
      do throws(EngineError) {
        switch find(name, in: instance) {
        case .success(let global): return .success([try engine.value(of: global)])
        case .failure(let failure): return .failure(failure)
        }
      } catch {
        return .failure(.engine(error))
      }
    }
  }

  private func find(_ name: String, in instance: String?) -> Result<Engine.External, Failure> {
    switch slot(instance) {
    case .missing(let reason): return .failure(.missing(reason))
    case .instance(let instance):
      guard let external = engine.export(name, of: instance) else {
        return .failure(.engine(.failed("there is no export \"\(name)\"")))
      }
      return .success(external)
    }
  }
}
