// One description for each type of `ledger.did`.
#include "interface.h"
#include "blocks.h"

static CandidField account_fields[] = {
    FIELD(AccountArgument, owner, &candid_principal),
    FIELD(AccountArgument, subaccount, &candid_opt_blob),
};
CandidType account_type = RECORD(AccountArgument, account_fields);
CandidType opt_account_type = OPT(OptAccount, &account_type);

static CandidField initial_balance_fields[] = {
    NUMBERED(InitialBalance, 0, account, &account_type),
    NUMBERED(InitialBalance, 1, balance, &candid_nat),
};
static CandidType initial_balance_type = RECORD(InitialBalance, initial_balance_fields);
static CandidType initial_balances_type = VEC(&initial_balance_type);
static CandidField init_fields[] = {
    FIELD(InitArgument, name, &candid_text),
    FIELD(InitArgument, symbol, &candid_text),
    FIELD(InitArgument, decimals, &candid_opt_nat8),
    FIELD(InitArgument, fee, &candid_opt_nat),
    FIELD(InitArgument, minting_account, &account_type),
    FIELD(InitArgument, initial_balances, &initial_balances_type),
};
CandidType init_type = RECORD(InitArgument, init_fields);

#define COMMON_REQUEST_FIELDS                          \
  FIELD(Request, amount, &candid_nat),                 \
      FIELD(Request, fee, &candid_opt_nat),            \
      FIELD(Request, memo, &candid_opt_blob),          \
      FIELD(Request, created_at_time, &candid_opt_nat64)

static CandidField transfer_fields[] = {
    FIELD(Request, from_subaccount, &candid_opt_blob),
    FIELD(Request, to, &account_type),
    COMMON_REQUEST_FIELDS,
};
CandidType transfer_type = RECORD(Request, transfer_fields);

static CandidField approve_fields[] = {
    FIELD(Request, from_subaccount, &candid_opt_blob),
    FIELD(Request, spender, &account_type),
    FIELD(Request, expected_allowance, &candid_opt_nat),
    FIELD(Request, expires_at, &candid_opt_nat64),
    COMMON_REQUEST_FIELDS,
};
CandidType approve_type = RECORD(Request, approve_fields);

static CandidField transfer_from_fields[] = {
    FIELD(Request, spender_subaccount, &candid_opt_blob),
    FIELD(Request, from, &account_type),
    FIELD(Request, to, &account_type),
    COMMON_REQUEST_FIELDS,
};
CandidType transfer_from_type = RECORD(Request, transfer_from_fields);

