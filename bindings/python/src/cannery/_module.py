"""Modules, and the artifacts that they become."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_void_p
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from ._engine import Engine
from ._errors import check, last_error
from ._library import ByteVector, StoreHandle, byte_vector, lib, own, take_bytes
from ._types import ExportType, ImportType, module_exports, module_imports

if TYPE_CHECKING:
    PathLike = Union[str, "os.PathLike[str]"]

Source = Union[bytes, bytearray, memoryview, str]


class CustomSection(NamedTuple):
    """A custom section of a module."""

    name: str
    contents: bytes


def _bytes(source: Source) -> bytes:
    return source.encode("utf-8") if isinstance(source, str) else bytes(source)


def wat2wasm(text: Source) -> bytes:
    """The binary format of a module in text format."""
    given = _bytes(text)
    out = ByteVector()
    check(lib.cannery_wat2wasm(given, len(given), byref(out)))
    return take_bytes(out)


class Module:
    """A compiled module. Any number of threads may use it, with stores of its engine.

    The source is a module in the binary or the text format, also compressed with gzip.
    """

    def __init__(self, engine: Engine, source: Source) -> None:
        given = _bytes(source)
        out = c_void_p()
        handle = _new_store(engine)
        check(lib.cannery_module_new(handle.pointer, given, len(given), byref(out)))
        self._hold(engine, handle, out.value)

    def _hold(self, engine: Engine, handle: StoreHandle, pointer: Optional[int]) -> None:
        assert pointer is not None
        self._engine, self._pointer = engine, pointer
        own(self, lib.wasm_module_delete, pointer, handle)
        shared = lib.wasm_module_share(pointer)
        if not shared:
            raise last_error("no memory for a module")
        self._shared: int = shared
        own(self, lib.wasm_shared_module_delete, shared, handle)
        self._imports: Optional[tuple[ImportType, ...]] = None
        self._exports: Optional[tuple[ExportType, ...]] = None

    @classmethod
    def _of(cls, engine: Engine, handle: StoreHandle, pointer: Optional[int]) -> Module:
        made = cls.__new__(cls)
        made._hold(engine, handle, pointer)
        return made

    @classmethod
    def from_file(cls, engine: Engine, path: PathLike) -> Module:
        """Compiles a file: `.wasm`, `.wat`, `.wasm.gz`."""
        with open(path, "rb") as file:
            return cls(engine, file.read())

    @staticmethod
    def validate(engine: Engine, source: Source) -> None:
        """Raises `MalformedError` or `InvalidError` unless the module is valid, with the engine's features."""
        given = _bytes(source)
        check(lib.cannery_module_validate(engine._pointer, given, len(given)))

    @staticmethod
    def precompile(engine: Engine, source: Source) -> bytes:
        """Compiles to an artifact, for `deserialize` or, as a file, `open`."""
        given = _bytes(source)
        out = ByteVector()
        check(lib.cannery_precompile(engine._pointer, given, len(given), byref(out)))
        return take_bytes(out)

    @classmethod
    def deserialize(cls, engine: Engine, artifact: Union[bytes, bytearray, memoryview]) -> Module:
        """A module from an artifact. It is verified, so it may come from anywhere. Raises `ArtifactError`."""
        given = bytes(artifact)
        handle = _new_store(engine)
        vector = byte_vector(given)
        pointer = lib.wasm_module_deserialize(handle.pointer, byref(vector))
        if not pointer:
            raise last_error("the artifact can't be used")
        return cls._of(engine, handle, pointer)

    @classmethod
    def open(cls, engine: Engine, path: PathLike) -> Module:
        """Maps an artifact from a file, which must not change while the module lives. Each function is verified before its
        first call."""
        out = c_void_p()
        handle = _new_store(engine)
        check(lib.cannery_module_open(handle.pointer, os.fsencode(path), byref(out)))
        return cls._of(engine, handle, out.value)

    def serialize(self) -> bytes:
        """The module's artifact."""
        out = ByteVector()
        lib.wasm_module_serialize(self._pointer, byref(out))
        if not out.size:
            raise last_error("the module can't be serialized")
        return take_bytes(out)

    def save(self, path: PathLike) -> None:
        """Writes the module's artifact to a file: a reader sees all of it or nothing."""
        check(lib.cannery_module_save(self._pointer, os.fsencode(path)))

    def verify(self) -> None:
        """Verifies all functions of an artifact now. Raises `ArtifactError`."""
        check(lib.cannery_module_verify(self._pointer))

    @property
    def engine(self) -> Engine:
        """What compiled it."""
        return self._engine

    @property
    def imports(self) -> tuple[ImportType, ...]:
        """What it needs."""
        if self._imports is None:
            self._imports = module_imports(self._pointer)
        return self._imports

    @property
    def exports(self) -> tuple[ExportType, ...]:
        """What it offers."""
        if self._exports is None:
            self._exports = module_exports(self._pointer)
        return self._exports

    @property
    def hash(self) -> bytes:
        """SHA-256 of the module that was compiled."""
        out = ctypes.create_string_buffer(32)
        lib.cannery_module_hash(self._pointer, out)
        return out.raw

    @property
    def custom_sections(self) -> tuple[CustomSection, ...]:
        """The custom sections in their order."""
        found = []
        for index in range(lib.cannery_module_custom_section_count(self._pointer)):
            name, contents = ByteVector(), ByteVector()
            lib.cannery_module_custom_section(self._pointer, index, byref(name), byref(contents))
            found.append(CustomSection(take_bytes(name).decode("utf-8", "replace"), take_bytes(contents)))
        return tuple(found)


def _new_store(engine: Engine) -> StoreHandle:
    """A store to compile in; nothing is executed there."""
    out = c_void_p()
    check(lib.cannery_store_new(engine._pointer, None, False, byref(out)))
    assert out.value is not None
    return StoreHandle(out.value)
