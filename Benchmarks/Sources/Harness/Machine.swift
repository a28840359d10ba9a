// On what and when something was measured.

import Foundation

/// Lines for the head of a report: the date, the machine, the operating system.
public func machineFacts() -> [String] {
  let date = Date().formatted(.iso8601.year().month().day())
  let cores = ProcessInfo.processInfo.activeProcessorCount
  let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
  return [
    date, "\(processorName() ?? "unknown processor"), \(cores) cores, \(String(format: "%.0f", memory)) GB",
    ProcessInfo.processInfo.operatingSystemVersionString,
  ]
}

private func processorName() -> String? {
  guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
  let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
  return line?.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
}

/// The first line that `swift --version` prints about the compiler; nil if there is none.
public func swiftVersion() -> String? {
  guard let execution = try? runCommand(["swift", "--version"], limit: 60), execution.status == 0 else { return nil }
  let line = execution.output.split(separator: "\n").first { $0.contains("Swift version") }
  guard let line, let start = line.range(of: "Swift version") else { return nil }
  return String(line[start.lowerBound...])
}
