// The types of `Examples/ledger/ledger.did` that the demonstration sends, and the names that it shows.

import CanisterHost

let accountType = CandidType.record(["owner": .principal, "subaccount": .opt(.blob)])

let initType = CandidType.record([
  "name": .text, "symbol": .text, "decimals": .opt(.nat8), "fee": .opt(.nat), "minting_account": accountType,
  "initial_balances": .vec(.tuple(accountType, .nat)),
])

let transferType = CandidType.record([
  "from_subaccount": .opt(.blob), "to": accountType, "amount": .nat, "fee": .opt(.nat), "memo": .opt(.blob),
  "created_at_time": .opt(.nat64),
])

let approveType = CandidType.record([
  "from_subaccount": .opt(.blob), "spender": accountType, "amount": .nat, "expected_allowance": .opt(.nat),
  "expires_at": .opt(.nat64), "fee": .opt(.nat), "memo": .opt(.blob), "created_at_time": .opt(.nat64),
])

let transferFromType = CandidType.record([
  "spender_subaccount": .opt(.blob), "from": accountType, "to": accountType, "amount": .nat, "fee": .opt(.nat),
  "memo": .opt(.blob), "created_at_time": .opt(.nat64),
])

let rangeType = CandidType.record(["start": .nat, "length": .nat])

/// Names of fields and alternatives in replies, by which their ids are shown.
let names = [
  "owner", "subaccount", "Ok", "Err", "BadFee", "BadBurn", "InsufficientFunds", "InsufficientAllowance", "TooOld",
  "CreatedInFuture", "Duplicate", "GenericError", "expected_fee", "min_burn_amount", "balance", "allowance",
  "duplicate_of", "ledger_time", "error_code", "message", "expires_at", "accounts", "allowances", "transactions",
  "tip_hash", "cycles", "stable_pages", "length", "index", "kind", "from", "to", "spender", "amount", "fee", "memo",
  "timestamp", "hash", "Mint", "Burn", "Transfer", "Approve", "Nat", "Text", "name", "url",
]

func account(_ owner: Principal, subaccount: [UInt8]? = nil) -> CandidValue {
  .record(["owner": .principal(owner), "subaccount": subaccount.map { .some(.blob($0)) } ?? .none])
}

func transfer(
  to: CandidValue, _ amount: UInt128, memo: [UInt8]? = nil, createdAt: UInt64? = nil, fee: UInt128? = nil
) -> CandidValue {
  .record([
    "from_subaccount": .none, "to": to, "amount": .nat(amount), "fee": fee.map { .some(.nat($0)) } ?? .none,
    "memo": memo.map { .some(.blob($0)) } ?? .none,
    "created_at_time": createdAt.map { .some(.nat(UInt128($0))) } ?? .none,
  ])
}

func approve(_ spender: CandidValue, _ amount: UInt128) -> CandidValue {
  .record([
    "from_subaccount": .none, "spender": spender, "amount": .nat(amount), "expected_allowance": .none,
    "expires_at": .none, "fee": .none, "memo": .none, "created_at_time": .none,
  ])
}

func transferFrom(_ from: CandidValue, to: CandidValue, _ amount: UInt128) -> CandidValue {
  .record([
    "spender_subaccount": .none, "from": from, "to": to, "amount": .nat(amount), "fee": .none, "memo": .none,
    "created_at_time": .none,
  ])
}
