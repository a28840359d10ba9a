// Decoding: the message's own type table is read first; it says how to skip what isn't wanted, and whether what is
// wanted is there. Messages come from anywhere, so every count is compared with the bytes that are left before it is
// used.
#include "candid-internal.h"

enum {
  types_limit = 10000,
  fields_limit = 50000,
  depth_limit = 200,
};

/// An entry of the type table. `first` and `count` select wire fields (record, variant).
typedef struct {
  i32 kind, element;
  u32 first, count;
} WireType;
typedef struct {
  u32 id;
  i32 type;  // below zero: primitive; else an index into the table
} WireField;

typedef struct {
  const u8 *start, *at, *end;
  WireType *types;
  u32 type_count;
  WireField *fields;
  u32 field_count, field_capacity;
  u32 skips_left;  // values may have no bytes at all, so that a short message could stand for endlessly many
} Reader;

NORETURN static void malformed(const Reader *reader, Bytes what) {
  Buffer text = {0};
  buffer_text(&text, TEXT("Candid: "));
  buffer_text(&text, what);
  buffer_text(&text, TEXT(" at byte "));
  buffer_decimal(&text, (u64)(reader->at - reader->start));
  fail(buffer_contents(&text));
}

static u32 left(const Reader *reader) { return (u32)(reader->end - reader->at); }

static u8 read_byte(Reader *reader) {
  if (reader->at == reader->end) malformed(reader, TEXT("the message ends too early"));
  return *reader->at++;
}

static const u8 *read_bytes(Reader *reader, u64 count) {
  if (count > left(reader)) malformed(reader, TEXT("the message ends too early"));
  const u8 *bytes = reader->at;
  reader->at += count;
  return bytes;
}

static Nat read_nat(Reader *reader) {
  Nat value = {0, 0};
  for (u32 shift = 0;; shift += 7) {
    u64 byte = read_byte(reader), bits = byte & 0x7F;
    if (shift < 64) {
      value.low |= bits << shift;
      if (shift > 57) value.high |= bits >> (64 - shift);
    } else if (shift < 128) {
      if (shift > 121 && bits >> (128 - shift)) malformed(reader, TEXT("a number of 128 bits or more"));
      value.high |= bits << (shift - 64);
    } else if (bits) {
      malformed(reader, TEXT("a number of 128 bits or more"));
    }
    if (byte < 0x80) return value;
  }
}

static u64 read_count(Reader *reader) {
  Nat value = read_nat(reader);
  if (value.high) malformed(reader, TEXT("a count of more than 64 bits"));
  return value.low;
}

static i64 read_signed(Reader *reader) {
  u64 value = 0;
  for (u32 shift = 0;; shift += 7) {
    u64 byte = read_byte(reader);
    if (shift > 63) malformed(reader, TEXT("an integer of more than 64 bits"));
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) {
      if (shift < 57 && byte & 0x40) value |= ~(u64)0 << (shift + 7);
      return (i64)value;
    }
  }
}

// The type table.

static int is_primitive(i64 type) { return (type <= kind_null && type >= kind_empty) || type == kind_principal; }

static i32 read_type(Reader *reader) {
  i64 type = read_signed(reader);
  if (type >= 0 ? type >= (i64)reader->type_count : !is_primitive(type)) malformed(reader, TEXT("an unknown type"));
  return (i32)type;
}

static void add_field(Reader *reader, WireField field) {
  if (reader->field_count == reader->field_capacity) {
    u32 capacity = reader->field_capacity ? reader->field_capacity * 2 : 32;
    if (capacity > fields_limit * 2) malformed(reader, TEXT("too many fields"));
    WireField *fields = scratch(capacity * (u32)sizeof(WireField));
    copy_bytes(fields, reader->fields, reader->field_count * (u32)sizeof(WireField));
    reader->fields = fields;
    reader->field_capacity = capacity;
  }
  reader->fields[reader->field_count++] = field;
}

