// Principals: the names of canisters and users, up to 29 bytes.
#pragma once

#include "runtime.h"

enum { principal_limit = 29 };

typedef struct {
  u8 count;
  u8 bytes[principal_limit];
} Principal;

static inline int principal_equal(const Principal *a, const Principal *b) {
  return a->count == b->count && equal_bytes(a->bytes, b->bytes, a->count);
}

/// Who sent the message.
Principal principal_of_caller(void);

/// The anonymous caller's principal is the single byte 4.
static inline int principal_is_anonymous(const Principal *p) { return p->count == 1 && p->bytes[0] == 4; }

/// The textual form: base 32 of a CRC-32 and the bytes, in groups of five characters.
void principal_text(Buffer *out, const Principal *principal);

/// CRC-32 as gzip and Ethernet compute it, of several pieces: start with 0.
u32 crc32(u32 crc, const void *data, u32 count);
/// Base 32 of RFC 4648, in lower case and without padding.
void base32(Buffer *out, const u8 *data, u32 count);
