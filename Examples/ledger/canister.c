// The life of the canister: installation, upgrades, and what the system calls by itself.
#include "blocks.h"
#include "ic0.h"
#include "stable.h"

enum { magic = 0x5247444C /* "LDGR" */, version = 1, argument_limit = 16384 };

static const u64 hour = 3600ull * 1000000000;

static u8 take_name(u8 *name, Bytes text, Bytes what) {
  if (!text.count || text.count > name_limit) fail(what);
  copy_bytes(name, text.data, text.count);
  return (u8)text.count;
}

ENTRY("canister_init", canister_init) {
  scratch_reset();
  InitArgument argument;
  candid_argument(&init_type, &argument);
  token.name_count = take_name(token.name, argument.name, TEXT("the name must have 1 to 64 bytes"));
  token.symbol_count = take_name(token.symbol, argument.symbol, TEXT("the symbol must have 1 to 64 bytes"));
  token.decimals = argument.decimals.some ? argument.decimals.value : 8;
  token.fee = argument.fee.some ? argument.fee.value : nat(10000);
  token.minting_account = account_from(&argument.minting_account);
  u64 now = ic0_time();
  const InitialBalance *initial = argument.initial_balances.items;
  for (u32 i = 0; i < argument.initial_balances.count; i++) {
    Block block = {.kind = block_mint, .amount = initial[i].balance, .timestamp = now};
    block.from = token.minting_account;
    block.to = account_from(&initial[i].account);
    if (is_minting_account(&block.to)) fail(TEXT("the minting account can't have a balance"));
    if (nat_add(token.supply, block.amount, &token.supply)) fail(TEXT("the initial balances overflow"));
    credit(&block.to, block.amount);
    block_append(&block);
  }
  ic0_global_timer_set(now + hour);
}

ENTRY("canister_pre_upgrade", canister_pre_upgrade) {
  scratch_reset();
  stable_start_writing(magic, version);
  accounts_save();
  blocks_save();
  stable_finish_writing();
}

ENTRY("canister_post_upgrade", canister_post_upgrade) {
  scratch_reset();
  u32 found = stable_start_reading(magic);
  if (found != version) fail_at(TEXT("stable memory is in version "), found);
  u64 now = ic0_time();
  accounts_restore();
  blocks_restore(now);
  stable_finish_reading();
  ic0_global_timer_set(now + hour);
}

/// Refuses what would fail anyway, before it costs anything.
ENTRY("canister_inspect_message", canister_inspect_message) {
  scratch_reset();
  static const Bytes methods[] = {
      TEXT("icrc1_transfer"),
      TEXT("icrc2_approve"),
      TEXT("icrc2_transfer_from"),
  };
  Principal caller = principal_of_caller();
  if (principal_is_anonymous(&caller) || ic0_msg_arg_data_size() > argument_limit) return;
  u32 size = (u32)ic0_msg_method_name_size();
  u8 *name = scratch(size);
  ic0_msg_method_name_copy(name, 0, size);
  for (i32 i = 0; i < COUNT(methods); i++) {
    if (bytes_equal(methods[i], (Bytes){name, size})) {
      ic0_accept_message();
      return;
    }
  }
}

/// Forgets old requests, a bounded number at a time.
ENTRY("canister_global_timer", canister_global_timer) {
  scratch_reset();
  u64 now = ic0_time();
  blocks_forget(now, 10000);
  ic0_global_timer_set(now + hour);
}
