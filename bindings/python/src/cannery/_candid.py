"""What canisters and their callers exchange: principals, cycles, and Candid."""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Iterable
from ctypes import byref, c_void_p
from typing import NamedTuple, Optional, Union

from ._canister_library import CyclesStruct, PrincipalStruct, lib
from ._errors import check
from ._library import ByteVector, own, take_bytes


class Principal:
    """The name of a canister or user, of up to 29 bytes: `Principal("aaaaa-aa")`, which is the management canister."""

    __slots__ = ("_bytes", "_text")

    def __init__(self, name: Union[str, bytes]) -> None:
        if isinstance(name, bytes):
            if len(name) > 29:
                raise ValueError("a principal has up to 29 bytes")
            self._bytes = name
        else:
            struct = PrincipalStruct()
            check(lib.cannery_principal_parse(name.encode("utf-8"), byref(struct)), lib)
            self._bytes = bytes(struct.bytes[: struct.size])
        self._text: Optional[str] = None

    @classmethod
    def anonymous(cls) -> Principal:
        """The caller who doesn't say who it is."""
        struct = PrincipalStruct()
        lib.cannery_principal_anonymous(byref(struct))
        return cls._of(struct)

    @classmethod
    def canister(cls, number: int) -> Principal:
        """The canister with this number, as the network forms its id."""
        struct = PrincipalStruct()
        lib.cannery_principal_canister(number, byref(struct))
        return cls._of(struct)

    @classmethod
    def _of(cls, struct: PrincipalStruct) -> Principal:
        return cls(bytes(struct.bytes[: struct.size]))

    def _struct(self) -> PrincipalStruct:
        struct = PrincipalStruct(len(self._bytes))
        for index, byte in enumerate(self._bytes):
            struct.bytes[index] = byte
        return struct

    def __bytes__(self) -> bytes:
        return self._bytes

    def __str__(self) -> str:
        if self._text is None:
            text = ctypes.create_string_buffer(64)
            lib.cannery_principal_format(byref(self._struct()), text)
            self._text = text.value.decode("ascii")
        return self._text

    def __repr__(self) -> str:
        return f'Principal("{self}")'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Principal) and self._bytes == other._bytes

    def __hash__(self) -> int:
        return hash(self._bytes)


PrincipalLike = Union[Principal, str]


def principal(name: PrincipalLike) -> Principal:
    """A principal that may be given as text."""
    return name if isinstance(name, Principal) else Principal(name)


def principal_array(names: Iterable[PrincipalLike]) -> tuple[ctypes.Array[PrincipalStruct], int]:
    """Principals for C."""
    structs = [principal(name)._struct() for name in names]
    return (PrincipalStruct * max(len(structs), 1))(*structs), len(structs)


def cycles_struct(amount: int) -> CyclesStruct:
    """A number of up to 128 bits for C."""
    if not 0 <= amount < 2**128:
        raise ValueError("cycles are from 0 to 2**128 - 1")
    return CyclesStruct(amount & 0xFFFFFFFFFFFFFFFF, amount >> 64)


def cycles_of(struct: CyclesStruct) -> int:
    """A number of C's."""
    return int(struct.low | struct.high << 64)


class Method(NamedTuple):
    """A method of an interface."""

    name: str
    is_query: bool


class Side(enum.IntEnum):
    """What of a method is encoded or decoded."""

    ARGUMENTS = 0
    RESULTS = 1


class Interface:
    """What a .did file says of a canister's methods; without imports. Raises `MalformedError`, with the offset."""

    def __init__(self, did: str) -> None:
        given, out = did.encode("utf-8"), c_void_p()
        check(lib.cannery_candid_new(given, len(given), byref(out)), lib)
        self._hold(out.value)

    def _hold(self, pointer: Optional[int]) -> None:
        assert pointer is not None
        self._pointer = pointer
        own(self, lib.cannery_candid_delete, pointer)

    @classmethod
    def _of(cls, pointer: Optional[int]) -> Interface:
        made = cls.__new__(cls)
        made._hold(pointer)
        return made

    @classmethod
    def of_module(cls, module: bytes) -> Interface:
        """What a canister's module says of itself. Raises `ArgumentError` if it doesn't."""
        out = c_void_p()
        check(lib.cannery_candid_of_module(module, len(module), byref(out)), lib)
        return cls._of(out.value)

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods in the order of their names."""
        return tuple(
            Method(
                lib.cannery_candid_method_name(self._pointer, index).decode("utf-8"),
                lib.cannery_candid_method_is_query(self._pointer, index),
            )
            for index in range(lib.cannery_candid_method_count(self._pointer))
        )

    def encode(self, text: str, method: Optional[str] = None, side: Side = Side.ARGUMENTS) -> bytes:
        """The message of a text such as `(1, "x")`, for a method, or with None for what installing takes."""
        return _encode(self._pointer, text, method, side)

    def decode(self, message: bytes, method: Optional[str] = None, side: Side = Side.RESULTS) -> str:
        """The text of a message."""
        return _decode(self._pointer, message, method, side)


def encode(text: str) -> bytes:
    """The Candid message of a text such as `(1, "x")`, with the types that the values have of themselves."""
    return _encode(None, text, None, Side.ARGUMENTS)


def decode(message: bytes) -> str:
    """The text of a Candid message; fields are numbers."""
    return _decode(None, message, None, Side.RESULTS)


def _encode(interface: Optional[int], text: str, method: Optional[str], side: Side) -> bytes:
    out = ByteVector()
    name = None if method is None else method.encode("utf-8")
    check(lib.cannery_candid_encode(interface, name, side, text.encode("utf-8"), byref(out)), lib)
    return take_bytes(out, lib)


def _decode(interface: Optional[int], message: bytes, method: Optional[str], side: Side) -> str:
    out = ByteVector()
    name = None if method is None else method.encode("utf-8")
    check(lib.cannery_candid_decode(interface, name, side, message, len(message), byref(out)), lib)
    return take_bytes(out, lib).rstrip(b"\0").decode("utf-8")
