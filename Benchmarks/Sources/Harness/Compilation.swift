// How fast modules are compiled, by commands that write what they made to a file.

import Foundation

public struct CommandCompiler: Sendable {
  public let name: String
  /// The words of the command, in which `{wasm}` and `{out}` stand for the module and the file to write.
  public let template: [String]
  public let limit: Double

  /// Reads `NAME=WORD WORD …`. Words are separated by spaces; there is no quoting.
  public init(parsing text: String, limit: Double = 120) throws(HarnessError) {
    let command = try NamedCommand(parsing: text)
    guard command.mentions("{wasm}"), command.mentions("{out}") else { throw .malformedEngine(text) }
    name = command.name
    template = command.words
    self.limit = limit
  }

  func compile(_ module: URL) throws(HarnessError) -> Cost {
    let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: output) }
    let words = template.map {
      $0.replacingOccurrences(of: "{wasm}", with: module.path).replacingOccurrences(of: "{out}", with: output.path)
    }
    let execution = try runCommand(words, limit: limit)
    if execution.status != 0 {
      throw .engineFailed(status: execution.status, message: String(execution.messages.suffix(300)))
    }
    return execution.cost
  }
}

/// What one compiler did with one module.
public struct Compilation: Sendable {
  public struct Figures: Hashable, Sendable {
    /// Bytes of the module in a second of processor time, of all threads together.
    public var rate: Double
    /// Median of the resident memory; bytes.
    public var peak: Double
    public init(rate: Double, peak: Double) {
      self.rate = rate
      self.peak = peak
    }
  }

  public var compiler: String
  public var module: String
  /// Of the module; bytes.
  public var size: Int
  public var outcome: Result<Figures, HarnessError>
  public init(compiler: String, module: String, size: Int, outcome: Result<Figures, HarnessError>) {
    self.compiler = compiler
    self.module = module
    self.size = size
    self.outcome = outcome
  }
}

/// Compiles every module with every compiler `rounds` times in turn. What it takes to compile `smallest`, which is next to
/// nothing, is taken off: it is the start of the process.
public func measureCompilation(
  of modules: [URL], smallest: URL, with compilers: [CommandCompiler], rounds: Int,
  progress: (String) -> Void = { _ in }
) -> (compilations: [Compilation], samples: [Sample]) {
  var samples: [Sample] = []
  var failures: [String: HarnessError] = [:]
  for round in 0..<rounds {
    for module in [smallest] + modules {
      if round == 0 { progress("compiling \(name(module))") }
      for compiler in compilers where failures[compiler.name] == nil {
        do {
          samples.append(
            Sample(
              kind: .compilation, engine: compiler.name, subject: name(module), round: round, n: 0,
              cost: try compiler.compile(module)))
        } catch {
          failures[compiler.name] = error
        }
      }
    }
  }
  func costs(_ compiler: String, _ module: URL) -> [Cost] {
    samples.filter { $0.engine == compiler && $0.subject == name(module) }.map(\.cost)
  }
  var compilations: [Compilation] = []
  for module in modules {
    for compiler in compilers.map(\.name) {
      let result: Result<Compilation.Figures, HarnessError>
      if let failure = failures[compiler] {
        result = .failure(failure)
      } else {
        let costs = costs(compiler, module)
        result = .success(
          compilationFigures(costs, size: fileSize(module), start: Harness.median(costsOfStart(compiler).map(\.cpu))))
      }
      compilations.append(
        Compilation(compiler: compiler, module: name(module), size: fileSize(module), outcome: result))
    }
  }
  func costsOfStart(_ compiler: String) -> [Cost] { costs(compiler, smallest) }
  return (compilations, samples)
}

/// The figures from costs, of which `start` seconds of processor time have nothing to do with the module.
public func compilationFigures(_ costs: [Cost], size: Int, start: Double) -> Compilation.Figures {
  let seconds = max(median(costs.map(\.cpu)) - start, 1e-6)
  return Compilation.Figures(rate: Double(size) / seconds, peak: median(costs.map { Double($0.peak) }))
}

private func name(_ module: URL) -> String { module.deletingPathExtension().lastPathComponent }

/// Bytes; 0 if there is no such file.
func fileSize(_ module: URL) -> Int {
  ((try? FileManager.default.attributesOfItem(atPath: module.path))?[.size] as? Int) ?? 0
}
