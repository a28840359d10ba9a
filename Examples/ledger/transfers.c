// The rules of transactions: who may move what, at which fee, and when a request is refused (ICRC-1, ICRC-2).
#include "blocks.h"
#include "ic0.h"

static Outcome refused(FailureTag tag) { return (Outcome){outcome_error, {.failure = {tag, {{0, 0}, 0, {0, 0}}}}}; }

static Outcome refused_number(FailureTag tag, Nat number) {
  Outcome outcome = refused(tag);
  outcome.value.failure.value.number = number;
  return outcome;
}

static Outcome refused_time(FailureTag tag, u64 time) {
  Outcome outcome = refused(tag);
  outcome.value.failure.value.time = time;
  return outcome;
}

static Outcome refused_text(u64 code, Bytes message) {
  Outcome outcome = refused_number(failure_generic, nat(code));
  outcome.value.failure.value.message = message;
  return outcome;
}

static Outcome done(Block *block) {
  return (Outcome){outcome_ok, {.index = nat(block_append(block))}};
}

/// Fills in what all requests have in common. `outcome_ok` means that nothing speaks against it so far.
static Outcome begin(Block *block, const Request *request, Nat expected_fee) {
  block->amount = request->amount;
  block->fee = expected_fee;
  block->fee_given = request->fee.some != 0;
  block->timestamp = ic0_time();
  if (request->memo.some) {
    if (request->memo.value.count > memo_limit) return refused_text(1, TEXT("a memo may have at most 32 bytes"));
    block->has_memo = 1;
    block->memo_count = (u8)request->memo.value.count;
    copy_bytes(block->memo, request->memo.value.data, request->memo.value.count);
  }
  if (request->created_at_time.some) {
    u64 created = block->created_at = request->created_at_time.value;
    // The future first: sums with any time could overflow.
    if (created > block->timestamp + permitted_drift) {
      return refused_time(failure_created_in_future, block->timestamp);
    }
    if (created + transaction_window + permitted_drift < block->timestamp) return refused(failure_too_old);
  }
  if (request->fee.some && !nat_equal(request->fee.value, expected_fee)) {
    return refused_number(failure_bad_fee, expected_fee);
  }
  blocks_forget(block->timestamp, 4);
  i64 duplicate = block_find_duplicate(block);
  if (duplicate >= 0) return refused_number(failure_duplicate, nat((u64)duplicate));
  return (Outcome){outcome_ok, {.index = nat(0)}};
}

/// Moves tokens from `block->from` to `block->to`; either may be the minting account, which has no balance.
static Outcome move(Block *block, const Request *request) {
  int mint = is_minting_account(&block->from), burn = is_minting_account(&block->to);
  if (mint && burn) return refused_text(2, TEXT("the minting account can't send to itself"));
  block->kind = mint ? block_mint : burn ? block_burn : block_transfer;
  Outcome outcome = begin(block, request, mint || burn ? nat(0) : token.fee);
  if (outcome.tag != outcome_ok) return outcome;
  if (burn && nat_less(block->amount, token.fee)) return refused_number(failure_bad_burn, token.fee);

  Nat total;
  Nat balance = balance_of(&block->from);
  if (nat_add(block->amount, block->fee, &total)) return refused_number(failure_insufficient_funds, balance);
  Allowance allowance = {{0, 0}, 0};
  if (block->has_spender) {
    allowance = allowance_of(&block->from, &block->spender, block->timestamp);
    if (nat_less(allowance.amount, total)) return refused_number(failure_insufficient_allowance, allowance.amount);
  }
  if (mint) {
    Nat supply;
    if (nat_add(token.supply, block->amount, &supply)) return refused_text(3, TEXT("the supply would overflow"));
    token.supply = supply;
  } else {
    if (nat_less(balance, total)) return refused_number(failure_insufficient_funds, balance);
    debit(&block->from, total);
    // The fee is burned.
    token.supply = nat_subtract(token.supply, burn ? total : block->fee);
  }
  if (!burn) credit(&block->to, block->amount);
  if (block->has_spender) {
    allowance.amount = nat_subtract(allowance.amount, total);
    set_allowance(&block->from, &block->spender, allowance);
  }
  return done(block);
}

static Principal caller(void) {
  Principal caller = principal_of_caller();
  if (principal_is_anonymous(&caller)) fail(TEXT("anonymous callers have no accounts"));
  return caller;
}

UPDATE(icrc1_transfer) {
  scratch_reset();
  Request request;
  candid_argument(&transfer_type, &request);
  Block block = {0};
  block.from = account_of(caller(), &request.from_subaccount);
  block.to = account_from(&request.to);
  Outcome outcome = move(&block, &request);
  candid_reply(&transfer_outcome_type, &outcome);
}

UPDATE(icrc2_transfer_from) {
  scratch_reset();
  Request request;
  candid_argument(&transfer_from_type, &request);
  Block block = {0};
  block.from = account_from(&request.from);
  block.to = account_from(&request.to);
  block.spender = account_of(caller(), &request.spender_subaccount);
  // Spending one's own tokens needs no allowance.
  block.has_spender = !account_equal(&block.from, &block.spender);
  Outcome outcome = is_minting_account(&block.from) && block.has_spender
                        ? refused_text(4, TEXT("the minting account can't be spent from"))
                        : move(&block, &request);
  candid_reply(&transfer_from_outcome_type, &outcome);
}

static Outcome approve(Block *block, const Request *request) {
  if (account_equal(&block->from, &block->spender)) return refused_text(5, TEXT("an account can't approve itself"));
  if (is_minting_account(&block->from)) return refused_text(4, TEXT("the minting account can't be spent from"));
  Outcome outcome = begin(block, request, token.fee);
  if (outcome.tag != outcome_ok) return outcome;
  if (request->expires_at.some && request->expires_at.value <= block->timestamp) {
    return refused_time(failure_expired, block->timestamp);
  }
  Allowance current = allowance_of(&block->from, &block->spender, block->timestamp);
  if (request->expected_allowance.some && !nat_equal(request->expected_allowance.value, current.amount)) {
    return refused_number(failure_allowance_changed, current.amount);
  }
  Nat balance = balance_of(&block->from);
  if (nat_less(balance, token.fee)) return refused_number(failure_insufficient_funds, balance);
  debit(&block->from, token.fee);
  token.supply = nat_subtract(token.supply, token.fee);
  set_allowance(&block->from, &block->spender, (Allowance){block->amount, block->expires_at});
  return done(block);
}

UPDATE(icrc2_approve) {
  scratch_reset();
  Request request;
  candid_argument(&approve_type, &request);
  Block block = {.kind = block_approve, .has_spender = 1};
  block.from = account_of(caller(), &request.from_subaccount);
  block.spender = account_from(&request.spender);
  if (request.expires_at.some) block.expires_at = request.expires_at.value;
  Outcome outcome = approve(&block, &request);
  candid_reply(&approve_outcome_type, &outcome);
}
