"""What became of messages, and what was executed for them."""

from __future__ import annotations

import ctypes
import enum
from ctypes import byref, c_size_t
from dataclasses import dataclass
from typing import Optional

from ._candid import Principal, cycles_of
from ._canister_library import ExecutionReportStruct, LogRecordStruct, lib
from ._errors import CanneryError
from ._library import own


class OutcomeStatus(enum.IntEnum):
    """Whether a message was answered."""

    REPLIED = 1
    REJECTED = 2
    #: Not yet: `Runtime.answer` goes on.
    UNANSWERED = 3


class RejectCode(enum.IntEnum):
    """Why a message was rejected, as callers see it."""

    SYS_FATAL = 1
    SYS_TRANSIENT = 2
    DESTINATION_INVALID = 3
    CANISTER_REJECT = 4
    CANISTER_ERROR = 5
    SYS_UNKNOWN = 6


@dataclass(frozen=True)
class ExecutionReport:
    """Something that was executed."""

    canister: Principal
    #: The method, or what else it was: `canister_init`, `heartbeat`, `reply callback` …
    name: str
    #: As billed, with pages that were changed.
    instructions: int
    cycles: int
    dirty_pages: int
    #: Of a failure, such as 503; 0 for success.
    error_code: int


@dataclass(frozen=True)
class LogRecord:
    """Something that a canister logged."""

    canister: Principal
    #: Counts all records of the canister.
    index: int
    #: Nanoseconds since 1970.
    time: int
    text: bytes


@dataclass(frozen=True)
class Activity:
    """Executions and what canisters logged, in their order."""

    executions: tuple[ExecutionReport, ...]
    logs: tuple[LogRecord, ...]
    #: The sums over all executions.
    instructions: int
    cycles: int


def activity_of(pointer: int) -> Activity:
    """An activity of C's, which stays C's."""
    executions, logs = [], []
    report, record = ExecutionReportStruct(), LogRecordStruct()
    for index in range(lib.cannery_activity_execution_count(pointer)):
        lib.cannery_activity_execution(pointer, index, byref(report))
        executions.append(
            ExecutionReport(
                Principal._of(report.canister),
                report.name.decode("utf-8", "replace"),
                report.instructions,
                cycles_of(report.cycles),
                report.dirty_pages,
                report.error_code,
            )
        )
    for index in range(lib.cannery_activity_log_count(pointer)):
        lib.cannery_activity_log(pointer, index, byref(record))
        text = ctypes.string_at(record.text, record.size)
        logs.append(LogRecord(Principal._of(record.canister), record.index, record.time, text))
    return Activity(
        tuple(executions),
        tuple(logs),
        lib.cannery_activity_instructions(pointer),
        cycles_of(lib.cannery_activity_cycles(pointer)),
    )


class Outcome:
    """What became of a message. A reject is no error: it is what the canister or the system answered."""

    def __init__(self, pointer: Optional[int]) -> None:
        assert pointer is not None
        self._pointer = pointer
        own(self, lib.cannery_outcome_delete, pointer)
        self._activity: Optional[Activity] = None

    @property
    def status(self) -> OutcomeStatus:
        """Whether it was answered, and how."""
        return OutcomeStatus(lib.cannery_outcome_status(self._pointer))

    @property
    def is_reply(self) -> bool:
        """Whether it was replied."""
        return self.status is OutcomeStatus.REPLIED

    @property
    def reply(self) -> bytes:
        """The reply's bytes. Raises `Rejected` if there is none."""
        self.check()
        size = c_size_t()
        address = lib.cannery_outcome_reply(self._pointer, byref(size))
        return ctypes.string_at(address, size.value) if size.value else b""

    @property
    def reply_text(self) -> Optional[str]:
        """The reply as Candid text, with the interface's names where the canister tells it; None if it is no Candid message.
        Raises `Rejected` if there is no reply."""
        self.check()
        return _text(lib.cannery_outcome_reply_text(self._pointer))

    @property
    def reject_code(self) -> Optional[RejectCode]:
        """Of a reject, why."""
        code = lib.cannery_outcome_reject_code(self._pointer)
        return RejectCode(code) if code else None

    @property
    def reject_name(self) -> Optional[str]:
        """The code's name, such as `CANISTER_ERROR`."""
        return _text(lib.cannery_outcome_reject_name(self._pointer))

    @property
    def error_code(self) -> int:
        """Of a reject, the error's code, such as 503; else 0."""
        return int(lib.cannery_outcome_error_code(self._pointer))

    @property
    def error_name(self) -> Optional[str]:
        """The error's name, such as `IC0503`."""
        return _text(lib.cannery_outcome_error_name(self._pointer))

    @property
    def message(self) -> Optional[str]:
        """Of a reject, what is told; it may have several lines."""
        return _text(lib.cannery_outcome_message(self._pointer))

    @property
    def ingress(self) -> int:
        """The number of the message, if it was an update call; else 0."""
        return int(lib.cannery_outcome_ingress(self._pointer))

    @property
    def activity(self) -> Activity:
        """What was executed meanwhile, of all canisters."""
        if self._activity is None:
            self._activity = activity_of(lib.cannery_outcome_activity(self._pointer))
        return self._activity

    def check(self) -> Outcome:
        """Raises `Rejected` unless it was replied."""
        if not self.is_reply:
            raise Rejected(self)
        return self

    def __repr__(self) -> str:
        return f"<cannery.canister.Outcome {self.status.name}>"


class Rejected(CanneryError):
    """A message got no reply; `outcome` tells why."""

    def __init__(self, outcome: Outcome) -> None:
        if outcome.status is OutcomeStatus.UNANSWERED:
            super().__init__("there is no answer yet")
        else:
            super().__init__(f"{outcome.error_name or outcome.reject_name} {outcome.message}")
        self.outcome = outcome


def _text(text: Optional[bytes]) -> Optional[str]:
    return None if text is None else text.decode("utf-8", "replace")
