// The methods that only read.
#include "blocks.h"
#include "ic0.h"

/// Starts a method without arguments.
static void begin(void) {
  scratch_reset();
  candid_argument(0, 0);
}

static void reply_nat(Nat value) { candid_reply(&candid_nat, &value); }
static void reply_text(Bytes text) { candid_reply(&candid_text, &text); }

QUERY(icrc1_name) {
  begin();
  reply_text((Bytes){token.name, token.name_count});
}

QUERY(icrc1_symbol) {
  begin();
  reply_text((Bytes){token.symbol, token.symbol_count});
}

QUERY(icrc1_decimals) {
  begin();
  candid_reply(&candid_nat8, &token.decimals);
}

QUERY(icrc1_fee) {
  begin();
  reply_nat(token.fee);
}

QUERY(icrc1_total_supply) {
  begin();
  reply_nat(token.supply);
}

QUERY(icrc1_minting_account) {
  begin();
  OptAccount account = {1, account_argument(&token.minting_account)};
  candid_reply(&opt_account_type, &account);
}

QUERY(icrc1_metadata) {
  begin();
  MetadataEntry entries[] = {
      {TEXT("icrc1:name"), {metadata_text, {.text = {token.name, token.name_count}}}},
      {TEXT("icrc1:symbol"), {metadata_text, {.text = {token.symbol, token.symbol_count}}}},
      {TEXT("icrc1:decimals"), {metadata_nat, {.number = nat(token.decimals)}}},
      {TEXT("icrc1:fee"), {metadata_nat, {.number = token.fee}}},
  };
  CandidVector vector = {entries, COUNT(entries)};
  candid_reply(&metadata_type, &vector);
}

QUERY(icrc1_supported_standards) {
  begin();
  Standard standards[] = {
      {TEXT("ICRC-1"), TEXT("https://github.com/dfinity/ICRC-1")},
      {TEXT("ICRC-2"), TEXT("https://github.com/dfinity/ICRC-1/tree/main/standards/ICRC-2")},
  };
  CandidVector vector = {standards, COUNT(standards)};
  candid_reply(&standards_type, &vector);
}

QUERY(icrc1_balance_of) {
  scratch_reset();
  AccountArgument argument;
  candid_argument(&account_type, &argument);
  Account account = account_from(&argument);
  reply_nat(balance_of(&account));
}

QUERY(icrc2_allowance) {
  scratch_reset();
  AllowanceArgument argument;
  candid_argument(&allowance_argument_type, &argument);
  Account account = account_from(&argument.account), spender = account_from(&argument.spender);
  Allowance allowance = allowance_of(&account, &spender, ic0_time());
  AllowanceReply reply = {allowance.amount, {allowance.expires_at != 0, allowance.expires_at}};
  candid_reply(&allowance_reply_type, &reply);
}

QUERY(account_text) {
  scratch_reset();
  AccountArgument argument;
  candid_argument(&account_type, &argument);
  Account account = account_from(&argument);
  Buffer text = {0};
  account_text(&text, &account);
  reply_text(buffer_contents(&text));
}

static OptAccount optional(int some, const Account *account) {
  OptAccount result = {0};
  if (some) result = (OptAccount){1, account_argument(account)};
  return result;
}

QUERY(transactions) {
  enum { most = 500 };
  scratch_reset();
  RangeArgument range;
  candid_argument(&range_type, &range);
  u32 count = block_count();
  u32 start = nat_less(range.start, nat(count)) ? (u32)range.start.low : count;
  u32 length = nat_less(range.length, nat(most)) ? (u32)range.length.low : most;
  if (length > count - start) length = count - start;
  TransactionReply *list = scratch(length * (u32)sizeof(TransactionReply));
  for (u32 i = 0; i < length; i++) {
    const Block *block = block_at(start + i);
    list[i] = (TransactionReply){
        .index = nat(start + i),
        .kind = {block->kind, 0},
        .from = optional(block->kind != block_mint, &block->from),
        .to = optional(block->kind == block_mint || block->kind == block_transfer, &block->to),
        .spender = optional(block->has_spender, &block->spender),
        .amount = block->amount,
        .fee = block->fee,
        .memo = {block->has_memo, {block->memo, block->memo_count}},
        .timestamp = block->timestamp,
        .hash = {block->hash, 32},
    };
  }
  TransactionsReply reply = {nat(count), {list, length}};
  candid_reply(&transactions_type, &reply);
}

QUERY(status) {
  begin();
  u32 count = block_count();
  StatusReply reply = {
      .accounts = balances.count,
      .allowances = allowances.count,
      .transactions = count,
      .tip_hash = {count != 0, {count ? block_at(count - 1)->hash : 0, 32}},
      .stable_pages = ic0_stable64_size(),
  };
  ic0_canister_cycle_balance128(&reply.cycles);
  candid_reply(&status_type, &reply);
}
