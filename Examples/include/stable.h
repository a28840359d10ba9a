// Stable memory as a stream: what is written in `canister_pre_upgrade` is read back in `canister_post_upgrade`, in the
// same order. Fields are little-endian and have no padding; a CRC-32 over all of it comes last.
#pragma once

#include "runtime.h"

/// Starts writing at the beginning of stable memory; the header says what it is and in which version.
void stable_start_writing(u32 magic, u32 version);
void stable_write(const void *data, u32 count);
static inline void stable_write_u32(u32 value) { stable_write(&value, 4); }
static inline void stable_write_u64(u64 value) { stable_write(&value, 8); }
/// Ends writing: the checksum, and what is still held back.
void stable_finish_writing(void);

/// Starts reading; gives the version. Traps if there is nothing or something else.
u32 stable_start_reading(u32 magic);
void stable_read(void *data, u32 count);
static inline u32 stable_read_u32(void) {
  u32 value;
  stable_read(&value, 4);
  return value;
}
static inline u64 stable_read_u64(void) {
  u64 value;
  stable_read(&value, 8);
  return value;
}
/// Ends reading; traps if the checksum is wrong.
void stable_finish_reading(void);
