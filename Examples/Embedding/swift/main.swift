// The examples of embedding in Swift, in one program: EmbeddingExamples NAME MODULE [ARTIFACT]. Each is a file of its own, which can
// be read and copied alone.

import Foundation

let examples: [String: ([String]) throws -> Void] = [
  "hello": hello, "metering": metering, "host-function": hostFunction, "memory": memory, "callback": callback,
  "precompile": precompile, "suspend": suspend, "canister-call": canisterCall,
]

guard CommandLine.arguments.count > 2, let example = examples[CommandLine.arguments[1]] else {
  FileHandle.standardError.write(Data("usage: EmbeddingExamples NAME MODULE [ARTIFACT]\n".utf8))
  exit(64)
}
do {
  try example(Array(CommandLine.arguments.dropFirst(2)))
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}
