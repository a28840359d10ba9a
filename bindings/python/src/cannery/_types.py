"""Types of WebAssembly, as plain Python values."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from ctypes import byref
from dataclasses import dataclass
from typing import Optional, Union

from ._library import LimitsStruct, PointerVector, elements, lib, pointer_array, view_bytes

_NO_MAXIMUM = 0xFFFFFFFF


class ValueType(enum.Enum):
    """Of a value. Wherever one is taken, its name is, too: `"i32"`."""

    I32 = "i32"
    I64 = "i64"
    F32 = "f32"
    F64 = "f64"
    V128 = "v128"
    EXTERNREF = "externref"
    FUNCREF = "funcref"

    @property
    def is_reference(self) -> bool:
        """Whether values are references."""
        return self in (ValueType.EXTERNREF, ValueType.FUNCREF)


_KINDS: dict[ValueType, int] = {
    ValueType.I32: 0,
    ValueType.I64: 1,
    ValueType.F32: 2,
    ValueType.F64: 3,
    ValueType.V128: 4,
    ValueType.EXTERNREF: 128,
    ValueType.FUNCREF: 129,
}
_TYPES: dict[int, ValueType] = {kind: type for type, kind in _KINDS.items()}

ValueTypeLike = Union[ValueType, str]


def kind_of(type: ValueType) -> int:
    """The number that stands for a type in C."""
    return _KINDS[type]


@dataclass(frozen=True)
class FunctionType:
    """Of a function: `FunctionType(["i32", "i32"], ["i32"])`."""

    parameters: tuple[ValueType, ...]
    results: tuple[ValueType, ...]

    def __init__(self, parameters: Iterable[ValueTypeLike] = (), results: Iterable[ValueTypeLike] = ()) -> None:
        object.__setattr__(self, "parameters", tuple(ValueType(type) for type in parameters))
        object.__setattr__(self, "results", tuple(ValueType(type) for type in results))

    def __str__(self) -> str:
        def names(types: tuple[ValueType, ...]) -> str:
            return ", ".join(type.value for type in types)

        return f"({names(self.parameters)}) -> ({names(self.results)})"


@dataclass(frozen=True)
class GlobalType:
    """Of a global."""

    value: ValueType
    mutable: bool = False

    def __init__(self, value: ValueTypeLike, mutable: bool = False) -> None:
        object.__setattr__(self, "value", ValueType(value))
        object.__setattr__(self, "mutable", mutable)


@dataclass(frozen=True)
class TableType:
    """Of a table; sizes are in elements."""

    element: ValueType
    minimum: int
    maximum: Optional[int] = None
    is_64: bool = False

    def __init__(self, element: ValueTypeLike, minimum: int, maximum: Optional[int] = None, is_64: bool = False) -> None:
        object.__setattr__(self, "element", ValueType(element))
        object.__setattr__(self, "minimum", minimum)
        object.__setattr__(self, "maximum", maximum)
        object.__setattr__(self, "is_64", is_64)


@dataclass(frozen=True)
class MemoryType:
    """Of a memory; sizes are in pages of 64 KiB."""

    minimum: int
    maximum: Optional[int] = None
    is_64: bool = False


ExternType = Union[FunctionType, GlobalType, TableType, MemoryType]


@dataclass(frozen=True)
class ImportType:
    """What a module imports."""

    module: str
    name: str
    type: ExternType


@dataclass(frozen=True)
class ExportType:
    """What a module exports."""

    name: str
    type: ExternType


# ---- From C ----


def _value_type(pointer: int) -> ValueType:
    return _TYPES[lib.wasm_valtype_kind(pointer)]


def function_type(pointer: int) -> FunctionType:
    """A function type of C's, which stays C's."""
    return FunctionType(
        [_value_type(type) for type in elements(lib.wasm_functype_params(pointer).contents)],
        [_value_type(type) for type in elements(lib.wasm_functype_results(pointer).contents)],
    )


def global_type(pointer: int) -> GlobalType:
    """A global's type of C's, which stays C's."""
    return GlobalType(_value_type(lib.wasm_globaltype_content(pointer)), bool(lib.wasm_globaltype_mutability(pointer)))


