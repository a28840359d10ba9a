#include "blocks.h"
#include "ic0.h"
#include "sha256.h"
#include "stable.h"

typedef struct {
  u8 bytes[32];
} Digest;

static Block *blocks;
static u32 count, capacity;
static Table requests = TABLE(Digest, u32);  // digest of a request → index of its block
static u32 oldest;                           // the first block whose request may still be remembered

u32 block_count(void) { return count; }
const Block *block_at(u32 index) { return &blocks[index]; }

static void take_account(Sha256 *hash, const Account *account) {
  sha256_take(hash, &account->owner.count, 1);
  sha256_take(hash, account->owner.bytes, account->owner.count);
  sha256_take(hash, account->subaccount, 32);
}

/// What whoever sent it chose; the same for a request that is sent twice.
static void take_request(Sha256 *hash, const Block *block) {
  sha256_take(hash, &block->kind, 1);
  take_account(hash, &block->from);
  take_account(hash, &block->to);
  if (block->has_spender) take_account(hash, &block->spender);
  sha256_take(hash, &block->amount, sizeof(Nat));
  sha256_take(hash, &block->fee_given, 1);
  if (block->fee_given) sha256_take(hash, &block->fee, sizeof(Nat));
  sha256_take(hash, &block->has_memo, 1);
  if (block->has_memo) sha256_take(hash, block->memo, block->memo_count);
  sha256_take(hash, &block->created_at, 8);
  sha256_take(hash, &block->expires_at, 8);
}

static Digest digest_of_request(const Block *block) {
  Sha256 hash;
  Digest digest;
  sha256_start(&hash);
  take_request(&hash, block);
  sha256_finish(&hash, digest.bytes);
  return digest;
}

static void hash_block(const Block *block, const Block *parent, u8 digest[32]) {
  Sha256 hash;
  sha256_start(&hash);
  if (parent) sha256_take(&hash, parent->hash, 32);
  take_request(&hash, block);
  sha256_take(&hash, &block->fee, sizeof(Nat));
  sha256_take(&hash, &block->timestamp, 8);
  sha256_finish(&hash, digest);
}

static void push(const Block *block) {
  if (count == capacity) {
    u32 larger = capacity ? capacity * 2 : 64;
    if (larger > (u32)1 << 22) fail(TEXT("the log is full"));
    Block *copy = allocate(larger * (u32)sizeof(Block));
    if (count) copy_bytes(copy, blocks, count * (u32)sizeof(Block));
    release(blocks);
    blocks = copy;
    capacity = larger;
  }
  blocks[count++] = *block;
}

static void remember(u32 index) {
  if (!blocks[index].created_at) return;
  Digest digest = digest_of_request(&blocks[index]);
  *(u32 *)table_insert(&requests, &digest) = index;
}

i64 block_find_duplicate(const Block *block) {
  if (!block->created_at) return -1;
  Digest digest = digest_of_request(block);
  const u32 *index = table_find(&requests, &digest);
  return index ? (i64)*index : -1;
}

static void certify(void) {
  if (count) ic0_certified_data_set(blocks[count - 1].hash, 32);
}

u32 block_append(Block *block) {
  hash_block(block, count ? &blocks[count - 1] : 0, block->hash);
  push(block);
  remember(count - 1);
  certify();
  return count - 1;
}

static int is_recent(const Block *block, u64 now) {
  return block->timestamp + transaction_window + 2 * permitted_drift >= now;
}

void blocks_forget(u64 now, u32 limit) {
  for (; limit && oldest < count && !is_recent(&blocks[oldest], now); limit--, oldest++) {
    if (!blocks[oldest].created_at) continue;
    Digest digest = digest_of_request(&blocks[oldest]);
    table_remove(&requests, &digest);
  }
}

void blocks_save(void) {
  stable_write_u32(count);
  for (u32 i = 0; i < count; i++) stable_write(&blocks[i], sizeof(Block));
}

void blocks_restore(u64 now) {
  for (u32 left = stable_read_u32(); left; left--) {
    Block block;
    stable_read(&block, sizeof(Block));
    u8 digest[32];
    hash_block(&block, count ? &blocks[count - 1] : 0, digest);
    if (!equal_bytes(digest, block.hash, 32)) fail_at(TEXT("the chain of hashes is broken at block "), count);
    push(&block);
    if (is_recent(&block, now)) remember(count - 1);
    else oldest = count;
  }
  certify();
}
