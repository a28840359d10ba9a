/* What Cannery offers beyond the standard interface of wasm.h. The rules of ownership, of threads and of errors are those
 * of wasm.h, with one addition: functions that return `own cannery_error_t *` give NULL where all went well, and write their
 * results to `out` only then. */

#ifndef CANNERY_H
#define CANNERY_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

#define own

/* ---- Version ---- */

/* Counts the changes of this interface and of wasm.h's implementation that break programs: the library's name ends with it. */
#define CANNERY_ABI 0
#define CANNERY_VERSION "0.1.0"

WASM_API_EXTERN uint32_t cannery_abi(void);
/* CANNERY_VERSION of the library that runs; never freed. */
WASM_API_EXTERN const char *cannery_version(void);

/* ---- Errors ---- */

typedef enum cannery_error_kind_t {
  /* There is no error: NULL. */
  CANNERY_ERROR_NONE = 0,
  /* The input breaks the binary or text format. */
  CANNERY_ERROR_MALFORMED = 1,
  /* The module is well-formed, but not valid, or uses a feature that is off. */
  CANNERY_ERROR_INVALID,
  /* An artifact is damaged, or was made by another version or with other options. */
  CANNERY_ERROR_ARTIFACT,
  /* Imports that are missing or of another type. */
  CANNERY_ERROR_LINK,
  /* A limit of the store, or no memory. */
  CANNERY_ERROR_RESOURCE,
  /* An argument that the function doesn't take. */
  CANNERY_ERROR_ARGUMENT,
  /* Another thread uses the store, or it belongs to an execution that hasn't ended. */
  CANNERY_ERROR_BUSY,
  /* A file can't be read or written. */
  CANNERY_ERROR_FILE,
  /* Wasm code trapped where there is no result that could say so. */
  CANNERY_ERROR_TRAP,
  /* A mistake in Cannery itself. */
  CANNERY_ERROR_INTERNAL,
  /* The rules of the Internet Computer don't allow it (cannery-canister.h). */
  CANNERY_ERROR_REFUSED,
} cannery_error_kind_t;

typedef struct cannery_error_t cannery_error_t;

WASM_API_EXTERN void cannery_error_delete(own cannery_error_t *);
WASM_API_EXTERN cannery_error_kind_t cannery_error_kind(const cannery_error_t *);
/* One line, with a zero at its end; it lives as long as the error. */
WASM_API_EXTERN const char *cannery_error_message(const cannery_error_t *);
/* The byte of the input that is wrong; SIZE_MAX where there is none. */
WASM_API_EXTERN size_t cannery_error_offset(const cannery_error_t *);

/* Why the last function failed that this thread called with an engine, a store or something of one, and that gave NULL or false
 * with no error of its own; NULL if none has. */
WASM_API_EXTERN own cannery_error_t *cannery_last_error(void);

/* ---- Values ---- */

/* References to functions of one type, and to other things than functions and externals, have the kind of the nearest there
 * is: what is given for them is not checked against the very type, but where it is used.
 *
 * A vector of 128 bits, in types. Values of it are given and taken as slots. */
enum { CANNERY_V128 = 4 };

/* Whether a table or a memory is indexed with 64 bits. New types are not. */
WASM_API_EXTERN bool cannery_tabletype_is_64(const wasm_tabletype_t *);
WASM_API_EXTERN void cannery_tabletype_set_64(wasm_tabletype_t *, bool);
WASM_API_EXTERN bool cannery_memorytype_is_64(const wasm_memorytype_t *);
WASM_API_EXTERN void cannery_memorytype_set_64(wasm_memorytype_t *, bool);

/* ---- Configuration ---- */

/* What modules may use. */
typedef enum cannery_features_t {
  CANNERY_FEATURES_WASM1,
  CANNERY_FEATURES_WASM2,
  /* The default. */
  CANNERY_FEATURES_WASM3,
  /* What the Internet Computer accepts. */
  CANNERY_FEATURES_ICP,
} cannery_features_t;

/* How instructions are counted. */
typedef enum cannery_metering_t {
  /* Not at all: the default. */
  CANNERY_METERING_NONE,
  /* Each operator is one. */
  CANNERY_METERING_OPERATORS,
  /* As the Internet Computer counts. */
  CANNERY_METERING_ICP,
} cannery_metering_t;

