// Modules made to cost much: their validation must end with a result or a limit, in time and memory that grow with
// their size only. The limits on time are generous (they hold in debug builds on a busy machine); what they would catch
// is a cost that multiplies: labels by types, functions by locals, blocks by depth.

import Testing
import WasmBinary
import WasmValidation
import WebAssembly

/// Seconds.
private let timeLimit = 60.0

private func seconds(_ body: () throws -> Void) rethrows -> Double {
  let duration = try ContinuousClock().measure(body)
  return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}

private func leb(_ value: UInt32) -> [UInt8] {
  var writer = BinaryWriter()
  writer.u32(value)
  return writer.bytes
}

private func error(_ test: TestModule) -> ModuleError? {
  moduleError { () throws(ModuleError) in _ = try test.validate() }
}

@Suite struct HostileInputTests {
  @Test func deepNesting() throws {
    func code(_ depth: Int) -> [UInt8] {
      Array(repeatElement([0x02, 0x40] as [UInt8], count: depth).joined()) + Array(repeating: 0x0B, count: depth + 1)
    }
    let limit = ImplementationLimits.controlDepth
    let time = try seconds {
      let facts = try TestModule(code: code(limit - 1)).validate().functions[0]
      #expect(facts.maximumControlDepth == UInt32(limit))
    }
    #expect(time < timeLimit)
    let tooDeep = error(TestModule(code: code(limit)))
    #expect(tooDeep?.kind == .limit)
    #expect(tooDeep?.detail == "nested blocks")
    #expect(tooDeep?.function == 0)
  }

  @Test func manyFunctionsWithManyLocals() throws {
    // Ten bytes each, and 50,000 locals.
    let function = TestModule.Function(
      type: 0, locals: [.init(count: 50_000, type: .i64)], code: [0x20, 0, 0x1A, 0x0B])
    var test = TestModule(code: [0x0B])
    test.functions = Array(repeating: function, count: 20_000)
    let time = try seconds {
      let facts = try test.validate().functions
      #expect(facts.count == 20_000)
      #expect(facts[0].localSlots == 50_000)
    }
    #expect(time < timeLimit)
  }

  @Test func tooManyLocals() {
    let run = LocalDeclarations.Run(count: 50_001, type: .i32)
    #expect(error(TestModule(locals: [run], code: [0x0B]))?.kind == .limit)
    let huge = LocalDeclarations.Run(count: .max, type: .i32)
    #expect(error(TestModule(locals: [huge, huge], code: [0x0B]))?.reason == .tooManyLocals)
  }

  /// Locals beyond the flat table are searched for among the runs.
  @Test func manyRunsOfLocals() throws {
    let types: [ValueType] = [.i32, .i64, .f32, .f64]
    let runs = (0..<20_000).map { LocalDeclarations.Run(count: 2, type: types[$0 % 4]) }
    // Each local is written with a value of its own type, read from its neighbour in the same run.
    var code: [UInt8] = []
    for index in stride(from: UInt32(0), to: 40_000, by: 2) { code += [0x20] + leb(index) + [0x21] + leb(index + 1) }
    let time = try seconds { _ = try TestModule(locals: runs, code: code + [0x0B]).validate() }
    #expect(time < timeLimit)
    // Neighbours in different runs have different types.
    for index in stride(from: UInt32(1), to: 39_999, by: 997 * 2) {
      let wrong: [UInt8] = [0x20] + leb(index) + [0x21] + leb(index + 1) + [0x0B]
      #expect(error(TestModule(locals: runs, code: wrong))?.reason == .typeMismatch, "\(index)")
    }
  }

  /// `br_table`s that name a label of 1,000 results again and again.
  @Test func branchTablesWithManyTypes() throws {
    var test = TestModule(results: Array(repeating: .i32, count: 1_000), code: [])
    let table = [0x0E] + leb(100_000) + Array(repeating: 0, count: 100_001)
    // A call pushes the results; each table takes them.
    var code: [UInt8] = []
    for _ in 0..<10 { code += [0x10, 0, 0x41, 0] + table }
    test.functions[0].code = code + [0x0B]
    let time = try seconds { _ = try test.validate() }
    #expect(time < timeLimit)
  }

  /// `br_table`s over many different labels of the same type.
  @Test func branchTablesWithManyLabels() throws {
    var test = TestModule(results: Array(repeating: .i32, count: 1_000), code: [])
    let depth = 1_000
    var code: [UInt8] = Array(repeatElement([0x02, 0x00] as [UInt8], count: depth).joined())
    for _ in 0..<50 {
      code += [0x10, 0, 0x41, 0, 0x0E] + leb(UInt32(depth)) + (0...UInt32(depth)).flatMap { leb($0) }
    }
    test.functions[0].code = code + Array(repeating: 0x0B, count: depth + 1)
    let time = try seconds { _ = try test.validate() }
    #expect(time < timeLimit)
  }

  @Test func operandStackLimit() {
    var test = TestModule(results: Array(repeating: .i32, count: 1_000), code: [])
    // Each call pushes 1,000 values.
    func calls(_ count: Int) -> [UInt8] {
      Array(repeatElement([0x10, 0] as [UInt8], count: count).joined()) + [0x00, 0x0B]
    }
    test.functions[0].code = calls(1_000)
    #expect(error(test) == nil)
    test.functions[0].code = calls(1_001)
    #expect(error(test)?.kind == .limit)
    #expect(error(test)?.detail == "operand stack height")
  }

  @Test func subtypingDepth() throws {
    func chain(_ depth: Int) -> String {
      "(module (type (sub (func)))" + (0..<depth).map { "(type (sub \($0) (func)))" }.joined() + ")"
    }
    #expect(validationError(try module(chain(63))) == nil)
    let error = validationError(try module(chain(64)))
    #expect(error?.kind == .limit)
    #expect(error?.detail == "type 64: subtyping depth")
  }

  /// Casts up and down a deep chain of supertypes.
  @Test func manySubtypeChecks() throws {
    let types = "(type (sub (struct)))" + (0..<63).map { "(type (sub \($0) (struct)))" }.joined()
    let sets = String(repeating: "(global.set 0 (local.get 0))", count: 20_000)
    let text = "(module \(types) (global (mut (ref null 0)) (ref.null none)) (func (param (ref null 63)) \(sets)))"
    let module = try module(text)
    let time = try seconds { _ = try validate(module) }
    #expect(time < timeLimit)
  }

  @Test func manyCatchClauses() throws {
    let clauses = Array(repeatElement([2, 0] as [UInt8], count: 200_000).joined())
    let code: [UInt8] = [0x1F, 0x40] + leb(200_000) + clauses + [0x0B, 0x0B]
    let time = try seconds { _ = try TestModule(code: code).validate() }
    #expect(time < timeLimit)
  }
}