static void read_fields(Reader *reader, WireType *type) {
  u64 count = read_count(reader);
  if (count > left(reader)) malformed(reader, TEXT("the message ends too early"));
  type->first = reader->field_count;
  type->count = (u32)count;
  for (u64 i = 0; i < count; i++) {
    u64 id = read_count(reader);
    if (id > 0xFFFFFFFF) malformed(reader, TEXT("a field id of more than 32 bits"));
    if (i && id <= reader->fields[reader->field_count - 1].id) malformed(reader, TEXT("fields out of order"));
    add_field(reader, (WireField){(u32)id, read_type(reader)});
  }
}

static void read_table(Reader *reader) {
  if (left(reader) < 4 || !equal_bytes(reader->at, "DIDL", 4)) malformed(reader, TEXT("no DIDL header"));
  reader->at += 4;
  u64 count = read_count(reader);
  if (count > left(reader)) malformed(reader, TEXT("the message ends too early"));
  if (count > types_limit) malformed(reader, TEXT("too many types"));
  reader->type_count = (u32)count;
  reader->types = scratch((u32)(count * sizeof(WireType)));
  for (u64 i = 0; i < count; i++) {
    WireType *type = &reader->types[i];
    i64 kind = read_signed(reader);
    type->kind = (i32)kind;
    switch (kind) {
      case kind_opt:
      case kind_vec: type->element = read_type(reader); break;
      case kind_record:
      case kind_variant: read_fields(reader, type); break;
      case kind_func: {
        for (u32 list = 0; list < 2; list++) {
          for (u64 n = read_count(reader); n; n--) read_type(reader);
        }
        for (u64 n = read_count(reader); n; n--) read_byte(reader);
        break;
      }
      case kind_service:
        for (u64 n = read_count(reader); n; n--) {
          read_bytes(reader, read_count(reader));
          read_type(reader);
        }
        break;
      default:
        // A type of a later version: its definition says how long it is.
        if (kind >= kind_principal) malformed(reader, TEXT("an unknown type"));
        read_bytes(reader, read_count(reader));
        type->kind = kind_principal - 1;
        break;
    }
  }
}

static i32 kind_of(const Reader *reader, i32 type) { return type < 0 ? type : reader->types[type].kind; }

/// Whether a value of the message's type can be read as `wanted`.
static int matches(const Reader *reader, i32 type, const CandidType *wanted) {
  i32 kind = kind_of(reader, type);
  if (kind == kind_empty || wanted->kind == kind_reserved || wanted->kind == kind_opt) return 1;
  if (kind != (i32)wanted->kind) return 0;
  if (type < 0) return 1;
  const WireType *wire = &reader->types[type];
  if (kind == kind_vec) return matches(reader, wire->element, wanted->element);
  const WireField *field = reader->fields + wire->first, *last = field + wire->count;
  const CandidField *want = wanted->fields, *want_last = want + wanted->count;
  if (kind == kind_record) {
    // Every wanted field is there, unless it may be absent.
    for (; want < want_last; want++) {
      while (field < last && field->id < want->id) field++;
      if (field < last && field->id == want->id) {
        if (!matches(reader, field->type, want->type)) return 0;
      } else if (want->type->kind != kind_opt && want->type->kind != kind_null && want->type->kind != kind_reserved) {
        return 0;
      }
    }
    return 1;
  }
  // A variant: every alternative that may come is known.
  for (; field < last; field++) {
    while (want < want_last && want->id < field->id) want++;
    if (want == want_last || want->id != field->id || !matches(reader, field->type, want->type)) return 0;
  }
  return 1;
}

// Values.

static u32 read_length(Reader *reader) {
  u64 count = read_count(reader);
  if (count > left(reader)) malformed(reader, TEXT("a length beyond the end of the message"));
  return (u32)count;
}

