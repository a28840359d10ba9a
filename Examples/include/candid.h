// Candid, the interface language of canisters: binary encoding and decoding, driven by descriptions of C types.
//
// A `CandidType` describes a Candid type together with the C value that holds it, so one table serves both directions:
//
//   typedef struct { Bytes name; Nat amount; } Payment;
//   static CandidField payment_fields[] = {FIELD(Payment, name, &candid_text), FIELD(Payment, amount, &candid_nat)};
//   static CandidType payment = RECORD(Payment, payment_fields);
//
// The C values: `nat` is a Nat, `nat8` … `int64` are integers of that width, `bool` is a u8, `text` is Bytes of UTF-8,
// `principal` is a Principal; `opt T` is a struct of `u32 some` and a T; `vec T` is a struct of a pointer and `u32
// count` (`vec nat8` is Bytes); a record is a struct; a variant is a struct of `u32 tag` and a union. A cleared C value
// is `null`, none, zero and the variant with tag 0.
//
// Decoding follows the subtyping rules: fields that the receiver doesn't know are skipped, absent ones of type `opt`
// are none, an `opt` of another type than expected is none, arguments in excess are skipped. Anything else traps with a
// text that says what is wrong at which byte. (Candid specification, "Core grammar" to "Deserialisation".)
#pragma once

#include "nat.h"
#include "principal.h"
#include "runtime.h"

/// The primitive types, and the constructors, by their codes in the binary format.
typedef enum {
  kind_null = -1,
  kind_bool = -2,
  kind_nat = -3,
  kind_int = -4,
  kind_nat8 = -5,
  kind_nat16 = -6,
  kind_nat32 = -7,
  kind_nat64 = -8,
  kind_int8 = -9,
  kind_int16 = -10,
  kind_int32 = -11,
  kind_int64 = -12,
  kind_float32 = -13,
  kind_float64 = -14,
  kind_text = -15,
  kind_reserved = -16,
  kind_empty = -17,
  kind_opt = -18,
  kind_vec = -19,
  kind_record = -20,
  kind_variant = -21,
  kind_func = -22,
  kind_service = -23,
  kind_principal = -24,
} CandidKind;

typedef struct CandidType CandidType;

/// A field of a record, or an alternative of a variant.
typedef struct {
  const char *name;  // digits only: the number itself is the field's id
  CandidType *type;
  u32 place;  // in a record the field's offset in bytes, in a variant the tag's value
  u32 id;     // the name's hash; filled in at first use, when the fields are sorted by it
} CandidField;

struct CandidType {
  CandidKind kind;
  u32 size;             // of the C value, in bytes
  CandidType *element;  // opt, vec
  u32 value;            // opt, variant: where the value is, in bytes
  CandidField *fields;  // record, variant
  u32 count;            // of them
  u32 prepared;
  u32 message, index;   // its place in the type table of the message being written
};

#define OPT(c_type, inner) {kind_opt, sizeof(c_type), inner, __builtin_offsetof(c_type, value), 0, 0, 0, 0, 0}
#define VEC(inner) {kind_vec, sizeof(CandidVector), inner, 0, 0, 0, 0, 0, 0}
#define RECORD(c_type, list) {kind_record, sizeof(c_type), 0, 0, list, COUNT(list), 0, 0, 0}
#define VARIANT(c_type, list) \
  {kind_variant, sizeof(c_type), 0, __builtin_offsetof(c_type, value), list, COUNT(list), 0, 0, 0}
#define FIELD(c_type, member, type) {#member, type, __builtin_offsetof(c_type, member), 0}
#define NUMBERED(c_type, number, member, type) {#number, type, __builtin_offsetof(c_type, member), 0}
#define ALTERNATIVE(name, tag, type) {#name, type, tag, 0}

/// How a vector is held: the elements lie side by side.
typedef struct {
  void *items;
  u32 count;
} CandidVector;

/// An optional `vec nat8`, text, number.
typedef struct {
  u32 some;
  Bytes value;
} OptBytes;
typedef struct {
  u32 some;
  Nat value;
} OptNat;
typedef struct {
  u32 some;
  u64 value;
} OptNat64;
typedef struct {
  u32 some;
  u8 value;
} OptNat8;

extern CandidType candid_null, candid_bool, candid_nat, candid_nat8, candid_nat16, candid_nat32, candid_nat64,
    candid_int64, candid_text, candid_reserved, candid_principal, candid_blob, candid_opt_blob, candid_opt_nat,
    candid_opt_nat64, candid_opt_nat8;

/// The id of a field name: a polynomial in 223 over its bytes, modulo 2^32; a number is its own id.
u32 candid_field_id(const char *name);

/// Decodes `message` as the `count` arguments of `types` into `values`. What the values point to lies in the message or
/// in scratch memory.
void candid_decode(Bytes message, u32 count, CandidType *const *types, void *const *values);

/// Appends the message with the `count` arguments of `types` from `values`.
void candid_encode(Buffer *out, u32 count, CandidType *const *types, const void *const *values);

/// The arguments of the message that is being executed; in a reply callback, what the call gave.
void candid_arguments(u32 count, CandidType *const *types, void *const *values);
/// The same for a single value, or for none, where `type` is null.
void candid_argument(CandidType *type, void *value);

/// A message with one value, or with none, in scratch memory.
Bytes candid_message(CandidType *type, const void *value);

/// Answers the message with one value.
void candid_reply(CandidType *type, const void *value);
