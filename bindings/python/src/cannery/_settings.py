"""Settings of canisters and of runtimes."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from ctypes import byref, c_char_p, c_int
from dataclasses import dataclass, field
from typing import Callable, Optional

from ._candid import Principal, PrincipalLike, cycles_of, cycles_struct, principal, principal_array
from ._canister_library import CyclesStruct, PrincipalStruct, lib
from ._errors import check


class Visible(enum.IntEnum):
    """What others than controllers may see."""

    LOG = 0
    SNAPSHOTS = 1
    STATUS = 2


class Visibility(enum.IntEnum):
    """Who may see it."""

    CONTROLLERS = 0
    PUBLIC = 1
    #: Those that are named with it.
    VIEWERS = 2


#: In their numbers' order.
_NUMBERS = (
    "compute_allocation",
    "memory_allocation",
    "freezing_threshold",
    "reserved_cycles_limit",
    "minimum_incoming_call_cycles",
    "wasm_memory_limit",
    "wasm_memory_threshold",
    "log_memory_limit",
)


@dataclass
class Settings:
    """Some or all settings of a canister: what is None is left as it is, or at its default."""

    controllers: Optional[Sequence[PrincipalLike]] = None
    #: Percent.
    compute_allocation: Optional[int] = None
    #: Bytes.
    memory_allocation: Optional[int] = None
    #: Seconds.
    freezing_threshold: Optional[int] = None
    #: Cycles.
    reserved_cycles_limit: Optional[int] = None
    minimum_incoming_call_cycles: Optional[int] = None
    #: Bytes.
    wasm_memory_limit: Optional[int] = None
    wasm_memory_threshold: Optional[int] = None
    log_memory_limit: Optional[int] = None
    #: Who may see what, with the viewers that are named: `{Visible.LOG: (Visibility.PUBLIC, ())}`.
    visibility: Mapping[Visible, tuple[Visibility, Sequence[PrincipalLike]]] = field(default_factory=dict)
    #: Variables of the environment, in place of all that were set.
    environment: Optional[Mapping[str, str]] = None

    def _new(self) -> int:
        """For C; the caller deletes it."""
        made = int(lib.cannery_settings_new())
        try:
            if self.controllers is not None:
                lib.cannery_settings_set_controllers(made, *principal_array(self.controllers))
            for number, name in enumerate(_NUMBERS):
                value = getattr(self, name)
                if value is not None and not lib.cannery_settings_set(made, number, cycles_struct(value)):
                    raise ValueError(f"{name} is too large")
            for what, (who, viewers) in self.visibility.items():
                lib.cannery_settings_set_visibility(made, what, who, *principal_array(viewers))
            if self.environment is not None:
                count = len(self.environment)
                names = (c_char_p * max(count, 1))(*[name.encode("utf-8") for name in self.environment])
                values = (c_char_p * max(count, 1))(*[text.encode("utf-8") for text in self.environment.values()])
                lib.cannery_settings_set_environment(made, names, values, count)
        except BaseException:
            lib.cannery_settings_delete(made)
            raise
        return made

    @classmethod
    def _of(cls, pointer: int) -> Settings:
        """Settings of C's, which are deleted."""
        found = cls()
        value = CyclesStruct()
        for number, name in enumerate(_NUMBERS):
            if lib.cannery_settings_get(pointer, number, byref(value)):
                setattr(found, name, cycles_of(value))
        count = lib.cannery_settings_controllers(pointer, None, 0)
        array = (PrincipalStruct * max(count, 1))()
        lib.cannery_settings_controllers(pointer, array, count)
        found.controllers = tuple(Principal._of(array[index]) for index in range(count))
        visibility: dict[Visible, tuple[Visibility, Sequence[PrincipalLike]]] = {}
        for what in Visible:
            who = c_int()
            count = lib.cannery_settings_visibility(pointer, what, byref(who), None, 0)
            array = (PrincipalStruct * max(count, 1))()
            lib.cannery_settings_visibility(pointer, what, byref(who), array, count)
            visibility[what] = (Visibility(who.value), tuple(Principal._of(array[index]) for index in range(count)))
        found.visibility = visibility
        environment = {}
        for index in range(lib.cannery_settings_environment_count(pointer)):
            key, text = c_char_p(), c_char_p()
            lib.cannery_settings_environment(pointer, index, byref(key), byref(text))
            environment[(key.value or b"").decode("utf-8")] = (text.value or b"").decode("utf-8")
        found.environment = environment
        lib.cannery_settings_delete(pointer)
        return found


