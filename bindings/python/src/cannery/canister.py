"""Canisters, the programs of the Internet Computer, in a runtime inside this process.

    from cannery.canister import Runtime

    runtime = Runtime()
    counter = runtime.create()
    runtime.install(counter, open("counter.wasm", "rb").read()).check()
    print(runtime.call(counter, "increment").reply_text)

It needs the library libcannery-canister. The same inputs give the same state.
"""

from __future__ import annotations

import ctypes
from ctypes import byref, c_bool, c_size_t, c_uint64, c_void_p
from typing import Any, Optional, Union

from ._candid import Interface, Method, Principal, PrincipalLike, Side, cycles_struct, decode, encode, principal
from ._canister_library import (
    CallStruct,
    CertifyCallback,
    DebugPrintCallback,
    InstallStruct,
    PrincipalStruct,
    SnapshotStruct,
    StatusStruct,
    lib,
)
from ._errors import check, error_of
from ._library import ByteVector, own, take_bytes
from ._outcome import Activity, ExecutionReport, LogRecord, Outcome, OutcomeStatus, RejectCode, Rejected, activity_of
from ._settings import RuntimeConfig, Settings, Visibility, Visible, number_names
from ._states import CanisterState, CanisterStatus, InstallMode, Snapshot

#: A message: its bytes, or Candid text of the types that the interface tells; None for the message `()`.
Argument = Union[bytes, str, None]

_NEVER = 2**64 - 1


