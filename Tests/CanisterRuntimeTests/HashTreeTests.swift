// Hash trees against the example of the specification, and the certificates that queries get.

import Candid
import CanisterRuntime
import Cannery
import SystemAPI
import Testing

@Suite struct HashTreeTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Interface specification, "Certification": the example.
  private var example: HashTree {
    .fork(
      .fork(
        .labeled(
          bytes("a"),
          .fork(
            .fork(.labeled(bytes("x"), .leaf(bytes("hello"))), .empty), .labeled(bytes("y"), .leaf(bytes("world"))))),
        .labeled(bytes("b"), .leaf(bytes("good")))),
      .fork(.labeled(bytes("c"), .empty), .labeled(bytes("d"), .leaf(bytes("morning")))))
  }

  @Test func theExample() {
    #expect(
      hexadecimal(example.rootHash) == "eb5c5b2195e62d996b84c9bcc8259d19a83786a2f59e0878cec84c811f669aa0")
    #expect(
      hexadecimal(example.encoded)
        == "8301830183024161830183018302417882034568656c6c6f810083024179820345776f726c6483024162820344676f6f648301830241638"
        + "100830241648203476d6f726e696e67")
  }

  @Test func prunedTreesHaveTheSameHash() {
    guard case .fork(let left, let right) = example else { return }
    let pruned = HashTree.fork(.pruned(left.rootHash), right)
    #expect(pruned.rootHash == example.rootHash)
    #expect(hexadecimal(HashTree.pruned([UInt8](repeating: 7, count: 300)).encoded).hasPrefix("820459012c0707"))
  }

  @Test func queriesHaveCertificates() throws {
    let module = Wat(
      [
        "data_certificate_present", "data_certificate_size", "data_certificate_copy", "certified_data_set",
        "msg_reply_data_append", "msg_reply",
      ],
      """
      (data (i32.const 0) "the data")
      (func (export "canister_init") (call $certified_data_set (i32.const 0) (i32.const 8)))
      (func (export "canister_query certificate")
        (if (i32.eqz (call $data_certificate_present)) (then (unreachable)))
        (call $data_certificate_copy (i32.const 1000) (i32.const 0) (call $data_certificate_size))
        (call $msg_reply_data_append (i32.const 1000) (call $data_certificate_size)) (call $msg_reply))
      (func (export "canister_update certificate2")
        (if (call $data_certificate_present) (then (unreachable))) (call $msg_reply))
      """)
    let fixture = try Fixture(module)
    let runtime = fixture.runtime
    let certificate = try runtime.query(fixture.id, "certificate", [])
    let tree = runtime.certifiedTree(of: fixture.id, bytes("the data"))
    #expect(certificate == Certificate(tree: tree, signature: [UInt8](repeating: 0, count: 48)).encoded)
    #expect(hexadecimal(certificate).hasPrefix("d9d9f7a26474726565"))
    #expect(certificate.count > 60)
    _ = try runtime.call(fixture.id, "certificate2", [])
    // The host signs.
    runtime.dataCertificate = { id, data in id.bytes + data }
    #expect(try runtime.query(fixture.id, "certificate", []) == fixture.id.bytes + bytes("the data"))
    runtime.dataCertificate = { _, _ in nil }
    #expect(throws: CanisterReject.self) { try runtime.query(fixture.id, "certificate", []) }
  }
}