// The alternatives of a failure carry records; all of them are views of the same C struct.
typedef __typeof__(((Failure *)0)->value) FailureValue;
#define FAILURE_RECORD(variable, name, member, type)                                                      \
  static CandidField variable##_fields[] = {{name, type, __builtin_offsetof(FailureValue, member), 0}}; \
  static CandidType variable = RECORD(FailureValue, variable##_fields)

FAILURE_RECORD(bad_fee, "expected_fee", number, &candid_nat);
FAILURE_RECORD(bad_burn, "min_burn_amount", number, &candid_nat);
FAILURE_RECORD(insufficient_funds, "balance", number, &candid_nat);
FAILURE_RECORD(insufficient_allowance, "allowance", number, &candid_nat);
FAILURE_RECORD(allowance_changed, "current_allowance", number, &candid_nat);
FAILURE_RECORD(at_time, "ledger_time", time, &candid_nat64);
FAILURE_RECORD(duplicate, "duplicate_of", number, &candid_nat);
static CandidField generic_fields[] = {
    {"error_code", &candid_nat, __builtin_offsetof(FailureValue, number), 0},
    {"message", &candid_text, __builtin_offsetof(FailureValue, message), 0},
};
static CandidType generic = RECORD(FailureValue, generic_fields);

#define COMMON_FAILURES                                                      \
  ALTERNATIVE(BadFee, failure_bad_fee, &bad_fee),                            \
      ALTERNATIVE(InsufficientFunds, failure_insufficient_funds, &insufficient_funds), \
      ALTERNATIVE(TooOld, failure_too_old, &candid_null),                    \
      ALTERNATIVE(CreatedInFuture, failure_created_in_future, &at_time),     \
      ALTERNATIVE(Duplicate, failure_duplicate, &duplicate),                 \
      ALTERNATIVE(TemporarilyUnavailable, failure_temporarily_unavailable, &candid_null), \
      ALTERNATIVE(GenericError, failure_generic, &generic)

/// A variant of Ok with the block's index and Err with these alternatives.
#define OUTCOME(name)                                                     \
  static CandidType name##_error_type = VARIANT(Failure, name##_errors);  \
  static CandidField name##_outcomes[] = {                                \
      ALTERNATIVE(Ok, outcome_ok, &candid_nat),                           \
      ALTERNATIVE(Err, outcome_error, &name##_error_type),                \
  };                                                                      \
  CandidType name##_outcome_type = VARIANT(Outcome, name##_outcomes)

static CandidField transfer_errors[] = {
    ALTERNATIVE(BadBurn, failure_bad_burn, &bad_burn),
    COMMON_FAILURES,
};
OUTCOME(transfer);

static CandidField approve_errors[] = {
    ALTERNATIVE(AllowanceChanged, failure_allowance_changed, &allowance_changed),
    ALTERNATIVE(Expired, failure_expired, &at_time),
    COMMON_FAILURES,
};
OUTCOME(approve);

static CandidField transfer_from_errors[] = {
    ALTERNATIVE(BadBurn, failure_bad_burn, &bad_burn),
    ALTERNATIVE(InsufficientAllowance, failure_insufficient_allowance, &insufficient_allowance),
    COMMON_FAILURES,
};
OUTCOME(transfer_from);

static CandidField metadata_values[] = {
    ALTERNATIVE(Nat, metadata_nat, &candid_nat),
    ALTERNATIVE(Text, metadata_text, &candid_text),
};
static CandidType metadata_value_type = VARIANT(MetadataValue, metadata_values);
static CandidField metadata_fields[] = {
    NUMBERED(MetadataEntry, 0, key, &candid_text),
    NUMBERED(MetadataEntry, 1, value, &metadata_value_type),
};
static CandidType metadata_entry_type = RECORD(MetadataEntry, metadata_fields);
CandidType metadata_type = VEC(&metadata_entry_type);

static CandidField standard_fields[] = {
    FIELD(Standard, name, &candid_text),
    FIELD(Standard, url, &candid_text),
};
static CandidType standard_type = RECORD(Standard, standard_fields);
CandidType standards_type = VEC(&standard_type);

static CandidField allowance_argument_fields[] = {
    FIELD(AllowanceArgument, account, &account_type),
    FIELD(AllowanceArgument, spender, &account_type),
};
CandidType allowance_argument_type = RECORD(AllowanceArgument, allowance_argument_fields);
static CandidField allowance_reply_fields[] = {
    FIELD(AllowanceReply, allowance, &candid_nat),
    FIELD(AllowanceReply, expires_at, &candid_opt_nat64),
};
CandidType allowance_reply_type = RECORD(AllowanceReply, allowance_reply_fields);

static CandidField range_fields[] = {
    FIELD(RangeArgument, start, &candid_nat),
    FIELD(RangeArgument, length, &candid_nat),
};
CandidType range_type = RECORD(RangeArgument, range_fields);
static CandidField kinds[] = {
    ALTERNATIVE(Mint, block_mint, &candid_null),
    ALTERNATIVE(Burn, block_burn, &candid_null),
    ALTERNATIVE(Transfer, block_transfer, &candid_null),
    ALTERNATIVE(Approve, block_approve, &candid_null),
};
static CandidType kind_type = VARIANT(Kind, kinds);
static CandidField transaction_fields[] = {
    FIELD(TransactionReply, index, &candid_nat),
    FIELD(TransactionReply, kind, &kind_type),
    FIELD(TransactionReply, from, &opt_account_type),
    FIELD(TransactionReply, to, &opt_account_type),
    FIELD(TransactionReply, spender, &opt_account_type),
    FIELD(TransactionReply, amount, &candid_nat),
    FIELD(TransactionReply, fee, &candid_nat),
    FIELD(TransactionReply, memo, &candid_opt_blob),
    FIELD(TransactionReply, timestamp, &candid_nat64),
    FIELD(TransactionReply, hash, &candid_blob),
};
static CandidType transaction_type = RECORD(TransactionReply, transaction_fields);
static CandidType transaction_list_type = VEC(&transaction_type);
static CandidField transactions_fields[] = {
    FIELD(TransactionsReply, length, &candid_nat),
    FIELD(TransactionsReply, transactions, &transaction_list_type),
};
CandidType transactions_type = RECORD(TransactionsReply, transactions_fields);

static CandidField status_fields[] = {
    FIELD(StatusReply, accounts, &candid_nat64),
    FIELD(StatusReply, allowances, &candid_nat64),
    FIELD(StatusReply, transactions, &candid_nat64),
    FIELD(StatusReply, tip_hash, &candid_opt_blob),
    FIELD(StatusReply, cycles, &candid_nat),
    FIELD(StatusReply, stable_pages, &candid_nat64),
};
CandidType status_type = RECORD(StatusReply, status_fields);
