"""Finds the library `libcannery`, and tells ctypes what its functions take and give.

Functions that may take long, or that run code which calls back, release the interpreter's lock (`CDLL`). All others keep it
(`PyDLL`): they are short, and so no other thread gets in between.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
import weakref
from collections.abc import Iterable, Iterator
from ctypes import (
    POINTER,
    Structure,
    Union,
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

#: The version of the interface that this package is written for.
ABI = 0

UNLIMITED = 2**64 - 1
NO_OFFSET = ctypes.c_size_t(-1).value


class ByteVector(Structure):
    _fields_ = [("size", c_size_t), ("data", c_void_p)]


class PointerVector(Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(c_void_p))]


class LimitsStruct(Structure):
    _fields_ = [("minimum", c_uint32), ("maximum", c_uint32)]


class StoreLimitsStruct(Structure):
    _fields_ = [
        ("memory_pages", c_uint64),
        ("table_elements", c_uint64),
        ("instances", c_uint64),
        ("nested_calls", c_uint64),
        ("stack_slots", c_uint64),
    ]


class ValueUnion(Union):
    _fields_ = [("i32", c_int32), ("i64", c_int64), ("f32", c_float), ("f64", c_double), ("ref", c_void_p)]


class ValueStruct(Structure):
    _fields_ = [("kind", c_uint8), ("of", ValueUnion)]


class ValueVector(Structure):
    _fields_ = [("size", c_size_t), ("data", POINTER(ValueStruct))]


Slots = POINTER(c_uint64)
HostCallback = ctypes.CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_void_p)
# What C calls, and what that calls: see `_function.host_callback`.
HostBody = ctypes.PYFUNCTYPE(None, c_void_p, c_void_p, c_void_p)
LogCallback = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)

_P, _B = c_void_p, POINTER(ByteVector)

# Name: result, parameters.
_SHORT: dict[str, tuple[Any, list[Any]]] = {
    "cannery_abi": (c_uint32, []),
    "cannery_version": (c_char_p, []),
    "cannery_set_checks": (None, [c_bool]),
    "cannery_error_delete": (None, [_P]),
    "cannery_error_kind": (c_int, [_P]),
    "cannery_error_message": (c_char_p, [_P]),
    "cannery_error_offset": (c_size_t, [_P]),
    "cannery_last_error": (_P, []),
    "wasm_config_new": (_P, []),
    "cannery_config_set_features": (None, [_P, c_int]),
    "cannery_config_set_metering": (None, [_P, c_int]),
    "cannery_config_set_optimization": (None, [_P, c_bool]),
    "cannery_config_set_threads": (None, [_P, c_size_t]),
    "cannery_config_set_inflated_size_limit": (None, [_P, c_size_t]),
    "cannery_config_set_logger": (None, [_P, LogCallback, _P, c_int]),
    "wasm_engine_new_with_config": (_P, [_P]),
    "wasm_engine_delete": (None, [_P]),
    "cannery_limits_default": (None, [POINTER(StoreLimitsStruct)]),
    "cannery_store_new": (_P, [_P, POINTER(StoreLimitsStruct), c_bool, POINTER(_P)]),
    "cannery_store_commit": (None, [_P]),
    "cannery_store_roll_back": (None, [_P]),
    "wasm_store_delete": (None, [_P]),
    "wasm_byte_vec_delete": (None, [_B]),
    "wasm_valtype_new": (_P, [c_uint8]),
    "wasm_valtype_kind": (c_uint8, [_P]),
    "wasm_valtype_vec_new": (None, [POINTER(PointerVector), c_size_t, POINTER(_P)]),
    "wasm_functype_new": (_P, [POINTER(PointerVector), POINTER(PointerVector)]),
    "wasm_functype_delete": (None, [_P]),
    "wasm_functype_params": (POINTER(PointerVector), [_P]),
    "wasm_functype_results": (POINTER(PointerVector), [_P]),
    "wasm_globaltype_new": (_P, [_P, c_uint8]),
    "wasm_globaltype_delete": (None, [_P]),
    "wasm_globaltype_content": (_P, [_P]),
    "wasm_globaltype_mutability": (c_uint8, [_P]),
    "wasm_tabletype_new": (_P, [_P, POINTER(LimitsStruct)]),
    "wasm_tabletype_delete": (None, [_P]),
    "wasm_tabletype_element": (_P, [_P]),
    "wasm_tabletype_limits": (POINTER(LimitsStruct), [_P]),
    "cannery_tabletype_is_64": (c_bool, [_P]),
    "cannery_tabletype_set_64": (None, [_P, c_bool]),
    "wasm_memorytype_new": (_P, [POINTER(LimitsStruct)]),
    "wasm_memorytype_delete": (None, [_P]),
    "wasm_memorytype_limits": (POINTER(LimitsStruct), [_P]),
    "cannery_memorytype_is_64": (c_bool, [_P]),
    "cannery_memorytype_set_64": (None, [_P, c_bool]),
    "wasm_externtype_kind": (c_uint8, [_P]),
    "wasm_externtype_as_functype": (_P, [_P]),
    "wasm_externtype_as_globaltype": (_P, [_P]),
    "wasm_externtype_as_tabletype": (_P, [_P]),
    "wasm_externtype_as_memorytype": (_P, [_P]),
    "wasm_importtype_module": (_B, [_P]),
    "wasm_importtype_name": (_B, [_P]),
    "wasm_importtype_type": (_P, [_P]),
    "wasm_importtype_vec_delete": (None, [POINTER(PointerVector)]),
    "wasm_exporttype_name": (_B, [_P]),
    "wasm_exporttype_type": (_P, [_P]),
    "wasm_exporttype_vec_delete": (None, [POINTER(PointerVector)]),
    "wasm_module_delete": (None, [_P]),
    "wasm_module_share": (_P, [_P]),
    "wasm_shared_module_delete": (None, [_P]),
    "wasm_module_obtain": (_P, [_P, _P]),
    "wasm_module_imports": (None, [_P, POINTER(PointerVector)]),
    "wasm_module_exports": (None, [_P, POINTER(PointerVector)]),
    "cannery_module_hash": (None, [_P, _P]),
    "cannery_module_custom_section_count": (c_size_t, [_P]),
    "cannery_module_custom_section": (c_bool, [_P, c_size_t, _B, _B]),
    "wasm_ref_delete": (None, [_P]),
    "wasm_ref_get_host_info": (_P, [_P]),
    "wasm_foreign_new": (_P, [_P]),
    "wasm_foreign_delete": (None, [_P]),
    "wasm_foreign_set_host_info": (None, [_P, _P]),
    "wasm_ref_as_func": (_P, [_P]),
    "wasm_trap_new": (_P, [_P, _B]),
    "wasm_trap_copy": (_P, [_P]),
    "wasm_trap_same": (c_bool, [_P, _P]),
    "wasm_trap_delete": (None, [_P]),
    "wasm_trap_message": (None, [_P, _B]),
    "wasm_trap_trace": (None, [_P, POINTER(PointerVector)]),
    "wasm_frame_func_index": (c_uint32, [_P]),
    "wasm_frame_func_offset": (c_size_t, [_P]),
    "wasm_frame_module_offset": (c_size_t, [_P]),
    "wasm_frame_vec_delete": (None, [POINTER(PointerVector)]),
    "cannery_trap_kind": (c_int, [_P]),
    "cannery_func_new": (_P, [_P, _P, c_char_p, HostCallback, _P, _P]),
    "cannery_func_new_c": (_P, [_P, c_char_p, c_char_p, _P, _P, _P]),
    "wasm_func_type": (_P, [_P]),
    "wasm_func_copy": (_P, [_P]),
    "wasm_func_same": (c_bool, [_P, _P]),
    "wasm_func_delete": (None, [_P]),
    "cannery_global_new": (_P, [_P, _P, _P, c_size_t]),
    "wasm_global_type": (_P, [_P]),
    "wasm_global_get": (None, [_P, POINTER(ValueStruct)]),
    "wasm_global_set": (None, [_P, POINTER(ValueStruct)]),
    "wasm_global_copy": (_P, [_P]),
    "wasm_global_same": (c_bool, [_P, _P]),
    "wasm_global_delete": (None, [_P]),
    "cannery_global_read": (c_bool, [_P, _P, c_size_t]),
    "cannery_global_write": (c_bool, [_P, _P, c_size_t]),
    "wasm_table_new": (_P, [_P, _P, _P]),
    "wasm_table_type": (_P, [_P]),
    "wasm_table_get": (_P, [_P, c_uint32]),
    "wasm_table_set": (c_bool, [_P, c_uint32, _P]),
    "wasm_table_size": (c_uint32, [_P]),
    "wasm_table_grow": (c_bool, [_P, c_uint32, _P]),
    "wasm_table_copy": (_P, [_P]),
    "wasm_table_same": (c_bool, [_P, _P]),
    "wasm_table_delete": (None, [_P]),
    "wasm_memory_new": (_P, [_P, _P]),
    "wasm_memory_type": (_P, [_P]),
    "wasm_memory_data": (_P, [_P]),
    "wasm_memory_data_size": (c_size_t, [_P]),
    "wasm_memory_size": (c_uint32, [_P]),
    "wasm_memory_grow": (c_bool, [_P, c_uint32]),
    "wasm_memory_copy": (_P, [_P]),
    "wasm_memory_same": (c_bool, [_P, _P]),
    "wasm_memory_delete": (None, [_P]),
    "cannery_memory_dirty_pages": (c_size_t, [_P]),
    "cannery_memory_read": (c_bool, [_P, c_uint64, _P, c_size_t]),
    "cannery_memory_write": (c_bool, [_P, c_uint64, _P, c_size_t]),
    "wasm_extern_kind": (c_uint8, [_P]),
    "wasm_extern_vec_delete": (None, [POINTER(PointerVector)]),
    "wasm_instance_exports": (None, [_P, POINTER(PointerVector)]),
    "wasm_instance_delete": (None, [_P]),
    "cannery_execution_new_slots": (_P, [_P, _P, c_size_t, c_uint64, POINTER(_P)]),
    "cannery_execution_delete": (None, [_P]),
    "cannery_execution_instructions": (c_uint64, [_P]),
    "cannery_execution_result_slots": (c_size_t, [_P, _P, c_size_t]),
    "cannery_execution_trap": (_P, [_P]),
    "cannery_interrupt_new": (_P, [_P]),
    "cannery_interrupt": (None, [_P]),
    "cannery_interrupt_delete": (None, [_P]),
    "cannery_caller_memory": (_P, [_P, c_uint32, POINTER(c_size_t)]),
    "cannery_caller_read": (c_bool, [_P, c_uint32, c_uint64, _P, c_size_t]),
    "cannery_caller_write": (c_bool, [_P, c_uint32, c_uint64, _P, c_size_t]),
    "cannery_caller_instance": (_P, [_P]),
    "cannery_caller_charge": (_P, [_P, c_uint64]),
    "cannery_caller_instructions_left": (c_uint64, [_P]),
    "cannery_suspend": (_P, [_P]),
    "cannery_closure_new": (_P, [_P, c_char_p, POINTER(_P)]),
    "cannery_closure_function": (_P, [_P]),
    "cannery_closure_trap": (_P, [_P]),
    "cannery_closure_delete": (None, [_P]),
}

_LONG: dict[str, tuple[Any, list[Any]]] = {
    "cannery_precompile": (_P, [_P, c_char_p, c_size_t, _B]),
    "cannery_module_new": (_P, [_P, c_char_p, c_size_t, POINTER(_P)]),
    "cannery_module_validate": (_P, [_P, c_char_p, c_size_t]),
    "cannery_module_save": (_P, [_P, c_char_p]),
    "cannery_module_open": (_P, [_P, c_char_p, POINTER(_P)]),
    "cannery_module_verify": (_P, [_P]),
    "cannery_wat2wasm": (_P, [c_char_p, c_size_t, _B]),
    "wasm_module_serialize": (None, [_P, _B]),
    "wasm_module_deserialize": (_P, [_P, _B]),
    "cannery_instance_new": (_P, [_P, _P, POINTER(PointerVector), c_uint64, POINTER(_P), POINTER(_P)]),
    "cannery_func_call": (_P, [_P, _P, c_size_t]),
    "cannery_execution_run": (_P, [_P, POINTER(c_int)]),
    "cannery_execution_resume": (_P, [_P, c_uint64, POINTER(c_int)]),
    "cannery_execution_resume_host": (_P, [_P, POINTER(ValueVector), _P, POINTER(c_int)]),
    "cannery_execution_resume_host_slots": (_P, [_P, _P, c_size_t, POINTER(c_int)]),
}


class Library:
    """A loaded library: its functions are attributes."""

    path: str

    def __init__(self, path: str) -> None:
        self.path = path
        # OSError if there is none.
        self._keeps_lock = ctypes.PyDLL(path)
        self._releases_lock = ctypes.CDLL(path)
        try:
            abi = self._keeps_lock.cannery_abi
        except AttributeError:
            raise ImportError(f"{path} is not the library libcannery") from None
        abi.restype = c_uint32
        if abi() != ABI:
            raise ImportError(f"{path} has ABI {abi()}, and this package needs {ABI}: install versions that go together")
        self.declare(_SHORT, _LONG)

    def declare(self, short: dict[str, tuple[Any, list[Any]]], long: dict[str, tuple[Any, list[Any]]]) -> None:
        """Makes functions attributes."""
        for library, functions in ((self._keeps_lock, short), (self._releases_lock, long)):
            for name, (result, parameters) in functions.items():
                try:
                    function = getattr(library, name)
                except AttributeError:
                    raise ImportError(f"{self.path} lacks {name}: the library is older than this package") from None
                function.restype, function.argtypes = result, parameters
                setattr(self, name, function)

    def has(self, name: str) -> bool:
        """Whether the library has a function."""
        return hasattr(self._keeps_lock, name)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def candidates(name: str, directories: Iterable[Path] = ()) -> Iterator[str]:
    """Where the library NAME may be, the best place first."""
    file = f"lib{name}.so.{ABI}"
    package = Path(__file__).resolve().parent
    prefixes = [Path(sys.prefix), *package.parents]
    for directory in [*directories, package] + [prefix / "lib" for prefix in prefixes]:
        for candidate in (directory / file, directory / f"lib{name}.so"):
            if candidate.exists():
                yield str(candidate)
    found = ctypes.util.find_library(name)
    if found:
        yield found
    yield file


def load(name: str = "cannery", variable: str = "CANNERY_LIBRARY", directories: Iterable[Path] = ()) -> Library:
    """Loads the library NAME, from where the environment says or from where libraries are."""
    given = os.environ.get(variable)
    if given:
        try:
            return Library(given)
        except OSError as error:
            raise ImportError(f"{variable} names a library that can't be loaded: {error}") from error
    reason: Optional[OSError] = None
    for path in candidates(name, directories):
        try:
            return Library(path)
        except OSError as error:
            reason = reason or error
    raise ImportError(
        f"lib{name} was not found ({reason}). Install it (tools/install --prefix DIR in Cannery's sources), and set "
        f"{variable} to the path of lib{name}.so, or put its folder where the system looks (LD_LIBRARY_PATH, ldconfig)"
    )


lib = load()
if os.environ.get("CANNERY_CHECKS"):
    lib.cannery_set_checks(True)


# ---- What other modules need to hold pointers ----


class StoreHandle:
    """The reference to a store, which is given back when nothing uses it any more: the finalizers of everything in the store
    hold this. It refers to no Python object, so no cycle keeps it."""

    __slots__ = ("pointer",)

    def __init__(self, pointer: int) -> None:
        self.pointer = pointer

    def __del__(self, delete: Callable[[int], None] = lib.wasm_store_delete) -> None:
        delete(self.pointer)


def _finish(delete: Callable[[int], None], pointer: int, kept: object) -> None:
    delete(pointer)


def own(owner: object, delete: Callable[[int], None], pointer: int, kept: object = None) -> weakref.finalize[..., Any]:
    """Lets `pointer` be deleted when `owner` ends; `kept` lives until then."""
    finalizer = weakref.finalize(owner, _finish, delete, pointer, kept)
    finalizer.atexit = False
    return finalizer


def take_bytes(vector: ByteVector, library: Library = lib) -> bytes:
    """The contents of a byte vector, which is deleted."""
    contents = view_bytes(vector)
    library.wasm_byte_vec_delete(ctypes.byref(vector))
    return contents


def view_bytes(vector: ByteVector) -> bytes:
    """A copy of the contents of a byte vector."""
    return ctypes.string_at(vector.data, vector.size) if vector.size else b""


def byte_vector(contents: bytes) -> ByteVector:
    """A vector that borrows the contents, which must live as long."""
    vector = ByteVector(len(contents), ctypes.cast(ctypes.c_char_p(contents), c_void_p))
    vector._contents = contents
    return vector


def elements(vector: PointerVector) -> list[int]:
    """The pointers in a vector."""
    return [vector.data[index] or 0 for index in range(vector.size)]


def pointer_array(pointers: Iterable[int]) -> tuple[Any, int]:
    """An array of pointers, and their number."""
    values = list(pointers)
    return (c_void_p * max(len(values), 1))(*values), len(values)
