#include "call.h"
#include "ic0.h"

/// A call that is not answered yet. It is in the heap, since the callbacks run in other executions; `state` comes after.
typedef struct {
  void (*reply)(void *state);
  void (*reject)(void *state, u32 code, Bytes text);
  void (*cleanup)(void *state);
} Pending;
enum { state_offset = 16 };  // keeps the state aligned
_Static_assert(sizeof(Pending) <= state_offset, "the state comes after the callbacks");

static void *state_of(Pending *pending) { return (u8 *)pending + state_offset; }

// Where one of the first two traps, `release` is undone with all else, so that the third finds the call in the heap.

static void on_reply(usize environment) {
  scratch_reset();
  Pending *pending = (Pending *)environment;
  pending->reply(state_of(pending));
  release(pending);
}

static void on_reject(usize environment) {
  scratch_reset();
  Pending *pending = (Pending *)environment;
  usize size = ic0_msg_reject_msg_size();
  u8 *text = scratch((u32)size);
  ic0_msg_reject_msg_copy(text, 0, size);
  pending->reject(state_of(pending), ic0_msg_reject_code(), (Bytes){text, (u32)size});
  release(pending);
}

static void on_cleanup(usize environment) {
  scratch_reset();
  Pending *pending = (Pending *)environment;
  if (pending->cleanup) pending->cleanup(state_of(pending));
  release(pending);
}

int call_send(const Call *call) {
  Pending *pending = allocate(state_offset + call->state_size);
  *pending = (Pending){call->reply, call->reject, call->cleanup};
  if (call->state_size) copy_bytes(state_of(pending), call->state, call->state_size);
  usize environment = (usize)pending;
  ic0_call_new(call->callee.bytes, call->callee.count, call->method.data, call->method.count, on_reply, environment,
               on_reject, environment);
  ic0_call_on_cleanup(on_cleanup, environment);
  ic0_call_data_append(call->argument.data, call->argument.count);
  if (!nat_is_zero(call->cycles)) ic0_call_cycles_add128(call->cycles.high, call->cycles.low);
  if (call->timeout) ic0_call_with_best_effort_response(call->timeout);
  if (ic0_call_perform() == 0) return 1;
  release(pending);
  return 0;
}

Nat call_refund(void) {
  Nat refund;
  ic0_msg_cycles_refunded128(&refund);
  return refund;
}
