"""What canisters are: their state, what is installed, snapshots."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Optional

from ._candid import cycles_of
from ._canister_library import SnapshotStruct, StatusStruct


class InstallMode(enum.IntEnum):
    """How a module is installed."""

    INSTALL = 0
    REINSTALL = 1
    UPGRADE = 2


class CanisterState(enum.IntEnum):
    """Whether a canister takes messages."""

    RUNNING = 1
    STOPPING = 2
    STOPPED = 3


@dataclass(frozen=True)
class CanisterStatus:
    """What a canister is and has."""

    state: CanisterState
    #: SHA-256 of the module's file; None if none is installed.
    module_hash: Optional[bytes]
    version: int
    #: Cycles: what it has, what is set aside for storage, and what it costs in a day without doing anything.
    balance: int
    reserved_balance: int
    idle_cycles_per_day: int
    #: Bytes: all that is billed, and of it heap, stable memory and snapshots.
    memory_size: int
    heap_size: int
    stable_size: int
    snapshots_size: int
    #: Nanoseconds since 1970; None if it isn't set.
    global_timer: Optional[int]

    @classmethod
    def _of(cls, struct: StatusStruct) -> CanisterStatus:
        return cls(
            CanisterState(struct.state),
            bytes(struct.module_hash) if struct.has_module else None,
            struct.version,
            cycles_of(struct.balance),
            cycles_of(struct.reserved_balance),
            cycles_of(struct.idle_cycles_per_day),
            struct.memory_size,
            struct.heap_size,
            struct.stable_size,
            struct.snapshots_size,
            struct.global_timer or None,
        )


@dataclass(frozen=True)
class Snapshot:
    """What a canister was at some time."""

    id: bytes
    #: Nanoseconds since 1970.
    taken_at: int
    #: Bytes, as they are billed.
    size: int

    @classmethod
    def _of(cls, struct: SnapshotStruct) -> Snapshot:
        return cls(bytes(struct.id[: struct.id_size]), struct.taken_at, struct.size)

    def _struct(self) -> SnapshotStruct:
        if len(self.id) > 37:
            raise ValueError("a snapshot's id has up to 37 bytes")
        struct = SnapshotStruct(len(self.id), taken_at=self.taken_at, size=self.size)
        for index, byte in enumerate(self.id):
            struct.id[index] = byte
        return struct