WASM_API_EXTERN void cannery_config_set_features(wasm_config_t *, cannery_features_t);
WASM_API_EXTERN void cannery_config_set_metering(wasm_config_t *, cannery_metering_t);
/* Whether the compiler's passes run; they do by default. Counts don't depend on it. */
WASM_API_EXTERN void cannery_config_set_optimization(wasm_config_t *, bool);
/* Threads that compile a module's functions; 0, the default, is one for each core. */
WASM_API_EXTERN void cannery_config_set_threads(wasm_config_t *, size_t);
/* Bytes that a compressed module may have when it is inflated. */
WASM_API_EXTERN void cannery_config_set_inflated_size_limit(wasm_config_t *, size_t);

/* What is told besides errors. Each level has those before it. */
typedef enum cannery_log_level_t {
  /* Modules and artifacts that were refused. */
  CANNERY_LOG_WARNING = 1,
  /* What was compiled, and how long it took. */
  CANNERY_LOG_INFO,
  /* What was opened, and instances. */
  CANNERY_LOG_DEBUG,
} cannery_log_level_t;

/* `message` is one line, which lives until the callback returns. It is called on the thread that does what is told, also by
 * several threads at once, and must not call the library. */
typedef void (*cannery_log_callback_t)(void *env, cannery_log_level_t, const char *message);

/* Where messages up to `level` go; NULL, the default, is nowhere. `env` must live as long as the engine. */
WASM_API_EXTERN void cannery_config_set_logger(
    wasm_config_t *, cannery_log_callback_t, void *env, cannery_log_level_t level);

/* What a store may use. `cannery_limits_default` gives what `wasm_store_new` takes. */
typedef struct cannery_limits_t {
  /* Of each memory, pages of 64 KiB; of each table, elements. */
  uint64_t memory_pages, table_elements;
  uint64_t instances;
  /* Calls of Wasm code inside host functions inside Wasm code, and so on. */
  uint64_t nested_calls;
  /* Of Wasm code, in slots of 8 bytes: what a frame takes depends on the module alone. */
  uint64_t stack_slots;
} cannery_limits_t;

WASM_API_EXTERN void cannery_limits_default(cannery_limits_t *out);

/* `limits` may be NULL. With `tracks_writes`, what executions write to memories and globals can be undone
 * (`cannery_store_roll_back`) and listed (`cannery_memory_dirty_pages`); `wasm_memory_data` then gives NULL. */
WASM_API_EXTERN own cannery_error_t *cannery_store_new(
    wasm_engine_t *, const cannery_limits_t *limits, bool tracks_writes, own wasm_store_t **out);

