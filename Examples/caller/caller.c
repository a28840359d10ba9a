// The canister that calls another one, Examples/greeter: replies, rejects, cycles, a time limit, and a lock that a trap
// doesn't leave locked.
#include "call.h"
#include "candid.h"
#include "ic0.h"

static Principal greeter;

static void take_greeter(void) {
  scratch_reset();
  candid_argument(&candid_principal, &greeter);
}

ENTRY("canister_init", canister_init) { take_greeter(); }
ENTRY("canister_post_upgrade", canister_post_upgrade) { take_greeter(); }

// The types of the interface.

typedef struct {
  u32 code;
  Bytes message;
} Failure;
static CandidField failure_fields[] = {
    FIELD(Failure, code, &candid_nat32),
    FIELD(Failure, message, &candid_text),
};
static CandidType failure_type = RECORD(Failure, failure_fields);

enum { ok, failed };
typedef struct {
  u32 tag;
  union {
    Bytes ok;
    Failure failed;
  } value;
} Greeting;
static CandidField greeting_fields[] = {
    ALTERNATIVE(ok, ok, &candid_text),
    ALTERNATIVE(failed, failed, &failure_type),
};
static CandidType greeting_type = VARIANT(Greeting, greeting_fields);

typedef struct {
  Bytes greeting;
  Nat refund;
} Receipt;
static CandidField receipt_fields[] = {
    FIELD(Receipt, greeting, &candid_text),
    FIELD(Receipt, refund, &candid_nat),
};
static CandidType receipt_type = RECORD(Receipt, receipt_fields);
typedef struct {
  u32 tag;
  union {
    Receipt ok;
    Failure failed;
  } value;
} Purchase;
static CandidField purchase_fields[] = {
    ALTERNATIVE(ok, ok, &receipt_type),
    ALTERNATIVE(failed, failed, &failure_type),
};
static CandidType purchase_type = VARIANT(Purchase, purchase_fields);

typedef struct {
  Bytes greeting;
  u8 is_being_made;
} Plate;
static CandidField plate_fields[] = {
    FIELD(Plate, greeting, &candid_text),
    FIELD(Plate, is_being_made, &candid_bool),
};
static CandidType plate_type = RECORD(Plate, plate_fields);

// Asking. The callbacks answer the message that made the call.

enum { code_transient = 2 };  // "try again later"
static const Bytes not_sent = TEXT("the call can't be sent now");

static void greeted(void *state) {
  (void)state;
  Greeting greeting = {ok, {0}};
  candid_argument(&candid_text, &greeting.value.ok);
  candid_reply(&greeting_type, &greeting);
}

static void not_greeted(void *state, u32 code, Bytes text) {
  (void)state;
  Greeting greeting = {failed, {.failed = {code, text}}};
  candid_reply(&greeting_type, &greeting);
}

static void ask(Bytes method, Bytes argument, u32 timeout) {
  Call call = {
      .callee = greeter,
      .method = method,
      .argument = argument,
      .timeout = timeout,
      .reply = greeted,
      .reject = not_greeted,
  };
  if (!call_send(&call)) not_greeted(0, code_transient, not_sent);
}

/// The argument goes on as it came.
static Bytes argument(void) {
  usize size = ic0_msg_arg_data_size();
  u8 *data = scratch((u32)size);
  ic0_msg_arg_data_copy(data, 0, size);
  return (Bytes){data, (u32)size};
}

UPDATE(ask) {
  scratch_reset();
  ask(TEXT("greet"), argument(), 0);
}

COMPOSITE_QUERY(ask_now) {
  scratch_reset();
  ask(TEXT("greet"), argument(), 0);
}

UPDATE(ask_for_later) {
  scratch_reset();
  ask(TEXT("greet_later"), argument(), 1);
}

// Buying. While the call is open, other messages come in and find `is_being_made` set. Each way out must clear it: the
// two callbacks, and, since what they changed is undone when they trap, the cleanup.

enum { plate_size = 20 };
static u8 plate[plate_size];
static u32 plate_count;
static u8 is_being_made;

static void not_bought(void *state, u32 code, Bytes text) {
  (void)state;
  is_being_made = 0;
  Purchase purchase = {failed, {.failed = {code, text}}};
  candid_reply(&purchase_type, &purchase);
}

static void bought(void *state) {
  (void)state;
  is_being_made = 0;
  Purchase purchase = {ok, {.ok = {.refund = call_refund()}}};
  candid_argument(&candid_text, &purchase.value.ok.greeting);
  Bytes greeting = purchase.value.ok.greeting;
  if (greeting.count > plate_size) fail(TEXT("the greeting doesn't fit on the plate"));
  copy_bytes(plate, greeting.data, greeting.count);
  plate_count = greeting.count;
  candid_reply(&purchase_type, &purchase);
}

static void purchase_trapped(void *state) {
  (void)state;
  is_being_made = 0;
}

UPDATE(buy) {
  scratch_reset();
  Bytes name;
  Nat cycles;
  candid_arguments(2, (CandidType *[]){&candid_text, &candid_nat}, (void *[]){&name, &cycles});
  if (is_being_made) fail(TEXT("another plate is being made"));
  is_being_made = 1;
  Call call = {
      .callee = greeter,
      .method = TEXT("engrave"),
      .argument = candid_message(&candid_text, &name),
      .cycles = cycles,
      .reply = bought,
      .reject = not_bought,
      .cleanup = purchase_trapped,
  };
  if (!call_send(&call)) not_bought(0, code_transient, not_sent);
}

QUERY(plate) {
  scratch_reset();
  Plate now = {{plate, plate_count}, is_being_made};
  candid_reply(&plate_type, &now);
}