static Bytes read_text(Reader *reader) {
  u32 count = read_length(reader);
  const u8 *s = read_bytes(reader, count);
  for (u32 i = 0; i < count;) {
    u8 c = s[i];
    u32 more = c < 0x80 ? 0 : c >= 0xC2 && c < 0xE0 ? 1 : c >= 0xE0 && c < 0xF0 ? 2 : c >= 0xF0 && c < 0xF5 ? 3 : 4;
    if (more == 4 || more > count - i - 1) malformed(reader, TEXT("a text that is not UTF-8"));
    for (u32 k = 1; k <= more; k++) {
      if ((s[i + k] & 0xC0) != 0x80) malformed(reader, TEXT("a text that is not UTF-8"));
    }
    // Overlong forms, surrogates, and what is beyond U+10FFFF.
    if ((c == 0xE0 && s[i + 1] < 0xA0) || (c == 0xED && s[i + 1] > 0x9F) || (c == 0xF0 && s[i + 1] < 0x90) ||
        (c == 0xF4 && s[i + 1] > 0x8F)) {
      malformed(reader, TEXT("a text that is not UTF-8"));
    }
    i += more + 1;
  }
  return (Bytes){s, count};
}

static Bytes read_principal(Reader *reader) {
  if (read_byte(reader) != 1) malformed(reader, TEXT("an opaque reference"));
  u32 count = read_length(reader);
  if (count > principal_limit) malformed(reader, TEXT("a principal of more than 29 bytes"));
  return (Bytes){read_bytes(reader, count), count};
}

static u8 read_flag(Reader *reader) {
  u8 flag = read_byte(reader);
  if (flag > 1) malformed(reader, TEXT("a flag that is neither 0 nor 1"));
  return flag;
}

static u32 primitive_size(i32 kind) {
  switch (kind) {
    case kind_nat8:
    case kind_int8: return 1;
    case kind_nat16:
    case kind_int16: return 2;
    case kind_nat32:
    case kind_int32:
    case kind_float32: return 4;
    case kind_nat64:
    case kind_int64:
    case kind_float64: return 8;
    default: return 0;
  }
}

static void skip(Reader *reader, i32 type, u32 depth) {
  if (depth > depth_limit) malformed(reader, TEXT("values nested too deeply"));
  if (!reader->skips_left--) malformed(reader, TEXT("too many values that were not asked for"));
  const WireType *wire = type < 0 ? 0 : &reader->types[type];
  switch (kind_of(reader, type)) {
    case kind_null:
    case kind_reserved: break;
    case kind_bool: read_flag(reader); break;
    case kind_nat:
    case kind_int:
      while (read_byte(reader) >= 0x80) {}
      break;
    case kind_text: read_text(reader); break;
    case kind_principal: read_principal(reader); break;
    case kind_empty: malformed(reader, TEXT("a value of type empty"));
    case kind_opt:
      if (read_flag(reader)) skip(reader, wire->element, depth + 1);
      break;
    case kind_vec: {
      u32 count = read_length(reader);
      u32 size = primitive_size(kind_of(reader, wire->element));
      if (size) read_bytes(reader, (u64)count * size);
      else
        for (u32 i = 0; i < count; i++) skip(reader, wire->element, depth + 1);
      break;
    }
    case kind_record:
      for (u32 i = 0; i < wire->count; i++) skip(reader, reader->fields[wire->first + i].type, depth + 1);
      break;
    case kind_variant: {
      u64 index = read_count(reader);
      if (index >= wire->count) malformed(reader, TEXT("an unknown alternative"));
      skip(reader, reader->fields[wire->first + index].type, depth + 1);
      break;
    }
    case kind_func:
      if (read_flag(reader) != 1) malformed(reader, TEXT("an opaque reference"));
      read_principal(reader);
      read_text(reader);
      break;
    case kind_service: read_principal(reader); break;
    default: {
      u32 size = primitive_size(kind_of(reader, type));
      if (!size) malformed(reader, TEXT("a value of an unknown type"));
      read_bytes(reader, size);
      break;
    }
  }
}

