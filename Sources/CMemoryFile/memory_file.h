// Files that are only in memory. Their system calls have declarations that Swift does not see.

#ifndef CANNERY_MEMORY_FILE_H
#define CANNERY_MEMORY_FILE_H

#include <stdint.h>

/// The descriptor of a new file that has no name and is not passed on to other programs; -1 where there are none.
static inline int cannery_memory_file(void);

/// Gives the memory back that `count` bytes of the file from `offset` on take; they read as zeros then.
static inline void cannery_memory_file_discard(int file, int64_t offset, int64_t count);

#if defined(__linux__) && defined(__LP64__)
#include <sys/syscall.h>
#include <unistd.h>

static inline int cannery_memory_file(void) {
  const unsigned int close_on_exec = 1;
  return (int)syscall(SYS_memfd_create, "cannery", close_on_exec);
}

static inline void cannery_memory_file_discard(int file, int64_t offset, int64_t count) {
  const int keep_size = 1, punch_hole = 2;
  syscall(SYS_fallocate, file, keep_size | punch_hole, offset, count);
}
#else
static inline int cannery_memory_file(void) { return -1; }
static inline void cannery_memory_file_discard(int file, int64_t offset, int64_t count) {
  (void)file, (void)offset, (void)count;
}
#endif

#endif
