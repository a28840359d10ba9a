// The functions of the Internet Computer's System API that a canister may import, with their types.
//
// Source: the Internet Computer interface specification 0.66.0, "Overview of imports"; `mint_cycles128` and
// `cost_http_request_v2` are known to the replica only (dfinity/ic, rs/embedders/src/wasm_utils/validation.rs).

import WebAssembly

/// A row for each function of module `ic0`: name and signature. Signatures are as in the operator table: operands, a
/// colon, results; i = i32, I = i64, a = the address type, which is i64 for canisters with 64-bit memory and i32 for
/// all others. `32` marks functions that canisters with 64-bit memory cannot import.
private let canisterImportTable = """
  msg_arg_data_size                :a
  msg_arg_data_copy                aaa:
  msg_caller_size                  :a
  msg_caller_copy                  aaa:
  msg_caller_info_data_size        :a
  msg_caller_info_data_copy        aaa:
  msg_caller_info_signer_size      :a
  msg_caller_info_signer_copy      aaa:
  msg_reject_code                  :i
  msg_reject_msg_size              :a
  msg_reject_msg_copy              aaa:
  msg_deadline                     :I
  msg_reply_data_append            aa:
  msg_reply                        :
  msg_reject                       aa:
  msg_method_name_size             :a
  msg_method_name_copy             aaa:
  accept_message                   :
  msg_cycles_available128          a:
  msg_cycles_refunded128           a:
  msg_cycles_accept128             IIa:
  cycles_burn128                   IIa:
  canister_cycle_balance128        a:
  canister_liquid_cycle_balance128 a:
  call_cycles_add128               II:
  msg_cycles_available             :I          32
  msg_cycles_refunded              :I          32
  msg_cycles_accept                I:I         32
  canister_cycle_balance           :I          32
  call_cycles_add                  I:          32
  mint_cycles128                   IIa:
  call_new                         aaaaaaaa:
  call_on_cleanup                  aa:
  call_data_append                 aa:
  call_with_best_effort_response   i:
  call_perform                     :i
  canister_self_size               :a
  canister_self_copy               aaa:
  subnet_self_size                 :a
  subnet_self_copy                 aaa:
  canister_status                  :i
  canister_version                 :I
  is_controller                    aa:i
  in_replicated_execution          :i
  time                             :I
  global_timer_set                 I:I
  performance_counter              i:I
  root_key_size                    :a
  root_key_copy                    aaa:
  certified_data_set               aa:
  data_certificate_present         :i
  data_certificate_size            :a
  data_certificate_copy            aaa:
  env_var_count                    :a
  env_var_name_size                a:a
  env_var_name_copy                aaaa:
  env_var_name_exists              aa:i
  env_var_value_size               aa:a
  env_var_value_copy               aaaaa:
  stable64_size                    :I
  stable64_grow                    I:I
  stable64_write                   III:
  stable64_read                    III:
  stable_size                      :i          32
  stable_grow                      i:i         32
  stable_write                     iii:        32
  stable_read                      iii:        32
  cost_call                        IIa:
  cost_create_canister             a:
  cost_http_request                IIa:
  cost_sign_with_ecdsa             aaia:i
  cost_sign_with_schnorr           aaia:i
  cost_vetkd_derive_key            aaia:i
  cost_http_request_v2             aaa:
  debug_print                      aa:
  trap                             aa:
  """

/// A function of the System API.
public struct CanisterImport: Hashable, Sendable {
  public let name: String
  /// The types in canisters with 32-bit memory or none.
  public let type32: FunctionType
  /// The types in canisters with 64-bit memory; `nil` if those cannot import the function.
  public let type64: FunctionType?

  /// The module that all of them are imported from.
  public static let module = "ic0"

  /// All functions, in the order of the table.
  public static let all: [CanisterImport] = canisterImportTable.split(separator: "\n").map { row in
    let columns = row.split(separator: " ")
    return CanisterImport(
      name: String(columns[0]), type32: functionType(columns[1], address: .i32),
      type64: columns.count == 2 ? functionType(columns[1], address: .i64) : nil)
  }

  private static let byName: [ExactName: Int] = Dictionary(
    uniqueKeysWithValues: all.enumerated().map { (ExactName($1.name), $0) })

  /// The function called `name`, if there is one.
  public static func named(_ name: String) -> CanisterImport? { byName[ExactName(name)].map { all[$0] } }

  private static func functionType(_ signature: Substring, address: ValueType) -> FunctionType {
    let halves = signature.split(separator: ":", omittingEmptySubsequences: false).map { half in
      half.map { letter -> ValueType in
        switch letter {
        case "i": .i32
        case "I": .i64
        default: address
        }
      }
    }
    return FunctionType(parameters: halves[0], results: halves[1])
  }
}
