#include "accounts.h"
#include "stable.h"

Token token;
Table balances = TABLE(Account, Nat);
Table allowances = TABLE(AllowanceKey, Allowance);

Account account_of(Principal owner, const OptBytes *subaccount) {
  Account account = {0};
  account.owner.count = owner.count;
  copy_bytes(account.owner.bytes, owner.bytes, owner.count);
  if (subaccount->some) {
    Bytes bytes = subaccount->value;
    if (bytes.count != 32) fail_at(TEXT("a subaccount must have 32 bytes, this one has "), bytes.count);
    copy_bytes(account.subaccount, bytes.data, 32);
  }
  return account;
}

Account account_from(const AccountArgument *argument) { return account_of(argument->owner, &argument->subaccount); }

static int has_default_subaccount(const Account *account) {
  for (u32 i = 0; i < 32; i++) {
    if (account->subaccount[i]) return 0;
  }
  return 1;
}

AccountArgument account_argument(const Account *account) {
  AccountArgument argument = {account->owner, {!has_default_subaccount(account), {account->subaccount, 32}}};
  return argument;
}

Nat balance_of(const Account *account) {
  const Nat *balance = table_find(&balances, account);
  return balance ? *balance : nat(0);
}

void credit(const Account *account, Nat amount) {
  if (nat_is_zero(amount)) return;
  Nat *balance = table_insert(&balances, account);
  if (nat_add(*balance, amount, balance)) fail(TEXT("a balance overflows"));
}

void debit(const Account *account, Nat amount) {
  if (nat_is_zero(amount)) return;
  Nat *balance = table_find(&balances, account);
  if (!balance || nat_less(*balance, amount)) fail(TEXT("a balance is too low"));
  *balance = nat_subtract(*balance, amount);
  if (nat_is_zero(*balance)) table_remove(&balances, account);
}

Allowance allowance_of(const Account *account, const Account *spender, u64 now) {
  AllowanceKey key = {*account, *spender};
  const Allowance *allowance = table_find(&allowances, &key);
  if (!allowance || (allowance->expires_at && allowance->expires_at <= now)) return (Allowance){{0, 0}, 0};
  return *allowance;
}

void set_allowance(const Account *account, const Account *spender, Allowance allowance) {
  AllowanceKey key = {*account, *spender};
  if (nat_is_zero(allowance.amount)) {
    table_remove(&allowances, &key);
  } else {
    *(Allowance *)table_insert(&allowances, &key) = allowance;
  }
}

void account_text(Buffer *out, const Account *account) {
  principal_text(out, &account->owner);
  if (has_default_subaccount(account)) return;
  u32 crc = crc32(crc32(0, account->owner.bytes, account->owner.count), account->subaccount, 32);
  u8 bytes[4];
  for (int i = 0; i < 4; i++) bytes[i] = (u8)(crc >> (24 - 8 * i));
  buffer_byte(out, '-');
  base32(out, bytes, 4);
  buffer_byte(out, '.');
  u32 first = 0;  // leading zeros are left out
  while ((account->subaccount[first / 2] >> (first % 2 ? 0 : 4) & 15) == 0) first++;
  for (; first < 64; first++) {
    buffer_byte(out, (u8) "0123456789abcdef"[account->subaccount[first / 2] >> (first % 2 ? 0 : 4) & 15]);
  }
}

static void save_table(const Table *table) {
  stable_write_u32(table->count);
  for (u32 slot = table_next(table, 0); slot < table->capacity; slot = table_next(table, slot + 1)) {
    stable_write(table_key(table, slot), table->key_size);
    stable_write(table_value(table, slot), table->value_size);
  }
}

static void restore_table(Table *table) {
  u8 *key = scratch(table->key_size);
  for (u32 left = stable_read_u32(); left; left--) {
    stable_read(key, table->key_size);
    stable_read(table_insert(table, key), table->value_size);
  }
}

void accounts_save(void) {
  stable_write(&token, sizeof(token));
  save_table(&balances);
  save_table(&allowances);
}

void accounts_restore(void) {
  stable_read(&token, sizeof(token));
  restore_table(&balances);
  restore_table(&allowances);
  Nat sum = nat(0);
  for (u32 slot = table_next(&balances, 0); slot < balances.capacity; slot = table_next(&balances, slot + 1)) {
    if (nat_add(sum, *(Nat *)table_value(&balances, slot), &sum)) fail(TEXT("the balances overflow"));
  }
  if (!nat_equal(sum, token.supply)) fail(TEXT("the balances don't add up to the supply"));
}
