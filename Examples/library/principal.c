#include "principal.h"
#include "ic0.h"

Principal principal_of_caller(void) {
  Principal principal = {0};
  usize size = ic0_msg_caller_size();
  if (size > principal_limit) fail(TEXT("the caller's principal is too long"));
  principal.count = (u8)size;
  ic0_msg_caller_copy(principal.bytes, 0, size);
  return principal;
}

u32 crc32(u32 crc, const void *data, u32 count) {
  // The remainders of the sixteen values of half a byte.
  static const u32 remainders[16] = {
      0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
      0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  const u8 *bytes = data;
  crc = ~crc;
  for (u32 i = 0; i < count; i++) {
    crc = crc >> 4 ^ remainders[(crc ^ bytes[i]) & 15];
    crc = crc >> 4 ^ remainders[(crc ^ bytes[i] >> 4) & 15];
  }
  return ~crc;
}

void base32(Buffer *out, const u8 *data, u32 count) {
  static const u8 alphabet[33] = "abcdefghijklmnopqrstuvwxyz234567";
  u32 bits = 0, held = 0;
  for (u32 i = 0; i < count; i++) {
    bits = bits << 8 | data[i];
    for (held += 8; held >= 5; held -= 5) buffer_byte(out, alphabet[bits >> (held - 5) & 31]);
  }
  if (held) buffer_byte(out, alphabet[bits << (5 - held) & 31]);
}

void principal_text(Buffer *out, const Principal *principal) {
  u8 bytes[4 + principal_limit];
  u32 crc = crc32(0, principal->bytes, principal->count);
  for (int i = 0; i < 4; i++) bytes[i] = (u8)(crc >> (24 - 8 * i));
  copy_bytes(bytes + 4, principal->bytes, principal->count);
  Buffer plain = {0};
  base32(&plain, bytes, 4u + principal->count);
  for (u32 i = 0; i < plain.count; i++) {
    if (i && i % 5 == 0) buffer_byte(out, '-');
    buffer_byte(out, plain.data[i]);
  }
}
