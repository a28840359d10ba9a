// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that users of Cannery never fetch what only the benchmarks need.
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(name: "Harness", swiftSettings: settings),
    .executableTarget(
      name: "bench",
      dependencies: ["Harness", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: settings),
    .testTarget(name: "HarnessTests", dependencies: ["Harness"], swiftSettings: settings),
  ]
)
