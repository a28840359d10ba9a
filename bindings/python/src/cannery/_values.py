"""Values between Python and the slots of a call.

Integers wrap like those of WebAssembly, as in the package `wasmtime`: of what is given the low 32 or 64 bits count, and what
comes back is signed. Floats are given as `float` or `int`; `f32` values are rounded. Vectors are 16 bytes, the lowest lane
first. An `externref` is any Python object, and `None` the null reference; a `funcref` is a `Function` or `None`.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Sequence
from operator import index
from typing import TYPE_CHECKING, Any, Callable

from ._library import lib
from ._types import FunctionType, ValueType

if TYPE_CHECKING:
    from ._engine import Store

_M32, _M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_F32, _F64, _U32, _U64 = struct.Struct("<f"), struct.Struct("<d"), struct.Struct("<I"), struct.Struct("<Q")

Encoder = Callable[["Store", Any], int]
Decoder = Callable[["Store", int], Any]


class Reference:
    """A reference of Wasm code that stands for no Python object. It can be given back to the same store only."""

    __slots__ = ("_store", "_slot")

    def __init__(self, store: Store, slot: int) -> None:
        self._store, self._slot = store, slot


def _to_i32(store: Store, value: Any) -> int:
    return index(value) & _M32


def _to_i64(store: Store, value: Any) -> int:
    return index(value) & _M64


def _to_f32(store: Store, value: Any) -> int:
    number = _float(value)
    try:
        return int(_U32.unpack(_F32.pack(number))[0])
    except OverflowError:
        # Too large: infinite.
        return int(_U32.unpack(_F32.pack(ctypes.c_float(number).value))[0])


def _to_f64(store: Store, value: Any) -> int:
    return int(_U64.unpack(_F64.pack(_float(value)))[0])


def _float(value: Any) -> float:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"a number is needed, not {type(value).__name__}")
    return float(value)


def _to_externref(store: Store, value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, Reference):
        if value._store is not store:
            raise ValueError("the reference belongs to another store")
        return value._slot
    return store._foreign_for(value).slot


def _to_funcref(store: Store, value: Any) -> int:
    if value is None:
        return 0
    from ._function import Function

    if not isinstance(value, Function):
        raise TypeError(f"a Function or None is needed, not {type(value).__name__}")
    if value._store is not store:
        raise ValueError("the function belongs to another store")
    return value._as_slot()


def _from_i32(store: Store, slot: int) -> int:
    return ((slot & _M32) ^ 0x80000000) - 0x80000000


def _from_i64(store: Store, slot: int) -> int:
    return (slot ^ 0x8000000000000000) - 0x8000000000000000


def _from_f32(store: Store, slot: int) -> float:
    return float(_F32.unpack(_U32.pack(slot & _M32))[0])


def _from_f64(store: Store, slot: int) -> float:
    return float(_F64.unpack(_U64.pack(slot))[0])


def _from_externref(store: Store, slot: int) -> Any:
    if slot == 0:
        return None
    foreign = store._foreign_of_slot.get(slot)
    return foreign.value if foreign is not None else Reference(store, slot)


def _from_funcref(store: Store, slot: int) -> Any:
    pointer = store._reference_of_slot(ValueType.FUNCREF, slot) if slot else None
    if pointer is None:
        return None
    from ._function import Function

    return Function._of(store, lib.wasm_ref_as_func(pointer))


ENCODERS: dict[ValueType, Encoder] = {
    ValueType.I32: _to_i32,
    ValueType.I64: _to_i64,
    ValueType.F32: _to_f32,
    ValueType.F64: _to_f64,
    ValueType.EXTERNREF: _to_externref,
    ValueType.FUNCREF: _to_funcref,
}
DECODERS: dict[ValueType, Decoder] = {
    ValueType.I32: _from_i32,
    ValueType.I64: _from_i64,
    ValueType.F32: _from_f32,
    ValueType.F64: _from_f64,
    ValueType.EXTERNREF: _from_externref,
    ValueType.FUNCREF: _from_funcref,
}


def _vector_halves(value: Any) -> tuple[int, int]:
    contents = bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else None
    if contents is None or len(contents) != 16:
        raise TypeError("a vector is given as 16 bytes")
    return int.from_bytes(contents[:8], "little"), int.from_bytes(contents[8:], "little")


class Row:
    """Values of given types as slots."""

    __slots__ = ("types", "slot_count", "_encoders", "_decoders")

    def __init__(self, types: tuple[ValueType, ...]) -> None:
        self.types = types
        self.slot_count = sum(2 if type is ValueType.V128 else 1 for type in types)
        has_vectors = ValueType.V128 in types
        # Where no vectors are, slots and values go together one by one.
        self._encoders = None if has_vectors else [ENCODERS[type] for type in types]
        self._decoders = None if has_vectors else [DECODERS[type] for type in types]

    def encode(self, store: Store, values: Sequence[Any]) -> list[int]:
        """The slots of values, of which there are as many as types."""
        if self._encoders is not None:
            return [encode(store, value) for encode, value in zip(self._encoders, values)]
        slots: list[int] = []
        for type, value in zip(self.types, values):
            if type is ValueType.V128:
                slots.extend(_vector_halves(value))
            else:
                slots.append(ENCODERS[type](store, value))
        return slots

    def decode(self, store: Store, slots: Any) -> list[Any]:
        """The values that begin the slots."""
        if self._decoders is not None:
            return [decode(store, slots[place]) for place, decode in enumerate(self._decoders)]
        values: list[Any] = []
        place = 0
        for type in self.types:
            if type is ValueType.V128:
                values.append((slots[place] | slots[place + 1] << 64).to_bytes(16, "little"))
                place += 2
            else:
                values.append(DECODERS[type](store, slots[place]))
                place += 1
        return values


class Plan:
    """How calls of functions of a type pass values."""

    __slots__ = ("type", "parameters", "results", "slot_count", "array")

    def __init__(self, type: FunctionType) -> None:
        self.type = type
        self.parameters, self.results = Row(type.parameters), Row(type.results)
        self.slot_count = max(self.parameters.slot_count, self.results.slot_count, 1)
        self.array = ctypes.c_uint64 * self.slot_count


_plans: dict[FunctionType, Plan] = {}


def plan_of(type: FunctionType) -> Plan:
    """The plan for a type; the same one for the same type."""
    plan = _plans.get(type)
    if plan is None:
        plan = _plans[type] = Plan(type)
    return plan


def single(values: list[Any]) -> Any:
    """Results as Python has them: None for none, the value for one, else a tuple."""
    if len(values) == 1:
        return values[0]
    return tuple(values) if values else None
