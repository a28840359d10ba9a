#include "tree.h"

// Nodes in memory, with where they are.

typedef struct {
  u64 at;
  Node node;
} Loaded;

static void load(Loaded *loaded, u64 at) {
  loaded->at = at;
  space_read(&loaded->node, at, sizeof(Node));
  if (loaded->node.count > node_most) fail(TEXT("stable memory is damaged"));
}

static void store(const Loaded *loaded) { space_write(loaded->at, &loaded->node, sizeof(Node)); }

static int compare_keys(const Key *a, const Key *b) {
  int order = compare_bytes(a->bytes, b->bytes, a->count < b->count ? a->count : b->count);
  return order ? order : a->count < b->count ? -1 : a->count > b->count;
}

/// The first entry whose key is not less; `*found` tells whether it is this key.
static u32 search(const Node *node, const Key *key, int *found) {
  u32 low = 0, high = node->count;
  *found = 0;
  while (low < high) {
    u32 middle = (low + high) / 2;
    int order = compare_keys(&node->entries[middle].key, key);
    if (order == 0) {
      *found = 1;
      return middle;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Moving entries, and the children beside them.

static void move_entries(Node *to, u32 to_index, const Node *from, u32 from_index, u32 count) {
  copy_bytes(to->entries + to_index, from->entries + from_index, count * (u32)sizeof(Entry));
}

static void move_children(Node *to, u32 to_index, const Node *from, u32 from_index, u32 count) {
  copy_bytes(to->children + to_index, from->children + from_index, count * (u32)sizeof(u64));
}

/// Puts an entry at `index`, with the child that comes after it.
static void insert(Node *node, u32 index, const Entry *entry, u64 child) {
  move_entries(node, index + 1, node, index, node->count - index);
  move_children(node, index + 2, node, index + 1, node->count - index);
  node->entries[index] = *entry;
  node->children[index + 1] = child;
  node->count++;
}

/// Takes the entry at `index` out, with the child after it.
static void take_out(Node *node, u32 index) {
  node->count--;
  move_entries(node, index, node, index + 1, node->count - index);
  move_children(node, index + 1, node, index + 2, node->count - index);
}

// Reading.

int tree_find(const Key *key, Entry *entry) {
  static Loaded here;
  for (u64 at = space.root; at;) {
    load(&here, at);
    int found;
    u32 index = search(&here.node, key, &found);
    if (found) {
      *entry = here.node.entries[index];
      return 1;
    }
    at = here.node.is_leaf ? 0 : here.node.children[index];
  }
  return 0;
}

/// On the way down, the last entry that was passed on its left is the least of those that are greater.
int tree_next(const Key *key, Entry *entry) {
  static Loaded here;
  int any = 0;
  for (u64 at = space.root; at;) {
    load(&here, at);
    int found;
    u32 index = search(&here.node, key, &found);
    if (found) index++;
    if (index < here.node.count) {
      any = 1;
      *entry = here.node.entries[index];
    }
    at = here.node.is_leaf ? 0 : here.node.children[index];
  }
  return any;
}

Bytes tree_value(const Entry *entry) {
  if (entry->size > value_limit) fail(TEXT("stable memory is damaged"));
  u8 *data = scratch(entry->size);
  if (entry->size) space_read(data, entry->block, entry->size);
  return (Bytes){data, entry->size};
}

// Putting. Full nodes are split on the way down, so that there is room for what a split below gives to its parent.

/// Splits the full child at `index`: its middle entry comes up into `parent`, what is greater goes into a new node.
static void split(Loaded *parent, u32 index, Loaded *child) {
  static Loaded right;
  right.at = space_take(sizeof(Node));
  right.node.count = node_least;
  right.node.is_leaf = child->node.is_leaf;
  move_entries(&right.node, 0, &child->node, node_least + 1, node_least);
  move_children(&right.node, 0, &child->node, node_least + 1, node_least + 1);
  child->node.count = node_least;
  insert(&parent->node, index, &child->node.entries[node_least], right.at);
  store(&right);
  store(child);
  store(parent);
}

static void insert_new(const Entry *entry) {
  static Loaded here, child;
  if (!space.root) {
    here = (Loaded){.at = space_take(sizeof(Node)), .node = {.is_leaf = 1}};
    space.root = here.at;
  } else {
    load(&here, space.root);
  }
  if (here.node.count == node_most) {
    child = here;
    here = (Loaded){.at = space_take(sizeof(Node)), .node = {.children = {child.at}}};
    space.root = here.at;
    split(&here, 0, &child);
  }
  for (;;) {
    int found;
    u32 index = search(&here.node, &entry->key, &found);
    if (here.node.is_leaf) {
      insert(&here.node, index, entry, 0);
      store(&here);
      return;
    }
    load(&child, here.node.children[index]);
    if (child.node.count == node_most) {
      split(&here, index, &child);
      if (compare_keys(&here.node.entries[index].key, &entry->key) < 0) load(&child, here.node.children[index + 1]);
    }
    here = child;
  }
}

/// Puts another value in the place of a key's.
static void replace(const Entry *entry) {
  static Loaded here;
  for (u64 at = space.root;;) {
    load(&here, at);
    int found;
    u32 index = search(&here.node, &entry->key, &found);
    if (found) {
      here.node.entries[index] = *entry;
      store(&here);
      return;
    }
    at = here.node.children[index];
  }
}

int tree_put(const Key *key, Bytes value) {
  Entry entry, old;
  int exists = tree_find(key, &old);
  if (exists && old.size) space_give(old.block, old.size);
  entry = (Entry){.key = *key, .size = value.count, .block = value.count ? space_take(value.count) : 0};
  if (value.count) space_write(entry.block, value.data, value.count);
  if (exists) {
    replace(&entry);
  } else {
    insert_new(&entry);
    space.entries++;
  }
  space_close();
  return exists;
}

// Removing. On the way down each node is made to have an entry more than the least, so that one can be taken out.

/// Makes one node of the children beside the entry at `index`, and of the entry itself. `left` is loaded, and stays.
static void merge(Loaded *parent, u32 index, Loaded *left, const Loaded *right) {
  left->node.entries[left->node.count] = parent->node.entries[index];
  move_entries(&left->node, left->node.count + 1, &right->node, 0, right->node.count);
  move_children(&left->node, left->node.count + 1, &right->node, 0, right->node.count + 1);
  left->node.count += right->node.count + 1;
  take_out(&parent->node, index);
  store(left);
  store(parent);
  space_give(right->at, sizeof(Node));
}

/// Makes the child at `index` have more entries than the least: of a neighbour's, by way of the parent, or by a merger.
/// Gives the child in `child`.
static void fill(Loaded *parent, u32 index, Loaded *child) {
  static Loaded beside;
  if (index > 0) {
    load(&beside, parent->node.children[index - 1]);
    if (beside.node.count > node_least) {
      Node *node = &child->node, *from = &beside.node;
      move_entries(node, 1, node, 0, node->count);
      move_children(node, 1, node, 0, node->count + 1);
      node->count++;
      node->entries[0] = parent->node.entries[index - 1];
      node->children[0] = from->children[from->count];
      from->count--;
      parent->node.entries[index - 1] = from->entries[from->count];
      store(&beside), store(child), store(parent);
      return;
    }
  }
  if (index < parent->node.count) {
    load(&beside, parent->node.children[index + 1]);
    if (beside.node.count > node_least) {
      Node *node = &child->node, *from = &beside.node;
      insert(node, node->count, &parent->node.entries[index], from->children[0]);
      parent->node.entries[index] = from->entries[0];
      from->count--;
      move_entries(from, 0, from, 1, from->count);
      move_children(from, 0, from, 1, from->count + 1);
      store(&beside), store(child), store(parent);
      return;
    }
    merge(parent, index, child, &beside);
    return;
  }
  // `beside` is the child on the left.
  merge(parent, index - 1, &beside, child);
  *child = beside;
}

/// The outermost entry below a node: the greatest or the least.
static Entry outermost(u64 at, int greatest) {
  static Loaded here;
  for (;; at = here.node.children[greatest ? here.node.count : 0]) {
    load(&here, at);
    if (here.node.is_leaf) return here.node.entries[greatest ? here.node.count - 1 : 0];
  }
}

int tree_remove(const Key *wanted) {
  static Loaded here, left, right;
  Entry entry;
  if (!tree_find(wanted, &entry)) return 0;
  if (entry.size) space_give(entry.block, entry.size);
  Key key = *wanted;
  load(&here, space.root);
  for (;;) {
    int found;
    u32 index = search(&here.node, &key, &found);
    if (here.node.is_leaf) {
      take_out(&here.node, index);
      store(&here);
      break;
    }
    load(&left, here.node.children[index]);
    if (found) {
      // The entry's place is taken by its neighbour from a leaf, which is then what is taken out further down.
      load(&right, here.node.children[index + 1]);
      if (left.node.count > node_least || right.node.count > node_least) {
        int greatest = left.node.count > node_least;
        Entry neighbour = outermost(greatest ? left.at : right.at, greatest);
        here.node.entries[index] = neighbour;
        store(&here);
        key = neighbour.key;
        here = greatest ? left : right;
        continue;
      }
      merge(&here, index, &left, &right);
    } else if (left.node.count == node_least) {
      fill(&here, index, &left);
    }
    // Only a root can have had a single entry, and have given it away.
    if (here.node.count == 0) {
      space.root = left.at;
      space_give(here.at, sizeof(Node));
    }
    here = left;
  }
  if (here.at == space.root && here.node.count == 0) {
    space.root = 0;
    space_give(here.at, sizeof(Node));
  }
  space.entries--;
  space_close();
  return 1;
}
