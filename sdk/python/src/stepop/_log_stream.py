"""One open log of one step, below its synchronous and its asyncio face."""

from __future__ import annotations

import contextlib
import ctypes as c
import threading
from typing import Any

from ._handle import Handle
from ._plain import encoded, identifier
from .errors import Closed, Forked, TimedOut
from .events import LogRecord, read_log

RECORDS_A_READ = 256


class LogStream:
    """`logs_close` must not meet a `logs_read`: one lock for both."""

    def __init__(self, handle: Handle, step_run_id: str, options: dict[str, Any]) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._address: int | None = None
        self.ended = False
        given = {name: value for name, value in options.items() if value is not None}
        found, ticket = c.c_void_p(), c.c_uint64()
        words = (identifier(step_run_id, "step_run_id"), encoded(given, "options"), c.byref(found), c.byref(ticket))
        with handle.using() as address:
            handle.plugin.do("logs_open", address, *words)
            self._address = found.value
            self.ticket = ticket.value
            handle.adopt(self)

    def read(self) -> list[LogRecord] | None:
        """What is there now; an empty list when the log has ended; None when there is nothing yet."""
        with self._handle.using(), self._lock:
            if self.ended or self._address is None:
                return []
            try:
                batch = self._handle.plugin.out("logs_read", self._address, RECORDS_A_READ)
            except TimedOut:
                return None
            except Closed:
                self.ended = True
                return []
            try:
                records, self.ended = read_log(batch)
            finally:
                self._handle.plugin.release(batch)
        return records if records or self.ended else None

    def close(self) -> None:
        """A second call does nothing."""
        with contextlib.suppress(Forked):
            self._handle.require_own_process()
            with self._lock:
                address, self._address = self._address, None
                if address is not None:
                    self._handle.plugin.function("logs_close")(address)


def options_of(follow: bool, since: Any, tail_lines: int | None) -> dict[str, Any]:
    return {"follow": follow, "since": since, "tail_lines": tail_lines}