class Runtime:
    """Canisters on one machine, with the rules of the Internet Computer: messages, cycles, the management canister, which is
    called as `aaaaa-aa`. Time passes only in rounds and where it is set forward.

    A runtime belongs to one thread at a time; which one doesn't matter. Calls that come in between, from another thread or from
    a hook, raise `BusyError`. What the system refuses raises `RefusedError`, with its code. What hooks raise is raised by the
    call in which they ran.
    """

    def __init__(self, config: Optional[RuntimeConfig] = None) -> None:
        self._make(config, lambda made, out: lib.cannery_runtime_new(made, out))

    @classmethod
    def load(cls, state: bytes, config: Optional[RuntimeConfig] = None) -> Runtime:
        """A runtime that goes on from what `save` gave, which overrides the configuration's time and randomness."""
        runtime = cls.__new__(cls)
        runtime._make(config, lambda made, out: lib.cannery_runtime_load(made, state, len(state), out))
        return runtime

    @classmethod
    def replay(cls, log: bytes, state: Optional[bytes] = None, config: Optional[RuntimeConfig] = None) -> Runtime:
        """A runtime that does all that was recorded: from the beginning, or from a state that the log begins with or that is a
        checkpoint in it. Fees and limits must be those of the recording."""
        runtime = cls.__new__(cls)
        size = len(state) if state is not None else 0
        runtime._make(config, lambda made, out: lib.cannery_runtime_replay(made, log, len(log), state, size, out))
        return runtime

    def _make(self, config: Optional[RuntimeConfig], new: Any) -> None:
        config = config if config is not None else RuntimeConfig()
        self._hooks: list[object] = []
        self._hook_error: Optional[BaseException] = None
        made, out = config._new(), c_void_p()
        try:
            self._add_hooks(made, config)
            error = new(made, byref(out))
        finally:
            lib.cannery_runtime_config_delete(made)
        check(error, lib)
        assert out.value is not None
        self._pointer = out.value
        own(self, lib.cannery_runtime_delete, out.value)
        self._check(None)

    def _add_hooks(self, made: int, config: RuntimeConfig) -> None:
        if config.debug_print is not None:
            show = config.debug_print

            def debug_print(env: Optional[int], canister: Any, text: Optional[int], size: int) -> None:
                try:
                    contents = ctypes.string_at(text, size) if text else b""
                    show(Principal._of(canister.contents), contents.decode("utf-8", "replace"))
                except BaseException as error:
                    self._hook_error = self._hook_error or error

            callback = DebugPrintCallback(debug_print)
            self._hooks.append(callback)
            lib.cannery_runtime_config_set_debug_print(made, callback, None, None)
        if config.certify is not None:
            sign = config.certify

            def certify(env: Optional[int], canister: Any, data: Optional[int], size: int, out: Any) -> bool:
                try:
                    made = sign(Principal._of(canister.contents), ctypes.string_at(data, size) if data else b"")
                    if made is None:
                        return False
                    lib.wasm_byte_vec_new(out, len(made), bytes(made))
                    return True
                except BaseException as error:
                    self._hook_error = self._hook_error or error
                    return False

            signer = CertifyCallback(certify)
            self._hooks.append(signer)
            lib.cannery_runtime_config_set_certify(made, signer, None, None)

    def _check(self, error: Optional[int], outcome: Optional[c_void_p] = None) -> None:
        """Raises what went wrong, in the library or in a hook; an outcome is deleted then."""
        raised, self._hook_error = self._hook_error, None
        if error:
            raise error_of(error, lib) from raised
        if raised is not None:
            if outcome is not None:
                lib.cannery_outcome_delete(outcome.value)
            raise raised

    # ---- Canisters: what controllers may do, without a message ----

    def create(
        self, settings: Optional[Settings] = None, *, cycles: Optional[int] = None, id: Optional[PrincipalLike] = None
    ) -> Principal:
        """Makes an empty canister, which the anonymous principal controls if the settings don't say who. Without `cycles` it
        has what a local network gives; without `id`, the next free one."""
        made = settings._new() if settings is not None else None
        out = PrincipalStruct()
        try:
            amount = byref(cycles_struct(cycles)) if cycles is not None else None
            name = byref(principal(id)._struct()) if id is not None else None
            self._check(lib.cannery_runtime_create(self._pointer, made, amount, name, byref(out)))
        finally:
            lib.cannery_settings_delete(made)
        return Principal._of(out)

    def settings(self, canister: PrincipalLike) -> Settings:
        """All settings of a canister."""
        out = c_void_p()
        self._check(lib.cannery_runtime_settings(self._pointer, _id(canister), byref(out)))
        assert out.value is not None
        return Settings._of(out.value)

    def update_settings(self, canister: PrincipalLike, settings: Settings) -> None:
        """Changes the settings that are given."""
        made = settings._new()
        try:
            self._check(lib.cannery_runtime_update_settings(self._pointer, _id(canister), made))
        finally:
            lib.cannery_settings_delete(made)

    def uninstall(self, canister: PrincipalLike) -> None:
        """Drops the code and all that it kept."""
        self._check(lib.cannery_runtime_uninstall(self._pointer, _id(canister)))

    def start(self, canister: PrincipalLike) -> None:
        """Lets it take messages again."""
        self._check(lib.cannery_runtime_start(self._pointer, _id(canister)))

    def stop(self, canister: PrincipalLike, rounds: int = 100) -> bool:
        """Executes up to so many rounds until the canister has stopped. False if it hasn't: it stops later."""
        stopped = c_bool()
        self._check(lib.cannery_runtime_stop(self._pointer, _id(canister), rounds, byref(stopped)))
        return stopped.value

    def remove(self, canister: PrincipalLike) -> None:
        """Deletes a stopped canister."""
        self._check(lib.cannery_runtime_remove(self._pointer, _id(canister)))

    def top_up(self, canister: PrincipalLike, cycles: int) -> None:
        """Gives it cycles."""
        self._check(lib.cannery_runtime_top_up(self._pointer, _id(canister), cycles_struct(cycles)))

    def take_snapshot(
        self, canister: PrincipalLike, *, replaces: Optional[Snapshot] = None, uninstalls: bool = False
    ) -> Snapshot:
        """Takes a snapshot, in place of another if one is given; with `uninstalls` the code is dropped then."""
        old = byref(replaces._struct()) if replaces is not None else None
        out = SnapshotStruct()
        self._check(lib.cannery_runtime_take_snapshot(self._pointer, _id(canister), old, uninstalls, byref(out)))
        return Snapshot._of(out)

    def load_snapshot(self, canister: PrincipalLike, snapshot: Snapshot) -> None:
        """Makes the canister what the snapshot says, which may be another canister's."""
        self._check(lib.cannery_runtime_load_snapshot(self._pointer, _id(canister), byref(snapshot._struct())))

    def delete_snapshot(self, canister: PrincipalLike, snapshot: Snapshot) -> None:
        """Deletes a snapshot."""
        self._check(lib.cannery_runtime_delete_snapshot(self._pointer, _id(canister), byref(snapshot._struct())))

    def snapshots(self, canister: PrincipalLike) -> tuple[Snapshot, ...]:
        """The canister's snapshots, the oldest first."""
        count = c_size_t()
        self._check(lib.cannery_runtime_snapshots(self._pointer, _id(canister), None, 0, byref(count)))
        array = (SnapshotStruct * max(count.value, 1))()
        self._check(lib.cannery_runtime_snapshots(self._pointer, _id(canister), array, count.value, byref(count)))
        return tuple(Snapshot._of(array[index]) for index in range(count.value))

    # ---- Messages ----

    def install(
        self,
        canister: PrincipalLike,
        module: Union[bytes, str],
        argument: Argument = None,
        *,
        mode: InstallMode = InstallMode.INSTALL,
        caller: Optional[PrincipalLike] = None,
        skips_pre_upgrade: bool = False,
        keeps_heap: bool = False,
    ) -> Outcome:
        """Installs a module: binary, compressed, or text. After a reject, nothing but cycles and log has changed."""
        code = module.encode("utf-8") if isinstance(module, str) else bytes(module)
        given = InstallStruct(module=code, module_size=len(code), mode=mode)
        given.skips_pre_upgrade, given.keeps_heap = skips_pre_upgrade, keeps_heap
        _fill(given, argument, caller)
        out = c_void_p()
        self._check(lib.cannery_runtime_install(self._pointer, _id(canister), byref(given), byref(out)), out)
        return Outcome(out.value)

    def call(
        self,
        canister: PrincipalLike,
        method: str,
        argument: Argument = None,
        *,
        caller: Optional[PrincipalLike] = None,
        cycles: int = 0,
        rounds: int = 0,
        timeout: int = 0,
    ) -> Outcome:
        """Calls an update method, and executes rounds until it is answered: at most so many, and at most so many nanoseconds
        (0 for 1,000 rounds and for 300 seconds); then the outcome is `UNANSWERED`."""
        given = _call(canister, method, argument, caller, cycles)
        given.rounds, given.timeout = rounds, timeout
        out = c_void_p()
        self._check(lib.cannery_runtime_call(self._pointer, byref(given), byref(out)), out)
        return Outcome(out.value)

    def query(
        self, canister: PrincipalLike, method: str, argument: Argument = None, *, caller: Optional[PrincipalLike] = None
    ) -> Outcome:
        """Executes a query method on the present state; nothing changes."""
        given, out = _call(canister, method, argument, caller, 0), c_void_p()
        self._check(lib.cannery_runtime_query(self._pointer, byref(given), byref(out)), out)
        return Outcome(out.value)

    def submit(
        self,
        canister: PrincipalLike,
        method: str,
        argument: Argument = None,
        *,
        caller: Optional[PrincipalLike] = None,
        cycles: int = 0,
    ) -> int:
        """Sends an update call, and doesn't wait. The result is the message's number."""
        given, ingress = _call(canister, method, argument, caller, cycles), c_uint64()
        self._check(lib.cannery_runtime_submit(self._pointer, byref(given), byref(ingress)))
        return ingress.value

    def poll(self, ingress: int) -> Outcome:
        """What has become of a message, without executing anything."""
        out = c_void_p()
        self._check(lib.cannery_runtime_poll(self._pointer, ingress, byref(out)), out)
        return Outcome(out.value)

    def answer(self, ingress: int, *, rounds: int = 0, timeout: int = 0) -> Outcome:
        """Executes rounds until a message is answered, as `call` does. The answer is forgotten then."""
        out = c_void_p()
        self._check(lib.cannery_runtime_answer(self._pointer, ingress, rounds, timeout, byref(out)), out)
        return Outcome(out.value)

    def forget(self, ingress: int) -> None:
        """Forgets the answer to a message."""
        self._check(lib.cannery_runtime_forget(self._pointer, ingress))

    # ---- Rounds, time, randomness ----

    def tick(self, rounds: int = 1) -> None:
        """Executes so many rounds: timers, heartbeats, messages."""
        self._check(lib.cannery_runtime_tick(self._pointer, rounds))

    def _number(self, function: Any) -> int:
        out = c_uint64()
        self._check(function(self._pointer, byref(out)))
        return out.value

    @property
    def rounds(self) -> int:
        """Rounds that were executed so far."""
        return self._number(lib.cannery_runtime_rounds)

    @property
    def time(self) -> int:
        """Nanoseconds since 1970. It can be set, but never goes back; what is due then happens in the next round."""
        return self._number(lib.cannery_runtime_time)

    @time.setter
    def time(self, nanoseconds: int) -> None:
        self._check(lib.cannery_runtime_set_time(self._pointer, nanoseconds))

    def advance_time(self, nanoseconds: int, rounds: int = 1000) -> None:
        """Lets time pass, and executes what is due on the way when it is due, in at most so many rounds; with 0 rounds nothing
        is executed before the next round."""
        self._check(lib.cannery_runtime_advance_time(self._pointer, nanoseconds, rounds))

    @property
    def next_deadline(self) -> Optional[int]:
        """When a timer or a call's deadline is due next; None if nothing is."""
        found = self._number(lib.cannery_runtime_next_deadline)
        return None if found == _NEVER else found

    def add_randomness(self, contents: bytes) -> None:
        """Takes something unpredictable into what `raw_rand` gives from now on."""
        self._check(lib.cannery_runtime_add_randomness(self._pointer, contents, len(contents)))

    def take_activity(self) -> Activity:
        """What was executed and logged since the last time, without what outcomes told."""
        out = c_void_p()
        self._check(lib.cannery_runtime_take_activity(self._pointer, byref(out)))
        return _take_activity(out)

    # ---- Reading the state ----

    @property
    def canisters(self) -> tuple[Principal, ...]:
        """All canisters, in ascending order of their ids."""
        count = c_size_t()
        self._check(lib.cannery_runtime_canisters(self._pointer, None, 0, byref(count)))
        array = (PrincipalStruct * max(count.value, 1))()
        self._check(lib.cannery_runtime_canisters(self._pointer, array, count.value, byref(count)))
        return tuple(Principal._of(array[index]) for index in range(count.value))

    def status(self, canister: PrincipalLike) -> CanisterStatus:
        """What a canister is and has."""
        out = StatusStruct()
        self._check(lib.cannery_runtime_status(self._pointer, _id(canister), byref(out)))
        return CanisterStatus._of(out)

    def read_heap(self, canister: PrincipalLike, offset: int, count: int) -> bytes:
        """Bytes of the heap, as they were committed. Raises `ArgumentError` if they aren't all there."""
        return self._read(lib.cannery_runtime_read_heap, canister, offset, count)

    def read_stable(self, canister: PrincipalLike, offset: int, count: int) -> bytes:
        """Bytes of the stable memory, as they were committed. Raises `ArgumentError` if they aren't all there."""
        return self._read(lib.cannery_runtime_read_stable, canister, offset, count)

    def _read(self, function: Any, canister: PrincipalLike, offset: int, count: int) -> bytes:
        if offset < 0 or count < 0:
            raise ValueError("offsets and sizes are not negative")
        size = self.status(canister).memory_size + (1 << 32)
        contents = ctypes.create_string_buffer(max(min(count, size), 1))
        self._check(function(self._pointer, _id(canister), offset, contents, min(count, size)))
        return contents.raw[:count]

    def _bytes(self, function: Any, *arguments: Any) -> bytes:
        out = ByteVector()
        self._check(function(self._pointer, *arguments, byref(out)))
        return take_bytes(out, lib)

    def certified_data(self, canister: PrincipalLike) -> bytes:
        """What the canister lets be certified."""
        return self._bytes(lib.cannery_runtime_certified_data, _id(canister))

    def logs(self, canister: PrincipalLike) -> tuple[LogRecord, ...]:
        """The canister's log."""
        out = c_void_p()
        self._check(lib.cannery_runtime_logs(self._pointer, _id(canister), byref(out)))
        return _take_activity(out).logs

    def module(self, canister: PrincipalLike) -> bytes:
        """The module's file. Raises `ArgumentError` if there is none."""
        return self._bytes(lib.cannery_runtime_module, _id(canister))

    def metadata(self, canister: PrincipalLike, name: str) -> bytes:
        """A custom section of the module's metadata. Raises `ArgumentError` if there is none."""
        return self._bytes(lib.cannery_runtime_metadata, _id(canister), name.encode("utf-8"))

    def interface(self, canister: PrincipalLike) -> Interface:
        """The interface that the module tells; also of the management canister. Raises `ArgumentError` if it tells none."""
        out = c_void_p()
        self._check(lib.cannery_runtime_interface(self._pointer, _id(canister), byref(out)))
        return Interface._of(out.value)

    # ---- Storing the state, and replaying inputs ----

    @property
    def state_hash(self) -> bytes:
        """SHA-256 of the state: the same for the same inputs."""
        out = ctypes.create_string_buffer(32)
        self._check(lib.cannery_runtime_state_hash(self._pointer, out))
        return out.raw

    def save(self) -> bytes:
        """The whole state, for `load`."""
        return self._bytes(lib.cannery_runtime_save)

    def record(self, limit: int, hash_interval: int = 0) -> None:
        """Records all that comes in, in at most so many bytes; with the state's hash after each so many rounds, unless 0."""
        self._check(lib.cannery_runtime_record(self._pointer, limit, hash_interval))

    def recorded(self) -> bytes:
        """What was recorded up to now, for `replay`. Recording goes on."""
        return self._bytes(lib.cannery_runtime_recorded)

    def stop_recording(self) -> None:
        """Ends recording."""
        self._check(lib.cannery_runtime_stop_recording(self._pointer))

    def checkpoint(self) -> bytes:
        """The state, from which what is recorded afterwards can be replayed."""
        return self._bytes(lib.cannery_runtime_checkpoint)