/// Reads a value of the message's type into the cleared C value of `wanted`, which it matches.
static void decode_value(Reader *reader, i32 type, const CandidType *wanted, void *value, u32 depth) {
  if (depth > depth_limit) malformed(reader, TEXT("values nested too deeply"));
  u8 *bytes = value;
  i32 kind = kind_of(reader, type);
  const WireType *wire = type < 0 ? 0 : &reader->types[type];
  if (wanted->kind == kind_reserved) {
    skip(reader, type, depth);
    return;
  }
  if (wanted->kind == kind_opt) {
    const CandidType *inner = wanted->element;
    if (kind == kind_opt) {
      if (!read_flag(reader)) return;
      type = wire->element;
    } else if (kind == kind_null || kind == kind_reserved || inner->kind == kind_opt || inner->kind == kind_null ||
               inner->kind == kind_reserved) {
      skip(reader, type, depth);
      return;
    }
    if (!matches(reader, type, inner)) {
      skip(reader, type, depth);
      return;
    }
    *(u32 *)value = 1;
    decode_value(reader, type, inner, bytes + wanted->value, depth + 1);
    return;
  }
  switch (kind) {
    case kind_null: break;
    case kind_bool: *bytes = read_flag(reader); break;
    case kind_nat: *(Nat *)value = read_nat(reader); break;
    case kind_text: *(Bytes *)value = read_text(reader); break;
    case kind_principal: {
      Bytes name = read_principal(reader);
      Principal *principal = value;
      principal->count = (u8)name.count;
      copy_bytes(principal->bytes, name.data, name.count);
      break;
    }
    case kind_vec: {
      CandidVector *vector = value;
      u32 count = read_length(reader), size = wanted->element->size;
      if (kind_of(reader, wire->element) == kind_nat8) {
        *(Bytes *)value = (Bytes){read_bytes(reader, count), count};
        break;
      }
      if ((u64)count * size > (u64)1 << 28) malformed(reader, TEXT("a vector that is too long"));
      vector->items = scratch(count * size);
      vector->count = count;
      for (u32 i = 0; i < count; i++) {
        decode_value(reader, wire->element, wanted->element, (u8 *)vector->items + (usize)i * size, depth + 1);
      }
      break;
    }
    case kind_record: {
      const CandidField *want = wanted->fields, *last = want + wanted->count;
      for (u32 i = 0; i < wire->count; i++) {
        WireField field = reader->fields[wire->first + i];
        while (want < last && want->id < field.id) want++;
        if (want < last && want->id == field.id) {
          decode_value(reader, field.type, want->type, bytes + want->place, depth + 1);
        } else {
          skip(reader, field.type, depth + 1);
        }
      }
      break;
    }
    case kind_variant: {
      u64 index = read_count(reader);
      if (index >= wire->count) malformed(reader, TEXT("an unknown alternative"));
      WireField field = reader->fields[wire->first + index];
      const CandidField *want = wanted->fields;
      while (want->id != field.id) want++;
      *(u32 *)value = want->place;
      decode_value(reader, field.type, want->type, bytes + wanted->value, depth + 1);
      break;
    }
    case kind_empty: malformed(reader, TEXT("a value of type empty"));
    default: copy_bytes(bytes, read_bytes(reader, wanted->size), wanted->size); break;  // fixed width, little-endian
  }
}

void candid_decode(Bytes message, u32 count, CandidType *const *types, void *const *values) {
  Reader reader = {.start = message.data, .at = message.data, .end = message.data + message.count};
  reader.skips_left = 100000 + message.count;
  read_table(&reader);
  u64 given = read_count(&reader);
  if (given > left(&reader)) malformed(&reader, TEXT("the message ends too early"));
  i32 *given_types = scratch((u32)(given * sizeof(i32)));
  for (u64 i = 0; i < given; i++) given_types[i] = read_type(&reader);
  for (u32 i = 0; i < count; i++) {
    candid_prepare(types[i]);
    clear_bytes(values[i], types[i]->size);
    if (i < given) {
      if (!matches(&reader, given_types[i], types[i])) {
        malformed(&reader, TEXT("an argument of another type than expected"));
      }
      decode_value(&reader, given_types[i], types[i], values[i], 0);
    } else if (types[i]->kind != kind_opt && types[i]->kind != kind_null && types[i]->kind != kind_reserved) {
      malformed(&reader, TEXT("an argument is missing"));
    }
  }
  for (u64 i = count; i < given; i++) skip(&reader, given_types[i], 0);
  if (reader.at != reader.end) malformed(&reader, TEXT("bytes after the last argument"));
}
