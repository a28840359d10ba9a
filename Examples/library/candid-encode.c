// Encoding: the type table is collected first, then the arguments' types, then their values.
#include "candid-internal.h"

static void unsigned_leb(Buffer *out, u64 value) {
  for (; value >= 0x80; value >>= 7) buffer_byte(out, (u8)(value | 0x80));
  buffer_byte(out, (u8)value);
}

static void signed_leb(Buffer *out, i64 value) {
  for (; value < -64 || value > 63; value >>= 7) buffer_byte(out, (u8)(value | 0x80));
  buffer_byte(out, (u8)(value & 0x7F));
}

static void nat_leb(Buffer *out, Nat value) {
  while (value.high || value.low >= 0x80) {
    buffer_byte(out, (u8)(value.low | 0x80));
    value.low = value.low >> 7 | value.high << 57;
    value.high >>= 7;
  }
  buffer_byte(out, (u8)value.low);
}

static void fixed(Buffer *out, const void *value, u32 count) { buffer_bytes(out, value, count); }  // little-endian both

/// The compound types of one message, in table order.
typedef struct {
  CandidType **types;
  u32 count, capacity;
} Table;

static u32 messages;  // counts messages, so that a type knows whether it is in this one's table

static void collect(Table *table, CandidType *type) {
  int compound = type->kind <= kind_opt && type->kind >= kind_variant;
  if (!compound || type->message == messages) return;
  type->message = messages;
  type->index = table->count;
  if (table->count == table->capacity) {
    u32 capacity = table->capacity ? table->capacity * 2 : 16;
    CandidType **types = scratch(capacity * (u32)sizeof(CandidType *));
    copy_bytes(types, table->types, table->count * (u32)sizeof(CandidType *));
    table->types = types;
    table->capacity = capacity;
  }
  table->types[table->count++] = type;
  if (type->element) collect(table, type->element);
  for (u32 i = 0; i < type->count; i++) collect(table, type->fields[i].type);
}

static void reference(Buffer *out, const CandidType *type) {
  signed_leb(out, type->message == messages ? (i64)type->index : (i64)type->kind);
}

static void definition(Buffer *out, const CandidType *type) {
  signed_leb(out, type->kind);
  if (type->element) {
    reference(out, type->element);
    return;
  }
  unsigned_leb(out, type->count);
  for (u32 i = 0; i < type->count; i++) {
    unsigned_leb(out, type->fields[i].id);
    reference(out, type->fields[i].type);
  }
}

static void encode_value(Buffer *out, const CandidType *type, const void *value) {
  const u8 *bytes = value;
  switch (type->kind) {
    case kind_bool: buffer_byte(out, *bytes != 0); break;
    case kind_nat: nat_leb(out, *(const Nat *)value); break;
    case kind_nat8:
    case kind_nat16:
    case kind_nat32:
    case kind_nat64:
    case kind_int64: fixed(out, value, type->size); break;
    case kind_text: {
      const Bytes *text = value;
      unsigned_leb(out, text->count);
      buffer_text(out, *text);
      break;
    }
    case kind_principal: {
      const Principal *principal = value;
      buffer_byte(out, 1);
      unsigned_leb(out, principal->count);
      buffer_bytes(out, principal->bytes, principal->count);
      break;
    }
    case kind_opt: {
      u32 some = *(const u32 *)value;
      buffer_byte(out, some != 0);
      if (some) encode_value(out, type->element, bytes + type->value);
      break;
    }
    case kind_vec: {
      const CandidVector *vector = value;
      unsigned_leb(out, vector->count);
      if (type->element->kind == kind_nat8) {
        buffer_bytes(out, vector->items, vector->count);
        break;
      }
      for (u32 i = 0; i < vector->count; i++) {
        encode_value(out, type->element, (const u8 *)vector->items + (usize)i * type->element->size);
      }
      break;
    }
    case kind_record:
      for (u32 i = 0; i < type->count; i++) encode_value(out, type->fields[i].type, bytes + type->fields[i].place);
      break;
    case kind_variant: {
      u32 tag = *(const u32 *)value, at = 0;
      while (at < type->count && type->fields[at].place != tag) at++;
      if (at == type->count) fail_at(TEXT("a variant has no alternative with the tag "), tag);
      unsigned_leb(out, at);
      encode_value(out, type->fields[at].type, bytes + type->value);
      break;
    }
    default: break;  // null and reserved have no bytes
  }
}

void candid_encode(Buffer *out, u32 count, CandidType *const *types, const void *const *values) {
  messages++;
  Table table = {0};
  for (u32 i = 0; i < count; i++) {
    candid_prepare(types[i]);
    collect(&table, types[i]);
  }
  buffer_text(out, TEXT("DIDL"));
  unsigned_leb(out, table.count);
  for (u32 i = 0; i < table.count; i++) definition(out, table.types[i]);
  unsigned_leb(out, count);
  for (u32 i = 0; i < count; i++) reference(out, types[i]);
  for (u32 i = 0; i < count; i++) encode_value(out, types[i], values[i]);
}
