// libffi, which calls C functions of any type, and makes functions that can be called as C's.
#include <ffi.h>
