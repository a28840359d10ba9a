// The smallest useful canister: a counter. Its one variable lives in the heap, which persists between messages.
#include "ic0.h"

static u64 count;

/// A Candid message with one nat64: the magic bytes, an empty type table, one argument of type nat64 (code 0x78).
static void reply(u64 value) {
  u8 message[15] = {'D', 'I', 'D', 'L', 0, 1, 0x78};
  for (int i = 0; i < 8; i++) message[7 + i] = (u8)(value >> (8 * i));
  ic0_msg_reply_data_append(message, sizeof(message));
  ic0_msg_reply();
}

UPDATE(increment) { reply(++count); }
QUERY(get) { reply(count); }