/* What was written is kept: it can't be undone any more. */
WASM_API_EXTERN void cannery_store_commit(wasm_store_t *);
/* Undoes what was written since the last commit. Does nothing where writes aren't tracked. */
WASM_API_EXTERN void cannery_store_roll_back(wasm_store_t *);
/* How many pages of 4 KiB are different from what was committed. */
WASM_API_EXTERN size_t cannery_memory_dirty_pages(const wasm_memory_t *);
/* Copies from and to a memory, also one whose writes are tracked. False, and nothing copied, if it isn't all inside. */
WASM_API_EXTERN bool cannery_memory_read(const wasm_memory_t *, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN bool cannery_memory_write(wasm_memory_t *, uint64_t offset, const void *bytes, size_t count);

/* ---- Modules and artifacts ---- */

/* Compiles to an artifact, which `wasm_module_deserialize` and `cannery_module_open` take. */
WASM_API_EXTERN own cannery_error_t *cannery_precompile(
    wasm_engine_t *, const void *module, size_t size, own wasm_byte_vec_t *out);
/* `wasm_module_new` and `wasm_module_validate` that say what is wrong. */
WASM_API_EXTERN own cannery_error_t *cannery_module_new(
    wasm_store_t *, const void *module, size_t size, own wasm_module_t **out);
WASM_API_EXTERN own cannery_error_t *cannery_module_validate(wasm_engine_t *, const void *module, size_t size);
/* Writes a module's artifact to a file: a reader sees all of it or nothing. */
WASM_API_EXTERN own cannery_error_t *cannery_module_save(const wasm_module_t *, const char *path);
/* Maps an artifact from a file, which must not change while the module lives. */
WASM_API_EXTERN own cannery_error_t *cannery_module_open(wasm_store_t *, const char *path, own wasm_module_t **out);
/* Verifies all functions of an artifact now; else each is verified before its first call. */
WASM_API_EXTERN own cannery_error_t *cannery_module_verify(const wasm_module_t *);
/* The binary format of a text. */
WASM_API_EXTERN own cannery_error_t *cannery_wat2wasm(const char *text, size_t size, own wasm_byte_vec_t *out);

/* SHA-256 of the module that was compiled. */
WASM_API_EXTERN void cannery_module_hash(const wasm_module_t *, uint8_t out[32]);
WASM_API_EXTERN size_t cannery_module_custom_section_count(const wasm_module_t *);
/* Of custom section `index`, its name and a copy of its contents; each may be NULL. False beyond the last. */
WASM_API_EXTERN bool cannery_module_custom_section(
    const wasm_module_t *, size_t index, own wasm_name_t *name, own wasm_byte_vec_t *contents);

/* ---- Instances ---- */

/* No limit of instructions. */
#define CANNERY_UNLIMITED UINT64_MAX

/* `wasm_instance_new` with a limit of instructions for the start function, which has none there. `imports` may be NULL if
 * there are none. If the error is a trap, `trap` (which may be NULL) gets it, else NULL. */
WASM_API_EXTERN own cannery_error_t *cannery_instance_new(
    wasm_store_t *, const wasm_module_t *, const wasm_extern_vec_t *imports, uint64_t instructions,
    own wasm_trap_t **trap, own wasm_instance_t **out);
/* The export of this name, UTF-8 with a zero at its end; NULL if there is none. (`wasm_instance_exports` gives all, in the
 * module's order, without names.) */
WASM_API_EXTERN own wasm_extern_t *cannery_instance_export(const wasm_instance_t *, const char *name);

/* ---- Executions: limits, counts, suspension ---- */

/* A call that can stop and go on, on any thread. It owns its store until it has ended or is deleted; then what it wrote is
 * undone where writes are tracked. */
typedef struct cannery_execution_t cannery_execution_t;

typedef enum cannery_state_t {
  /* `cannery_execution_results` gives the results. */
  CANNERY_FINISHED,
  /* `cannery_execution_trap` tells why. */
  CANNERY_TRAPPED,
  /* `cannery_execution_resume` goes on, with more instructions. */
  CANNERY_OUT_OF_INSTRUCTIONS,
  /* A host function returned `cannery_suspend`: `cannery_execution_resume_host` goes on. */
  CANNERY_WAITING,
  /* `cannery_interrupt` was called. `cannery_execution_run` goes on. */
  CANNERY_INTERRUPTED,
} cannery_state_t;

/* The arguments are copied, and the function's reference may be deleted. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_new(
    const wasm_func_t *, const wasm_val_vec_t *args, uint64_t instructions, own cannery_execution_t **out);
/* The same with arguments as slots (see below). */
WASM_API_EXTERN own cannery_error_t *cannery_execution_new_slots(
    const wasm_func_t *, const uint64_t *slots, size_t slot_count, uint64_t instructions, own cannery_execution_t **out);
WASM_API_EXTERN void cannery_execution_delete(own cannery_execution_t *);
WASM_API_EXTERN own cannery_error_t *cannery_execution_run(cannery_execution_t *, cannery_state_t *out);
/* With so many instructions from here on. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_resume(
    cannery_execution_t *, uint64_t instructions, cannery_state_t *out);
/* With the results of the host function that waits; or, if `trap` is not NULL, as if it had returned that. The trap is
 * consumed also where the call fails. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_resume_host(
    cannery_execution_t *, const wasm_val_vec_t *results, own wasm_trap_t *trap, cannery_state_t *out);
/* The same with results as slots, also of vectors. */
WASM_API_EXTERN own cannery_error_t *cannery_execution_resume_host_slots(
    cannery_execution_t *, const uint64_t *slots, size_t slot_count, cannery_state_t *out);
/* Instructions so far, of all slices. */
WASM_API_EXTERN uint64_t cannery_execution_instructions(const cannery_execution_t *);
/* Empty unless it has finished. */
WASM_API_EXTERN void cannery_execution_results(const cannery_execution_t *, own wasm_val_vec_t *out);
/* Writes the results as slots, if there is room for all. Gives how many they are. */
WASM_API_EXTERN size_t cannery_execution_result_slots(const cannery_execution_t *, uint64_t *slots, size_t slot_count);
/* NULL unless it has trapped. */
WASM_API_EXTERN own wasm_trap_t *cannery_execution_trap(const cannery_execution_t *);

/* Stops executions of a store from any thread: soon, but not at once (at the next check point after some millions of
 * instructions), also where instructions aren't counted. */
typedef struct cannery_interrupt_t cannery_interrupt_t;
WASM_API_EXTERN own cannery_interrupt_t *cannery_interrupt_new(wasm_store_t *);
WASM_API_EXTERN void cannery_interrupt(cannery_interrupt_t *);
WASM_API_EXTERN void cannery_interrupt_delete(own cannery_interrupt_t *);

/* Why Wasm code trapped. */
typedef enum cannery_trap_kind_t {
  CANNERY_TRAP_UNREACHABLE = 1,
  CANNERY_TRAP_INTEGER_DIVIDE_BY_ZERO,
  CANNERY_TRAP_INTEGER_OVERFLOW,
  CANNERY_TRAP_INVALID_CONVERSION_TO_INTEGER,
  CANNERY_TRAP_OUT_OF_BOUNDS_MEMORY_ACCESS,
  CANNERY_TRAP_OUT_OF_BOUNDS_TABLE_ACCESS,
  CANNERY_TRAP_UNDEFINED_ELEMENT,
  CANNERY_TRAP_UNINITIALIZED_ELEMENT,
  CANNERY_TRAP_INDIRECT_CALL_TYPE_MISMATCH,
  CANNERY_TRAP_CALL_STACK_EXHAUSTED,
  CANNERY_TRAP_OUT_OF_INSTRUCTIONS,
  CANNERY_TRAP_NULL_REFERENCE,
  /* `wasm_trap_new`, or a host function that went wrong otherwise. */
  CANNERY_TRAP_HOST,
  CANNERY_TRAP_INTERRUPTED,
  CANNERY_TRAP_NULL_FUNCTION_REFERENCE,
} cannery_trap_kind_t;

WASM_API_EXTERN cannery_trap_kind_t cannery_trap_kind(const wasm_trap_t *);
/* In lower case with hyphens; never freed. */
WASM_API_EXTERN const char *cannery_trap_kind_name(cannery_trap_kind_t);

/* ---- Calls on slots ---- */

/* Parameters and results as slots of 8 bytes: an integer or the bits of a float in the low end, two slots for a vector, the
 * lower half first; a reference is 0 or a number that only its store understands. Of 32-bit values the upper half of a
 * parameter means nothing, and that of a result is zero. */

/* The code that called a host function; valid during the call. */
typedef struct cannery_caller_t cannery_caller_t;

/* The slots hold the parameters, and take the results. `env` is what the function was made with. */
typedef own wasm_trap_t *(*cannery_callback_t)(void *env, cannery_caller_t *, uint64_t *slots);

/* NULL, with `cannery_last_error`, where the function can't be made; `env` stays the program's then, here and wherever a
 * function takes one with a finalizer. Else the finalizer, which may be NULL, gets it when the store has ended. */
WASM_API_EXTERN own wasm_func_t *cannery_func_new(
    wasm_store_t *, const wasm_functype_t *, const char *name, cannery_callback_t, void *env,
    void (*finalizer)(void *));
/* There must be a slot for each parameter, and for each result. */
WASM_API_EXTERN own wasm_trap_t *cannery_func_call(const wasm_func_t *, uint64_t *slots, size_t slot_count);

/* `wasm_global_new` with a value as a slot, or two for a vector. NULL, with `cannery_last_error`, if there are too few. */
WASM_API_EXTERN own wasm_global_t *cannery_global_new(
    wasm_store_t *, const wasm_globaltype_t *, const uint64_t *slots, size_t slot_count);
/* A global's value as a slot, or two for a vector. False, and nothing done, if there are too few; also where the global
 * can't be changed. */
WASM_API_EXTERN bool cannery_global_read(const wasm_global_t *, uint64_t *slots, size_t slot_count);
WASM_API_EXTERN bool cannery_global_write(wasm_global_t *, const uint64_t *slots, size_t slot_count);

/* The bytes of the calling instance's memory `index`, until it grows; NULL if there is no such memory, or its writes are
 * tracked. */
WASM_API_EXTERN void *cannery_caller_memory(cannery_caller_t *, uint32_t index, size_t *size);
/* The same copied, with bounds checked. */
WASM_API_EXTERN bool cannery_caller_read(
    cannery_caller_t *, uint32_t memory, uint64_t offset, void *bytes, size_t count);
WASM_API_EXTERN bool cannery_caller_write(
    cannery_caller_t *, uint32_t memory, uint64_t offset, const void *bytes, size_t count);
/* NULL where the host calls its function itself. */
WASM_API_EXTERN own wasm_instance_t *cannery_caller_instance(cannery_caller_t *);
/* Takes instructions off what is left. If there aren't enough, the result is not NULL and must be returned at once: the
 * function is called again from its start when the execution goes on. */
WASM_API_EXTERN own wasm_trap_t *cannery_caller_charge(cannery_caller_t *, uint64_t instructions);
WASM_API_EXTERN uint64_t cannery_caller_instructions_left(const cannery_caller_t *);
/* To be returned by a host function that wants to wait: the execution stops, and goes on with results that are given to
 * `cannery_execution_resume_host`. */
WASM_API_EXTERN own wasm_trap_t *cannery_suspend(cannery_caller_t *);

/* Ends the host function that runs with a trap: as if it had returned one. It must return at once. */
WASM_API_EXTERN void cannery_caller_trap(cannery_caller_t *, const char *message);

/* ---- C functions as they are ---- */

/* A signature tells the parameters in parentheses, and then the result, if there is one:
 *
 *   i I f F   int32_t, int64_t, float, double
 *   r         uintptr_t: an externref as a slot
 *   *         void *: the offset of a buffer in memory 0 of the calling instance, given as an address
 *   ~         the size of the buffer before it, size_t: the buffer is all inside the memory, or the call traps. Without it
 *             only the first byte is sure to be there
 *   $         const char *: the offset of a string that ends with a zero inside the memory, or the call traps
 *   e         void *: what was given as `env`; no parameter in WebAssembly
 *   c         cannery_caller_t *: the caller; no parameter in WebAssembly
 *
 * `(ii*~)i` is `int32_t f(int32_t, int32_t, void *, size_t)`. Offsets and sizes are i32; with `64` in front of the signature
 * they are i64, for 64-bit memories. */

typedef void (*cannery_c_function_t)(void);

/* A C function as a function of WebAssembly. NULL, with `cannery_last_error`, for a signature that can't be read. */
WASM_API_EXTERN own wasm_func_t *cannery_func_new_c(
    wasm_store_t *, const char *name, const char *signature, cannery_c_function_t, void *env,
    void (*finalizer)(void *));

/* A function of WebAssembly as a C function: of the letters above `i I f F` and `r` can be used. What it points to can be
 * called, by one thread at a time, until the closure is deleted; it keeps its store. If the call traps, the C function returns
 * zero, and the trap is kept until the next call. */
typedef struct cannery_closure_t cannery_closure_t;

WASM_API_EXTERN own cannery_error_t *cannery_closure_new(
    const wasm_func_t *, const char *signature, own cannery_closure_t **out);
WASM_API_EXTERN cannery_c_function_t cannery_closure_function(const cannery_closure_t *);
/* The trap of the last call; NULL if it went well. */
WASM_API_EXTERN own wasm_trap_t *cannery_closure_trap(cannery_closure_t *);
WASM_API_EXTERN void cannery_closure_delete(own cannery_closure_t *);

/* ---- Allocation ---- */

/* Where references, descriptions and vectors are allocated: NULL means malloc and free. To be called before anything else of
 * the library. What Wasm code uses (memories, tables, stacks) comes from the system's own calls. */
WASM_API_EXTERN void cannery_set_allocator(void *(*allocate)(size_t), void (*release)(void *));

/* ---- Checks ---- */

/* For finding mistakes: with checks on, the library ends the process, with a message on standard error, when something is
 * used or deleted after it was deleted. To be called before anything else of the library but `cannery_set_allocator`.
 * Everything takes longer and keeps more memory then. A pointer to a thing of another type ends the process always, where
 * the library can see it. */
WASM_API_EXTERN void cannery_set_checks(bool on);

#undef own

#ifdef __cplusplus
}
#endif

#endif
