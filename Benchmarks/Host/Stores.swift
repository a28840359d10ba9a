// What many small stores take, as a host of many canisters has them: one instance of one module in each.

import Cannery

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Makes stores with an instance each, calls a function in each, and prints what one takes of the system: resident memory,
/// and mappings of the kernel.
func measureStores(_ count: Int) throws {
  let engine = Engine()
  let module = try engine.compile(Array(smallModule.utf8))
  let before = SystemUse()
  var instances: [Instance] = []
  for _ in 0..<count {
    let store = try engine.makeStore(tracksWrites: true)
    var imports: [ExternalValue] = []
    for number in 0..<hostFunctionCount {
      let type = FunctionType(parameters: [.i32], results: [.i32])
      imports.append(
        .function(
          try store.makeHostFunction(type, name: "call\(number)") { _, slots in
            slots[0] += 1
            return .done
          }))
    }
    instances.append(try store.instantiate(module, imports: imports))
    store.commit()
  }
  let made = SystemUse()
  for instance in instances {
    guard case .function(let call)? = instance.export("call") else { complain("no function call") }
    _ = try call.call([.i32(1)])
    instance.store.commit()
  }
  let called = SystemUse()
  for (name, use) in [("a store with an instance", made), ("the same, after a call", called)] {
    show("\(name): resident", Double(use.kilobytes - before.kilobytes) / Double(count), "KB")
    show("\(name): mappings", Double(use.mappings - before.mappings) / Double(count), "")
  }
  withExtendedLifetime(instances) {}
}

private let hostFunctionCount = 40

/// 17 pages of memory, 1 MB of it data; a table, and a function that calls the host and writes.
private let smallModule: String = {
  let imports = (0..<hostFunctionCount).map { "(import \"env\" \"call\($0)\" (func $h\($0) (param i32) (result i32)))" }
  let functions = (0..<200).map { "(func $f\($0) (param i32) (result i32) (i32.add (local.get 0) (i32.const \($0))))" }
  let data = String(repeating: "0123456789abcdef", count: 1 << 16)
  return """
    (module \(imports.joined(separator: " "))
      (memory (export "memory") 17) (global (mut i32) (i32.const 1048576))
      (table funcref (elem \((0..<200).map { "$f\($0)" }.joined(separator: " "))))
      \(functions.joined(separator: "\n"))
      (func (export "call") (param i32) (result i32)
        (i32.store (i32.const 1048600) (call $h3 (local.get 0))) (i32.load (i32.const 1048600)))
      (data (i32.const 1024) "\(data)"))
    """
}()

/// What the process has of the system.
struct SystemUse {
  var kilobytes = 0
  var mappings = 0

  init() {
    for line in lines(of: "/proc/self/status") where line.hasPrefix("VmRSS:") {
      kilobytes = Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0
    }
    mappings = lines(of: "/proc/self/maps").count
  }

  private func lines(of path: String) -> [Substring] {
    guard let file = fopen(path, "r") else { complain("cannot read \(path)") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
