import Testing
import WebAssembly

/// A function type in a group of its own.
private func function(
  _ parameters: [ValueType] = [], _ results: [ValueType] = [], isFinal: Bool = true, under supertype: UInt32? = nil
) -> SubType {
  SubType(
    isFinal: isFinal, supertypes: supertype.map { [$0] } ?? [],
    composite: .function(FunctionType(parameters: parameters, results: results)))
}

private func structure(_ fields: [ValueType], isFinal: Bool = true, under supertype: UInt32? = nil) -> SubType {
  SubType(
    isFinal: isFinal, supertypes: supertype.map { [$0] } ?? [],
    composite: .structure(fields.map { FieldType(storage: .value($0), isMutable: false) }))
}

private func ref(_ index: UInt32) -> ValueType { .ref(.concrete(index), nullable: false) }

@Suite struct TypeCanonicalizerTests {
  @Test func equalStructuresGetEqualIds() throws {
    let canonicalizer = TypeCanonicalizer()
    let types = [
      function([.i32], [.i64]), function([.i32, .i64]), function([.i32], [.i64]), function([], [.i32, .i64]),
      structure([.i32]), function([.i32], [.i64], isFinal: false), structure([ref(0)]), structure([ref(2)]),
      structure([ref(1)]),
    ]
    let groups = (0..<UInt32(types.count)).map { $0..<$0 + 1 }
    #expect(try canonicalizer.add(types, groups: groups) == [0, 1, 0, 2, 3, 4, 5, 5, 6])
    #expect(canonicalizer.count == 7)
    #expect(try canonicalizer.add(FunctionType(parameters: [.i32, .i64], results: [])) == 1)
  }

  @Test func groupsAreComparedAsAWhole() throws {
    let canonicalizer = TypeCanonicalizer()
    // Two groups of mutually recursive types, the second with other indices; then the same in the opposite order; then
    // the first type alone.
    let types = [
      structure([ref(1)]), structure([ref(0), .i32]),
      structure([ref(3)]), structure([ref(2), .i32]),
      structure([ref(5), .i32]), structure([ref(4)]),
      structure([ref(6)]),
    ]
    let ids = try canonicalizer.add(types, groups: [0..<2, 2..<4, 4..<6, 6..<7])
    #expect(ids == [0, 1, 0, 1, 2, 3, 4])
    // A type that refers to itself differs from an equal one that refers to it from outside.
    let unrolled = try canonicalizer.add([structure([ref(0)]), structure([ref(0)])], groups: [0..<1, 1..<2])
    #expect(unrolled == [4, 5])
  }

  @Test func idsAreSharedBetweenModules() throws {
    let canonicalizer = TypeCanonicalizer()
    let first = try canonicalizer.add([function(), structure([ref(0)])], groups: [0..<1, 1..<2])
    let second = try canonicalizer.add(
      [function([.f32]), function(), structure([ref(1)])], groups: [0..<1, 1..<2, 2..<3])
    #expect(second == [2, first[0], first[1]])
    #expect(ref(2).canonical(second) == ref(1))
    #expect(ValueType.funcref.canonical(second) == .funcref)
  }

  @Test func deepSupertypesAreFound() throws {
    let canonicalizer = TypeCanonicalizer()
    let count: UInt32 = 200
    let types = (0..<count).map { function(isFinal: false, under: $0 == 0 ? nil : $0 - 1) }
    let ids = try canonicalizer.add(types, groups: (0..<count).map { $0..<$0 + 1 })
    for sub in ids {
      for supertype in ids {
        #expect(canonicalizer.table.isSubtype(sub, of: supertype) == (sub >= supertype))
      }
    }
    // A sibling chain is unrelated.
    let other = try canonicalizer.add(
      [structure([], isFinal: false), structure([], under: 0)], groups: [0..<1, 1..<2])
    #expect(canonicalizer.table.isSubtype(other[1], of: other[0]))
    #expect(!canonicalizer.table.isSubtype(other[1], of: 0))
    #expect(!canonicalizer.table.isSubtype(count - 1, of: other[0]))
  }

