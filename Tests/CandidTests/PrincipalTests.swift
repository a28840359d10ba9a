// Principals and their texts.

import Candid
import Testing

@Suite struct PrincipalTests {
  private static let principals: [(text: String, bytes: [UInt8])] = [
    ("aaaaa-aa", []),
    ("2vxsx-fae", [4]),
    ("w7x7r-cok77-xa", [0xCA, 0xFF, 0xEE]),
    ("2chl6-4hpzw-vqaaa-aaaaa-c", [0xEF, 0xCD, 0xAB, 0, 0, 0, 0, 0, 1]),
    ("ryjl3-tyaaa-aaaaa-aaaba-cai", [0, 0, 0, 0, 0, 0, 0, 2, 1, 1]),
    ("rrkah-fqaaa-aaaaa-aaaaq-cai", [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]),
  ]

  @Test(arguments: principals)
  func texts(text: String, bytes: [UInt8]) throws {
    let principal = try Principal(parsing: text)
    #expect(principal.bytes == bytes)
    #expect(principal.description == text)
    #expect(principal == Principal(bytes))
    #expect(Principal(text.uppercased()) == principal)
    #expect(principal.count == bytes.count)
  }

  @Test(
    arguments: [
      ("", .tooShort), ("aaaaa", .tooShort), ("aaaaa-ab", .incomplete), ("aaaaa-ba", .wrongChecksum),
      ("aaaaaaa", .wrongGroups(expected: "aaaaa-aa")), ("aaaaa-aa-", .wrongGroups(expected: "aaaaa-aa")),
      ("-aaaaa-aa", .wrongGroups(expected: "aaaaa-aa")), ("aaaa-aaa", .wrongGroups(expected: "aaaaa-aa")),
      ("w7x7rcok77xa", .wrongGroups(expected: "w7x7r-cok77-xa")), ("aaaaa-a1", .illegalCharacter),
      (" aaaaa-aa", .illegalCharacter), ("aaaaa-aa ", .illegalCharacter), ("äaaaa-aa", .illegalCharacter),
      ("aaaaa-aaa", .wrongChecksum), ("aaaaa-aaaaa-a", .incomplete), ("w7x7r-cok77-xb", .incomplete),
      ("v7x7r-cok77-xa", .wrongChecksum),
      (String(repeating: "a", count: 10_000), .tooLong),
      // 30 bytes in the right groups.
      ("aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-aaaaa", .tooLong),
    ] as [(String, PrincipalTextError)])
  func refusal(text: String, reason: PrincipalTextError) {
    #expect(throws: reason) { try Principal(parsing: text) }
    #expect(Principal(text) == nil)
  }

  @Test func everyLengthReadsBack() throws {
    var random = RandomSource(seed: 7)
    for length in 0...29 {
      for _ in 0..<50 {
        let bytes = random.bytes(length)
        let principal = try #require(Principal(bytes))
        #expect(principal.bytes == bytes)
        #expect(try Principal(parsing: principal.description) == principal)
      }
    }
    #expect(Principal([UInt8](repeating: 0, count: 30)) == nil)
  }

  @Test func forms() throws {
    #expect(Principal.managementCanister.isManagementCanister && Principal.managementCanister.bytes.isEmpty)
    #expect(Principal.anonymous.isAnonymous && Principal.anonymous.bytes == [4])
    let canister = Principal(canister: 0x0123_4567_89AB_CDEF)
    #expect(canister.bytes == [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 1, 1])
    #expect(canister.canisterNumber == 0x0123_4567_89AB_CDEF)
    #expect(Principal.anonymous.canisterNumber == nil)
    let user = try #require(Principal(selfAuthenticating: [UInt8](repeating: 9, count: 28)))
    #expect(user.isSelfAuthenticating && user.count == 29 && user.bytes.last == 2)
    #expect(Principal(selfAuthenticating: [1]) == nil)
    #expect(!canister.isSelfAuthenticating && !canister.isAnonymous && !canister.isManagementCanister)
  }

  @Test func order() throws {
    let sorted = [[], [0], [4], [0, 0], [0, 1], [1, 0], [UInt8](repeating: 0, count: 29)].map { Principal($0)! }
    #expect(sorted.reversed().sorted() == sorted)
    // A zero more is another principal.
    #expect(Set(sorted).count == sorted.count)
  }
}
