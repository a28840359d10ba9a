/* Counting instructions as the Internet Computer does, and limiting them.
 *   metering metering.wat */

#include <inttypes.h>

#include "example.h"

int main(int count, char **arguments) {
  if (count != 2) return 64;
  wasm_config_t *config = wasm_config_new();
  cannery_config_set_metering(config, CANNERY_METERING_ICP);
  wasm_engine_t *engine = wasm_engine_new_with_config(config);
  wasm_store_t *store = wasm_store_new(engine);
  wasm_instance_t *instance = instance_from(store, arguments[1], NULL, 0);
  wasm_extern_vec_t exports;
  wasm_instance_exports(instance, &exports);
  const wasm_func_t *factorial = wasm_extern_as_func(exports.data[0]);

  /* An execution is a call that can be limited, stopped and resumed. Arguments are slots of 8 bytes. */
  uint64_t slot = 20;
  cannery_execution_t *execution;
  cannery_state_t state;
  check(cannery_execution_new_slots(factorial, &slot, 1, 1000000, &execution));
  check(cannery_execution_run(execution, &state));
  if (state != CANNERY_FINISHED) return 1;
  cannery_execution_result_slots(execution, &slot, 1);
  printf("factorial(20) = %" PRIu64 "\n", slot);
  printf("instructions: %" PRIu64 "\n", cannery_execution_instructions(execution));
  cannery_execution_delete(execution);

  slot = 20;
  check(cannery_execution_new_slots(factorial, &slot, 1, 50, &execution));
  check(cannery_execution_run(execution, &state));
  /* It could be resumed with more; deleted, it is as if it had been stopped here for good. */
  if (state == CANNERY_OUT_OF_INSTRUCTIONS) printf("with 50 instructions: out of instructions\n");
  cannery_execution_delete(execution);

  wasm_extern_vec_delete(&exports);
  wasm_instance_delete(instance);
  wasm_store_delete(store);
  wasm_engine_delete(engine);
  return 0;
}
