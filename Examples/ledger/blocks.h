// The log: every transaction is a block that holds the hash of the one before it; the last hash is certified.
#pragma once

#include "accounts.h"

typedef enum { block_mint, block_burn, block_transfer, block_approve } BlockKind;

enum { memo_limit = 32 };

typedef struct {
  u8 kind;
  u8 has_spender, has_memo, memo_count;
  u8 fee_given;  // the request named the fee: part of what makes two requests the same
  u8 memo[memo_limit];
  Account from, to, spender;
  Nat amount, fee;
  u64 timestamp;   // ns
  u64 created_at;  // ns; 0: not given
  u64 expires_at;  // approvals; 0: never
  u8 hash[32];
} Block;

/// A transaction with `created_at` is remembered for this long, so that sending it again is noticed.
static const u64 transaction_window = 24ull * 3600 * 1000000000;
/// How far the clock of whoever made the transaction may be ahead.
static const u64 permitted_drift = 60ull * 1000000000;

u32 block_count(void);
const Block *block_at(u32 index);

/// The index of an earlier block from the same request, or -1.
i64 block_find_duplicate(const Block *block);
/// Fills in the hash, appends the block, and certifies the new tip.
u32 block_append(Block *block);
/// Forgets requests that are too old to come again; at most `limit` of them.
void blocks_forget(u64 now, u32 limit);

void blocks_save(void);
/// Also checks the chain of hashes, and remembers recent requests again.
void blocks_restore(u64 now);
