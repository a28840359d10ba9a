// Reading, writing and growing a guest's memory.
//   memory memory.wat

#include "example.hpp"

static void print_size(const wasm_memory_t *memory) {
  unsigned pages = wasm_memory_size(memory);
  std::printf("memory: %u page%s, %zu bytes\n", pages, pages == 1 ? "" : "s", wasm_memory_data_size(memory));
}

int main(int count, char **arguments) {
  return run_example(count, 2, [&] {
    Engine engine(wasm_engine_new());
    Store store(wasm_store_new(engine.get()));
    Instance instance = instance_of(store, module_from(store, arguments[1]));
    Exports exports(instance);
    wasm_memory_t *memory = exports.memory(0);
    print_size(memory);

    // Copies with bounds checked. `wasm_memory_data` gives the bytes themselves, until the memory grows.
    std::string text = "Cannery", copy(text.size(), ' ');
    if (!cannery_memory_write(memory, 1000, text.data(), text.size())) throw std::out_of_range("write");
    uint64_t slots[] = {1000, text.size()};
    check(cannery_func_call(exports.function(1), slots, 2));
    if (!cannery_memory_read(memory, 1000, copy.data(), copy.size())) throw std::out_of_range("read");
    std::printf("reversed: %s\n", copy.c_str());
    if (!cannery_memory_write(memory, 65530, text.data(), text.size())) std::printf("write beyond the end: refused\n");

    if (!wasm_memory_grow(memory, 1)) throw std::runtime_error("the memory doesn't grow");
    print_size(memory);
    if (!wasm_memory_grow(memory, 1)) std::printf("grow beyond the maximum: refused\n");
  });
}
