// The C side of `ledger.did`: the structs that arguments and replies are held in, and their Candid descriptions.
#pragma once

#include "candid.h"

/// An account as messages name it; see `Account` in state.h for the form in which it is a key.
typedef struct {
  Principal owner;
  OptBytes subaccount;
} AccountArgument;
typedef struct {
  u32 some;
  AccountArgument value;
} OptAccount;

typedef struct {
  AccountArgument account;
  Nat balance;
} InitialBalance;
typedef struct {
  Bytes name, symbol;
  OptNat8 decimals;
  OptNat fee;
  AccountArgument minting_account;
  CandidVector initial_balances;
} InitArgument;

/// What the three kinds of transactions ask for; each kind has its own subset.
typedef struct {
  OptBytes from_subaccount, spender_subaccount;
  AccountArgument from, to, spender;
  Nat amount;
  OptNat expected_allowance;
  OptNat64 expires_at;
  OptNat fee;
  OptBytes memo;
  OptNat64 created_at_time;
} Request;

typedef enum {
  failure_none,
  failure_bad_fee,
  failure_bad_burn,
  failure_insufficient_funds,
  failure_insufficient_allowance,
  failure_allowance_changed,
  failure_expired,
  failure_too_old,
  failure_created_in_future,
  failure_duplicate,
  failure_temporarily_unavailable,
  failure_generic,
} FailureTag;

/// Why a transaction was refused. Which of the fields count follows from the tag.
typedef struct {
  u32 tag;
  struct {
    Nat number;  // the amount, fee, allowance, index or code
    u64 time;
    Bytes message;
  } value;
} Failure;

enum { outcome_ok, outcome_error };
typedef struct {
  u32 tag;
  union {
    Nat index;
    Failure failure;
  } value;
} Outcome;

enum { metadata_nat, metadata_text };
typedef struct {
  u32 tag;
  union {
    Nat number;
    Bytes text;
  } value;
} MetadataValue;
typedef struct {
  Bytes key;
  MetadataValue value;
} MetadataEntry;
typedef struct {
  Bytes name, url;
} Standard;

typedef struct {
  AccountArgument account, spender;
} AllowanceArgument;
typedef struct {
  Nat allowance;
  OptNat64 expires_at;
} AllowanceReply;

typedef struct {
  Nat start, length;
} RangeArgument;
/// A variant without values.
typedef struct {
  u32 tag;
  u32 value;
} Kind;
typedef struct {
  Nat index;
  Kind kind;
  OptAccount from, to, spender;
  Nat amount, fee;
  OptBytes memo;
  u64 timestamp;
  Bytes hash;
} TransactionReply;
typedef struct {
  Nat length;
  CandidVector transactions;
} TransactionsReply;

typedef struct {
  u64 accounts, allowances, transactions;
  OptBytes tip_hash;
  Nat cycles;
  u64 stable_pages;
} StatusReply;

extern CandidType account_type, opt_account_type, init_type, transfer_type, approve_type, transfer_from_type,
    transfer_outcome_type, approve_outcome_type, transfer_from_outcome_type, metadata_type, standards_type,
    allowance_argument_type, allowance_reply_type, range_type, transactions_type, status_type;