def _limits(limits: LimitsStruct) -> tuple[int, Optional[int]]:
    return limits.minimum, None if limits.maximum == _NO_MAXIMUM else limits.maximum


def table_type(pointer: int) -> TableType:
    """A table's type of C's, which stays C's."""
    minimum, maximum = _limits(lib.wasm_tabletype_limits(pointer).contents)
    element = _value_type(lib.wasm_tabletype_element(pointer))
    return TableType(element, minimum, maximum, lib.cannery_tabletype_is_64(pointer))


def memory_type(pointer: int) -> MemoryType:
    """A memory's type of C's, which stays C's."""
    minimum, maximum = _limits(lib.wasm_memorytype_limits(pointer).contents)
    return MemoryType(minimum, maximum, lib.cannery_memorytype_is_64(pointer))


def _extern_type(pointer: int) -> ExternType:
    kind = lib.wasm_externtype_kind(pointer)
    if kind == 0:
        return function_type(lib.wasm_externtype_as_functype(pointer))
    if kind == 1:
        return global_type(lib.wasm_externtype_as_globaltype(pointer))
    if kind == 2:
        return table_type(lib.wasm_externtype_as_tabletype(pointer))
    return memory_type(lib.wasm_externtype_as_memorytype(pointer))


def _name(vector: object) -> str:
    return view_bytes(vector.contents).decode("utf-8")  # type: ignore[attr-defined]


def module_imports(module: int) -> tuple[ImportType, ...]:
    """The imports of a module."""
    vector = PointerVector()
    lib.wasm_module_imports(module, byref(vector))
    found: list[ImportType] = [
        ImportType(
            _name(lib.wasm_importtype_module(entry)),
            _name(lib.wasm_importtype_name(entry)),
            _extern_type(lib.wasm_importtype_type(entry)),
        )
        for entry in elements(vector)
    ]
    lib.wasm_importtype_vec_delete(byref(vector))
    return tuple(found)


def module_exports(module: int) -> tuple[ExportType, ...]:
    """The exports of a module."""
    vector = PointerVector()
    lib.wasm_module_exports(module, byref(vector))
    found: list[ExportType] = [
        ExportType(_name(lib.wasm_exporttype_name(entry)), _extern_type(lib.wasm_exporttype_type(entry)))
        for entry in elements(vector)
    ]
    lib.wasm_exporttype_vec_delete(byref(vector))
    return tuple(found)


# ---- To C: the results are the caller's to delete ----


def new_function_type(type: FunctionType) -> int:
    """A function type for C."""

    def vector(types: tuple[ValueType, ...]) -> PointerVector:
        array, count = pointer_array(lib.wasm_valtype_new(kind_of(type)) for type in types)
        made = PointerVector()
        lib.wasm_valtype_vec_new(byref(made), count, array)
        return made

    parameters, results = vector(type.parameters), vector(type.results)
    return int(lib.wasm_functype_new(byref(parameters), byref(results)))


def new_global_type(type: GlobalType) -> int:
    """A global's type for C."""
    return int(lib.wasm_globaltype_new(lib.wasm_valtype_new(kind_of(type.value)), type.mutable))


def _new_limits(minimum: int, maximum: Optional[int]) -> LimitsStruct:
    if not 0 <= minimum < _NO_MAXIMUM or not (maximum is None or 0 <= maximum < _NO_MAXIMUM):
        raise ValueError("sizes are from 0 to 2**32 - 2")
    return LimitsStruct(minimum, _NO_MAXIMUM if maximum is None else maximum)


def new_table_type(type: TableType) -> int:
    """A table's type for C."""
    limits = _new_limits(type.minimum, type.maximum)
    made = lib.wasm_tabletype_new(lib.wasm_valtype_new(kind_of(type.element)), byref(limits))
    lib.cannery_tabletype_set_64(made, type.is_64)
    return int(made)


def new_memory_type(type: MemoryType) -> int:
    """A memory's type for C."""
    limits = _new_limits(type.minimum, type.maximum)
    made = lib.wasm_memorytype_new(byref(limits))
    lib.cannery_memorytype_set_64(made, type.is_64)
    return int(made)
