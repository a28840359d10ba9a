"""Tables and globals."""

from __future__ import annotations

import ctypes
from typing import Any, Optional

from ._engine import Store
from ._errors import last_error
from ._function import Function
from ._library import lib, own
from ._types import GlobalType, TableType, ValueType, global_type, new_global_type, new_table_type, table_type
from ._values import Reference, Row


class Global:
    """A global; `value` is its value."""

    __slots__ = ("_store", "_pointer", "_type", "_row", "__weakref__")

    def __init__(self, store: Store, type: GlobalType, value: Any) -> None:
        store._check()
        row = Row((type.value,))
        slots = (ctypes.c_uint64 * row.slot_count)(*row.encode(store, (value,)))
        made = new_global_type(type)
        pointer = lib.cannery_global_new(store._pointer, made, slots, row.slot_count)
        lib.wasm_globaltype_delete(made)
        if not pointer:
            raise last_error("no memory for a global")
        self._hold(store, pointer, type)

    def _hold(self, store: Store, pointer: int, type: GlobalType) -> None:
        self._store, self._pointer, self._type, self._row = store, pointer, type, Row((type.value,))
        own(self, lib.wasm_global_delete, pointer, store._handle)

    @classmethod
    def _of(cls, store: Store, pointer: int) -> Global:
        type = lib.wasm_global_type(pointer)
        made = cls.__new__(cls)
        made._hold(store, pointer, global_type(type))
        lib.wasm_globaltype_delete(type)
        return made

    @property
    def store(self) -> Store:
        """Where the global lives."""
        return self._store

    @property
    def type(self) -> GlobalType:
        """Its type, and whether it can be set."""
        return self._type

    @property
    def value(self) -> Any:
        """Its value. Setting that of a global that isn't mutable is a TypeError."""
        self._store._check()
        slots = (ctypes.c_uint64 * self._row.slot_count)()
        if not lib.cannery_global_read(self._pointer, slots, self._row.slot_count):
            raise last_error("the global can't be read")
        return self._row.decode(self._store, slots)[0]

    @value.setter
    def value(self, value: Any) -> None:
        if not self._type.mutable:
            raise TypeError("the global is not mutable")
        self._store._check()
        count = self._row.slot_count
        slots = (ctypes.c_uint64 * count)(*self._row.encode(self._store, (value,)))
        if not lib.cannery_global_write(self._pointer, slots, count):
            raise last_error("the global can't be written")

    def is_same(self, other: Global) -> bool:
        """Whether both are the same global of the store."""
        return bool(lib.wasm_global_same(self._pointer, other._pointer))

    def __repr__(self) -> str:
        return f"<cannery.Global {self._type.value.value}>"


class Table:
    """A table of references: `table[3]`, `len(table)`. Of functions it has `Function` objects, else any Python objects."""

    __slots__ = ("_store", "_pointer", "_type", "__weakref__")

    def __init__(self, store: Store, type: TableType, initial: Any = None) -> None:
        store._check()
        if not type.element.is_reference:
            raise TypeError("a table has references")
        reference = _owned_reference(store, type.element, initial)
        made = new_table_type(type)
        pointer = lib.wasm_table_new(store._pointer, made, reference)
        lib.wasm_tabletype_delete(made)
        lib.wasm_ref_delete(reference)
        if not pointer:
            raise last_error("no memory for a table")
        self._hold(store, pointer)

    def _hold(self, store: Store, pointer: int) -> None:
        self._store, self._pointer = store, pointer
        own(self, lib.wasm_table_delete, pointer, store._handle)
        type = lib.wasm_table_type(pointer)
        self._type = table_type(type)
        lib.wasm_tabletype_delete(type)

    @classmethod
    def _of(cls, store: Store, pointer: int) -> Table:
        made = cls.__new__(cls)
        made._hold(store, pointer)
        return made

    @property
    def store(self) -> Store:
        """Where the table lives."""
        return self._store

    @property
    def type(self) -> TableType:
        """What it has, and its limits."""
        return self._type

    def __len__(self) -> int:
        self._store._check()
        return int(lib.wasm_table_size(self._pointer))

    def _index(self, place: int) -> int:
        size = len(self)
        found = place + size if place < 0 else place
        if not 0 <= found < size:
            raise IndexError(f"element {place} of a table of {size}")
        return found

    def __getitem__(self, place: int) -> Any:
        reference = lib.wasm_table_get(self._pointer, self._index(place))
        if not reference:
            return None
        if self._type.element is ValueType.FUNCREF:
            return Function._of(self._store, lib.wasm_ref_as_func(reference))
        key = lib.wasm_ref_get_host_info(reference)
        if key:
            lib.wasm_ref_delete(reference)
            return self._store._foreign[key - 1].value
        slot = self._store._slot_of_reference(self._type.element, reference)
        lib.wasm_ref_delete(reference)
        return Reference(self._store, slot)

    def __setitem__(self, place: int, value: Any) -> None:
        found = self._index(place)
        reference = _owned_reference(self._store, self._type.element, value)
        done = lib.wasm_table_set(self._pointer, found, reference)
        lib.wasm_ref_delete(reference)
        if not done:
            raise TypeError("the reference is not of the table's type")

    def grow(self, count: int, value: Any = None) -> bool:
        """Adds elements. False, and nothing changed, if a limit is in the way."""
        if not 0 <= count < 2**32:
            raise ValueError("elements are from 0 to 2**32 - 1")
        self._store._check()
        reference = _owned_reference(self._store, self._type.element, value)
        done = bool(lib.wasm_table_grow(self._pointer, count, reference))
        lib.wasm_ref_delete(reference)
        return done

    def is_same(self, other: Table) -> bool:
        """Whether both are the same table of the store."""
        return bool(lib.wasm_table_same(self._pointer, other._pointer))

    def __repr__(self) -> str:
        return f"<cannery.Table of {len(self)} {self._type.element.value}>"


def _owned_reference(store: Store, type: ValueType, value: Any) -> Optional[int]:
    """A reference to a value, which is the caller's to delete; None for the null reference."""
    if value is None:
        return None
    slot = Row((type,)).encode(store, (value,))[0]
    return store._reference_of_slot(type, slot)
