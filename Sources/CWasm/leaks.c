/* Shows leak checkers what is no leak. Swift's runtime keeps tables of types until the process ends, and marks the pointers to
 * them in their low bits, so that valgrind takes the tables for possibly lost. `tools/install` links the library so that the
 * runtime's calls of calloc come here (`--wrap`). */

#include <stdatomic.h>
#include <stddef.h>

/* The linker's name for the system's calloc; absent where a program is linked otherwise. */
extern void *__real_calloc(size_t count, size_t size) __attribute__((weak));

/* Tables double, so that there are few. Those that the runtime has given back are forgotten nowhere: nobody looks at them. */
enum { KNOWN = 4096 };
static void *known[KNOWN];
static atomic_size_t used;

void *__wrap_calloc(size_t count, size_t size) {
  void *memory = __real_calloc(count, size);
  size_t place = atomic_fetch_add(&used, 1);
  if (place < KNOWN) known[place] = memory;
  return memory;
}
