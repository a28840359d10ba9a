// Accounts, balances, allowances, and what the token is.
#pragma once

#include "interface.h"
#include "table.h"

/// An account as a key: no subaccount is the one of 32 zero bytes. No padding, so that keys compare as bytes.
typedef struct {
  Principal owner;
  u8 subaccount[32];
} Account;

/// Key of an allowance.
typedef struct {
  Account account, spender;
} AllowanceKey;
typedef struct {
  Nat amount;
  u64 expires_at;  // 0: never
} Allowance;

enum { name_limit = 64 };
typedef struct {
  u8 name[name_limit], symbol[name_limit];
  u8 name_count, symbol_count, decimals;
  Nat fee, supply;
  Account minting_account;
} Token;

extern Token token;
extern Table balances;    // Account → Nat; only balances above zero
extern Table allowances;  // AllowanceKey → Allowance; only amounts above zero

/// Traps if the subaccount hasn't 32 bytes.
Account account_from(const AccountArgument *argument);
Account account_of(Principal owner, const OptBytes *subaccount);
AccountArgument account_argument(const Account *account);
static inline int account_equal(const Account *a, const Account *b) { return equal_bytes(a, b, sizeof(Account)); }
static inline int is_minting_account(const Account *account) { return account_equal(account, &token.minting_account); }

Nat balance_of(const Account *account);
/// Puts tokens into the account. The sum can't overflow: it is at most the supply.
void credit(const Account *account, Nat amount);
/// Takes tokens from the account, which must have them.
void debit(const Account *account, Nat amount);

/// What `spender` may spend from `account` at `now`; nothing if it has expired.
Allowance allowance_of(const Account *account, const Account *spender, u64 now);
void set_allowance(const Account *account, const Account *spender, Allowance allowance);

/// The textual form of ICRC-1: the owner, and where the subaccount isn't the default one, a checksum and the
/// subaccount.
void account_text(Buffer *out, const Account *account);

void accounts_save(void);
void accounts_restore(void);
