"""Memories, and their bytes."""

from __future__ import annotations

import ctypes
import weakref
from types import TracebackType
from typing import Any, Callable, Optional, Union

from ._engine import Store
from ._errors import last_error
from ._library import lib, own
from ._types import MemoryType, memory_type, new_memory_type

PAGE_SIZE = 65536


class MemoryBuffer:
    """The bytes of a memory themselves, as a `memoryview` that a `with` statement gives.

    While it or something made of it lives, no code of the store runs and its memories don't grow: what tries gets a
    `BufferError`. So nobody sees bytes that have moved. Leaving the `with` statement while slices or arrays of the view still
    live is a `BufferError`, too; the store is free again when they are gone.
    """

    def __init__(self, store: Store, kept: object, locate: Callable[[], tuple[Optional[int], int]]) -> None:
        self._store, self._kept, self._locate = store, kept, locate
        self._view: Optional[memoryview] = None
        self._source: Optional[weakref.ref[Any]] = None

    def __enter__(self) -> memoryview:
        if self._view is not None:
            raise RuntimeError("the buffer is in use")
        self._store._check()
        address, size = self._locate()
        if size and not address:
            raise BufferError("the store tracks writes, so that its memories have no buffers: read and write copy")
        source: Any = (ctypes.c_char * size).from_address(address) if address else (ctypes.c_char * 0)()
        self._store._buffers += 1
        finalizer = weakref.finalize(source, _unlock, self._store, self._kept)
        finalizer.atexit = False
        self._source = weakref.ref(source)
        self._view = memoryview(source).cast("B")
        return self._view

    def __exit__(
        self, type: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        view, self._view = self._view, None
        source, self._source = self._source, None
        if view is None or source is None:
            return
        try:
            view.release()
        except BufferError:
            pass
        del view
        if source() is not None and error is None:
            raise BufferError("something still uses the buffer of the memory")


def _unlock(store: Store, kept: object) -> None:
    store._buffers -= 1


class Memory:
    """A memory. `len(memory)` is its size in bytes; `memory[a:b]` reads and writes copies, as `read` and `write` do."""

    __slots__ = ("_store", "_pointer", "__weakref__")

    def __init__(self, store: Store, type: MemoryType) -> None:
        store._check()
        made = new_memory_type(type)
        pointer = lib.wasm_memory_new(store._pointer, made)
        lib.wasm_memorytype_delete(made)
        if not pointer:
            raise last_error("no memory for a memory")
        self._hold(store, pointer)

    def _hold(self, store: Store, pointer: int) -> None:
        self._store, self._pointer = store, pointer
        own(self, lib.wasm_memory_delete, pointer, store._handle)

    @classmethod
    def _of(cls, store: Store, pointer: int) -> Memory:
        made = cls.__new__(cls)
        made._hold(store, pointer)
        return made

    @property
    def store(self) -> Store:
        """Where the memory lives."""
        return self._store

    @property
    def type(self) -> MemoryType:
        """Its limits."""
        type = lib.wasm_memory_type(self._pointer)
        found = memory_type(type)
        lib.wasm_memorytype_delete(type)
        return found

    @property
    def pages(self) -> int:
        """Its size in pages of 64 KiB."""
        self._store._check()
        return int(lib.wasm_memory_size(self._pointer))

    def __len__(self) -> int:
        self._store._check()
        return int(lib.wasm_memory_data_size(self._pointer))

    def grow(self, pages: int) -> bool:
        """Makes it so many pages larger. False, and nothing changed, if a limit is in the way."""
        if not 0 <= pages < 2**32:
            raise ValueError("pages are from 0 to 2**32 - 1")
        self._store._check()
        if self._store._buffers:
            raise BufferError("buffers of the store's memories are in use")
        return bool(lib.wasm_memory_grow(self._pointer, pages))

    def read(self, offset: int, count: int) -> bytes:
        """A copy of bytes. IndexError if they aren't all inside."""
        size = len(self)
        if offset < 0 or count < 0 or offset + count > size:
            raise IndexError(f"bytes {offset} to {offset + count} are not inside a memory of {size} bytes")
        contents = ctypes.create_string_buffer(count) if count else None
        if contents is not None and not lib.cannery_memory_read(self._pointer, offset, contents, count):
            raise IndexError("the range is not inside the memory")
        return contents.raw if contents is not None else b""

    def write(self, offset: int, contents: Union[bytes, bytearray, memoryview]) -> None:
        """Writes bytes. IndexError, and nothing written, if they don't all get inside."""
        source = bytes(contents)
        size = len(self)
        if offset < 0 or offset + len(source) > size:
            raise IndexError(f"bytes {offset} to {offset + len(source)} are not inside a memory of {size} bytes")
        if source and not lib.cannery_memory_write(self._pointer, offset, source, len(source)):
            raise IndexError("the range is not inside the memory")

    def __getitem__(self, place: Union[int, slice]) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                raise ValueError("slices of a memory have no step")
            return self.read(start, max(stop - start, 0))
        return self.read(self._index(place), 1)[0]

    def __setitem__(self, place: Union[int, slice], value: Any) -> None:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1 or len(value) != max(stop - start, 0):
                raise ValueError("a slice of a memory is as long as what it is set to")
            self.write(start, value)
        else:
            self.write(self._index(place), bytes([value]))

    def _index(self, place: int) -> int:
        return place + len(self) if place < 0 else place

    def buffer(self) -> MemoryBuffer:
        """The bytes themselves: `with memory.buffer() as view:`. Not for stores that track writes."""

        def locate() -> tuple[Optional[int], int]:
            return lib.wasm_memory_data(self._pointer), lib.wasm_memory_data_size(self._pointer)

        return MemoryBuffer(self._store, self, locate)

    @property
    def dirty_pages(self) -> int:
        """How many pages of 4 KiB are different from what was committed; the store must track writes."""
        self._store._check()
        return int(lib.cannery_memory_dirty_pages(self._pointer))

    def is_same(self, other: Memory) -> bool:
        """Whether both are the same memory of the store."""
        return bool(lib.wasm_memory_same(self._pointer, other._pointer))

    def __repr__(self) -> str:
        return f"<cannery.Memory of {self.pages} pages>"
