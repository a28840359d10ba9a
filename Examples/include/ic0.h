// The System API of the Internet Computer: the functions that a canister imports from the module `ic0`.
//
// `usize` parameters are the ones that follow the width of the canister's memory; sizes are in bytes, stable memory is
// in pages of 64 KiB, times are nanoseconds since 1970. Each function may be called only in some of the entry points
// (Internet Computer interface specification, "System imports").
#pragma once

#include "types.h"

#ifdef __wasm__
#define IC0(name) __attribute__((import_module("ic0"), import_name(#name))) extern
#else
#define IC0(name) extern
#endif

// The message: its argument (in a reply callback, the reply), who sent it, and the answer.
IC0(msg_arg_data_size) usize ic0_msg_arg_data_size(void);
IC0(msg_arg_data_copy) void ic0_msg_arg_data_copy(void *destination, usize offset, usize size);
IC0(msg_caller_size) usize ic0_msg_caller_size(void);
IC0(msg_caller_copy) void ic0_msg_caller_copy(void *destination, usize offset, usize size);
IC0(msg_caller_info_data_size) usize ic0_msg_caller_info_data_size(void);
IC0(msg_caller_info_data_copy) void ic0_msg_caller_info_data_copy(void *destination, usize offset, usize size);
IC0(msg_caller_info_signer_size) usize ic0_msg_caller_info_signer_size(void);
IC0(msg_caller_info_signer_copy) void ic0_msg_caller_info_signer_copy(void *destination, usize offset, usize size);
IC0(msg_reject_code) u32 ic0_msg_reject_code(void);
IC0(msg_reject_msg_size) usize ic0_msg_reject_msg_size(void);
IC0(msg_reject_msg_copy) void ic0_msg_reject_msg_copy(void *destination, usize offset, usize size);
IC0(msg_deadline) u64 ic0_msg_deadline(void);
IC0(msg_reply_data_append) void ic0_msg_reply_data_append(const void *source, usize size);
IC0(msg_reply) void ic0_msg_reply(void);
IC0(msg_reject) void ic0_msg_reject(const void *source, usize size);
IC0(msg_method_name_size) usize ic0_msg_method_name_size(void);
IC0(msg_method_name_copy) void ic0_msg_method_name_copy(void *destination, usize offset, usize size);
IC0(accept_message) void ic0_accept_message(void);

// Cycles. Amounts have 128 bits: two halves as operands, 16 bytes in little-endian order as results.
IC0(msg_cycles_available128) void ic0_msg_cycles_available128(void *destination);
IC0(msg_cycles_refunded128) void ic0_msg_cycles_refunded128(void *destination);
IC0(msg_cycles_accept128) void ic0_msg_cycles_accept128(u64 most_high, u64 most_low, void *destination);
IC0(cycles_burn128) void ic0_cycles_burn128(u64 high, u64 low, void *destination);
IC0(canister_cycle_balance128) void ic0_canister_cycle_balance128(void *destination);
IC0(canister_liquid_cycle_balance128) void ic0_canister_liquid_cycle_balance128(void *destination);
IC0(mint_cycles128) void ic0_mint_cycles128(u64 high, u64 low, void *destination);

// Calls. `call_new` begins one, and `call_perform` sends it: 0 means that exactly one of the callbacks will run.
typedef void Ic0Callback(usize environment);
IC0(call_new)
void ic0_call_new(const void *callee, usize callee_size, const void *name, usize name_size, Ic0Callback *reply,
                  usize reply_environment, Ic0Callback *reject, usize reject_environment);
IC0(call_on_cleanup) void ic0_call_on_cleanup(Ic0Callback *cleanup, usize environment);
IC0(call_data_append) void ic0_call_data_append(const void *source, usize size);
IC0(call_with_best_effort_response) void ic0_call_with_best_effort_response(u32 seconds);
IC0(call_cycles_add128) void ic0_call_cycles_add128(u64 high, u64 low);
IC0(call_perform) u32 ic0_call_perform(void);

