"""What a plugin tells: events and log records, as values of their own that outlive it."""

from __future__ import annotations

import ctypes
import enum
import functools
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from . import _abi
from .errors import StepFailed

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Kind(enum.IntEnum):
    """What an event is about. Kinds that this package does not know are skipped, as stepop.h asks."""

    STATE = 1
    """A step is in ``state``."""
    LOG_READY = 2
    """A log has something to read; this package's own logs wait for it themselves."""
    WARNING = 3
    """Something a user should know, of a step or (empty id) of the operator."""
    PLUGIN_LOG = 4
    """A line of the plugin's own log: detail ``level``, ``message``."""
    ATTACHED = 5
    """``attach`` has seen all that its filter selects: detail ``step_run_ids``."""
    FORGOTTEN = 6
    """``forget`` is done: detail ``deleted``."""
    DISPLACED = 7
    """Another operator has taken the step over; this one goes on observing it."""


class State(enum.IntEnum):
    """States of a step. It moves forward only, within one attempt."""

    NONE = 0
    ACCEPTED = 1
    PENDING = 2
    RUNNING = 3
    SUCCEEDED = 4
    FAILED = 5
    CANCELLED = 6
    LOST = 7
    """How it ended cannot be known; the detail says why."""


@dataclass(frozen=True)
class Event:
    """One event. ``detail_json`` is parsed when one of the properties below is first asked for."""

    kind: Kind
    state: State
    terminal: bool
    """No further STATE event of this step follows."""
    attempt: int
    """From 0; grows when the plugin replaces what ran the step."""
    sequence: int
    """Its place in the operator's queue, from 1, growing. Of `status` and `wait`, which take nothing out of it: that
    of the last event taken; what is read later is no older.
    """
    time_us: int
    """When the plugin learned it: microseconds since 1970-01-01 UTC."""
    ticket: int
    step_run_id: str
    detail_json: str

    @functools.cached_property
    def detail(self) -> dict[str, Any]:
        """All of the detail; stepop.h names its members."""
        found = json.loads(self.detail_json)
        return found if isinstance(found, dict) else {}

    def _text(self, name: str) -> str:
        found = self.detail.get(name)
        return found if isinstance(found, str) else ""

    @property
    def time(self) -> datetime:
        """When the plugin learned it."""
        return _EPOCH + timedelta(microseconds=self.time_us)

    @property
    def reason(self) -> str:
        """From a fixed set, such as ``OutOfMemory``; "" when there is none."""
        return self._text("reason")

    @property
    def message(self) -> str:
        """What the cluster said."""
        return self._text("message")

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self._text("hint")

    @property
    def exit_code(self) -> int | None:
        """Of the step's main container or process; None when none is known."""
        found = self.detail.get("exit_code")
        return found if isinstance(found, int) else None

    @property
    def retryable(self) -> bool:
        """Whether running the step again may help."""
        return self.detail.get("retryable") is True

    @property
    def user_code_ran(self) -> str:
        """``no``, ``maybe`` or ``yes``; "" while that is not said."""
        return self._text("user_code_ran")

    @property
    def result(self) -> Any:
        """The JSON that the step wrote to ``$STEPOP_RESULT_PATH``; None when it wrote none."""
        return self.detail.get("result")

    @property
    def log_tail(self) -> str:
        """The last lines of the log of a step that did not succeed; "" when they were not to be had."""
        return self._text("log_tail")

    @property
    def workload(self) -> dict[str, Any]:
        """Where it ran; the plugin's own members."""
        found = self.detail.get("workload")
        return found if isinstance(found, dict) else {}

    def raise_for_state(self) -> Event:
        """Itself. Raises StepFailed for a terminal state other than SUCCEEDED."""
        if self.terminal and self.state is not State.SUCCEEDED:
            raise StepFailed(self)
        return self


@dataclass(frozen=True)
class LogRecord:
    """A line of a step's log, or a part of a long one."""

    data: bytes
    """As the step wrote it, without the newline; not necessarily UTF-8."""
    partial: bool
    """The line goes on in the next record."""
    attempt: int
    index: int
    """Which of several pods wrote it; 0 when there is one."""
    time_us: int
    """When it was written: microseconds since 1970-01-01 UTC; 0 when that is not known."""
    gap: bool = False
    """Lines were lost here, where they were kept; ``data`` is JSON that says what is known of them."""

    @property
    def text(self) -> str:
        """``data`` as text; bytes that are no UTF-8 are replaced."""
        return self.data.decode(errors="replace")


_KINDS = {int(kind): kind for kind in Kind}
_STATES = {int(state): state for state in State}
_LOG_GAP, _LOG_END = 2, 3


def read_events(address: int) -> list[Event]:
    """The events of a batch, copied. Elements are a stride apart, and may be longer than we know."""
    batch = _abi.Batch.from_address(address)
    found = []
    for i in range(batch.count):
        raw = _abi.Event.from_address(batch.items + i * batch.stride)
        kind = _KINDS.get(raw.kind)
        if kind is None:
            continue
        found.append(
            Event(
                kind,
                _STATES.get(raw.state, State.NONE),
                bool(raw.terminal),
                raw.attempt,
                raw.sequence,
                raw.time_us,
                raw.ticket,
                _abi.text(raw.step_run_id, raw.step_run_id_size),
                _abi.text(raw.detail, raw.detail_size) or "{}",
            )
        )
    return found


def read_log(address: int) -> tuple[list[LogRecord], bool]:
    """The records of a batch, copied, and whether its end was among them."""
    batch = _abi.LogBatch.from_address(address)
    found, ended = [], False
    for i in range(batch.count):
        raw = _abi.LogRecord.from_address(batch.items + i * batch.stride)
        if raw.kind == _LOG_END:
            ended = True
        elif raw.kind <= _LOG_GAP:
            data = ctypes.string_at(raw.data, raw.size) if raw.size else b""
            partial = bool(raw.flags & _abi.LOG_FLAG_PARTIAL)
            found.append(LogRecord(data, partial, raw.attempt, raw.index, raw.time_us, raw.kind == _LOG_GAP))
    return found, ended
