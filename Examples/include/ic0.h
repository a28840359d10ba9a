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

// The message.
IC0(msg_arg_data_size) usize ic0_msg_arg_data_size(void);
IC0(msg_arg_data_copy) void ic0_msg_arg_data_copy(void *destination, usize offset, usize size);
IC0(msg_caller_size) usize ic0_msg_caller_size(void);
IC0(msg_caller_copy) void ic0_msg_caller_copy(void *destination, usize offset, usize size);
IC0(msg_reply_data_append) void ic0_msg_reply_data_append(const void *source, usize size);
IC0(msg_reply) void ic0_msg_reply(void);
IC0(msg_reject) void ic0_msg_reject(const void *source, usize size);
IC0(msg_method_name_size) usize ic0_msg_method_name_size(void);
IC0(msg_method_name_copy) void ic0_msg_method_name_copy(void *destination, usize offset, usize size);
IC0(accept_message) void ic0_accept_message(void);

// The canister and its surroundings.
IC0(canister_self_size) usize ic0_canister_self_size(void);
IC0(canister_self_copy) void ic0_canister_self_copy(void *destination, usize offset, usize size);
IC0(canister_cycle_balance128) void ic0_canister_cycle_balance128(void *destination);
IC0(is_controller) u32 ic0_is_controller(const void *source, usize size);
IC0(time) u64 ic0_time(void);
IC0(global_timer_set) u64 ic0_global_timer_set(u64 timestamp);
IC0(performance_counter) u64 ic0_performance_counter(u32 type);
IC0(certified_data_set) void ic0_certified_data_set(const void *source, usize size);

// Stable memory.
IC0(stable64_size) u64 ic0_stable64_size(void);
IC0(stable64_grow) u64 ic0_stable64_grow(u64 pages);
IC0(stable64_read) void ic0_stable64_read(u64 destination, u64 offset, u64 size);
IC0(stable64_write) void ic0_stable64_write(u64 offset, u64 source, u64 size);

// Debugging.
IC0(debug_print) void ic0_debug_print(const void *source, usize size);
IC0(trap) NORETURN void ic0_trap(const void *source, usize size);

/// Makes a function an export of the canister, under a name that may contain a space.
#ifdef __wasm__
#define ENTRY(name, function) __attribute__((export_name(name))) void function(void)
#else
#define ENTRY(name, function) void function(void)
#endif
#define UPDATE(method) ENTRY("canister_update " #method, update_##method)
#define QUERY(method) ENTRY("canister_query " #method, query_##method)