// The canister and its surroundings.
IC0(canister_self_size) usize ic0_canister_self_size(void);
IC0(canister_self_copy) void ic0_canister_self_copy(void *destination, usize offset, usize size);
IC0(subnet_self_size) usize ic0_subnet_self_size(void);
IC0(subnet_self_copy) void ic0_subnet_self_copy(void *destination, usize offset, usize size);
IC0(canister_status) u32 ic0_canister_status(void);
IC0(canister_version) u64 ic0_canister_version(void);
IC0(is_controller) u32 ic0_is_controller(const void *source, usize size);
IC0(in_replicated_execution) u32 ic0_in_replicated_execution(void);
IC0(time) u64 ic0_time(void);
IC0(global_timer_set) u64 ic0_global_timer_set(u64 timestamp);
IC0(performance_counter) u64 ic0_performance_counter(u32 type);
IC0(root_key_size) usize ic0_root_key_size(void);
IC0(root_key_copy) void ic0_root_key_copy(void *destination, usize offset, usize size);
IC0(certified_data_set) void ic0_certified_data_set(const void *source, usize size);
IC0(data_certificate_present) u32 ic0_data_certificate_present(void);
IC0(data_certificate_size) usize ic0_data_certificate_size(void);
IC0(data_certificate_copy) void ic0_data_certificate_copy(void *destination, usize offset, usize size);

// Environment variables, which the canister's controllers set.
IC0(env_var_count) usize ic0_env_var_count(void);
IC0(env_var_name_size) usize ic0_env_var_name_size(usize index);
IC0(env_var_name_copy) void ic0_env_var_name_copy(usize index, void *destination, usize offset, usize size);
IC0(env_var_name_exists) u32 ic0_env_var_name_exists(const void *name, usize name_size);
IC0(env_var_value_size) usize ic0_env_var_value_size(const void *name, usize name_size);
IC0(env_var_value_copy)
void ic0_env_var_value_copy(const void *name, usize name_size, void *destination, usize offset, usize size);

// Stable memory.
IC0(stable64_size) u64 ic0_stable64_size(void);
IC0(stable64_grow) u64 ic0_stable64_grow(u64 pages);
IC0(stable64_read) void ic0_stable64_read(u64 destination, u64 offset, u64 size);
IC0(stable64_write) void ic0_stable64_write(u64 offset, u64 source, u64 size);

// What calls would cost, in cycles. Where there is a result, 0 means success.
IC0(cost_call) void ic0_cost_call(u64 name_size, u64 argument_size, void *destination);
IC0(cost_create_canister) void ic0_cost_create_canister(void *destination);
IC0(cost_http_request) void ic0_cost_http_request(u64 request_size, u64 response_limit, void *destination);
IC0(cost_http_request_v2) void ic0_cost_http_request_v2(const void *parameters, usize size, void *destination);
IC0(cost_sign_with_ecdsa) u32 ic0_cost_sign_with_ecdsa(const void *key, usize key_size, u32 curve, void *destination);
IC0(cost_sign_with_schnorr)
u32 ic0_cost_sign_with_schnorr(const void *key, usize key_size, u32 algorithm, void *destination);
IC0(cost_vetkd_derive_key) u32 ic0_cost_vetkd_derive_key(const void *key, usize key_size, u32 curve, void *destination);

// Debugging.
IC0(debug_print) void ic0_debug_print(const void *source, usize size);
IC0(trap) NORETURN void ic0_trap(const void *source, usize size);

// Older forms, for canisters with 32-bit memory only: amounts of cycles below 2^64, stable memory below 4 GiB.
#ifndef __wasm64__
IC0(msg_cycles_available) u64 ic0_msg_cycles_available(void);
IC0(msg_cycles_refunded) u64 ic0_msg_cycles_refunded(void);
IC0(msg_cycles_accept) u64 ic0_msg_cycles_accept(u64 most);
IC0(canister_cycle_balance) u64 ic0_canister_cycle_balance(void);
IC0(call_cycles_add) void ic0_call_cycles_add(u64 amount);
IC0(stable_size) u32 ic0_stable_size(void);
IC0(stable_grow) u32 ic0_stable_grow(u32 pages);
IC0(stable_read) void ic0_stable_read(void *destination, u32 offset, u32 size);
IC0(stable_write) void ic0_stable_write(u32 offset, const void *source, u32 size);
#endif

/// Makes a function an export of the canister, under a name that may contain a space.
#ifdef __wasm__
#define ENTRY(name, function) __attribute__((export_name(name))) void function(void)
#else
#define ENTRY(name, function) void function(void)
#endif
#define UPDATE(method) ENTRY("canister_update " #method, update_##method)
#define QUERY(method) ENTRY("canister_query " #method, query_##method)
#define COMPOSITE_QUERY(method) ENTRY("canister_composite_query " #method, composite_query_##method)
