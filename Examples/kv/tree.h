// Keys and values in stable memory, in the order of the keys' bytes: a B-tree, whose nodes are read and written as a
// whole. A node lies in a block of 2048 bytes, as `Node`; a value in a block of its own.
#pragma once

#include "space.h"

enum { key_limit = 64, value_limit = 1 << 20 };

typedef struct {
  u32 count;
  u8 bytes[key_limit];
} Key;

/// A key, and where its value is; an empty one has no block.
typedef struct {
  Key key;
  u32 size;
  u64 block;
} Entry;

/// A node has 11 to 23 entries, the root 1 to 23. Inner nodes have a child before, between and after their entries,
/// with the keys that belong there; all leaves are equally deep.
enum { node_least = 11, node_most = 2 * node_least + 1 };
typedef struct {
  u32 count;
  u32 is_leaf;
  Entry entries[node_most];
  u64 children[node_most + 1];
} Node;
_Static_assert(sizeof(Node) <= 2048, "a node fits into its block");

/// The entry of this key. 0: there is none.
int tree_find(const Key *key, Entry *entry);
/// The first entry whose key is greater. 0: there is none.
int tree_next(const Key *key, Entry *entry);
/// The entry's value, in scratch memory.
Bytes tree_value(const Entry *entry);

/// Sets the value of a key; 1 if it had one.
int tree_put(const Key *key, Bytes value);
/// Removes a key and its value; 0 if there is none.
int tree_remove(const Key *key);