def _id(canister: PrincipalLike) -> Any:
    return byref(principal(canister)._struct())


def _take_activity(out: c_void_p) -> Activity:
    assert out.value is not None
    found = activity_of(out.value)
    lib.cannery_activity_delete(out.value)
    return found


def _fill(given: Union[InstallStruct, CallStruct], argument: Argument, caller: Optional[PrincipalLike]) -> None:
    """Argument and caller; the structure keeps what it points to."""
    if isinstance(argument, str):
        given.argument_text = argument.encode("utf-8")
    elif argument is not None:
        given.argument, given.argument_size = bytes(argument), len(argument)
    if caller is not None:
        given.caller = ctypes.pointer(principal(caller)._struct())


def _call(canister: PrincipalLike, method: str, argument: Argument, caller: Optional[PrincipalLike], cycles: int) -> CallStruct:
    given = CallStruct(method=method.encode("utf-8"), cycles=cycles_struct(cycles))
    given.canister = ctypes.pointer(principal(canister)._struct())
    _fill(given, argument, caller)
    return given


__all__ = [
    "Activity",
    "Argument",
    "CanisterState",
    "CanisterStatus",
    "ExecutionReport",
    "InstallMode",
    "Interface",
    "LogRecord",
    "Method",
    "Outcome",
    "OutcomeStatus",
    "Principal",
    "RejectCode",
    "Rejected",
    "Runtime",
    "RuntimeConfig",
    "Settings",
    "Side",
    "Snapshot",
    "Visibility",
    "Visible",
    "decode",
    "encode",
    "number_names",
]
