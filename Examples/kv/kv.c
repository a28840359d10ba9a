// The methods of the key-value store. All state is in stable memory (space.h, tree.h); the heap has only copies of what
// a message needs, so that an upgrade loses nothing and copies nothing.
#include "candid.h"
#include "ic0.h"
#include "tree.h"

enum { list_limit = 1000 };

static void begin(void) {
  scratch_reset();
  space_open();
}

static Key key_from(Bytes text) {
  if (text.count == 0 || text.count > key_limit) fail(TEXT("a key has 1 to 64 bytes"));
  Key key = {.count = text.count};
  copy_bytes(key.bytes, text.data, text.count);
  return key;
}

static void reply_bool(int value) {
  u8 byte = value != 0;
  candid_reply(&candid_bool, &byte);
}

UPDATE(put) {
  begin();
  Bytes name, value;
  candid_arguments(2, (CandidType *[]){&candid_text, &candid_blob}, (void *[]){&name, &value});
  if (value.count > value_limit) fail(TEXT("a value has at most 1048576 bytes"));
  Key key = key_from(name);
  reply_bool(tree_put(&key, value));
}

UPDATE(delete) {
  begin();
  Bytes name;
  candid_argument(&candid_text, &name);
  Key key = key_from(name);
  reply_bool(tree_remove(&key));
}

QUERY(get) {
  begin();
  Bytes name;
  candid_argument(&candid_text, &name);
  Key key = key_from(name);
  Entry entry;
  OptBytes value = {0};
  if (tree_find(&key, &entry)) value = (OptBytes){1, tree_value(&entry)};
  candid_reply(&candid_opt_blob, &value);
}

typedef struct {
  Bytes key;
  u32 size;
} Item;
static CandidField item_fields[] = {
    FIELD(Item, key, &candid_text),
    FIELD(Item, size, &candid_nat32),
};
static CandidType item_type = RECORD(Item, item_fields);
static CandidType items_type = VEC(&item_type);

typedef struct {
  CandidVector entries;
  u8 more;
} Page;
static CandidField page_fields[] = {
    FIELD(Page, entries, &items_type),
    FIELD(Page, more, &candid_bool),
};
static CandidType page_type = RECORD(Page, page_fields);
static CandidType opt_text = OPT(OptBytes, &candid_text);

QUERY(list) {
  begin();
  OptBytes after;
  u32 limit;
  candid_arguments(2, (CandidType *[]){&opt_text, &candid_nat32}, (void *[]){&after, &limit});
  if (limit > list_limit) limit = list_limit;
  Key key = {0};  // the empty key comes before all others
  if (after.some) key = key_from(after.value);
  Item *items = scratch(limit * (u32)sizeof(Item));
  u32 count = 0;
  Entry entry;
  int more;
  while ((more = tree_next(&key, &entry)) && count < limit) {
    key = entry.key;
    u8 *name = scratch(key.count);
    copy_bytes(name, key.bytes, key.count);
    items[count++] = (Item){{name, key.count}, entry.size};
  }
  Page page = {{items, count}, more != 0};
  candid_reply(&page_type, &page);
}

typedef struct {
  u64 entries, bytes;
} Status;
static CandidField status_fields[] = {
    FIELD(Status, entries, &candid_nat64),
    FIELD(Status, bytes, &candid_nat64),
};
static CandidType status_type = RECORD(Status, status_fields);

QUERY(status) {
  begin();
  candid_argument(0, 0);
  Status status = {space.entries, space.used};
  candid_reply(&status_type, &status);
}
