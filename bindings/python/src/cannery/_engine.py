"""Engines, stores, and interrupts."""

from __future__ import annotations

import enum
import logging
import signal
import weakref
from ctypes import byref, c_uint64, c_void_p
from dataclasses import dataclass, fields
from functools import partial
from threading import current_thread, get_ident, main_thread
from typing import Any, Callable, Optional, Union

from ._errors import BusyError, ResourceError, Trap, check, last_error, trap_of
from ._library import LogCallback, StoreHandle, StoreLimitsStruct, ValueStruct, byte_vector, lib, own
from ._types import FunctionType, GlobalType, ValueType, kind_of, new_global_type


class Features(enum.IntEnum):
    """What modules may use."""

    WASM1 = 0
    WASM2 = 1
    WASM3 = 2
    #: What the Internet Computer accepts.
    ICP = 3


class Metering(enum.IntEnum):
    """How instructions are counted."""

    NONE = 0
    #: Each operator is one.
    OPERATORS = 1
    #: As the Internet Computer counts.
    ICP = 2


class LogLevel(enum.IntEnum):
    """Of messages of an engine; each level has those before it."""

    #: Modules and artifacts that were refused.
    WARNING = 1
    #: What was compiled, and how long it took.
    INFO = 2
    #: What was opened, and instances.
    DEBUG = 3


Logger = Union[logging.Logger, Callable[[LogLevel, str], None]]
_LOGGING_LEVELS = {LogLevel.WARNING: logging.WARNING, LogLevel.INFO: logging.INFO, LogLevel.DEBUG: logging.DEBUG}


@dataclass(frozen=True)
class Config:
    """What an engine is made with."""

    features: Features = Features.WASM3
    metering: Metering = Metering.NONE
    #: Whether the compiler's passes run. Counts don't depend on it.
    optimization: bool = True
    #: Threads that compile a module's functions; 0 is one for each core.
    threads: int = 0
    #: Bytes that a compressed module may have when it is inflated; None for the library's default.
    inflated_size_limit: Optional[int] = None
    #: Gets messages, also on several threads at once. It must not use this package.
    logger: Optional[Logger] = None
    log_level: LogLevel = LogLevel.WARNING


class Engine:
    """Compiles modules. Any number of threads may use it at a time.

    Settings are those of `Config`, as one or by their names: `Engine(metering=Metering.ICP)`.
    """

    def __init__(self, config: Optional[Config] = None, **settings: Any) -> None:
        if config is None:
            config = Config(**settings)
        elif settings:
            raise TypeError("either a Config or single settings")
        self.config = config
        made = lib.wasm_config_new()
        lib.cannery_config_set_features(made, config.features)
        lib.cannery_config_set_metering(made, config.metering)
        lib.cannery_config_set_optimization(made, config.optimization)
        lib.cannery_config_set_threads(made, config.threads)
        if config.inflated_size_limit is not None:
            lib.cannery_config_set_inflated_size_limit(made, config.inflated_size_limit)
        callback = None
        if config.logger is not None:
            callback = LogCallback(_log_to(config.logger))
            lib.cannery_config_set_logger(made, callback, None, config.log_level)
        pointer = lib.wasm_engine_new_with_config(made)
        if not pointer:
            raise last_error("no memory for an engine")
        self._pointer: int = pointer
        # Stores and modules keep this object, and so the callback.
        self._callback = callback
        own(self, lib.wasm_engine_delete, pointer)


def _log_to(logger: Logger) -> Callable[[Optional[int], int, bytes], None]:
    def log(environment: Optional[int], level: int, message: bytes) -> None:
        text = message.decode("utf-8", "replace")
        if isinstance(logger, logging.Logger):
            logger.log(_LOGGING_LEVELS.get(LogLevel(level), logging.DEBUG), "%s", text)
        else:
            logger(LogLevel(level), text)

    return log


@dataclass(frozen=True)
class StoreLimits:
    """What a store may use; None is the library's default."""

    #: Of each memory, pages of 64 KiB.
    memory_pages: Optional[int] = None
    #: Of each table.
    table_elements: Optional[int] = None
    instances: Optional[int] = None
    #: Calls of Wasm code inside host functions inside Wasm code, and so on.
    nested_calls: Optional[int] = None
    #: Of Wasm code, in slots of 8 bytes.
    stack_slots: Optional[int] = None


class _Foreign:
    """A Python object that Wasm code holds: the reference to it, and how calls on slots see that."""

    __slots__ = ("value", "pointer", "slot")

    def __init__(self, value: object, pointer: int, slot: int) -> None:
        self.value, self.pointer, self.slot = value, pointer, slot


