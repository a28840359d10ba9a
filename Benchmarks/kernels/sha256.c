// SHA-256 (FIPS 180-4): 32-bit rotations, additions and logic, nearly all of it on locals.
#include "kernel.h"
#include "sha256.h"

static u8 message[4096];

/// `n` digests of 4 KiB each; each message starts with the digest before it.
i64 run(i32 n) {
  for (i32 i = 0; i < COUNT(message); i++) message[i] = (u8)(i * 7 + 13);
  u64 sum = 0;
  for (i32 round = 0; round < n; round++) {
    Sha256 hash;
    sha256_start(&hash);
    sha256_take(&hash, message, sizeof(message));
    sha256_finish(&hash, message);
    sum = (u64)hash.state[0] << 32 | hash.state[1];
  }
  return (i64)sum;
}
