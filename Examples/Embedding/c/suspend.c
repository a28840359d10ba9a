/* Executions that stop and go on: by slices of instructions, and where the host answers later. No thread waits.
 *   suspend suspend.wat */

#include "example.h"

/* The question of the guest that waits. */
static uint32_t question;

static wasm_trap_t *ask(void *env, cannery_caller_t *caller, uint64_t *slots) {
  (void)env;
  question = (uint32_t)slots[0];
  return cannery_suspend(caller);
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_metering(config, CANNERY_METERING_ICP);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasm_functype_t *type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
  wasm_func_t *host = cannery_func_new(store, type, "ask", ask, NULL, NULL);
  wasm_functype_delete(type);
  wasm_extern_t *imports[] = {wasm_func_as_extern(host)};
  wasm_instance_t *instance = instance_from(store, arguments[1], imports, 1);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);

  uint64_t slot = 10000;
  cannery_execution_t *execution;
  cannery_state_t state;
  int slices = 1;
  check(cannery_execution_new_slots(wasm_extern_as_func(exports.data[0]), &slot, 1, 10000, &execution));
  check(cannery_execution_run(execution, &state));
  for (; state == CANNERY_OUT_OF_INSTRUCTIONS; slices++) {
    /* Here others could take their turn. */
    check(cannery_execution_resume(execution, 10000, &state));
  }
  if (state != CANNERY_FINISHED) return 1;
  cannery_execution_result_slots(execution, &slot, 1);
  printf("count(10000) = %u in %d slices\n", (uint32_t)slot, slices);
  cannery_execution_delete(execution);

  check(cannery_execution_new_slots(wasm_extern_as_func(exports.data[1]), NULL, 0, CANNERY_UNLIMITED, &execution));
  check(cannery_execution_run(execution, &state));
  if (state != CANNERY_WAITING) return 1;
  printf("the guest asks: %u\n", question);
  /* Later, on any thread. */
  wasm_val_t answer[] = {WASM_I32_VAL(7)};
  wasm_val_vec_t answers = {1, answer};
  check(cannery_execution_resume_host(execution, &answers, NULL, &state));
  if (state != CANNERY_FINISHED) return 1;
  cannery_execution_result_slots(execution, &slot, 1);
  printf("product() = %u\n", (uint32_t)slot);
  cannery_execution_delete(execution);

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_func_delete(host);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
