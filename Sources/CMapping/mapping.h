// Growing memory that is mapped. The system call has a declaration that Swift does not see.

#ifndef CANNERY_MAPPING_H
#define CANNERY_MAPPING_H

#include <stddef.h>
#include <sys/mman.h>

/// Makes a private mapping of `size` bytes `new_size` bytes long: its pages stay, none is copied. Returns its new address;
/// MAP_FAILED, with the mapping as it was, where that is not possible.
static inline void *cannery_mapping_resize(void *mapping, size_t size, size_t new_size);

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

static inline void *cannery_mapping_resize(void *mapping, size_t size, size_t new_size) {
  const int may_move = 1;
  return (void *)syscall(SYS_mremap, mapping, size, new_size, may_move);
}
#else
static inline void *cannery_mapping_resize(void *mapping, size_t size, size_t new_size) {
  (void)mapping, (void)size, (void)new_size;
  return MAP_FAILED;
}
#endif

#endif
