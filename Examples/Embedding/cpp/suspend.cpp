// Executions that stop and go on: by slices of instructions, and where the host answers later. No thread waits.
//   suspend suspend.wat

#include "example.hpp"

extern "C" {
// Notes the guest's question, and lets it wait.
static wasm_trap_t *ask(void *env, cannery_caller_t *caller, uint64_t *slots) {
  *static_cast<uint32_t *>(env) = static_cast<uint32_t>(slots[0]);
  return cannery_suspend(caller);
}
}

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    wasm_config_t *config = wasm_config_new();
    cannery_config_set_metering(config, CANNERY_METERING_ICP);
    Engine engine(wasm_engine_new_with_config(config));
    Store store(wasm_store_new(engine.get()));
    uint32_t question = 0;
    FunctionType type(wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32()));
    Function host(cannery_func_new(store.get(), type.get(), "ask", ask, &question, nullptr));
    Instance instance = instance_of(store, module_from(store, arguments[1]), {wasm_func_as_extern(host.get())});
    Exports exports(instance);

    auto begin = [&](size_t function, std::vector<uint64_t> slots, uint64_t limit) {
      cannery_execution_t *execution;
      check(cannery_execution_new_slots(exports.function(function), slots.data(), slots.size(), limit, &execution));
      return Execution(execution);
    };
    auto result = [](const Execution &execution, cannery_state_t state) {
      uint64_t slot = 0;
      if (state != CANNERY_FINISHED) throw std::runtime_error("the execution has not finished");
      cannery_execution_result_slots(execution.get(), &slot, 1);
      return static_cast<uint32_t>(slot);
    };

    cannery_state_t state;
    int slices = 1;
    Execution counting = begin(0, {10'000}, 10'000);
    check(cannery_execution_run(counting.get(), &state));
    for (; state == CANNERY_OUT_OF_INSTRUCTIONS; slices++) {
      // Here others could take their turn.
      check(cannery_execution_resume(counting.get(), 10'000, &state));
    }
    std::printf("count(10000) = %u in %d slices\n", result(counting, state), slices);

    Execution asking = begin(1, {}, CANNERY_UNLIMITED);
    check(cannery_execution_run(asking.get(), &state));
    if (state != CANNERY_WAITING) throw std::runtime_error("the guest doesn't wait");
    std::printf("the guest asks: %u\n", question);
    // Later, on any thread.
    wasm_val_t answer[] = {WASM_I32_VAL(7)};
    wasm_val_vec_t answers = {1, answer};
    check(cannery_execution_resume_host(asking.get(), &answers, nullptr, &state));
    std::printf("product() = %u\n", result(asking, state));
  });
}
