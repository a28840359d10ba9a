// The canister that is called, by users and by Examples/caller: answers, rejects, takes cycles, and lets others wait.
#include "call.h"
#include "candid.h"
#include "ic0.h"

enum { name_limit = 40, price = 1000000 };
static const u64 millisecond = 1000000;

/// Refuses the message, with reject code 4. What has changed stays; a trap (`fail`) would undo it, and give code 5.
static void reject(Bytes text) { ic0_msg_reject(text.data, text.count); }

static int is_name(Bytes name) { return name.count && name.count <= name_limit; }
static const Bytes bad_name = TEXT("a name has 1 to 40 bytes");

static Bytes greeting(Bytes name) {
  Buffer buffer = {0};
  buffer_text(&buffer, TEXT("Hello, "));
  buffer_text(&buffer, name);
  buffer_byte(&buffer, '!');
  return buffer_contents(&buffer);
}

static void reply(Bytes text) { candid_reply(&candid_text, &text); }

QUERY(greet) {
  scratch_reset();
  Bytes name;
  candid_argument(&candid_text, &name);
  if (is_name(name)) reply(greeting(name));
  else reject(bad_name);
}

UPDATE(engrave) {
  scratch_reset();
  Bytes name;
  candid_argument(&candid_text, &name);
  if (!is_name(name)) {
    reject(bad_name);
    return;
  }
  Bytes text = greeting(name);
  Nat offered, cost = nat((u64)text.count * price);
  ic0_msg_cycles_available128(&offered);
  if (nat_less(offered, cost)) {
    reject(TEXT("too few cycles came with the call"));
    return;
  }
  Nat accepted;
  ic0_msg_cycles_accept128(cost.high, cost.low, &accepted);
  reply(text);
}

// Waiting. A canister can't sleep in a message, but time passes while a call is on its way: the management canister
// answers in the next round.

typedef struct {
  u64 until;
  u32 count;
  u8 name[name_limit];
} Guest;

static void wait(const Guest *guest);

static void waited(void *state) {
  const Guest *guest = state;
  u64 now = ic0_time(), deadline = ic0_msg_deadline();
  // Nobody is there any more: whatever is answered will be dropped.
  if (deadline && now > deadline) {
    reject(TEXT("too late"));
    return;
  }
  if (now < guest->until) wait(guest);
  else reply(greeting((Bytes){guest->name, guest->count}));
}

static void not_waited(void *state, u32 code, Bytes text) {
  (void)state, (void)code;
  reject(text);
}

static void wait(const Guest *guest) {
  Call call = {
      .callee = management_canister,
      .method = TEXT("raw_rand"),
      .argument = candid_message(0, 0),
      .reply = waited,
      .reject = not_waited,
      .state = guest,
      .state_size = sizeof(Guest),
  };
  if (!call_send(&call)) reject(TEXT("can't wait now"));
}

UPDATE(greet_later) {
  scratch_reset();
  Bytes name;
  u32 milliseconds;
  candid_arguments(2, (CandidType *[]){&candid_text, &candid_nat32}, (void *[]){&name, &milliseconds});
  if (!is_name(name)) {
    reject(bad_name);
    return;
  }
  Guest guest = {.until = ic0_time() + milliseconds * millisecond, .count = name.count};
  copy_bytes(guest.name, name.data, name.count);
  wait(&guest);
}
