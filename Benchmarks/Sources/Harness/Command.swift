// Starting a command and waiting for it, timed. (Foundation's `Process` notices the end of a process up to 50 ms late.)

import Dispatch
import Foundation

/// What a command did: its exit status (128 + the signal's number, if a signal ended it) and all that it printed.
struct CommandExecution {
  var status: Int32
  var output: String
  var messages: String
  var cost: Cost
}

/// Runs `words` (the first is looked up on the path) with no input, and ends it after `limit` seconds.
func runCommand(_ words: [String], limit: Double) throws(HarnessError) -> CommandExecution {
  // Files and not pipes: nothing has to be read while the command runs.
  let folder = FileManager.default.temporaryDirectory
  let output = folder.appending(path: UUID().uuidString)
  let messages = folder.appending(path: UUID().uuidString)
  defer {
    try? FileManager.default.removeItem(at: output)
    try? FileManager.default.removeItem(at: messages)
  }

  #if canImport(Darwin)
  var actions: posix_spawn_file_actions_t?
  #else
  var actions = posix_spawn_file_actions_t()
  #endif
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, output.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  posix_spawn_file_actions_addopen(&actions, 2, messages.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

  var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  var process: pid_t = 0
  let start = ContinuousClock.now
  let code = posix_spawnp(&process, words[0], &actions, nil, &arguments, environ)
  if code != 0 { throw .cannotStart("\(words[0]): \(String(cString: strerror(code)))") }

  // The process stays a zombie until `wait4` below, and the timer is gone before that: it can't hit another process.
  let queue = DispatchQueue(label: "limit")
  let timer = DispatchSource.makeTimerSource(queue: queue)
  timer.schedule(deadline: .now() + limit)
  timer.setEventHandler { [process] in kill(process, SIGKILL) }
  timer.resume()
  var information = siginfo_t()
  while waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
  let wall = (ContinuousClock.now - start) / .seconds(1)
  timer.cancel()
  queue.sync {}
  var status: Int32 = 0
  var usage = rusage()
  while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}

  let signal = status & 0x7F
  if signal == SIGKILL && wall >= limit { throw .timedOut(seconds: limit) }
  return CommandExecution(
    status: signal != 0 ? 128 + signal : status >> 8 & 0xFF, output: text(of: output), messages: text(of: messages),
    cost: Cost(wall: wall, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), peak: peakBytes(usage)))
}

private func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

private func peakBytes(_ usage: rusage) -> Int {
  #if canImport(Darwin)
  usage.ru_maxrss
  #else
  usage.ru_maxrss * 1024
  #endif
}

/// Bytes below which `Cost.peak` says nothing.
public func peakFloor() -> Int {
  var usage = rusage()
  // RUSAGE_SELF, whose type differs between systems.
  getrusage(0, &usage)
  return peakBytes(usage)
}

private func text(of file: URL) -> String {
  (try? Data(contentsOf: file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
}
