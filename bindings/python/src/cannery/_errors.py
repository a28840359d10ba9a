"""What goes wrong, as exceptions."""

from __future__ import annotations

import enum
from ctypes import byref
from typing import NamedTuple, Optional

from ._library import NO_OFFSET, ByteVector, Library, PointerVector, elements, lib, take_bytes


class ErrorKind(enum.IntEnum):
    """Kinds of errors of the library."""

    MALFORMED = 1
    INVALID = 2
    ARTIFACT = 3
    LINK = 4
    RESOURCE = 5
    ARGUMENT = 6
    BUSY = 7
    FILE = 8
    TRAP = 9
    INTERNAL = 10
    #: By the rules of a canister runtime.
    REFUSED = 11


class CanneryError(Exception):
    """Everything that this package raises of its own: errors of the library, and traps."""


class EngineError(CanneryError):
    """The library refused something. There is a subclass for each kind.

    `offset` is the byte of the input that is wrong, or None where there is none.
    """

    def __init__(self, message: str, offset: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class MalformedError(EngineError):
    """The input breaks the binary or text format."""


class InvalidError(EngineError):
    """The module is well-formed, but not valid, or uses a feature that is off."""


class ArtifactError(EngineError):
    """An artifact is damaged, or was made by another version or with other options."""


class LinkError(EngineError):
    """Imports that are missing or of another type."""


class ResourceError(EngineError):
    """A limit of the store, or no memory."""


class ArgumentError(EngineError, ValueError):
    """An argument that the library doesn't take."""


class BusyError(EngineError):
    """Another thread uses the store, or it belongs to an execution that hasn't ended."""


class FileError(EngineError, OSError):
    """A file can't be read or written."""


class RefusedError(EngineError):
    """A canister runtime refused something; `code` is the error's code, such as 301 for a canister that there isn't."""

    code: int = 0


class InternalError(EngineError):
    """A mistake in Cannery itself."""


_CLASSES: dict[int, type[EngineError]] = {
    ErrorKind.MALFORMED: MalformedError,
    ErrorKind.INVALID: InvalidError,
    ErrorKind.ARTIFACT: ArtifactError,
    ErrorKind.LINK: LinkError,
    ErrorKind.RESOURCE: ResourceError,
    ErrorKind.ARGUMENT: ArgumentError,
    ErrorKind.BUSY: BusyError,
    ErrorKind.FILE: FileError,
    ErrorKind.INTERNAL: InternalError,
    ErrorKind.REFUSED: RefusedError,
}


def error_of(pointer: int, library: Library = lib) -> EngineError:
    """The exception for an error of the library, which is deleted."""
    kind = library.cannery_error_kind(pointer)
    message = library.cannery_error_message(pointer).decode("utf-8", "replace")
    offset = library.cannery_error_offset(pointer)
    error = _CLASSES.get(kind, EngineError)(message, None if offset == NO_OFFSET else offset)
    if isinstance(error, RefusedError):
        error.code = library.cannery_error_code(pointer)
    library.cannery_error_delete(pointer)
    return error


def check(pointer: Optional[int], library: Library = lib) -> None:
    """Raises the error that a function of the library gave, if it gave one."""
    if pointer:
        raise error_of(pointer, library)


def last_error(otherwise: str) -> EngineError:
    """The exception for the last function of wasm.h that failed on this thread."""
    pointer = lib.cannery_last_error()
    return error_of(pointer) if pointer else ResourceError(otherwise)


class TrapKind(enum.IntEnum):
    """Why Wasm code trapped."""

    UNREACHABLE = 1
    INTEGER_DIVIDE_BY_ZERO = 2
    INTEGER_OVERFLOW = 3
    INVALID_CONVERSION_TO_INTEGER = 4
    OUT_OF_BOUNDS_MEMORY_ACCESS = 5
    OUT_OF_BOUNDS_TABLE_ACCESS = 6
    UNDEFINED_ELEMENT = 7
    UNINITIALIZED_ELEMENT = 8
    INDIRECT_CALL_TYPE_MISMATCH = 9
    CALL_STACK_EXHAUSTED = 10
    OUT_OF_INSTRUCTIONS = 11
    NULL_REFERENCE = 12
    #: A host function raised an exception.
    HOST = 13
    INTERRUPTED = 14
    NULL_FUNCTION_REFERENCE = 15
    #: One that this package doesn't know.
    OTHER = 0

    @classmethod
    def _missing_(cls, value: object) -> TrapKind:
        return cls.OTHER


class Frame(NamedTuple):
    """A place in Wasm code that was active when it trapped."""

    #: The function, counting imported ones.
    function_index: int
    #: The byte of the operator, from the start of the function's body.
    function_offset: int
    #: The same from the start of the module.
    module_offset: int


class Trap(CanneryError):
    """Wasm code trapped; `frames` tells where, the innermost first.

    Host functions may raise it with a message of their own. If a host function raised another exception, that is the trap's
    `__cause__`.
    """

    def __init__(self, message: str, kind: TrapKind = TrapKind.HOST, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.frames = frames
        # Where a host function may let the trap go on: the trap itself, which its finalizer deletes.
        self._pointer: Optional[int] = None


def trap_of(pointer: int) -> Trap:
    """The exception for a trap, which stays the caller's."""
    message = ByteVector()
    lib.wasm_trap_message(pointer, byref(message))
    text = take_bytes(message).rstrip(b"\0").decode("utf-8", "replace")
    vector = PointerVector()
    lib.wasm_trap_trace(pointer, byref(vector))
    frames: list[Frame] = [
        Frame(lib.wasm_frame_func_index(frame), lib.wasm_frame_func_offset(frame), lib.wasm_frame_module_offset(frame))
        for frame in elements(vector)
    ]
    lib.wasm_frame_vec_delete(byref(vector))
    return Trap(text, TrapKind(lib.cannery_trap_kind(pointer)), tuple(frames))
