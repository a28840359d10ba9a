// CRC-32 (the polynomial of Ethernet and gzip), a byte at a time by table: a chain of dependent loads.
#include "kernel.h"

static u32 table[256];
static u8 data[1 << 16];

/// `n` times the CRC of 64 KiB, each continuing the last.
i64 run(i32 n) {
  for (u32 i = 0; i < 256; i++) {
    u32 c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
    table[i] = c;
  }
  u64 state = 0x853C49E6748FEA9BULL;
  for (i32 i = 0; i < COUNT(data); i++) data[i] = (u8)(random_next(&state) >> 56);
  u32 crc = 0xFFFFFFFFu;
  for (i32 round = 0; round < n; round++) {
    for (i32 i = 0; i < COUNT(data); i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  }
  return (i64)(crc ^ 0xFFFFFFFFu);
}
