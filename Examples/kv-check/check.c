// Tests Examples/kv where it runs: in a canister, on stable memory. What the tree must hold is also in a plain array.
#include "../kv/tree.h"
#include "candid.h"
#include "ic0.h"

enum { key_count = 3000 };

/// For each key the version of its value, or 0 where it has none.
static u32 versions[key_count];
static u64 present;

static u64 random_state;
static u32 random_below(u32 limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (u32)(random_state >> 32) % limit;
}

/// Keys of all lengths, of which many begin another one: the number's digits, the least first, and then the letters.
static Key key_of(u32 number) {
  Key key = {0};
  u32 letters = number % 61;
  for (u32 rest = number; rest || !key.count; rest /= 10) key.bytes[key.count++] = (u8)('0' + rest % 10);
  while (letters-- && key.count < key_limit) key.bytes[key.count++] = 'x';
  return key;
}

/// Values of up to 3000 bytes, some of them empty.
static Bytes value_of(u32 number, u32 version) {
  u32 size = (number * 31 + version * 17) % 4000;
  size = size < 1000 ? 0 : size - 1000;
  u8 *data = scratch(size);
  __builtin_memset(data, (u8)(number + version), size);
  return (Bytes){data, size};
}

static void expect(int holds, Bytes what) {
  if (!holds) fail(what);
}

static void put(u32 number) {
  Key key = key_of(number);
  u32 version = random_below(1000000) + 1;
  int was = tree_put(&key, value_of(number, version));
  expect(was == (versions[number] != 0), TEXT("put: whether there was a value"));
  present += !was;
  versions[number] = version;
}

static void take(u32 number) {
  Key key = key_of(number);
  int was = tree_remove(&key);
  expect(was == (versions[number] != 0), TEXT("remove: whether there was a value"));
  present -= (u64)was;
  versions[number] = 0;
}

static void look(u32 number) {
  Key key = key_of(number);
  Entry entry;
  int is = tree_find(&key, &entry);
  expect(is == (versions[number] != 0), TEXT("find: whether there is a value"));
  if (is) expect(bytes_equal(tree_value(&entry), value_of(number, versions[number])), TEXT("find: the value"));
}

// The tree's shape: entries in order, nodes not too empty, leaves equally deep; and each block in use or free.

typedef struct {
  u64 entries, bytes;
  u32 leaf_depth;
  int has_last;
  Key last;
} Walk;

static void visit(Walk *walk, const Entry *entry) {
  const Key *a = &walk->last, *b = &entry->key;
  int order = compare_bytes(a->bytes, b->bytes, a->count < b->count ? a->count : b->count);
  expect(!walk->has_last || order < 0 || (order == 0 && a->count < b->count), TEXT("the order of keys"));
  walk->has_last = 1;
  walk->last = *b;
  walk->entries++;
  u32 block = 32;
  while (block < entry->size) block *= 2;
  if (entry->size) walk->bytes += block;
}

/// As deep as the tree, which is logarithmic.
static void walk_node(Walk *walk, u64 at, u32 depth) {
  Node *node = scratch(sizeof(Node));
  space_read(node, at, sizeof(Node));
  walk->bytes += 2048;
  expect(node->count >= (depth ? node_least : 1) && node->count <= node_most, TEXT("a node's entries"));
  if (node->is_leaf) {
    expect(!walk->leaf_depth || walk->leaf_depth == depth + 1, TEXT("the leaves' depths"));
    walk->leaf_depth = depth + 1;
  }
  for (u32 i = 0; i <= node->count; i++) {
    if (!node->is_leaf) walk_node(walk, node->children[i], depth + 1);
    if (i < node->count) visit(walk, &node->entries[i]);
  }
}

static u64 free_bytes(void) {
  u64 bytes = 0;
  for (u32 power = smallest_block; power <= largest_block; power++) {
    for (u64 block = space.free[power]; block; space_read(&block, block, sizeof(block))) bytes += (u64)1 << power;
  }
  return bytes;
}

static void check_shape(void) {
  Walk walk = {0};
  if (space.root) walk_node(&walk, space.root, 0);
  expect(walk.entries == present && space.entries == present, TEXT("the number of entries"));
  expect(walk.bytes == space.used, TEXT("the bytes in use"));
  expect(header_size + space.used + free_bytes() == space.end, TEXT("the bytes that are free"));
  // The same entries by going from one to the next.
  Key key = {0};
  Entry entry;
  u64 count = 0;
  for (; tree_next(&key, &entry); count++) key = entry.key;
  expect(count == present, TEXT("the entries one after the other"));
}

typedef struct {
  u64 entries, bytes;
} Most;
static CandidField most_fields[] = {
    FIELD(Most, entries, &candid_nat64),
    FIELD(Most, bytes, &candid_nat64),
};
static CandidType most_type = RECORD(Most, most_fields);

UPDATE(check) {
  scratch_reset();
  u64 seed;
  u32 steps;
  candid_arguments(2, (CandidType *[]){&candid_nat64, &candid_nat32}, (void *[]){&seed, &steps});
  random_state = seed * 0x9E3779B97F4A7C15 + 1;
  Most most = {0};
  u32 period = steps / 8 + 1;
  for (u32 step = 0; step < steps; step++) {
    scratch_reset();
    // Each step begins with the header as it is stored, like a message. The tree grows for a while, then shrinks.
    space_open();
    u32 number = random_below(key_count), chance = random_below(10), shrinks = step / period & 1;
    if (chance < 2) look(number);
    else if (chance < (shrinks ? 3 : 9)) put(number);
    else take(number);
    if (step % period == 0) check_shape();
    if (most.entries < space.entries) most.entries = space.entries;
    if (most.bytes < space.used) most.bytes = space.used;
  }
  check_shape();
  for (u32 number = 0; number < key_count; number++) {
    scratch_reset();
    look(number);
    take(number);
  }
  check_shape();
  expect(!space.root && !space.used, TEXT("an empty tree uses nothing"));
  candid_reply(&most_type, &most);
}
