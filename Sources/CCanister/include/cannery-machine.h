/* Canisters for embedders who bring their own System API: a machine keeps a canister's state, and executes messages on it that
 * leave no trace unless they are committed. Queues, cycles and rules are the embedder's.
 *
 * Part of the library cannery-canister; ownership, errors and threads are as cannery-canister.h says. */

#ifndef CANNERY_MACHINE_H
#define CANNERY_MACHINE_H

#include "cannery.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---- The System API ---- */

/* What modules import: host functions by module and name. Machines keep it as long as they need it. */
typedef struct cannery_system_t cannery_system_t;

WASM_API_EXTERN own cannery_system_t *cannery_system_new(void);
WASM_API_EXTERN void cannery_system_delete(own cannery_system_t *);
/* Defines or replaces `module`.`name`, for machines that are made from now on. The callback is as in cannery.h;
 * `cannery_caller_context` tells for which execution it is called. `finalizer` may be NULL; it gets `env` when the system, and
 * all machines made with it, have ended. If the result is an error, `env` stays the caller's. */
WASM_API_EXTERN own cannery_error_t *cannery_system_define(
    cannery_system_t *, const char *module, const char *name, const wasm_functype_t *, cannery_callback_t, void *env,
    void (*finalizer)(void *));

/* Asked when code has grown a memory from so many pages of 64 KiB to so many; false ends the execution, whose `context` it
 * gets, with a trap. */
typedef bool (*cannery_growth_t)(void *env, void *context, uint64_t old_pages, uint64_t new_pages);
/* For machines that are made from now on. */
WASM_API_EXTERN void cannery_system_set_growth(
    cannery_system_t *, cannery_growth_t, void *env, void (*finalizer)(void *));

/* ---- Machines ---- */

/* A canister's state, with its compiled module: heap, globals, and a stable memory that host functions can use. Each execution
 * finds what a fresh instance with that heap and those globals would have, and leaves no trace unless it is committed. Tables
 * are the exception: what code writes to them stays; what the Internet Computer accepts can't write to them. */
typedef struct cannery_machine_t cannery_machine_t;

/* Makes a machine; no code is run, not even the start function. The module may be of any store, and isn't used up; `limits`
 * may be NULL. `CANNERY_ERROR_LINK` where an import isn't defined, or is of another type. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_new(
    const wasm_module_t *, const cannery_system_t *, const cannery_limits_t *limits, own cannery_machine_t **out);
/* An execution that hasn't ended keeps the machine alive. */
WASM_API_EXTERN void cannery_machine_delete(own cannery_machine_t *);
/* The store that the machine lives in: for traps (`wasm_trap_new`), interrupts, and what else cannery.h does with a store. What
 * is changed through it outside of executions is undone. The machine commits it and rolls it back, nobody else. */
WASM_API_EXTERN own wasm_store_t *cannery_machine_store(const cannery_machine_t *);

/* ---- Executions ---- */

typedef enum cannery_entry_kind_t {
  /* The function that is exported under `name`. */
  CANNERY_ENTRY_EXPORT,
  /* The function with the number `index` in table 0: a callback. */
  CANNERY_ENTRY_TABLE,
  /* The module's start function. */
  CANNERY_ENTRY_START,
} cannery_entry_kind_t;

/* What is executed, with arguments as slots: as many as its parameters take. */
typedef struct cannery_entry_t {
  cannery_entry_kind_t kind;
  const char *name;
  uint64_t index;
  const uint64_t *slots;
  size_t slot_count;
} cannery_entry_t;

/* Whether the module has an entry that takes so many slots, which themselves may be NULL here. */
WASM_API_EXTERN bool cannery_machine_has_entry(cannery_machine_t *, const cannery_entry_t *);

/* How an execution ended. */
typedef struct cannery_ending_t {
  /* `CANNERY_FINISHED`, `CANNERY_TRAPPED`, `CANNERY_OUT_OF_INSTRUCTIONS` or `CANNERY_INTERRUPTED`. */
  cannery_state_t state;
  uint64_t instructions;
  /* Pages of 4 KiB of heap and stable memory that it changed; also where that was undone. */
  size_t dirty_pages, stable_pages;
  /* Of one that trapped; else NULL. */
  own wasm_trap_t *trap;
} cannery_ending_t;

