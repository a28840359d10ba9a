"""Calls that stop and go on."""

from __future__ import annotations

import ctypes
import enum
import weakref
from collections.abc import Sequence
from ctypes import byref, c_int, c_void_p
from typing import Any, Optional, Union

from ._errors import Trap, check
from ._function import Function
from ._library import UNLIMITED, lib, own
from ._types import FunctionType, ValueType
from ._values import Row, single


class State(enum.IntEnum):
    """How a slice of an execution ended."""

    #: `Execution.result` is there.
    FINISHED = 0
    #: `Execution.trap` tells why.
    TRAPPED = 1
    #: `Execution.resume` goes on, with more instructions.
    OUT_OF_INSTRUCTIONS = 2
    #: A host function suspended: `Execution.resume_host` goes on.
    WAITING = 3
    #: `Interrupt.interrupt` was called: `Execution.run` goes on.
    INTERRUPTED = 4


class Execution:
    """A call that can stop and go on, on any thread, one at a time.

    It owns its store until it has ended or is deleted (`close`): other calls are refused with `BusyError` meanwhile. What it
    wrote is undone if it is deleted before its end and the store tracks writes. `instructions` limits what it may use until it
    stops; they are counted by the engine's metering.
    """

    def __init__(self, function: Function, *arguments: Any, instructions: Optional[int] = None) -> None:
        plan, store = function._plan, function._store
        if len(arguments) != len(plan.parameters.types):
            raise TypeError(f"the function takes {len(plan.parameters.types)} arguments, and {len(arguments)} were given")
        store._check()
        slots = (ctypes.c_uint64 * max(plan.parameters.slot_count, 1))(*plan.parameters.encode(store, arguments))
        out = c_void_p()
        limit = UNLIMITED if instructions is None else instructions
        check(lib.cannery_execution_new_slots(function._pointer, slots, plan.parameters.slot_count, limit, byref(out)))
        assert out.value is not None
        self._store, self._plan, self._pointer = store, plan, out.value
        self._finalizer = own(self, lib.cannery_execution_delete, out.value, store._handle)
        self._state: Optional[State] = None
        self._waiting: Optional[FunctionType] = None
        self._trap: Optional[BaseException] = None
        store._execution = weakref.ref(self)

    @property
    def state(self) -> Optional[State]:
        """How the last slice ended; None before the first."""
        return self._state

    def run(self) -> State:
        """Executes until it ends or stops. It raises what is wrong, but a trap only makes the state `TRAPPED`."""
        return self._step(lambda out: lib.cannery_execution_run(self._open(), out))

    def resume(self, instructions: Optional[int] = None) -> State:
        """Goes on after `OUT_OF_INSTRUCTIONS`, with so many instructions from here on."""
        limit = UNLIMITED if instructions is None else instructions
        return self._step(lambda out: lib.cannery_execution_resume(self._open(), limit, out))

    def resume_host(
        self,
        *results: Any,
        error: Optional[BaseException] = None,
        types: Optional[Sequence[Union[ValueType, str]]] = None,
    ) -> State:
        """Goes on after `WAITING`, with the results of the host function that waits; or as if it had raised `error`.

        `types` are those of the results; they must be told only where a function of C suspended.
        """
        self._open()
        store = self._store
        store._check()
        if error is not None:
            trap = store._trap_for(error)
            return self._step(lambda out: lib.cannery_execution_resume_host(self._pointer, None, trap, out))
        if types is not None:
            wanted = tuple(ValueType(type) for type in types)
        elif self._waiting is not None:
            wanted = self._waiting.results
        else:
            wanted = ()
            if results:
                raise TypeError("the types of the results are needed")
        if len(wanted) != len(results):
            raise TypeError(f"the host function has {len(wanted)} results, and {len(results)} were given")
        row = Row(wanted)
        slots = (ctypes.c_uint64 * max(row.slot_count, 1))(*row.encode(store, results))
        return self._step(
            lambda out: lib.cannery_execution_resume_host_slots(self._pointer, slots, row.slot_count, out)
        )

    def _open(self) -> int:
        if not self._finalizer.alive:
            raise ValueError("the execution is closed")
        return self._pointer

    def _step(self, body: Any) -> State:
        store, out = self._store, c_int()
        pointer = self._open()
        outermost = store._enter(self)
        try:
            error = body(byref(out))
        finally:
            store._leave(outermost)
        check(error)
        self._state = state = State(out.value)
        self._waiting = store._suspended if state is State.WAITING else None
        store._suspended = None
        if state is State.TRAPPED:
            trap = lib.cannery_execution_trap(pointer)
            self._trap = store._error_for(trap) if trap else Trap("the execution trapped")
        if state in (State.FINISHED, State.TRAPPED):
            store._execution = None
            if self._trap is not None and not isinstance(self._trap, Exception):
                raise self._trap
        return state

    @property
    def instructions(self) -> int:
        """Instructions so far, of all slices."""
        return int(lib.cannery_execution_instructions(self._open()))

    @property
    def trap(self) -> Optional[Trap]:
        """Why it trapped; None if it hasn't."""
        return self._trap if isinstance(self._trap, Trap) else None

    @property
    def result(self) -> Any:
        """What the function returned: None, a value, or a tuple of several. Raises the trap if it trapped."""
        if self._trap is not None:
            raise self._trap
        if self._state is not State.FINISHED:
            raise RuntimeError("the execution has not ended")
        row = self._plan.results
        slots = (ctypes.c_uint64 * max(row.slot_count, 1))()
        lib.cannery_execution_result_slots(self._open(), slots, row.slot_count)
        return single(row.decode(self._store, slots))

    def close(self) -> None:
        """Ends it: the store is free again."""
        self._store._check()
        self._finalizer()
        owner = self._store._execution
        if owner is not None and owner() is self:
            self._store._execution = None

    def __enter__(self) -> Execution:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()
