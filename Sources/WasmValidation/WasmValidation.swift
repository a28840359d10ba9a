// WasmValidation: under construction.
