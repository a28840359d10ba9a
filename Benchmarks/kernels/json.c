// Text parsing: writes a JSON text, then parses it by recursive descent (RFC 8259): branches on bytes, small calls.
#include "kernel.h"

enum { capacity = 1 << 16, deepest = 8 };
static u8 text[capacity];
static u32 length;
static u64 seed;

// Writing.

static void put(u8 c) {
  if (length < capacity) text[length++] = c;
}

static void put_string(const char *s) {
  while (*s) put((u8)*s++);
}

static void put_number(u32 value) {
  u8 digits[10];
  i32 count = 0;
  do digits[count++] = (u8)('0' + value % 10);
  while (value /= 10);
  while (count) put(digits[--count]);
}

static void put_value(i32 depth) {
  u64 bits = random_next(&seed) >> 16;
  u32 kind = depth ? bits & 7 : 6 + (bits & 1);
  if (depth == deepest && kind >= 6) kind = 4;
  u32 count = 2 + (bits >> 3) % 5;
  switch (kind) {
    case 0: put_string("null"); break;
    case 1: put_string(bits & 8 ? "true" : "false"); break;
    case 2: put_number((u32)(bits >> 3)); break;
    case 3:
      if (bits & 8) put('-');
      put_number((u32)(bits >> 4) % 100000);
      put('.');
      put_number((u32)(bits >> 8) % 1000);
      if (bits & 16) {
        put_string(bits & 32 ? "e-" : "E+");
        put_number((u32)(bits >> 6) % 20);
      }
      break;
    case 4:
    case 5:
      put('"');
      for (u32 i = 0; i < 4 * count; i++) {
        u32 c = (u32)(bits >> i) & 63;
        if (c == 0) put_string("\\n");
        else if (c == 1) put_string("\\u00e9");
        else if (c == 2) put_string("\\\"");
        else put((u8)(c < 28 ? 'a' + c - 2 : ' '));
      }
      put('"');
      break;
    case 6:
      put('[');
      for (u32 i = 0; i < count; i++) {
        if (i) put_string(", ");
        put_value(depth + 1);
      }
      put(']');
      break;
    default:
      put('{');
      for (u32 i = 0; i < count; i++) {
        if (i) put_string(",\n  ");
        put_string("\"key");
        put_number(i);
        put_string("\": ");
        put_value(depth + 1);
      }
      put('}');
      break;
  }
}

// Parsing. `text` ends with a zero byte; -1 in `failed` stops everything.

static u32 at;
static i32 failed;
static u64 sum;

static void skip_space(void) {
  while (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r') at++;
}

static void expect(const char *word) {
  while (*word) {
    if (text[at++] != (u8)*word++) failed = -1;
  }
}

static i32 hexadecimal(u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  failed = -1;
  return 0;
}

NOINLINE static void parse_string(void) {
  u32 hash = 2166136261u;
  at++;
  while (!failed && text[at] != '"') {
    u32 c = text[at++];
    if (c < ' ') failed = -1;
    if (c == '\\') {
      c = text[at++];
      if (c == 'n') c = '\n';
      else if (c == 'u') {
        c = 0;
        for (i32 i = 0; i < 4; i++) c = c << 4 | (u32)hexadecimal(text[at++]);
      } else if (c != '"' && c != '\\' && c != '/') failed = -1;
    }
    hash = (hash ^ c) * 16777619u;
  }
  at++;
  sum = mix(sum, hash);
}

NOINLINE static void parse_number(void) {
  i32 negative = text[at] == '-';
  at += (u32)negative;
  f64 value = 0;
  i32 exponent = 0;
  if (text[at] < '0' || text[at] > '9') failed = -1;
  while (text[at] >= '0' && text[at] <= '9') value = value * 10 + (text[at++] - '0');
  if (text[at] == '.') {
    at++;
    while (text[at] >= '0' && text[at] <= '9') {
      value = value * 10 + (text[at++] - '0');
      exponent--;
    }
  }
  if (text[at] == 'e' || text[at] == 'E') {
    at++;
    i32 sign = text[at] == '-' ? -1 : 1;
    if (text[at] == '-' || text[at] == '+') at++;
    i32 given = 0;
    while (text[at] >= '0' && text[at] <= '9' && given < 1000) given = given * 10 + (text[at++] - '0');
    exponent += sign * given;
  }
  for (; exponent > 0; exponent--) value *= 10;
  for (; exponent < 0; exponent++) value /= 10;
  sum = mix(sum, bits_of(negative ? -value : value));
}

static void parse_value(i32 depth) {
  skip_space();
  if (depth > 2 * deepest) failed = -1;
  if (failed) return;
  switch (text[at]) {
    case 'n': expect("null"); break;
    case 't': expect("true"); break;
    case 'f': expect("false"); break;
    case '"': parse_string(); break;
    case '[':
    case '{': {
      u8 open = text[at++];
      u64 count = 0;
      do {
        if (open == '{') {
          skip_space();
          if (text[at] != '"') failed = -1;
          parse_string();
          skip_space();
          expect(":");
        }
        parse_value(depth + 1);
        skip_space();
        count++;
      } while (!failed && text[at++] == ',');
      if (text[at - 1] != (open == '[' ? ']' : '}')) failed = -1;
      sum = mix(sum, count);
      break;
    }
    default: parse_number(); break;
  }
}

/// `n` texts of up to 64 KiB each, as long as their seeds make them, written and then parsed 4 times.
i64 run(i32 n) {
  u64 total = 0;
  for (i32 round = 0; round < n; round++) {
    seed = 0xC2B2AE3D27D4EB4FULL + (u64)(round % 16);
    length = 0;
    put('[');
    while (length < capacity * 3 / 4) {
      u32 before = length;
      put_value(1);
      if (length >= capacity - 16) length = before;  // did not fit: left out
      else put(',');
      if (length == before) put_string("0,");
    }
    text[length - 1] = ']';
    text[length] = 0;
    for (i32 repeat = 0; repeat < 4; repeat++) {
      at = 0;
      failed = 0;
      sum = (u64)repeat;
      parse_value(0);
      if (failed || at != length) return -1 - (i64)at;
      total = mix(total, sum);
    }
  }
  return (i64)total;
}
