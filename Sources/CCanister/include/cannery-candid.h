/* What canisters and their callers exchange: principals, cycles, and Candid, as text and as bytes.
 *
 * Part of the library cannery-canister; ownership, errors and threads are as cannery-canister.h says.
 *
 * Candid may be nested, to a depth of some hundreds: threads that call need 1 MiB of stack. */

#ifndef CANNERY_CANDID_H
#define CANNERY_CANDID_H

#include "cannery.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---- Principals and cycles ---- */

/* The name of a canister or user: its first `size` bytes, at most 29. Without bytes it is the management canister. */
typedef struct cannery_principal_t {
  uint8_t size;
  uint8_t bytes[29];
} cannery_principal_t;

/* Characters of the longest text of a principal, with the zero at its end. */
#define CANNERY_PRINCIPAL_TEXT 64

/* Reads a text such as `aaaaa-aa`. */
WASM_API_EXTERN own cannery_error_t *cannery_principal_parse(const char *text, cannery_principal_t *out);
/* Writes the text. False, with an empty text, for more than 29 bytes. */
WASM_API_EXTERN bool cannery_principal_format(const cannery_principal_t *, char out[CANNERY_PRINCIPAL_TEXT]);
/* The caller who doesn't say who it is. */
WASM_API_EXTERN void cannery_principal_anonymous(cannery_principal_t *out);
/* The canister with this number, as the network forms its id. */
WASM_API_EXTERN void cannery_principal_canister(uint64_t number, cannery_principal_t *out);
WASM_API_EXTERN bool cannery_principal_equal(const cannery_principal_t *, const cannery_principal_t *);

/* An amount of cycles, or another number of 128 bits. */
typedef struct cannery_cycles_t {
  uint64_t low, high;
} cannery_cycles_t;

static inline cannery_cycles_t cannery_cycles(uint64_t amount) {
  cannery_cycles_t cycles = {amount, 0};
  return cycles;
}

/* Characters of the longest number, with the zero at its end. */
#define CANNERY_CYCLES_TEXT 40

/* Writes the decimal digits. */
WASM_API_EXTERN void cannery_cycles_format(cannery_cycles_t, char out[CANNERY_CYCLES_TEXT]);

/* ---- Candid ---- */

/* An interface: what a .did file says of a canister's methods. Deleted by `cannery_candid_delete`. */
typedef struct cannery_candid_t cannery_candid_t;

/* Reads a .did file, without imports. The error's offset is the byte that is wrong. */
WASM_API_EXTERN own cannery_error_t *cannery_candid_new(const char *did, size_t size, own cannery_candid_t **out);
/* What a canister's module says in its custom section `candid:service`; `CANNERY_ERROR_ARGUMENT` if it doesn't. */
WASM_API_EXTERN own cannery_error_t *cannery_candid_of_module(
    const void *module, size_t size, own cannery_candid_t **out);
WASM_API_EXTERN void cannery_candid_delete(own cannery_candid_t *);

/* The methods, in the order of their names. NULL beyond the last. */
WASM_API_EXTERN size_t cannery_candid_method_count(const cannery_candid_t *);
WASM_API_EXTERN const char *cannery_candid_method_name(const cannery_candid_t *, size_t index);
WASM_API_EXTERN bool cannery_candid_method_is_query(const cannery_candid_t *, size_t index);

/* Of a method, what is encoded or decoded. */
typedef enum cannery_candid_side_t {
  CANNERY_CANDID_ARGUMENTS,
  CANNERY_CANDID_RESULTS,
} cannery_candid_side_t;

/* The message of a text such as `(1, "x")`. The types are those that the interface gives for the method, or with NULL for
 * `method` what installing takes; with NULL for the interface those that the values have of themselves. */
WASM_API_EXTERN own cannery_error_t *cannery_candid_encode(
    const cannery_candid_t *, const char *method, cannery_candid_side_t, const char *text, own wasm_byte_vec_t *out);
/* The text of a message, likewise, with a zero at its end. Without the interface, fields are numbers. */
WASM_API_EXTERN own cannery_error_t *cannery_candid_decode(
    const cannery_candid_t *, const char *method, cannery_candid_side_t, const void *message, size_t size,
    own wasm_byte_vec_t *out);

#undef own

#ifdef __cplusplus
}
#endif

#endif
