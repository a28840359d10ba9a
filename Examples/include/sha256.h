// SHA-256 (FIPS 180-4).
#pragma once

#include "types.h"

typedef struct {
  u32 state[8];
  u64 length;  // bytes so far
  u8 block[64];
} Sha256;

// The fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8.
static const u32 sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline u32 sha256_rotate(u32 x, int k) { return x >> k | x << (32 - k); }

/// Takes one block of 64 bytes into the state.
NOINLINE static void sha256_compress(u32 state[8], const u8 *block) {
  u32 w[64];
  for (int t = 0; t < 16; t++) {
    w[t] = (u32)block[4 * t] << 24 | (u32)block[4 * t + 1] << 16 | (u32)block[4 * t + 2] << 8 | block[4 * t + 3];
  }
  for (int t = 16; t < 64; t++) {
    u32 s0 = sha256_rotate(w[t - 15], 7) ^ sha256_rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
    u32 s1 = sha256_rotate(w[t - 2], 17) ^ sha256_rotate(w[t - 2], 19) ^ w[t - 2] >> 10;
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  u32 a = state[0], b = state[1], c = state[2], d = state[3];
  u32 e = state[4], f = state[5], g = state[6], h = state[7];
  for (int t = 0; t < 64; t++) {
    u32 s1 = sha256_rotate(e, 6) ^ sha256_rotate(e, 11) ^ sha256_rotate(e, 25);
    u32 t1 = h + s1 + ((e & f) ^ (~e & g)) + sha256_constants[t] + w[t];
    u32 s0 = sha256_rotate(a, 2) ^ sha256_rotate(a, 13) ^ sha256_rotate(a, 22);
    u32 t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

static inline void sha256_start(Sha256 *hash) {
  static const u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (int i = 0; i < 8; i++) hash->state[i] = initial[i];
  hash->length = 0;
}

static inline void sha256_take(Sha256 *hash, const void *data, usize count) {
  const u8 *bytes = data;
  for (usize i = 0; i < count;) {
    u32 used = (u32)(hash->length & 63);
    if (used == 0 && count - i >= 64) {
      sha256_compress(hash->state, bytes + i);
      hash->length += 64;
      i += 64;
    } else {
      hash->block[used] = bytes[i++];
      hash->length++;
      if (used == 63) sha256_compress(hash->state, hash->block);
    }
  }
}

/// Ends the message: a one bit, zeros, the length in bits.
static inline void sha256_finish(Sha256 *hash, u8 digest[32]) {
  u64 bits = hash->length * 8;
  static const u8 one = 0x80, zero = 0;
  sha256_take(hash, &one, 1);
  while ((hash->length & 63) != 56) sha256_take(hash, &zero, 1);
  u8 length[8];
  for (int i = 0; i < 8; i++) length[i] = (u8)(bits >> (56 - 8 * i));
  sha256_take(hash, length, 8);
  for (int i = 0; i < 32; i++) digest[i] = (u8)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}
