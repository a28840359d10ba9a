// Counting instructions as the Internet Computer does, and limiting them.
//   metering metering.wat

#include <cinttypes>

#include "example.hpp"

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    wasm_config_t *config = wasm_config_new();
    cannery_config_set_metering(config, CANNERY_METERING_ICP);
    Engine engine(wasm_engine_new_with_config(config));
    Store store(wasm_store_new(engine.get()));
    Instance instance = instance_of(store, module_from(store, arguments[1]));
    Exports exports(instance);

    // An execution is a call that can be limited, stopped and resumed. Arguments are slots of 8 bytes.
    auto factorial = [&](uint64_t n, uint64_t limit, cannery_state_t &state) {
      cannery_execution_t *made;
      check(cannery_execution_new_slots(exports.function(0), &n, 1, limit, &made));
      Execution execution(made);
      check(cannery_execution_run(execution.get(), &state));
      return execution;
    };

    cannery_state_t state;
    Execution whole = factorial(20, 1'000'000, state);
    uint64_t result = 0;
    cannery_execution_result_slots(whole.get(), &result, 1);
    std::printf("factorial(20) = %" PRIu64 "\n", result);
    std::printf("instructions: %" PRIu64 "\n", cannery_execution_instructions(whole.get()));
    whole.reset();

    // It could be resumed with more; deleted, it is as if it had been stopped here for good.
    Execution stopped = factorial(20, 50, state);
    if (state == CANNERY_OUT_OF_INSTRUCTIONS) std::printf("with 50 instructions: out of instructions\n");
  });
}
