// The calls about the canister, its subnet, time, and environment variables.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPICanisterTests {
  @Test(arguments: [false, true]) func identity(is64: Bool) throws {
    let stage = try Stage(is64: is64, rootKey: [1, 2, 3])
    stage.state.version = 1 << 40
    let outcome = try stage.run(
      .update,
      [
        Step(.canisterSelfSize), Step(.canisterSelfCopy, 0, 0, 10), Step(.subnetSelfSize),
        Step(.subnetSelfCopy, 20, 6, 4),
        Step(.rootKeySize), Step(.rootKeyCopy, 30, 1, 2), Step(.canisterVersion), Step(.time),
      ])
    #expect(outcome.results == [10, 0, 10, 0, 3, 0, 1 << 40, Stage.time])
    #expect(stage.heap(0, 11) == Stage.id.bytes + [0])
    #expect(stage.heap(20, 5) == [0xFF, 0xFF, 1, 1, 0])
    #expect(stage.heap(30, 3) == [2, 3, 0])
  }

  @Test func status() throws {
    let stage = try Stage()
    for (status, number) in [(CanisterStatus.running, 1 as UInt64), (.stopping, 2), (.stopped, 3)] {
      stage.state.status = status
      #expect(try stage.run(.update, [Step(.canisterStatus)]).results == [number])
    }
  }

  @Test(arguments: [false, true]) func controllers(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put(Stage.controller.bytes, at: 0)
    let longest = Principal([UInt8](repeating: 5, count: 29))!
    stage.put(longest.bytes, at: 100)
    stage.state.settings.controllers = [Stage.controller, longest, .managementCanister]
    func answer(_ address: UInt64, _ size: UInt64) throws -> UInt64? {
      try stage.run(.start, [Step(.isController, address, size)]).results.first
    }
    #expect(try answer(0, 2) == 1)
    #expect(try answer(0, 1) == 0)
    #expect(try answer(0, 3) == 0)
    #expect(try answer(0, 0) == 1)
    #expect(try answer(100, 29) == 1)
    stage.state.settings.controllers = []
    #expect(try answer(0, 2) == 0)
    for size: UInt64 in [30, 4_000] {
      let outcome = try stage.run(.update, [Step(.isController, 0, size)])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text == "Canister provided invalid principal id")
    }
  }

  @Test(arguments: ExecutionMode.allCases) func replication(mode: ExecutionMode) throws {
    let isReplicated = ![
      .query, .transform, .compositeQuery, .compositeReplyCallback, .compositeRejectCallback, .compositeCleanup,
      .inspectMessage,
    ].contains(mode)
    let stage = try Stage()
    // Not every mode keeps its heap. The text is the number, at its place in the program.
    let steps = [Step(.inReplicatedExecution), Step(.trap, Script.result(0), 1)]
    let text = try stage.run(mode, steps).text
    #expect(text == "Canister called `ic0.trap` with message: '\(isReplicated ? "\u{1}" : "\u{0}")'")
  }

  @Test(arguments: [ExecutionMode.initialization, .preUpgrade, .update, .replyCallback, .cleanup, .systemTask])
  func globalTimer(mode: ExecutionMode) throws {
    let stage = try Stage()
    #expect(
      try stage.run(mode, [Step(.globalTimerSet, 5), Step(.globalTimerSet, .max), Step(.globalTimerSet, 7)]).results
        == [0, 5, .max])
    #expect(stage.state.globalTimer == 7)
    #expect(try stage.run(mode, [Step(.globalTimerSet, 9), .unreachable]).code == .canisterTrapped)
    #expect(stage.state.globalTimer == 7)
    #expect(try stage.run(mode, [Step(.globalTimerSet, 0), Step(.globalTimerSet, 0)]).results == [7, 0])
    #expect(stage.state.globalTimer == 0)
  }

  // MARK: Counters

  @Test(arguments: [false, true]) func performanceCounters(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let read = [
      Step(.performanceCounter, 0), Step(.performanceCounter, 1), Step(.msgCallerSize), Step(.performanceCounter, 0),
      Step(.performanceCounter, 1),
    ]
    let outcome = try stage.run(.update, read) { $0.instructionsBefore = 1_000_000_000_000 }
    let results = outcome.results
    let step = results[1] - 1_000_000_000_000 - results[0]
    #expect(results[4] - 1_000_000_000_000 - results[3] == step)
    // Between them is the other call: it costs 300 more, and has no operand to be read.
    #expect(results[3] - results[1] % 1_000_000_000_000 == 2 * step + 300 - (is64 ? 4 : 2))
    #expect(outcome.result.executedInstructions > results[3])
    for type: UInt64 in [2, 3, UInt64(UInt32.max)] {
      let outcome = try stage.run(.update, [Step(.performanceCounter, type)])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text == "Canister violated contract: Error getting performance counter type \(type)")
    }
  }

  /// Instructions of all slices count.
  @Test func countersOverSlices() throws {
    var limits: [UInt64] = []
    for slice: UInt64 in [1 << 60, 6_000] {
      let stage = try Stage()
      stage.put(
        Script.encode([
          Step(.msgReplyDataAppend, 0, 100), Step(.msgReplyDataAppend, 0, 100), Step(.performanceCounter, 0),
        ]),
        at: Script.program)
      let context = MessageContext(.update, caller: Stage.caller, time: Stage.time, instructionLimit: 1 << 60)
      let execution = try CanisterExecution(
        stage.machine, .export(stage.entry), context, stage.state, capacity: stage.capacity, slice: slice)
      #expect(execution.run().error == nil)
      limits.append(stage.heap(Script.result(2), 8).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }
    #expect(limits[0] == limits[1])
  }

  // MARK: Certified data

  @Test(arguments: [false, true]) func certifiedData(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put([UInt8](1...40), at: 0)
    #expect(try stage.run(.update, [Step(.certifiedDataSet, 0, 32)]).error == nil)
    #expect(stage.state.certifiedData == [UInt8](1...32))
    #expect(try stage.run(.update, [Step(.certifiedDataSet, 0, 5), .unreachable]).error != nil)
    #expect(stage.state.certifiedData == [UInt8](1...32))
    for address in [0, Script.heapSize] {
      let outcome = try stage.run(.update, [Step(.certifiedDataSet, address, 33)])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("no larger than 32 bytes") == true)
    }
    #expect(
      try stage.run(.initialization, [Step(.certifiedDataSet, 3, 2), Step(.certifiedDataSet, 7, 1)]).error == nil)
    #expect(stage.state.certifiedData == [8])
    #expect(try stage.run(.systemTask, [Step(.certifiedDataSet, 0, 0)]).error == nil)
    #expect(stage.state.certifiedData == [])
  }

  @Test(arguments: [ExecutionMode.query, .compositeQuery], [false, true]) func certificates(
    mode: ExecutionMode, is64: Bool
  ) throws {
    let stage = try Stage(is64: is64)
    let read = [
      Step(.dataCertificatePresent), Step(.dataCertificateSize), Step(.dataCertificateCopy, 0, 1, 3),
      Step(.msgReplyDataAppend, Script.result(0), 1), Step(.msgReplyDataAppend, Script.result(1), 1),
      Step(.msgReplyDataAppend, 0, 3), Step(.msgReply),
    ]
    let outcome = try stage.run(mode, read) { $0.dataCertificate = [9, 8, 7, 6] }
    #expect(outcome.result.effects.response == .reply([1, 4, 8, 7, 6]))
    let none = [Step(.dataCertificatePresent), Step(.msgReplyDataAppend, Script.result(0), 1), Step(.msgReply)]
    #expect(try stage.run(mode, none).result.effects.response == .reply([0]))
    for step in [Step(.dataCertificateSize), Step(.dataCertificateCopy, 0, 0, 0)] {
      #expect(try stage.run(mode, [step]).code == .canisterContractViolation)
    }
    #expect(try stage.run(.update, [Step(.dataCertificatePresent)]).results == [0])
  }

  // MARK: Environment variables

  private func variables(is64: Bool) throws -> Stage {
    let stage = try Stage(is64: is64)
    stage.state.settings.setEnvironment(
      [("b", "two"), ("Z", ""), ("ä", "umlaut"), ("ba", "three"), ("a", "one")].map {
        EnvironmentVariable(name: $0, value: $1)
      })
    for (index, name) in ["a", "b", "ba", "Z", "ä", "c", ""].enumerated() { stage.put(name, at: UInt64(index) * 10) }
    return stage
  }

  @Test(arguments: [false, true]) func variablesByNumber(is64: Bool) throws {
    let stage = try variables(is64: is64)
    var steps = [Step(.envVarCount)]
    for index: UInt64 in 0..<5 {
      steps += [Step(.envVarNameSize, index), Step(.envVarNameCopy, index, 1_000 + 10 * index, 0, index < 3 ? 1 : 2)]
    }
    let outcome = try stage.run(.update, steps)
    #expect(outcome.results == [5, 1, 0, 1, 0, 1, 0, 2, 0, 2, 0])
    // By their bytes.
    let names = [0, 10, 20, 30, 40].map { String(decoding: stage.heap(1_000 + $0, 2), as: UTF8.self) }
    #expect(names == ["Z\0", "a\0", "b\0", "ba", "ä"])
    for index: UInt64 in [5, 6, UInt64(UInt32.max), is64 ? .max : 5] {
      for step in [Step(.envVarNameSize, index), Step(.envVarNameCopy, index, Script.heapSize, 0, 100)] {
        let outcome = try stage.run(.update, [step])
        #expect(outcome.code == .canisterContractViolation)
        #expect(outcome.text?.contains("index \(index)") == true)
      }
    }
    stage.state.settings.setEnvironment([])
    #expect(try stage.run(.query, [Step(.envVarCount)]).error == nil)
    #expect(try stage.run(.update, [Step(.envVarNameSize, 0)]).code == .canisterContractViolation)
  }

  @Test(arguments: [false, true]) func variablesByName(is64: Bool) throws {
    let stage = try variables(is64: is64)
    let sizes: [UInt64] = [1, 1, 2, 1, 2, 1, 0]
    let exists = try stage.run(.update, (0..<7).map { Step(.envVarNameExists, UInt64($0) * 10, sizes[$0]) })
    #expect(exists.results == [1, 1, 1, 1, 1, 0, 0])
    let values = try stage.run(.update, (0..<5).map { Step(.envVarValueSize, UInt64($0) * 10, sizes[$0]) })
    #expect(values.results == [3, 3, 5, 0, 6])
    #expect(
      try stage.run(
        .update, [Step(.envVarValueCopy, 20, 2, 1_000, 1, 4), Step(.envVarValueCopy, 30, 1, 2_000, 0, 0)]
      ).error == nil)
    #expect(stage.heap(1_000, 5) == Array("hree\0".utf8))
    for index in [5, 6] {
      for step in [
        Step(.envVarValueSize, UInt64(index) * 10, sizes[index]),
        Step(.envVarValueCopy, UInt64(index) * 10, sizes[index], 0, 0, 0),
      ] {
        #expect(try stage.run(.update, [step]).code == .canisterContractViolation)
      }
    }
  }

  @Test(arguments: [false, true]) func badNames(is64: Bool) throws {
    let stage = try variables(is64: is64)
    stage.put([0x61, 0xFF], at: 5_000)
    func steps(_ address: UInt64, _ size: UInt64) -> [Step] {
      [
        Step(.envVarNameExists, address, size), Step(.envVarValueSize, address, size),
        Step(.envVarValueCopy, address, size, 0, 0, 0),
      ]
    }
    for step in steps(5_000, 2) {
      let outcome = try stage.run(.update, [step])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("UTF-8") == true)
    }
    // Settings allow 128 bytes.
    for step in steps(100, 129) {
      let outcome = try stage.run(.update, [step])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("128") == true)
    }
    let longest = String(repeating: "x", count: 128)
    stage.state.settings.setEnvironment([EnvironmentVariable(name: longest, value: longest)])
    stage.put(longest, at: 1_000)
    let outcome = try stage.run(.update, [Step(.envVarNameExists, 1_000, 128), Step(.envVarValueSize, 1_000, 128)])
    #expect(outcome.results == [1, 128])
  }
}

@Suite struct RootKeyTests {
  /// Without one, there is a key as networks have it.
  @Test func keyForTests() throws {
    let module = Wat(
      ["root_key_size", "root_key_copy", "msg_reply_data_append", "msg_reply"],
      """
      (func (export "canister_update f")
        (call $root_key_copy (i32.const 0) (i32.const 0) (call $root_key_size))
        (call $msg_reply_data_append (i32.const 0) (call $root_key_size)) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    let key = try fixture.runtime.call(fixture.id, "f", [])
    #expect(key == RuntimeConfiguration.testingKey)
    #expect(key.count == 133 && key.starts(with: [0x30, 0x81, 0x82, 0x30, 0x1D, 6, 13]) && key[37] == 0x93)
    // As many bytes as the lengths in it say.
    #expect(Int(key[2]) == key.count - 3 && Int(key[4]) == 29 && Int(key[35]) == key.count - 36)
  }
}
