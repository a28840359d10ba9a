"""Executes modules on wasmtime for the harness, in the language of the driver for Cannery (`Driver/Exchange.swift`).

Values go through the C interface that the wasmtime package wraps: its own classes know no vectors, and lose the payloads
of NaNs. Everything that may differ between correct engines is switched off: NaNs are canonical, relaxed SIMD is
deterministic, fuel ends what would not end.
"""

import ctypes
import json
import sys
import zlib
from ctypes import byref

import wasmtime
from wasmtime import _ffi as ffi

# Kinds of values in the C interface, but for references.
KINDS = {0: "i32", 1: "i64", 2: "f32", 3: "f64", 4: "v128"}
NUMBERS = {name: number for number, name in KINDS.items()}
# Kinds of heap types in the C interface.
EXTERN, FUNC = 0, 2

Trap = wasmtime.TrapCode
TRAPS = {
    Trap.STACK_OVERFLOW: "call-stack-exhausted",
    Trap.MEMORY_OUT_OF_BOUNDS: "out-of-bounds-memory-access",
    Trap.TABLE_OUT_OF_BOUNDS: "out-of-bounds-table-access",
    Trap.INDIRECT_CALL_TO_NULL: "uninitialized-element",
    Trap.BAD_SIGNATURE: "indirect-call-type-mismatch",
    Trap.INTEGER_OVERFLOW: "integer-overflow",
    Trap.INTEGER_DIVISION_BY_ZERO: "integer-divide-by-zero",
    Trap.BAD_CONVERSION_TO_INTEGER: "invalid-conversion-to-integer",
    Trap.UNREACHABLE: "unreachable",
    Trap.OUT_OF_FUEL: "out-of-instructions",
    Trap.NULL_REFERENCE: "null-reference",
}


class HostBits:
    """Pseudorandom bits (SplitMix64) for event number `event` of import number `index`; both drivers make the same."""

    def __init__(self, index: int, event: int) -> None:
        self.state = index << 32 | event

    def next(self) -> int:
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        return z ^ z >> 31

    def next_integer(self) -> int:
        """Bits that are more often small than large."""
        bits = self.next()
        return bits >> (bits & 63)

    def value(self, kind: str) -> str | None:
        """A value of the type as text; None for types that the host has none of."""
        match kind:
            case "i32":
                return f"i32:{self.next_integer() & 0xFFFFFFFF:08x}"
            case "i64":
                return f"i64:{self.next_integer():016x}"
            case "f32":
                return f"f32:{self.next() & 0xFFFFFFFF:08x}"
            case "f64":
                return f"f64:{self.next():016x}"
            case "v128":
                low = self.next()
                return f"v128:{self.next():016x}{low:016x}"
            case "funcref":
                return "funcref:null"
            case "externref":
                return f"externref:{self.next() & 3 or 'null'}"
        return None


def type_name(pointer) -> str:
    """The name of a value type. All references but the two that hosts can make are called `reference`."""
    full = ffi.wasmtime_valtype_t()
    ffi.wasmtime_valtype_new(pointer, byref(full))
    try:
        if full.kind in KINDS:
            return KINDS[full.kind]
        heap = full.reftype.heaptype.kind if full.reftype.nullable else None
        return {EXTERN: "externref", FUNC: "funcref"}.get(heap, "reference")
    finally:
        ffi.wasmtime_valtype_delete(byref(full))


def item_name(item) -> str:
    """The type of an import or export, as `Exchange.swift` spells it."""
    match item:
        case wasmtime.FuncType():
            names = [type_name(one.ptr()) for one in item.params] + ["->"]
            return " ".join(names + [type_name(one.ptr()) for one in item.results])
        case wasmtime.TableType():
            return f"table {type_name(item.element.ptr())}"
        case wasmtime.MemoryType():
            return "memory"
        case wasmtime.GlobalType():
            return f"global {type_name(item.content.ptr())}"
    return "tag"


