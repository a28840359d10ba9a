// Executes modules for the fuzzing harness: reads requests from standard input and answers each (`Exchange.swift`). It
// ends with the input; that it ends before is what the harness calls a crash.

import Foundation

var session = Session()
let decoder = JSONDecoder()
let encoder = JSONEncoder()

while let line = readLine() {
  let reply: Reply
  do {
    reply = session.answer(try decoder.decode(Request.self, from: Data(line.utf8)))
  } catch {
    reply = Reply(outcome: .broken, detail: "not a request: \(error)")
  }
  FileHandle.standardOutput.write(try encoder.encode(reply) + [0x0A])
}
