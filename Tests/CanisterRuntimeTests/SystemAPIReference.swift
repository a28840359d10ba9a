// What the interface says of the System API's calls, written out once more: the tests hold the engine's table against it.
//
// Source: the Internet Computer interface specification 0.66.0, "Overview of imports"; dfinity/ic,
// rs/embedders/src/wasmtime_embedder/{system_api_complexity,linker}.rs for the charges.

import Cannery

/// The modes, by the letters of the specification.
let modeLetters: [String: ExecutionMode] = [
  "s": .start, "I": .initialization, "G": .preUpgrade, "U": .update, "RQ": .replicatedQuery, "NRQ": .query,
  "TQ": .transform, "CQ": .compositeQuery, "Ry": .replyCallback, "Rt": .rejectCallback, "CRy": .compositeReplyCallback,
  "CRt": .compositeRejectCallback, "C": .cleanup, "CC": .compositeCleanup, "F": .inspectMessage, "T": .systemTask,
]

/// How errors name the modes.
let modeNames: [ExecutionMode: String] = [
  .start: "start", .initialization: "init", .preUpgrade: "pre upgrade", .update: "update",
  .replicatedQuery: "replicated query", .query: "non replicated query", .transform: "non replicated query",
  .compositeQuery: "composite query", .replyCallback: "reply callback", .rejectCallback: "reject callback",
  .compositeReplyCallback: "composite reply callback", .compositeRejectCallback: "composite reject callback",
  .cleanup: "cleanup", .compositeCleanup: "composite cleanup", .inspectMessage: "inspect message",
  .systemTask: "system task",
]

/// Where each call is allowed: `*` is everywhere but in the start function.
private let contextTable = """
  msg_arg_data_size                I U RQ NRQ TQ CQ Ry CRy F
  msg_arg_data_copy                I U RQ NRQ TQ CQ Ry CRy F
  msg_caller_size                  *
  msg_caller_copy                  *
  msg_caller_info_data_size        U RQ NRQ CQ Ry Rt CRy CRt C CC F
  msg_caller_info_data_copy        U RQ NRQ CQ Ry Rt CRy CRt C CC F
  msg_caller_info_signer_size      U RQ NRQ CQ Ry Rt CRy CRt C CC F
  msg_caller_info_signer_copy      U RQ NRQ CQ Ry Rt CRy CRt C CC F
  msg_reject_code                  Ry Rt CRy CRt C
  msg_reject_msg_size              Rt CRt
  msg_reject_msg_copy              Rt CRt
  msg_deadline                     U RQ NRQ CQ Ry Rt CRy CRt
  msg_reply_data_append            U RQ NRQ TQ CQ Ry Rt CRy CRt
  msg_reply                        U RQ NRQ TQ CQ Ry Rt CRy CRt
  msg_reject                       U RQ NRQ TQ CQ Ry Rt CRy CRt
  msg_method_name_size             F
  msg_method_name_copy             F
  accept_message                   F
  msg_cycles_available128          U RQ Rt Ry
  msg_cycles_refunded128           Rt Ry
  msg_cycles_accept128             U RQ Rt Ry
  cycles_burn128                   I G U RQ Ry Rt C T
  canister_cycle_balance128        *
  canister_liquid_cycle_balance128 *
  call_cycles_add128               U Ry Rt T
  msg_cycles_available             U RQ Rt Ry
  msg_cycles_refunded              Rt Ry
  msg_cycles_accept                U RQ Rt Ry
  canister_cycle_balance           *
  call_cycles_add                  U Ry Rt T
  mint_cycles128                   U T Ry Rt
  call_new                         U CQ Ry Rt CRy CRt T
  call_on_cleanup                  U CQ Ry Rt CRy CRt T
  call_data_append                 U CQ Ry Rt CRy CRt T
  call_with_best_effort_response   U CQ Ry Rt CRy CRt T
  call_perform                     U CQ Ry Rt CRy CRt T
  canister_self_size               *
  canister_self_copy               *
  subnet_self_size                 *
  subnet_self_copy                 *
  canister_status                  *
  canister_version                 *
  is_controller                    * s
  in_replicated_execution          * s
  time                             *
  global_timer_set                 I G U Ry Rt C T
  performance_counter              * s
  root_key_size                    I G U RQ Ry Rt C T
  root_key_copy                    I G U RQ Ry Rt C T
  certified_data_set               I G U Ry Rt T
  data_certificate_present         *
  data_certificate_size            NRQ CQ
  data_certificate_copy            NRQ CQ
  env_var_count                    *
  env_var_name_size                *
  env_var_name_copy                *
  env_var_name_exists              *
  env_var_value_size               *
  env_var_value_copy               *
  stable64_size                    * s
  stable64_grow                    * s
  stable64_write                   * s
  stable64_read                    * s
  stable_size                      * s
  stable_grow                      * s
  stable_write                     * s
  stable_read                      * s
  cost_call                        * s
  cost_create_canister             * s
  cost_http_request                * s
  cost_sign_with_ecdsa             * s
  cost_sign_with_schnorr           * s
  cost_vetkd_derive_key            * s
  cost_http_request_v2             * s
  debug_print                      * s
  trap                             * s
  """

/// By name: the modes in which a call is allowed.
let allowedModes: [String: Set<ExecutionMode>] = {
  var modes: [String: Set<ExecutionMode>] = [:]
  for line in contextTable.split(separator: "\n") {
    let words = line.split(separator: " ").map(String.init)
    modes[words[0]] = words.dropFirst().reduce(into: []) { set, letters in
      if letters == "*" {
        set.formUnion(ExecutionMode.allCases.filter { $0 != .start })
      } else if let mode = modeLetters[letters] {
        set.insert(mode)
      }
    }
  }
  return modes
}()

/// The calls that canisters with 64-bit memory cannot import.
let onlyIn32Bit: Set<String> = [
  "msg_cycles_available", "msg_cycles_refunded", "msg_cycles_accept", "canister_cycle_balance", "call_cycles_add",
  "stable_size", "stable_grow", "stable_write", "stable_read",
]

/// What a call costs, with these operands, beside the operator; stable pages and logging are not in it.
func expectedCharge(_ name: String, _ operands: [UInt64]) -> UInt64 {
  switch name {
  case "msg_arg_data_copy", "msg_caller_copy", "msg_method_name_copy", "msg_reject_msg_copy", "canister_self_copy",
    "subnet_self_copy", "root_key_copy", "data_certificate_copy", "msg_caller_info_data_copy",
    "msg_caller_info_signer_copy":
    500 + operands[2]
  case "certified_data_set", "cost_sign_with_ecdsa", "cost_sign_with_schnorr", "cost_vetkd_derive_key":
    500 + operands[1]
  case "env_var_name_copy": 500 + operands[3]
  case "env_var_value_copy": 500 + operands[4]
  case "msg_reply_data_append", "msg_reject", "call_data_append": 500 + 50 * operands[1]
  case "is_controller": 1_000 + operands[1]
  case "call_new": 1_500 + operands[1] + operands[3]
  case "call_perform": 5_000
  case "performance_counter": 200
  case "debug_print": 100
  case "trap": 500 + operands[1]
  case "cost_http_request_v2": 10_000
  case "mint_cycles128", "stable_size", "stable64_size": 0
  case "stable_grow", "stable64_grow": 100
  case "stable_read", "stable64_read", "stable_write", "stable64_write": 20 + operands[2]
  default: 500
  }
}
