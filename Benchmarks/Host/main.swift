// Cannery in this process, for what can't be measured from outside: instructions executed by a kernel alone, and how long
// loading, instantiating and calling take.
//
//   BenchmarkHost count VARIANT[,VARIANT ...] MODULE N [MODULE N ...]
//       executes run(N) in each variant, under callgrind (see Counting.swift)
//   BenchmarkHost start MODULE
//       prints times, a line each: name, value, unit (see Starting.swift)
//   BenchmarkHost stores COUNT
//       prints what a small store takes of the system, the mean of so many (see Stores.swift)
//   BenchmarkHost canisters COUNT
//       prints what messages cost, and what a canister takes among so many (see Canisters.swift)

import Cannery

let words = Array(CommandLine.arguments.dropFirst())
switch words.first {
case "count" where words.count > 3 && words.count % 2 == 0:
  let variants = words[1].split(separator: ",").map(CountedVariant.named)
  for index in stride(from: 2, to: words.count, by: 2) {
    guard let n = Int32(words[index + 1]) else { complain("not a size: \(words[index + 1])") }
    try countExecutions(of: words[index], n, in: variants)
  }
case "start" where words.count == 2: try measureStarting(words[1])
case "stores" where words.count == 2:
  guard let count = Int(words[1]), count > 0 else { complain("not a number: \(words[1])") }
  try measureStores(count)
case "canisters" where words.count == 2:
  guard let count = Int(words[1]), count > 0 else { complain("not a number: \(words[1])") }
  try measureCanisters(count)
default: complain("count VARIANT[,VARIANT ...] MODULE N [MODULE N ...], start MODULE, stores COUNT, or canisters COUNT")
}
