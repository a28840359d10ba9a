// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6)]

/// Swift's libraries in the executable: loading them takes a third of the time that a short command runs. What
/// FoundationEssentials needs besides, which the argument parser imports, is named here, as only whole builds with static
/// libraries find it by themselves. These flags concern this executable alone, so packages may depend on the library.
let staticRuntime: [LinkerSetting] = [
  .unsafeFlags(
    ["-static-stdlib", "-Xlinker", "-l_FoundationCShims", "-Xlinker", "-l_FoundationCollections"],
    .when(platforms: [.linux], configuration: .release))
]

let package = Package(
  name: "cannery",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Cannery", targets: ["Cannery"]),
    .library(name: "CanneryC", type: .dynamic, targets: ["CanneryC"]),
    .library(name: "CanneryCanisterC", type: .dynamic, targets: ["CanneryCanisterC"]),
    .library(name: "CanisterRuntime", targets: ["CanisterRuntime", "Candid", "SystemAPI"]),
    .executable(name: "cannery", targets: ["CanneryCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // The pipeline, in order; each target imports only those above it.
    .systemLibrary(name: "CProcessor"),
    .target(name: "WebAssembly", dependencies: ["CProcessor"], swiftSettings: settings),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "WasmBinary", dependencies: ["WebAssembly", "CZlib"], swiftSettings: settings),
    .target(name: "WasmText", dependencies: ["WebAssembly", "WasmBinary"], swiftSettings: settings),
    .target(name: "WasmValidation", dependencies: ["WebAssembly", "WasmBinary"], swiftSettings: settings),
    // Runs specification scripts on any engine: this one, and the oracle of the tests.
    .target(
      name: "WastRunner", dependencies: ["WebAssembly", "WasmBinary", "WasmText", "WasmValidation"],
      swiftSettings: settings),
    .target(name: "Semantics", dependencies: ["CProcessor", "WebAssembly"], swiftSettings: settings),
    .systemLibrary(name: "CMapping"),
    .target(
      name: "Compiler", dependencies: ["CMapping", "WebAssembly", "WasmBinary", "WasmValidation", "Semantics"],
      swiftSettings: settings),
    .target(name: "HostFiles", dependencies: ["WebAssembly"], swiftSettings: settings),
    .systemLibrary(name: "CMemoryFile"),
    .target(
      name: "Executor",
      dependencies: ["CProcessor", "CMemoryFile", "WebAssembly", "WasmBinary", "Semantics", "Compiler"],
      swiftSettings: settings + [.define("CANNERY_TRAMPOLINE", .when(configuration: .debug))]),
    .target(
      name: "Cannery",
      dependencies: ["WebAssembly", "WasmBinary", "WasmText", "WasmValidation", "Semantics", "Compiler", "Executor"],
      swiftSettings: settings),
    // The C library. Plain data of the C interface is C; all that needs the engine is Swift.
    .systemLibrary(name: "CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
    .target(name: "CWasm", dependencies: ["CFFI"], linkerSettings: [.linkedLibrary("ffi")]),
    .target(
      name: "CanneryC", dependencies: ["CWasm", "Cannery", "Executor", "HostFiles", "WasmText", "WebAssembly"],
      swiftSettings: settings),
    // The data that canisters exchange; knows nothing of WebAssembly.
    .target(name: "Candid", swiftSettings: settings),
    // The System API of the Internet Computer: what canisters import.
    .target(name: "SystemAPI", dependencies: ["Candid", "Cannery"], swiftSettings: settings),
    // Canisters: messages, scheduling, cycles, the management canister.
    .target(
      name: "CanisterRuntime",
      dependencies: ["Candid", "Cannery", "SystemAPI", "WasmBinary", "WebAssembly"], swiftSettings: settings),
    // The C library for canisters, which has all of the other too.
    .target(name: "CCanister", dependencies: ["CWasm"]),
    .target(
      name: "CanneryCanisterC",
      dependencies: [
        "CCanister", "CWasm", "Candid", "CanisterRuntime", "Cannery", "CanneryC", "Executor", "SystemAPI", "WasmBinary",
        "WebAssembly",
      ],
      swiftSettings: settings),
    .target(
      name: "CLICommands",
      dependencies: [
        "Candid", "CanisterRuntime", "Cannery", "Compiler", "HostFiles", "Semantics", "SystemAPI", "WasmBinary",
        "WasmText", "WasmValidation", "WastRunner",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "CanneryCommand", dependencies: ["CLICommands"], swiftSettings: settings,
      linkerSettings: staticRuntime),

    // An example of embedding: a small host for canisters, and the ledger executed on it.
    .target(
      name: "CanisterHost", dependencies: ["Cannery"], path: "Examples/Sources/CanisterHost", swiftSettings: settings),
    .executableTarget(
      name: "LedgerDemo", dependencies: ["CanisterHost", "Cannery"], path: "Examples/Sources/LedgerDemo",
      swiftSettings: settings),
    // Another: guests that take turns on one thread, by slices of instructions.
    .executableTarget(
      name: "SlicedHost", dependencies: ["Cannery"], path: "Examples/Sources/SlicedHost", swiftSettings: settings),

    // Those that there are in other languages too.
    .executableTarget(
      name: "EmbeddingExamples", dependencies: ["Candid", "CanisterRuntime", "Cannery", "SystemAPI"],
      path: "Examples/Embedding/swift", swiftSettings: settings),

    // Runs kernels and measures starting in its own process, for Benchmarks.
    .executableTarget(
      name: "BenchmarkHost", dependencies: ["Candid", "CanisterRuntime", "Cannery"], path: "Benchmarks/Host",
      swiftSettings: settings),
    // Which operations are executed most, alone and in runs: `tools/operation-profile`.
    .executableTarget(
      name: "OperationProfiler", dependencies: ["Cannery", "Executor"], path: "tools/OperationProfiler",
      swiftSettings: settings + [.define("CANNERY_TRAMPOLINE", .when(configuration: .debug))]),

    // What the fuzzing harness, which compares with another engine, runs for this one.
    .executableTarget(
      name: "FuzzDriver", dependencies: ["Cannery", "Semantics", "CZlib"],
      path: "Fuzzing/Driver", swiftSettings: settings),

    .executableTarget(name: "Generator", path: "tools/Generator", swiftSettings: settings),

    // The oracle of the metering rules and of the tests: slow, plain, independent of the compiler.
    .target(
      name: "ReferenceInterpreter", dependencies: ["WebAssembly", "WasmBinary", "Semantics"],
      path: "Tests/Support/ReferenceInterpreter", swiftSettings: settings),

    .target(
      name: "MeteringExamples", dependencies: ["WebAssembly"], path: "Tests/Support/MeteringExamples",
      swiftSettings: settings),

    // Random valid programs, for comparing two executions of the same one.
    .target(
      name: "ProgramGenerator", dependencies: ["WebAssembly"], path: "Tests/Support/ProgramGenerator",
      swiftSettings: settings),

    // Functions that make the compiler emit a given operation of threaded code.
    .target(
      name: "OperationCases", dependencies: ["Compiler", "ProgramGenerator", "Semantics", "WebAssembly"],
      path: "Tests/Support/OperationCases", swiftSettings: settings),

    // The engine and the oracle side by side.
    .target(
      name: "EngineComparison",
      dependencies: [
        "Cannery", "Compiler", "ProgramGenerator", "ReferenceInterpreter", "Semantics", "WastRunner", "WebAssembly",
      ],
      path: "Tests/Support/EngineComparison", swiftSettings: settings),

    .testTarget(name: "WebAssemblyTests", dependencies: ["WebAssembly"], swiftSettings: settings),
    .testTarget(name: "WasmBinaryTests", dependencies: ["WasmBinary"], swiftSettings: settings),
    .testTarget(name: "WasmTextTests", dependencies: ["WasmText", "WasmValidation"], swiftSettings: settings),
    .testTarget(name: "WasmValidationTests", dependencies: ["WasmValidation", "WasmText"], swiftSettings: settings),
    .testTarget(name: "SemanticsTests", dependencies: ["Semantics"], swiftSettings: settings),
    .testTarget(
      name: "ReferenceInterpreterTests",
      dependencies: [
        "EngineComparison", "ReferenceInterpreter", "MeteringExamples", "WastRunner", "WasmText", "WasmValidation",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CompilerTests",
      dependencies: [
        "Compiler", "OperationCases", "WasmText", "WasmValidation", "ReferenceInterpreter", "ProgramGenerator",
      ],
      exclude: ["Snapshots"], swiftSettings: settings),
    .testTarget(
      name: "ArtifactTests",
      dependencies: ["Cannery", "Compiler", "WasmText", "WasmValidation", "ProgramGenerator"],
      swiftSettings: settings),
    .testTarget(
      name: "CanneryTests", dependencies: ["Cannery", "CLICommands", "MeteringExamples", "WasmText", "WastRunner"],
      swiftSettings: settings),
    .testTarget(name: "CandidTests", dependencies: ["Candid"], swiftSettings: settings),
    .testTarget(
      name: "CanisterRuntimeTests", dependencies: ["Candid", "CanisterRuntime", "Cannery", "SystemAPI", "WasmText"],
      swiftSettings: settings),
    // How canisters are tested in process, to be copied.
    .testTarget(
      name: "ExampleTests", dependencies: ["Candid", "CanisterRuntime", "SystemAPI"], path: "Examples/Tests",
      swiftSettings: settings),
    .testTarget(name: "ExecutorTests", dependencies: ["Cannery", "Executor"], swiftSettings: settings),
    .testTarget(
      name: "EngineDifferentialTests",
      dependencies: [
        "Cannery", "Compiler", "EngineComparison", "OperationCases", "ProgramGenerator", "WasmText", "WasmValidation",
        "WastRunner",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CLITests", dependencies: ["CLICommands", "CanisterRuntime", "Cannery", "HostFiles", "Semantics"],
      exclude: ["Snapshots"],
      swiftSettings: settings),
  ]
)