/* Executes an entry to its end, with so many instructions at most. With `commits`, what it did stays if it finishes; all
 * else is undone: traps, too many instructions, queries. A host function that suspends is a trap here. `context` is for the
 * host functions. `CANNERY_ERROR_LINK` if there is no such entry. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_execute(
    cannery_machine_t *, const cannery_entry_t *, uint64_t instructions, bool commits, void *context,
    cannery_ending_t *out);

/* Prepares an execution that is done in steps, by the functions of cannery.h: `cannery_execution_run`, `…_resume`,
 * `…_resume_host` and so on. When it has ended, `cannery_execution_commit` makes what it did last; else it is undone when the
 * execution is deleted. Until then the machine is busy. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_begin(
    cannery_machine_t *, const cannery_entry_t *, uint64_t instructions, void *context,
    own cannery_execution_t **out);
/* What a machine's execution that has finished did is the machine's state from now on. `CANNERY_ERROR_ARGUMENT` for another. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_commit(cannery_execution_t *);
/* Pages of 4 KiB that a machine's execution has changed so far. */
WASM_API_EXTERN size_t cannery_execution_dirty_pages(const cannery_execution_t *);
WASM_API_EXTERN size_t cannery_execution_stable_pages(const cannery_execution_t *);
/* Takes a machine's execution that has stopped, and not ended, out of the machine: others, such as queries, can execute
 * meanwhile on the committed state. `unpark` puts it back; it fails if any of them was committed. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_park(cannery_execution_t *);
WASM_API_EXTERN own cannery_error_t *cannery_execution_unpark(cannery_execution_t *);

/* ---- For host functions ---- */

/* The `context` of the execution that called a host function; NULL outside of machines. */
WASM_API_EXTERN void *cannery_caller_context(cannery_caller_t *);

/* Stable memory, for host functions: pages of 64 KiB, at first none. What executions do to it is committed or undone with
 * the rest. Reading and writing give false, and nothing is copied, if it isn't all inside. */
WASM_API_EXTERN uint64_t cannery_caller_stable_size(cannery_caller_t *);
/* False where there is no memory for it, or outside of machines. */
WASM_API_EXTERN bool cannery_caller_stable_grow(cannery_caller_t *, uint64_t pages);
WASM_API_EXTERN bool cannery_caller_stable_read(cannery_caller_t *, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN bool cannery_caller_stable_write(
    cannery_caller_t *, uint64_t offset, const void *bytes, size_t count);

/* ---- The state ---- */

/* The committed state. Sizes are pages of 64 KiB. Reading and writing fail with `CANNERY_ERROR_ARGUMENT`, and nothing is
 * copied, if it isn't all inside; what is written is committed. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_heap_size(cannery_machine_t *, uint64_t *out);
WASM_API_EXTERN own cannery_error_t *cannery_machine_read_heap(
    cannery_machine_t *, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN own cannery_error_t *cannery_machine_write_heap(
    cannery_machine_t *, uint64_t offset, const void *bytes, size_t count);
WASM_API_EXTERN own cannery_error_t *cannery_machine_stable_size(cannery_machine_t *, uint64_t *out);
WASM_API_EXTERN own cannery_error_t *cannery_machine_grow_stable(cannery_machine_t *, uint64_t pages);
WASM_API_EXTERN own cannery_error_t *cannery_machine_read_stable(
    cannery_machine_t *, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN own cannery_error_t *cannery_machine_write_stable(
    cannery_machine_t *, uint64_t offset, const void *bytes, size_t count);

/* The whole state as bytes: heap, mutable globals and stable memory, with a checksum. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_save(cannery_machine_t *, own wasm_byte_vec_t *out);
/* A machine with that state. The module must be the one that it was saved with. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_load(
    const wasm_module_t *, const cannery_system_t *, const cannery_limits_t *limits, const void *state, size_t size,
    own cannery_machine_t **out);

/* Exchanges the stable memories, or the heaps, of two machines: what upgrades need, and the way back. Nothing is copied. */
WASM_API_EXTERN own cannery_error_t *cannery_machine_exchange_stable(cannery_machine_t *, cannery_machine_t *);
WASM_API_EXTERN own cannery_error_t *cannery_machine_exchange_heap(cannery_machine_t *, cannery_machine_t *);

#undef own

#ifdef __cplusplus
}
#endif

#endif
