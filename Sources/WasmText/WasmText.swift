// WasmText: under construction.
