// The calls about the message and its answer.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct SystemAPIMessageTests {
  /// The modes in which a call can be answered.
  static let answering: [ExecutionMode] = [
    .update, .replicatedQuery, .query, .transform, .compositeQuery, .replyCallback, .rejectCallback,
    .compositeReplyCallback, .compositeRejectCallback,
  ]

  @Test(arguments: [false, true]) func data(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let outcome = try stage.run(
      .update,
      [
        Step(.msgArgDataSize), Step(.msgArgDataCopy, 0, 1, 3), Step(.msgCallerSize), Step(.msgCallerCopy, 10, 0, 4),
        Step(.msgCallerInfoDataSize), Step(.msgCallerInfoDataCopy, 20, 0, 2), Step(.msgCallerInfoSignerSize),
        Step(.msgCallerInfoSignerCopy, 30, 0, 1), Step(.msgDeadline),
      ]
    ) {
      $0.argument = [1, 2, 3, 4, 5]
      $0.caller = Principal([6, 7, 8, 9])!
      $0.callerInfo = [10, 11]
      $0.callerInfoSigner = [12]
      $0.deadline = 1 << 40
    }
    #expect(outcome.results == [5, 0, 4, 0, 2, 0, 1, 0, 1 << 40])
    #expect(stage.heap(0, 4) == [2, 3, 4, 0])
    #expect(stage.heap(10, 5) == [6, 7, 8, 9, 0])
    #expect(stage.heap(20, 3) == [10, 11, 0])
    #expect(stage.heap(30, 2) == [12, 0])
  }

  /// What isn't there is empty.
  @Test(arguments: [false, true]) func nothing(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let outcome = try stage.run(
      .update,
      [
        Step(.msgArgDataSize), Step(.msgCallerInfoDataSize), Step(.msgCallerInfoSignerSize), Step(.msgDeadline),
        Step(.msgArgDataCopy, 0, 0, 0), Step(.msgCallerInfoDataCopy, 0, 0, 0),
      ])
    #expect(outcome.results == [0, 0, 0, 0, 0, 0])
    #expect(
      try stage.run(.systemTask, [Step(.msgCallerSize), Step(.msgCallerCopy, 0, 0, 0)]) {
        $0.caller = .managementCanister
      }.results == [0, 0])
  }

  @Test(arguments: [false, true]) func rejects(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let reject = CanisterReject(code: .destinationInvalid, error: .canisterNotFound, message: "nö")
    for mode in [ExecutionMode.rejectCallback, .compositeRejectCallback] {
      let outcome = try stage.run(
        mode, [Step(.msgRejectCode), Step(.msgRejectMsgSize), Step(.msgRejectMsgCopy, 0, 0, 3)]
      ) {
        $0.reject = reject
      }
      #expect(outcome.results == [3, 3, 0])
    }
    #expect(stage.heap(0, 3) == Array("nö".utf8))
    #expect(try stage.run(.cleanup, [Step(.msgRejectCode)]) { $0.reject = reject }.results == [3])
    for mode in [ExecutionMode.replyCallback, .compositeReplyCallback, .cleanup] {
      #expect(try stage.run(mode, [Step(.msgRejectCode)]).results == [0])
    }
  }

  @Test(arguments: [false, true]) func inspection(is64: Bool) throws {
    let stage = try Stage(is64: is64)
    // The heap isn't kept: what it reads comes out as the text of a trap.
    let read = [
      Step(.msgMethodNameCopy, 0, 2, 4), Step(.msgArgDataCopy, 4, 0, 1), Step(.msgCallerCopy, 5, 0, 1),
      Step(.trap, 0, 6),
    ]
    let outcome = try stage.run(.inspectMessage, read) {
      $0.methodName = "a name"
      $0.argument = Array("x".utf8)
      $0.caller = Principal(Array("y".utf8))!
    }
    #expect(outcome.text == "Canister called `ic0.trap` with message: 'namexy'")
    #expect(try !stage.run(.inspectMessage, []).result.effects.acceptsMessage)
    #expect(try stage.run(.inspectMessage, [Step(.acceptMessage)]).result.effects.acceptsMessage)
    let twice = try stage.run(.inspectMessage, [Step(.acceptMessage), Step(.acceptMessage)])
    #expect(twice.code == .canisterContractViolation)
    #expect(twice.text?.hasPrefix("Canister violated contract: ") == true)
  }

  // MARK: Answers

  @Test(arguments: answering, [false, true]) func replies(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    stage.put("abcdef", at: 100)
    func response(_ steps: Step...) throws -> Response? { try stage.run(mode, steps).result.effects.response }
    #expect(try response(Step(.msgReply)) == .reply([]))
    #expect(
      try response(Step(.msgReplyDataAppend, 100, 2), Step(.msgReplyDataAppend, 104, 2), Step(.msgReply))
        == .reply(Array("abef".utf8)))
    // What isn't sent is dropped.
    #expect(try response(Step(.msgReplyDataAppend, 100, 2)) == nil)
    #expect(try response(Step(.msgReply)) == .reply([]))
    let reject = CanisterReject(code: .canisterReject, error: .canisterRejectedMessage, message: "bcd")
    #expect(try response(Step(.msgReplyDataAppend, 100, 2), Step(.msgReject, 101, 3)) == .reject(reject))
  }

  /// A call is answered once; afterwards everything about the answer is a violation, even with nothing.
  @Test(arguments: answering, [false, true]) func answersOnce(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let answers = [Step(.msgReply), Step(.msgReject, 0, 0)]
    for answer in answers {
      for second in answers + [Step(.msgReplyDataAppend, 0, 0), Step(.msgReplyDataAppend, Script.heapSize + 1, 1)] {
        let outcome = try stage.run(mode, [answer, second])
        #expect(outcome.code == .canisterContractViolation)
        #expect(outcome.text?.contains("already replied") == true)
        // The first one didn't happen either.
        #expect(outcome.result.system.version == stage.state.version)
      }
    }
    // Answered by an earlier execution.
    for step in answers + [Step(.msgReplyDataAppend, 0, 0)] {
      #expect(try stage.run(mode, [step]) { $0.isAnswered = true }.code == .canisterContractViolation)
    }
  }

  /// 2 MiB, in queries that one node executes 3 MiB.
  @Test(arguments: answering, [false, true]) func limits(mode: ExecutionMode, is64: Bool) throws {
    let stage = try Stage(is64: is64)
    let limit: UInt64 =
      [.update, .replicatedQuery, .replyCallback, .rejectCallback].contains(mode) ? 2 << 20 : 3 << 20
    let outcome = try stage.run(
      mode, [Step(.msgReplyDataAppend, 0, limit - 1), Step(.msgReplyDataAppend, 0, 1), Step(.msgReply)])
    guard case .reply(let bytes)? = outcome.result.effects.response else {
      Issue.record("no reply")
      return
    }
    #expect(bytes.count == Int(limit))
    for steps in [
      [Step(.msgReplyDataAppend, 0, limit + 1)],
      [Step(.msgReplyDataAppend, 0, limit), Step(.msgReplyDataAppend, 0, 1)],
      [Step(.msgReject, 0, limit + 1)],
      // The size is looked at before the range.
      [Step(.msgReplyDataAppend, 0, 1), Step(.msgReplyDataAppend, Script.heapSize, limit)],
      [Step(.msgReject, Script.heapSize, limit + 1)],
    ] {
      let outcome = try stage.run(mode, steps)
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("cannot be larger than \(limit)") == true)
    }
    let rejection = try stage.run(mode, [Step(.msgReject, 1, limit)])
    guard case .reject(let reject)? = rejection.result.effects.response else {
      Issue.record("no reject")
      return
    }
    // Of long messages the middle is left out.
    #expect(reject.message.utf8.count == 8_192)
    let (start, end) = (reject.message.prefix(6_144), reject.message.suffix(2_045))
    #expect(reject.message == start + "..." + end)
  }

  @Test(
    arguments: [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80], [0x80],
    ] as [[UInt8]])
  func rejectsAreText(bytes: [UInt8]) throws {
    let stage = try Stage()
    stage.put(bytes, at: 0)
    for mode in Self.answering {
      let outcome = try stage.run(mode, [Step(.msgReject, 0, UInt64(bytes.count))])
      #expect(outcome.code == .canisterContractViolation)
      #expect(outcome.text?.contains("invalid UTF-8") == true)
    }
  }

  /// A failure after the answer takes it back.
  @Test func failuresAnswerNothing() throws {
    let stage = try Stage()
    let outcome = try stage.run(.update, [Step(.msgReply), .unreachable])
    #expect(outcome.code == .canisterTrapped)
    #expect(outcome.text == "Canister trapped: unreachable")
    #expect(outcome.result.system.version == 0)
  }
}