  /// The lattice of heap types, written out: each type with all that it matches.
  @Test func abstractTypesMatchAlongTheirHierarchies() throws {
    let canonicalizer = TypeCanonicalizer()
    let ids = try canonicalizer.add(
      [function(), structure([]), SubType(composite: .array(FieldType(storage: .i8, isMutable: true)))],
      groups: [0..<1, 1..<2, 2..<3])
    let (f, s, a) = (HeapType.concrete(ids[0]), HeapType.concrete(ids[1]), HeapType.concrete(ids[2]))
    let expected: [(HeapType, [HeapType])] = [
      (.func, []), (.extern, []), (.any, []), (.exn, []), (.eq, [.any]), (.i31, [.eq, .any]), (.struct, [.eq, .any]),
      (.array, [.eq, .any]), (.none, [.i31, .struct, .array, .eq, .any, s, a]), (.nofunc, [.func, f]),
      (.noextern, [.extern]), (.noexn, [.exn]), (f, [.func]), (s, [.struct, .eq, .any]), (a, [.array, .eq, .any]),
    ]
    let all = expected.map(\.0)
    for (sub, supertypes) in expected {
      for supertype in all {
        let want = sub == supertype || supertypes.contains(supertype)
        #expect(canonicalizer.table.matches(sub, supertype) == want, "\(sub) <: \(supertype)")
      }
      #expect(canonicalizer.table.matches(HeapType.bottom, sub))
      #expect(canonicalizer.table.matches(ValueType.ref(sub, nullable: false), .ref(sub, nullable: true)))
      #expect(!canonicalizer.table.matches(ValueType.ref(sub, nullable: true), .ref(sub, nullable: false)))
      #expect(!canonicalizer.table.matches(ValueType.ref(sub, nullable: true), .i32))
      #expect(canonicalizer.table.matches(ValueType.bottom, .ref(sub, nullable: false)))
    }
  }

  @Test func manyTypesTakeLinearTime() throws {
    let canonicalizer = TypeCanonicalizer()
    let count: UInt32 = 20_000
    // Each type refers to the one before, so all differ.
    let types = (0..<count).map { structure($0 == 0 ? [] : [ref($0 - 1)]) }
    let groups = (0..<count).map { $0..<$0 + 1 }
    #expect(try canonicalizer.add(types, groups: groups) == Array(0..<count))
    #expect(try canonicalizer.add(types, groups: groups) == Array(0..<count))
  }

  /// Modules added from several threads at once get the same ids for the same types, and the table can be read meanwhile.
  @Test func manyThreadsShareACanonicalizer() async throws {
    let canonicalizer = TypeCanonicalizer()
    let count: UInt32 = 300
    let types = (0..<count).map { function(isFinal: false, under: $0 == 0 ? nil : $0 - 1) }
    let results = try await withThrowingTaskGroup(of: [UInt32].self) { group in
      for task in 0..<UInt32(8) {
        group.addTask {
          // Each task begins with a type of its own, and then adds the same ones as all others.
          let own = structure(Array(repeating: .i32, count: Int(task)))
          _ = try canonicalizer.add([own], groups: [0..<1])
          let ids = try canonicalizer.add(types, groups: (0..<count).map { $0..<$0 + 1 })
          for index in 1..<Int(count) where !canonicalizer.table.isSubtype(ids[index], of: ids[index / 2]) {
            Issue.record("type \(index) is not below \(index / 2)")
          }
          return ids
        }
      }
      var all: [[UInt32]] = []
      for try await ids in group { all.append(ids) }
      return all
    }
    #expect(results.count == 8)
    #expect(results.allSatisfy { $0 == results[0] })
    #expect(canonicalizer.count == Int(count) + 8)
  }
}