@dataclass(frozen=True)
class RuntimeConfig:
    """What a runtime is made with; None is the library's default."""

    #: A system subnet, which charges nothing, in place of an application subnet.
    system_subnet: bool = False
    #: Threads that execute canisters; results don't depend on it. 0 is one for each core.
    threads: int = 1
    #: What `raw_rand` begins with.
    seed: int = 0
    #: Nanoseconds since 1970.
    start_time: Optional[int] = None
    #: Nanoseconds that pass in each round.
    round_duration: Optional[int] = None
    #: The number of the first canister that is made without an id.
    first_canister: int = 0
    optimization: bool = True
    #: The subnet's id, its root key (DER-encoded), and those who may stop, see and delete canisters.
    subnet: Optional[PrincipalLike] = None
    root_key: Optional[bytes] = None
    admins: Optional[Sequence[PrincipalLike]] = None
    #: The subnet's fees and limits, such as `nodes` or `executionFee`: `number_names` has the names.
    numbers: Mapping[str, int] = field(default_factory=dict)
    #: Gets what canisters print, at once, also where the execution fails later or is a query.
    debug_print: Optional[Callable[[Principal, str], None]] = None
    #: Makes the certificate of a canister's data that its queries see; None for none.
    certify: Optional[Callable[[Principal, bytes], Optional[bytes]]] = None

    def _new(self) -> int:
        """For C, without the hooks; the caller deletes it."""
        made = int(lib.cannery_runtime_config_new())
        try:
            # Sets all numbers: it comes first.
            lib.cannery_runtime_config_set_system_subnet(made, self.system_subnet)
            lib.cannery_runtime_config_set_threads(made, self.threads)
            lib.cannery_runtime_config_set_seed(made, self.seed)
            if self.start_time is not None:
                lib.cannery_runtime_config_set_start_time(made, self.start_time)
            if self.round_duration is not None:
                lib.cannery_runtime_config_set_round_duration(made, self.round_duration)
            lib.cannery_runtime_config_set_first_canister(made, self.first_canister)
            lib.cannery_runtime_config_set_optimization(made, self.optimization)
            if self.subnet is not None:
                check(lib.cannery_runtime_config_set_subnet(made, byref(principal(self.subnet)._struct())), lib)
            if self.root_key is not None:
                check(lib.cannery_runtime_config_set_root_key(made, self.root_key, len(self.root_key)), lib)
            if self.admins is not None:
                check(lib.cannery_runtime_config_set_subnet_admins(made, *principal_array(self.admins)), lib)
            for name, number in self.numbers.items():
                value = cycles_struct(number)
                check(lib.cannery_runtime_config_set_number(made, name.encode("utf-8"), value), lib)
        except BaseException:
            lib.cannery_runtime_config_delete(made)
            raise
        return made

    def number(self, name: str) -> int:
        """One of the subnet's fees and limits, as this configuration has it."""
        made = self._new()
        try:
            value = CyclesStruct()
            check(lib.cannery_runtime_config_get_number(made, name.encode("utf-8"), byref(value)), lib)
            return cycles_of(value)
        finally:
            lib.cannery_runtime_config_delete(made)


def number_names() -> tuple[str, ...]:
    """The names of the subnet's fees and limits, in alphabetical order."""
    names: list[str] = []
    while True:
        name = lib.cannery_runtime_config_number_name(len(names))
        if name is None:
            return tuple(names)
        names.append(name.decode("ascii"))
