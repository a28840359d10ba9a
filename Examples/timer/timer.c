// A periodic timer. The system's global timer is one point in time: it is off when `canister_global_timer` runs, which
// sets it again. It is also off after an upgrade, so that `canister_post_upgrade` sets it too.
#include "candid.h"
#include "ic0.h"
#include "stable.h"

enum { magic = 0x524D4954 /* "TIMR" */, version = 1 };
static const u64 second = 1000000000;

static u32 seconds;  // between ticks; 0: stopped
static u64 next;     // when the timer is due: nanoseconds since 1970
static u64 ticks, missed;

/// A round later than planned doesn't delay all that follow: the next tick is a whole number of intervals after the last
/// planned one.
ENTRY("canister_global_timer", canister_global_timer) {
  scratch_reset();
  u64 interval = seconds * second, skipped = (ic0_time() - next) / interval;
  ticks++;
  missed += skipped;
  next += interval * (skipped + 1);
  // Set first what must go on, whatever becomes of the work. But a trap would undo it, and end the timer: work that may
  // fail belongs in a message of its own, which the timer sends to its own canister.
  ic0_global_timer_set(next);
  Buffer line = {0};
  buffer_text(&line, TEXT("tick "));
  buffer_decimal(&line, ticks);
  ic0_debug_print(line.data, line.count);
}

static void only_controllers(void) {
  Principal caller = principal_of_caller();
  if (!ic0_is_controller(caller.bytes, caller.count)) fail(TEXT("only controllers may do this"));
}

UPDATE(start) {
  scratch_reset();
  only_controllers();
  u32 interval;
  candid_argument(&candid_nat32, &interval);
  if (interval == 0) fail(TEXT("the interval must be at least a second"));
  seconds = interval;
  next = ic0_time() + interval * second;
  ic0_global_timer_set(next);
  candid_reply(0, 0);
}

UPDATE(stop) {
  scratch_reset();
  only_controllers();
  candid_argument(0, 0);
  seconds = 0;
  ic0_global_timer_set(0);
  candid_reply(0, 0);
}

// Upgrades: the heap is lost, stable memory stays.

ENTRY("canister_pre_upgrade", canister_pre_upgrade) {
  scratch_reset();
  stable_start_writing(magic, version);
  stable_write_u32(seconds);
  stable_write_u64(next);
  stable_write_u64(ticks);
  stable_write_u64(missed);
  stable_finish_writing();
}

/// A time that has passed meanwhile is no harm: the timer is due at once.
ENTRY("canister_post_upgrade", canister_post_upgrade) {
  scratch_reset();
  u32 found = stable_start_reading(magic);
  if (found != version) fail_at(TEXT("stable memory is in version "), found);
  seconds = stable_read_u32();
  next = stable_read_u64();
  ticks = stable_read_u64();
  missed = stable_read_u64();
  stable_finish_reading();
  if (seconds) ic0_global_timer_set(next);
}

typedef struct {
  u32 some;
  u32 value;
} OptNat32;
static CandidType opt_nat32 = OPT(OptNat32, &candid_nat32);

typedef struct {
  OptNat32 seconds;
  u64 ticks, missed;
} Status;
static CandidField status_fields[] = {
    FIELD(Status, seconds, &opt_nat32),
    FIELD(Status, ticks, &candid_nat64),
    FIELD(Status, missed, &candid_nat64),
};
static CandidType status_type = RECORD(Status, status_fields);

QUERY(status) {
  scratch_reset();
  candid_argument(0, 0);
  Status status = {{seconds != 0, seconds}, ticks, missed};
  candid_reply(&status_type, &status);
}
