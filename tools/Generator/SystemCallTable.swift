// The functions of the Internet Computer's System API: one row each, from which linking, checks and charges follow.
//
// Source: the Internet Computer interface specification 0.66.0, "Overview of imports"; charges: dfinity/ic,
// rs/embedders/src/wasmtime_embedder/{system_api_complexity,linker}.rs, and system_api_replacements.rs for stable memory.
// `mint_cycles128` and `cost_http_request_v2` are known to the replica only.

/// Columns: name; signature (operands, a colon, results: i = i32, I = i64, a = the address type, which is i64 in canisters
/// with 64-bit memory and i32 in all others); where it may be called; what a call costs in instructions, beside the
/// operator: a number, `FACTOR*OPERAND` for what each byte of a length costs, `log` for what is logged of the last
/// operand's length, `pages` for stable pages written. `32` marks functions that canisters with 64-bit memory cannot
/// import, `unchecked` those that are no check point.
///
/// Where: `s` start; `I` init and post-upgrade; `G` pre-upgrade; `U` update; `RQ` query executed as an update; `NRQ` query;
/// `TQ` transform; `CQ` composite query; `Ry`, `Rt` reply and reject callback; `CRy`, `CRt` those of composite queries; `C`,
/// `CC` cleanup; `F` inspect_message; `T` system task; `*` all of them but `s`.
let systemCallTable = """
  msg_arg_data_size                :a         I,U,RQ,NRQ,TQ,CQ,Ry,CRy,F                500
  msg_arg_data_copy                aaa:       I,U,RQ,NRQ,TQ,CQ,Ry,CRy,F                500+1*2
  msg_caller_size                  :a         *                                        500
  msg_caller_copy                  aaa:       *                                        500+1*2
  msg_caller_info_data_size        :a         U,RQ,NRQ,CQ,Ry,Rt,CRy,CRt,C,CC,F         500
  msg_caller_info_data_copy        aaa:       U,RQ,NRQ,CQ,Ry,Rt,CRy,CRt,C,CC,F         500+1*2
  msg_caller_info_signer_size      :a         U,RQ,NRQ,CQ,Ry,Rt,CRy,CRt,C,CC,F         500
  msg_caller_info_signer_copy      aaa:       U,RQ,NRQ,CQ,Ry,Rt,CRy,CRt,C,CC,F         500+1*2
  msg_reject_code                  :i         Ry,Rt,CRy,CRt,C                          500
  msg_reject_msg_size              :a         Rt,CRt                                   500
  msg_reject_msg_copy              aaa:       Rt,CRt                                   500+1*2
  msg_deadline                     :I         U,RQ,NRQ,CQ,Ry,Rt,CRy,CRt                500
  msg_reply_data_append            aa:        U,RQ,NRQ,TQ,CQ,Ry,Rt,CRy,CRt             500+50*1
  msg_reply                        :          U,RQ,NRQ,TQ,CQ,Ry,Rt,CRy,CRt             500
  msg_reject                       aa:        U,RQ,NRQ,TQ,CQ,Ry,Rt,CRy,CRt             500+50*1
  msg_method_name_size             :a         F                                        500
  msg_method_name_copy             aaa:       F                                        500+1*2
  accept_message                   :          F                                        500
  msg_cycles_available128          a:         U,RQ,Ry,Rt                               500
  msg_cycles_refunded128           a:         Ry,Rt                                    500
  msg_cycles_accept128             IIa:       U,RQ,Ry,Rt                               500
  cycles_burn128                   IIa:       I,G,U,RQ,Ry,Rt,C,T                       500
  canister_cycle_balance128        a:         *                                        500
  canister_liquid_cycle_balance128 a:         *                                        500
  call_cycles_add128               II:        U,Ry,Rt,T                                500
  msg_cycles_available             :I         U,RQ,Ry,Rt                               500        32
  msg_cycles_refunded              :I         Ry,Rt                                    500        32
  msg_cycles_accept                I:I        U,RQ,Ry,Rt                               500        32
  canister_cycle_balance           :I         *                                        500        32
  call_cycles_add                  I:         U,Ry,Rt,T                                500        32
  mint_cycles128                   IIa:       U,Ry,Rt,T                                0
  call_new                         aaaaaaaa:  U,CQ,Ry,Rt,CRy,CRt,T                     1500+1*1+1*3
  call_on_cleanup                  aa:        U,CQ,Ry,Rt,CRy,CRt,T                     500
  call_data_append                 aa:        U,CQ,Ry,Rt,CRy,CRt,T                     500+50*1
  call_with_best_effort_response   i:         U,CQ,Ry,Rt,CRy,CRt,T                     500
  call_perform                     :i         U,CQ,Ry,Rt,CRy,CRt,T                     5000
  canister_self_size               :a         *                                        500
  canister_self_copy               aaa:       *                                        500+1*2
  subnet_self_size                 :a         *                                        500
  subnet_self_copy                 aaa:       *                                        500+1*2
  canister_status                  :i         *                                        500
  canister_version                 :I         *                                        500
  is_controller                    aa:i       *,s                                      1000+1*1
  in_replicated_execution          :i         *,s                                      500
  time                             :I         *                                        500
  global_timer_set                 I:I        I,G,U,Ry,Rt,C,T                          500
  performance_counter              i:I        *,s                                      200
  root_key_size                    :a         I,G,U,RQ,Ry,Rt,C,T                       500
  root_key_copy                    aaa:       I,G,U,RQ,Ry,Rt,C,T                       500+1*2
  certified_data_set               aa:        I,G,U,Ry,Rt,T                            500+1*1
  data_certificate_present         :i         *                                        500
  data_certificate_size            :a         NRQ,CQ                                   500
  data_certificate_copy            aaa:       NRQ,CQ                                   500+1*2
  env_var_count                    :a         *                                        500
  env_var_name_size                a:a        *                                        500
  env_var_name_copy                aaaa:      *                                        500+1*3
  env_var_name_exists              aa:i       *                                        500
  env_var_value_size               aa:a       *                                        500
  env_var_value_copy               aaaaa:     *                                        500+1*4
  stable64_size                    :I         *,s                                      0          unchecked
  stable64_grow                    I:I        *,s                                      100
  stable64_write                   III:       *,s                                      20+1*2+pages
  stable64_read                    III:       *,s                                      20+1*2
  stable_size                      :i         *,s                                      0          32 unchecked
  stable_grow                      i:i        *,s                                      100        32
  stable_write                     iii:       *,s                                      20+1*2+pages 32
  stable_read                      iii:       *,s                                      20+1*2     32
  cost_call                        IIa:       *,s                                      500
  cost_create_canister             a:         *,s                                      500
  cost_http_request                IIa:       *,s                                      500
  cost_sign_with_ecdsa             aaia:i     *,s                                      500+1*1
  cost_sign_with_schnorr           aaia:i     *,s                                      500+1*1
  cost_vetkd_derive_key            aaia:i     *,s                                      500+1*1
  cost_http_request_v2             aaa:       *,s                                      10000
  debug_print                      aa:        *,s                                      100+log
  trap                             aa:        *,s                                      500+1*1+log
  """

