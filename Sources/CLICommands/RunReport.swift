// What came of `cannery run`: results or a trap, and what was counted.

import Cannery

struct RunReport {
  /// The limit on instructions, if there is one.
  let limit: UInt64?
  private(set) var results: [(type: ValueType, value: Value)] = []
  /// Executed by the call; may exceed the limit.
  private(set) var instructions: UInt64 = 0
  /// Executed by start functions before it.
  var startInstructions: UInt64 = 0
  var trap: Trap?
  /// Pages of 4 KiB that the call changed in the instance's memories; nil without write tracking.
  private(set) var changedPages: Int?

  init(limit: UInt64?) { self.limit = limit }

  /// What is paid for: never more than the limit.
  var billed: UInt64 { min(instructions, limit ?? .max) }

  /// Calls the function and keeps what came of it. Throws what is neither a result nor a trap.
  mutating func run(_ call: Invocation, on instance: Instance, file: String) throws {
    let function = instance.function(at: call.function)
    if instance.store.tracksWrites {
      for memory in instance.memories { memory.commit() }
    }
    defer {
      if instance.store.tracksWrites { changedPages = instance.memories.reduce(0) { $0 + $1.dirtyPages().count } }
    }
    guard function.instance != nil else {
      // An import that is exported again, and that a host function stands for: there is nothing to count.
      do { keep(try function.call(call.arguments), call.type) } catch let trap as Trap { self.trap = trap } catch {
        trap = Trap(kind: .hostError, underlying: error)
      }
      return
    }
    do throws(ExecutionError) {
      let execution = try Execution(function, arguments: call.arguments, instructions: limit)
      let state = try execution.run()
      instructions = execution.instructionsExecuted
      switch state {
      case .finished(let values): keep(values, call.type)
      case .trapped(let trap): self.trap = trap
      case .outOfInstructions: trap = Trap(kind: .outOfInstructions, backtrace: instance.store.backtrace())
      case .interrupted: trap = Trap(kind: .interrupted, backtrace: instance.store.backtrace())
      case .waitingForHost: throw .cannotSuspend
      }
    } catch {
      throw CommandFailure(error, file: file)
    }
    if let error = trap?.artifactError { throw CommandFailure(error, file: file) }
  }

  private mutating func keep(_ values: [Value], _ type: FunctionType) {
    results = zip(type.results, values).map { (type: $0, value: $1) }
  }

  var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init(
        "results",
        .array(results.map { ["type": .string($0.type.description), "value": .string($0.value.text)] })),
      .init("instructions", JSONValue(instructions)), .init("billed", JSONValue(billed)),
      .init("startInstructions", JSONValue(startInstructions)), .init("trap", trap?.json ?? .null),
    ]
    if let changedPages { members.append(.init("changedPages", JSONValue(changedPages))) }
    return .object(members)
  }

  /// Results, one a line, on standard output; everything else on standard error.
  func print(on console: Console, _ policy: MeteringPolicy, isQuiet: Bool) {
    for result in results { console.print(result.value.text) }
    if let trap { console.note("trap: \(trap.message)\(trap.frames)") }
    if isQuiet { return }
    if let changedPages { console.note("\(changedPages) pages changed") }
    if policy == .none { return }
    var counts = "\(instructions) instructions"
    if billed != instructions { counts += ", \(billed) billed" }
    if startInstructions != 0 { counts += ", and \(startInstructions) of start functions" }
    console.note(counts)
  }
}

extension Trap {
  /// What a function's code breaks, where the trap means that it was refused at its first call.
  var artifactError: ArtifactError? {
    switch underlying {
    case let error as ArtifactError: error
    case ExecutionError.invalidArtifact(let error)?: error
    default: nil
    }
  }

  var message: String { kind.message + (underlying.map { ": \($0)" } ?? "") }

  /// A line for each frame of the backtrace, each after a newline.
  var frames: String {
    backtrace.enumerated().map { index, frame in
      let place = frame.isHost ? "host function" : "function \(frame.function)"
      let name = frame.name.map { " " + quoted($0) } ?? ""
      let offset = frame.offset.map { " at 0x" + String($0, radix: 16) } ?? ""
      return "\n  \(index): \(place)\(name)\(offset)"
    }.joined()
  }

  /// `function` and `offset` are those of the innermost frame of a module.
  var json: JSONValue {
    let innermost = backtrace.first { !$0.isHost }
    return [
      "kind": .string(kind.name), "message": .string(message),
      "function": JSONValue(innermost.map { Int($0.function) }), "name": JSONValue(innermost?.name),
      "offset": JSONValue(innermost?.offset), "backtrace": .array(backtrace.map(\.json)),
    ]
  }
}

extension BacktraceFrame {
  fileprivate var json: JSONValue {
    [
      "function": isHost ? .null : JSONValue(function), "name": JSONValue(name), "offset": JSONValue(offset),
      "host": .bool(isHost),
    ]
  }
}