class Store:
    """Where instances and their memories, tables, globals and functions live.

    A store and everything in it belong to one thread at a time; which one doesn't matter. What another thread does with them
    meanwhile is refused with `BusyError`. With `tracks_writes`, what executions write can be undone.
    """

    def __init__(
        self, engine: Optional[Engine] = None, limits: Optional[StoreLimits] = None, tracks_writes: bool = False
    ) -> None:
        self.engine = engine if engine is not None else Engine()
        self.tracks_writes = tracks_writes
        given = StoreLimitsStruct()
        lib.cannery_limits_default(byref(given))
        for field in fields(limits) if limits is not None else ():
            value = getattr(limits, field.name)
            if value is not None:
                setattr(given, field.name, value)
        out = c_void_p()
        check(lib.cannery_store_new(self.engine._pointer, byref(given), tracks_writes, byref(out)))
        assert out.value is not None
        self._pointer: int = out.value
        self._handle = StoreHandle(self._pointer)
        # What C calls back lives as long as the store: here, where the garbage collector sees cycles through it.
        self._kept: list[object] = []
        self._foreign: list[_Foreign] = []
        self._foreign_of_value: dict[int, _Foreign] = {}
        self._foreign_of_slot: dict[int, _Foreign] = {}
        self._scratch: dict[ValueType, int] = {}
        # The thread that is inside the library with this store, and how deep host functions are nested there.
        self._user = 0
        self._depth = 0
        # Buffers that give out addresses of memories: while there are any, no code runs.
        self._buffers = 0
        # An execution that hasn't ended.
        self._execution: Optional[weakref.ref[Any]] = None
        # The type of the host function that suspended last.
        self._suspended: Optional[FunctionType] = None
        # Traps for host functions that can't make theirs, and on top of them what the one that ends now returns.
        self._returns: list[int] = []
        # What C calls to take the topmost. No code of Python's runs for it, so nothing can be raised there.
        self._take = partial(next, iter(self._returns.pop, None))
        # The trap that the last exception of a host function became.
        self._traps: list[int] = []
        self._spared: Optional[BaseException] = None
        self._raised: Optional[BaseException] = None
        weakref.finalize(self, _drop_traps, self._returns, self._traps, self._handle).atexit = False
        self._refill()

    def commit(self) -> None:
        """Keeps what was written: it can't be undone any more."""
        self._check()
        lib.cannery_store_commit(self._pointer)

    def roll_back(self) -> None:
        """Undoes what was written since the last commit, if the store tracks writes."""
        self._check()
        lib.cannery_store_roll_back(self._pointer)

    def interrupt_handle(self) -> Interrupt:
        """With which any thread stops what the store executes."""
        return Interrupt(self)

    # ---- Threads and buffers ----

    def _check(self) -> None:
        """Refuses the use by a second thread."""
        if self._user and self._user != get_ident():
            raise BusyError("another thread uses the store")

    def _enter(self, execution: object = None) -> bool:
        """To be called before code of the store may run. The result is for `_leave`."""
        if self._buffers:
            raise BufferError("buffers of the store's memories are in use")
        me = get_ident()
        outermost = not self._user
        if outermost:
            owner = self._execution() if self._execution is not None else None
            if owner is not None and owner is not execution:
                raise BusyError("the store belongs to an execution that hasn't ended")
        elif self._user != me:
            raise BusyError("another thread uses the store")
        self._user = me
        self._depth += 1
        return outermost

    def _leave(self, outermost: bool) -> None:
        self._depth -= 1
        if outermost:
            self._user = 0

    # ---- Exceptions of host functions ----

    def _refill(self) -> None:
        while len(self._returns) < SPARES:
            self._returns.insert(0, self._new_trap("a host function was interrupted before it began"))

    def _new_trap(self, message: str) -> int:
        text = byte_vector(message.encode("utf-8", "replace").replace(b"\0", b"?") + b"\0")
        pointer = lib.wasm_trap_new(self._pointer, byref(text))
        if not pointer:
            raise ResourceError("no memory for a trap")
        return int(pointer)

    def _trap_for(self, error: BaseException) -> int:
        """The trap that an exception becomes on its way through Wasm code."""
        if isinstance(error, Trap) and error._pointer:
            pointer = int(lib.wasm_trap_copy(error._pointer))
        else:
            text = str(error)
            if not isinstance(error, Trap):
                text = f"{type(error).__name__}: {text}" if text else type(error).__name__
            pointer = self._new_trap(text)
        self._forget_raised()
        self._traps.append(int(lib.wasm_trap_copy(pointer)))
        self._raised = error
        return pointer

    def _forget_raised(self) -> None:
        self._raised = None
        while self._traps:
            lib.wasm_trap_delete(self._traps.pop())

    def _error_for(self, trap: int) -> BaseException:
        """The exception for a trap that came out of Wasm code, and that is deleted."""
        kept = False
        try:
            cause: Optional[BaseException] = None
            if self._traps and lib.wasm_trap_same(self._traps[-1], trap):
                cause = self._raised
            if len(self._returns) < SPARES:
                self._refill()
                cause, self._spared = cause or self._spared or _lost(), None
            self._forget_raised()
            if cause is not None and not isinstance(cause, Exception):
                # Such as KeyboardInterrupt: not for those who handle traps.
                return cause
            error = trap_of(trap)
            error.__cause__ = cause
            if self._depth:
                # A host function may let it go on.
                own(error, lib.wasm_trap_delete, trap, self._handle)
                error._pointer, kept = trap, True
            return error
        finally:
            if not kept:
                lib.wasm_trap_delete(trap)

    # ---- References as slots ----

    def _scratch_global(self, type: ValueType) -> int:
        """A global through which references become slots, and slots references."""
        pointer = self._scratch.get(type)
        if pointer is None:
            made = new_global_type(GlobalType(type, mutable=True))
            # The null reference is 0.
            pointer = lib.cannery_global_new(self._pointer, made, (c_uint64 * 1)(0), 1)
            lib.wasm_globaltype_delete(made)
            if not pointer:
                raise last_error("no memory for a global")
            self._scratch[type] = pointer
            own(self, lib.wasm_global_delete, pointer, self._handle)
        return pointer

    def _slot_of_reference(self, type: ValueType, pointer: int) -> int:
        scratch = self._scratch_global(type)
        value = ValueStruct(kind_of(type))
        value.of.ref = pointer
        lib.wasm_global_set(scratch, byref(value))
        slot = c_uint64()
        if not lib.cannery_global_read(scratch, byref(slot), 1):
            raise last_error("the reference can't be read")
        return slot.value

    def _reference_of_slot(self, type: ValueType, number: int) -> Optional[int]:
        """The reference, which the caller owns."""
        scratch = self._scratch_global(type)
        slot = c_uint64(number)
        if not lib.cannery_global_write(scratch, byref(slot), 1):
            raise last_error("the reference can't be written")
        value = ValueStruct()
        lib.wasm_global_get(scratch, byref(value))
        return value.of.ref or None

    def _foreign_for(self, value: object) -> _Foreign:
        """What stands for a Python object; the store keeps it."""
        foreign = self._foreign_of_value.get(id(value))
        if foreign is None:
            pointer = lib.wasm_foreign_new(self._pointer)
            if not pointer:
                raise last_error("no memory for a reference")
            own(self, lib.wasm_foreign_delete, pointer, self._handle)
            lib.wasm_foreign_set_host_info(pointer, len(self._foreign) + 1)
            foreign = _Foreign(value, pointer, self._slot_of_reference(ValueType.EXTERNREF, pointer))
            self._foreign.append(foreign)
            self._foreign_of_value[id(value)] = foreign
            self._foreign_of_slot[foreign.slot] = foreign
        return foreign


#: How many traps are kept for host functions that can't make theirs.
SPARES = 3


def _drop_traps(spares: list[int], traps: list[int], handle: StoreHandle) -> None:
    for pointer in spares + traps:
        lib.wasm_trap_delete(pointer)


def _lost() -> Optional[BaseException]:
    """What was raised when a host function began, before its first step: a signal's handler did it, and ctypes has dropped it.
    None if it isn't clear which."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return None
    others = signal.valid_signals() - {signal.SIGINT}
    return None if any(callable(signal.getsignal(number)) for number in others) else KeyboardInterrupt()


class Interrupt:
    """Stops executions of a store, from any thread: calls then end with a trap of the kind `INTERRUPTED`, executions in the
    state `INTERRUPTED`."""

    def __init__(self, store: Store) -> None:
        pointer = lib.cannery_interrupt_new(store._pointer)
        if not pointer:
            raise last_error("no memory for an interrupt")
        self._pointer: int = pointer
        own(self, lib.cannery_interrupt_delete, pointer, store._handle)

    def interrupt(self) -> None:
        """Stops what runs now, or what runs next, at the end of an internal slice."""
        lib.cannery_interrupt(self._pointer)