class Refused(Exception):
    """An error that is no trap."""


def check(error) -> None:
    if error:
        raise Refused(str(wasmtime.WasmtimeError._from_ptr(error)))


class Session:
    def __init__(self) -> None:
        self.engines: dict[tuple[str, ...], wasmtime.Engine] = {}
        self.engine: wasmtime.Engine | None = None
        self.module: wasmtime.Module | None = None
        self.store: wasmtime.Store | None = None
        self.instance = None
        self.limits: dict[str, int] = {}
        # The types of the module's exports, and those of the instance.
        self.export_types: list[str] = []
        self.exports: list = []
        # Of the imported functions, the types of their parameters and results.
        self.host_parameters: dict[int, list[str]] = {}
        self.host_results: dict[int, list[str]] = {}
        self.host_calls: list[str] = []
        self.host_total = 0
        # Whether a host function has refused to go on.
        self.host_failed = False
        self.callback = ffi.wasmtime_func_callback_t(self.call_host)
        self.no_finalizer = ctypes.cast(0, ctypes.CFUNCTYPE(None, ctypes.c_void_p))

    @property
    def context(self):
        return self.store._context()

    def engine_for(self, features: list[str]) -> wasmtime.Engine:
        key = tuple(features)
        if key not in self.engines:
            config = wasmtime.Config()
            config.consume_fuel = True
            config.cranelift_opt_level = "none"
            config.parallel_compilation = False
            config.wasm_threads = False
            ffi.wasmtime_config_wasm_component_model_async_set(config.ptr(), False)
            config.wasm_relaxed_simd_deterministic = True
            ffi.wasmtime_config_cranelift_nan_canonicalization_set(config.ptr(), True)
            config.wasm_relaxed_simd = "relaxed-simd" in features
            config.wasm_simd = "simd" in features
            config.wasm_bulk_memory = "bulk-memory" in features
            config.wasm_multi_value = "multi-value" in features
            config.wasm_tail_call = "tail-call" in features
            config.wasm_memory64 = "memory64" in features
            config.wasm_multi_memory = "multi-memory" in features
            config.wasm_exceptions = "exceptions" in features
            config.wasm_gc = "gc" in features
            config.wasm_function_references = "function-references" in features
            config.wasm_reference_types = "reference-types" in features
            self.engines[key] = wasmtime.Engine(config)
        return self.engines[key]

    # Requests

    def answer(self, request: dict) -> dict:
        (name, parameters), = request.items()
        try:
            match name:
                case "open":
                    return self.open(**parameters)
                case "instantiate":
                    return self.instantiate(**parameters)
                case "call":
                    return self.call(**parameters)
                case _:
                    return {"outcome": "ok", "state": self.state()}
        except Refused as error:
            return {"outcome": "broken", "detail": str(error)}

    def open(self, path: str, features: list[str], configuration: dict, limits: dict[str, int]) -> dict:
        del configuration  # of the other engine
        self.store = self.module = None
        self.limits = limits
        with open(path, "rb") as file:
            code = file.read()
        self.engine = self.engine_for(features)
        try:
            self.module = wasmtime.Module(self.engine, code)
        except wasmtime.WasmtimeError as error:
            return {"outcome": "invalid", "detail": str(error)}
        self.export_types = [item_name(item.type) for item in self.module.exports]
        imports = [item_name(item.type) for item in self.module.imports]
        return {"outcome": "ok", "imports": imports, "exports": self.export_types}

    def instantiate(self, fuel: int) -> dict:
        self.store = wasmtime.Store(self.engine)
        self.store.set_limits(
            memory_size=self.limits["memoryPages"] << 16, table_elements=self.limits["tableElements"]
        )
        self.store.set_fuel(fuel)
        self.host_parameters, self.host_results, self.host_calls, self.host_total = {}, {}, [], 0
        self.exports = []
        imports = []
        for index, item in enumerate(self.module.imports):
            try:
                value = self.provide(index, item.type)
            except Refused as error:
                return {"outcome": "limit", "detail": str(error)}
            if value is None:
                return {"outcome": "unsupported", "detail": f"import {index} can't be provided"}
            imports.append(value)
        instance = ffi.wasmtime_instance_t()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        array = (ffi.wasmtime_extern_t * len(imports))(*imports)
        error = ffi.wasmtime_instance_new(
            self.context, self.module.ptr(), array, len(imports), byref(instance), byref(trap))
        try:
            reply = self.end_of_execution(error, trap)
        except Refused as error:
            return {"outcome": "limit", "detail": str(error)}
        if reply["outcome"] == "ok":
            self.instance = instance
            self.exports = self.list_exports()
        return reply

    def list_exports(self) -> list:
        exports = []
        name, length = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
        while True:
            item = ffi.wasmtime_extern_t()
            if not ffi.wasmtime_instance_export_nth(
                self.context, byref(self.instance), len(exports), byref(name), byref(length), byref(item)
            ):
                return exports
            exports.append(item)

    def call(self, export: int, arguments: list[str], fuel: int) -> dict:
        self.store.set_fuel(fuel)
        types = self.export_types[export].split("->")[1].split()
        values = (ffi.wasmtime_val_t * len(arguments))()
        for value, text in zip(values, arguments):
            self.write(value, text)
        results = (ffi.wasmtime_val_t * len(types))()
        trap = ctypes.POINTER(ffi.wasm_trap_t)()
        error = ffi.wasmtime_func_call(
            self.context, byref(self.exports[export].of.func), values, len(values), results, len(types), byref(trap))
        reply = self.end_of_execution(error, trap)
        if reply["outcome"] == "ok":
            reply["results"] = [self.read(value, kind) for value, kind in zip(results, types)]
        return reply

    def end_of_execution(self, error, trap) -> dict:
        calls, self.host_calls = self.host_calls, []
        if self.host_failed:
            # Reported as an error or as a trap without a code.
            self.host_failed = False
            return {"outcome": "trap", "detail": "host-error", "hostCalls": calls}
        check(error)
        if trap:
            code = wasmtime.Trap._from_ptr(trap).trap_code
            return {"outcome": "trap", "detail": TRAPS.get(code, str(code)), "hostCalls": calls}
        return {"outcome": "ok", "hostCalls": calls}

    def state(self) -> list[str]:
        state = []
        for item, name in zip(self.exports, self.export_types):
            match item.kind:
                case 1:
                    value = ffi.wasmtime_val_t()
                    ffi.wasmtime_global_get(self.context, byref(item.of.global_), byref(value))
                    state.append(self.read(value, name.split()[1]))
                case 2:
                    state.append(self.table_state(item.of.table, name.split()[1]))
                case 3:
                    memory = byref(item.of.memory)
                    size = ffi.wasmtime_memory_data_size(self.context, memory)
                    data = ffi.wasmtime_memory_data(self.context, memory)
                    content = ctypes.string_at(data, size) if size else b""
                    state.append(f"memory {size >> 16} {zlib.crc32(content)}")
        return state

    def table_state(self, table, kind: str) -> str:
        size = ffi.wasmtime_table_size(self.context, byref(table))
        elements = []
        for index in range(size):
            value = ffi.wasmtime_val_t()
            ffi.wasmtime_table_get(self.context, byref(table), index, byref(value))
            elements.append(self.read(value, kind).split(":")[-1])
        return f"table {size} {zlib.crc32(' '.join(elements).encode())}"

    # What modules import

    def provide(self, index: int, item):
        """Something to import; None where there is nothing of the type."""
        match item:
            case wasmtime.FuncType():
                if "reference" in item_name(item).split():
                    return None
                self.host_parameters[index] = [type_name(one.ptr()) for one in item.params]
                self.host_results[index] = [type_name(one.ptr()) for one in item.results]
                function = ffi.wasmtime_func_t()
                ffi.wasmtime_func_new(
                    self.context, item.ptr(), self.callback, index, self.no_finalizer, byref(function))
                return ffi.wasmtime_extern_t(0, ffi.wasmtime_extern_union(func=function))
            case wasmtime.GlobalType():
                text = HostBits(index, 0).value(type_name(item.content.ptr()))
                if text is None:
                    return None
                value, made = ffi.wasmtime_val_t(), ffi.wasmtime_global_t()
                self.write(value, text)
                check(ffi.wasmtime_global_new(self.context, item.ptr(), byref(value), byref(made)))
                return ffi.wasmtime_extern_t(1, ffi.wasmtime_extern_union(global_=made))
            case wasmtime.TableType():
                kind = type_name(item.element.ptr())
                if kind == "reference":
                    return None
                value, made = ffi.wasmtime_val_t(), ffi.wasmtime_table_t()
                self.write(value, f"{kind}:null")
                check(ffi.wasmtime_table_new(self.context, item.ptr(), byref(value), byref(made)))
                return ffi.wasmtime_extern_t(2, ffi.wasmtime_extern_union(table=made))
            case wasmtime.MemoryType():
                made = ffi.wasmtime_memory_t()
                check(ffi.wasmtime_memory_new(self.context, item.ptr(), byref(made)))
                return ffi.wasmtime_extern_t(3, ffi.wasmtime_extern_union(memory=made))
        return None

    def call_host(self, index, _caller, parameters, parameter_count, results, _result_count) -> int:
        """The one host function; `index` is the number of the import that it stands for, None for 0."""
        index = index or 0
        if len(self.host_calls) >= self.limits["hostCalls"]:
            self.host_failed = True
            message = b"too many host calls"
            return ctypes.cast(ffi.wasmtime_trap_new(message, len(message)), ctypes.c_void_p).value or 0
        types = self.host_parameters[index]
        arguments = ", ".join(self.read(parameters[i], types[i]) for i in range(parameter_count))
        self.host_calls.append(f"{index}({arguments})")
        self.host_total += 1
        bits = HostBits(index, self.host_total)
        for position, kind in enumerate(self.host_results[index]):
            self.write(results[position], bits.value(kind))
        return 0

    # Values

    def read(self, value, kind: str) -> str:
        raw = ctypes.string_at(ctypes.addressof(value.of), 16)
        match kind:
            case "i32" | "f32":
                return f"{kind}:{raw[3::-1].hex()}"
            case "i64" | "f64":
                return f"{kind}:{raw[7::-1].hex()}"
            case "v128":
                return f"{kind}:{raw[::-1].hex()}"
            case "funcref":
                return "funcref:set" if value.of.funcref.store_id else "funcref:null"
            case "externref":
                if not value.of.externref.store_id:
                    return "externref:null"
                return f"externref:{ffi.wasmtime_externref_data(self.context, byref(value.of.externref))}"
        return "reference"

    def write(self, value, text: str) -> None:
        kind, bits = text.split(":")
        match kind:
            case "funcref":
                value.kind = ffi.WASMTIME_FUNCREF
                value.of.funcref.store_id = 0
                if bits != "null":
                    value.of.funcref = self.exports[int(bits)].of.func
            case "externref":
                value.kind = ffi.WASMTIME_EXTERNREF
                value.of.externref.store_id = 0
                if bits != "null":
                    ffi.wasmtime_externref_new(self.context, int(bits), self.no_finalizer, byref(value.of.externref))
            case _:
                value.kind = NUMBERS[kind]
                raw = bytes.fromhex(bits)[::-1]
                ctypes.memmove(ctypes.addressof(value.of), raw, len(raw))


def main() -> None:
    session = Session()
    for line in sys.stdin:
        print(json.dumps(session.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
