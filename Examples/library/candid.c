// The parts that encoding and decoding share: the simple types, field ids, preparing a description, the message.
#include "candid.h"
#include "candid-internal.h"
#include "ic0.h"

#define SIMPLE(kind, size) {kind, size, 0, 0, 0, 0, 0, 0, 0}
CandidType candid_null = SIMPLE(kind_null, 0);
CandidType candid_bool = SIMPLE(kind_bool, 1);
CandidType candid_nat = SIMPLE(kind_nat, sizeof(Nat));
CandidType candid_nat8 = SIMPLE(kind_nat8, 1);
CandidType candid_nat16 = SIMPLE(kind_nat16, 2);
CandidType candid_nat32 = SIMPLE(kind_nat32, 4);
CandidType candid_nat64 = SIMPLE(kind_nat64, 8);
CandidType candid_int64 = SIMPLE(kind_int64, 8);
CandidType candid_text = SIMPLE(kind_text, sizeof(Bytes));
CandidType candid_reserved = SIMPLE(kind_reserved, 0);
CandidType candid_principal = SIMPLE(kind_principal, sizeof(Principal));
CandidType candid_blob = VEC(&candid_nat8);
CandidType candid_opt_blob = OPT(OptBytes, &candid_blob);
CandidType candid_opt_nat = OPT(OptNat, &candid_nat);
CandidType candid_opt_nat64 = OPT(OptNat64, &candid_nat64);
CandidType candid_opt_nat8 = OPT(OptNat8, &candid_nat8);

u32 candid_field_id(const char *name) {
  u32 hash = 0, number = 0;
  int digits = *name != 0;
  for (const char *c = name; *c; c++) {
    hash = hash * 223 + (u8)*c;
    number = number * 10 + (u32)(*c - '0');
    if (*c < '0' || *c > '9') digits = 0;
  }
  return digits ? number : hash;
}

void candid_prepare(CandidType *type) {
  if (type->prepared) return;
  type->prepared = 1;
  if (type->element) candid_prepare(type->element);
  for (u32 i = 0; i < type->count; i++) {
    CandidField field = type->fields[i];
    candid_prepare(field.type);
    field.id = candid_field_id(field.name);
    u32 at = i;
    for (; at > 0 && type->fields[at - 1].id > field.id; at--) type->fields[at] = type->fields[at - 1];
    type->fields[at] = field;
  }
}

void candid_arguments(u32 count, CandidType *const *types, void *const *values) {
  usize size = ic0_msg_arg_data_size();
  if (size > (usize)1 << 28) fail(TEXT("the argument is too long"));
  u8 *data = scratch((u32)size);
  ic0_msg_arg_data_copy(data, 0, size);
  candid_decode((Bytes){data, (u32)size}, count, types, values);
}

void candid_argument(CandidType *type, void *value) { candid_arguments(type ? 1 : 0, &type, &value); }

Bytes candid_message(CandidType *type, const void *value) {
  Buffer buffer = {0};
  candid_encode(&buffer, type ? 1 : 0, &type, &value);
  return buffer_contents(&buffer);
}

void candid_reply(CandidType *type, const void *value) {
  Bytes message = candid_message(type, value);
  ic0_msg_reply_data_append(message.data, message.count);
  ic0_msg_reply();
}