/// The modes in the order of `ExecutionMode`.
private let modes = [
  "s", "I", "G", "U", "RQ", "NRQ", "TQ", "CQ", "Ry", "Rt", "CRy", "CRt", "C", "CC", "F", "T",
]

struct SystemCallRow {
  var name: String
  var signature: String
  var modes: UInt16 = 0
  var fixed = 0
  /// Instructions for each unit of an operand.
  var factors: [(factor: Int, operand: Int)] = []
  var logs = false
  var flags: Set<String> = []

  init(_ line: Substring) throws {
    let columns = line.split(separator: " ").map(String.init)
    guard columns.count >= 4 else { throw TableError(text: "a row of \(columns.count) columns: \(line)") }
    name = columns[0]
    signature = columns[1]
    flags = Set(columns[4...])
    for mode in columns[2].split(separator: ",") {
      if mode == "*" {
        self.modes |= 0xFFFE
      } else if let index = modeNumber(String(mode)) {
        self.modes |= 1 << UInt16(index)
      } else {
        throw TableError(text: "unknown mode \(mode) of \(name)")
      }
    }
    for term in columns[3].split(separator: "+") {
      let parts = term.split(separator: "*").compactMap { Int($0) }
      switch parts.count {
      case 2: factors.append((parts[0], parts[1]))
      case 1: fixed += parts[0]
      default:
        if term == "log" { logs = true } else if term != "pages" { throw TableError(text: "unknown cost \(term)") }
      }
    }
  }

  var caseName: String {
    let words = name.split(separator: "_")
    return words[0] + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}

private func modeNumber(_ name: String) -> Int? { modes.firstIndex(of: name) }

struct TableError: Error {
  var text: String
}

/// Prints the enumeration of the calls, and the table of their facts.
func printSystemCalls(to output: inout Output) throws {
  let rows = try systemCallTable.split(separator: "\n").map { try SystemCallRow($0) }
  var text = """
    /// A function of the System API, which canisters import from the module `ic0`.
    public enum SystemCall: UInt8, CaseIterable, Hashable, Sendable {

    """
  for row in rows {
    text += "  /// `ic0.\(row.name)`\n  case \(row.caseName)\n"
  }
  text += """
    }

    extension SystemCall {
      static let table: [SystemCallFacts] = [

    """
  for row in rows {
    var parts = ["\"\(row.name)\"", "\"\(row.signature)\"", "modes: 0x\(String(row.modes, radix: 16))"]
    parts.append("fixed: \(row.fixed)")
    for (index, factor) in row.factors.enumerated() {
      parts.append("factor\(index + 1): \(factor.factor), operand\(index + 1): \(factor.operand)")
    }
    if row.logs { parts.append("logs: true") }
    if row.flags.contains("32") { parts.append("only32: true") }
    if row.flags.contains("unchecked") { parts.append("checks: false") }
    text += "    SystemCallFacts(\(parts.joined(separator: ", "))),\n"
  }
  text += "  ]\n}\n"
  try output.emit("Sources/WebAssembly/Generated/SystemCall.swift", from: "tools/Generator/SystemCallTable.swift", text)
}
