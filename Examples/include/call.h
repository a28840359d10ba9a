// Calls of other canisters. A call is sent in one execution and answered in a later one, which begins in one of the
// callbacks. What a callback must know goes with the call, as a copy of `state`.
//
// Between the two executions the canister takes other messages. A callback that traps undoes its own changes only,
// those made before the call stay; `cleanup` then runs, to give back what the call held: locks, reservations.
#pragma once

#include "nat.h"
#include "principal.h"

typedef struct {
  Principal callee;
  Bytes method, argument;
  /// What comes with the call; what the callee doesn't accept comes back. Traps where the canister hasn't as much. None
  /// in composite queries.
  Nat cycles;
  /// 0: the answer is waited for, however long. Else the seconds after which the call is rejected with code 6, and its
  /// cycles are lost ("best effort"); at most 300.
  u32 timeout;
  /// Answered. `candid_argument` reads what the callee gave.
  void (*reply)(void *state);
  /// Not answered: rejected by the callee (`code` 4), failed there (5), or given up by the system (other codes).
  void (*reject)(void *state, u32 code, Bytes text);
  /// After a callback that trapped; may be null. It can't answer the message.
  void (*cleanup)(void *state);
  const void *state;
  u32 state_size;
} Call;

/// Sends the call, when the execution ends without a trap. 0 if it can't be sent now, since too many calls are open or
/// the cycles for its fee are missing; then no callback will run.
int call_send(const Call *call);

/// In callbacks: the cycles that came back. Not in composite queries.
Nat call_refund(void);

/// The management canister, which is part of the system.
static const Principal management_canister = {0};
