"""A plugin as a host sees it, with nothing between but ctypes and the structures of the Python SDK."""

from __future__ import annotations

import _ctypes
import ctypes as c
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "sdk" / "python" / "src"))

from stepop._abi import (  # noqa: E402
    ABI_VERSION,
    CLOSED,
    CODE_NAMES,
    CONFLICT,
    FOR_EVER,
    FORBIDDEN,
    FORKED,
    GRACE_DEFAULT,
    INVALID,
    NOT_FOUND,
    OK,
    TIMEOUT,
    UNAVAILABLE,
    UNSUPPORTED,
    OUT,
    P,
    WOULD_BLOCK,
    Batch,
    Error,
    LogBatch,
    Text,
)
from stepop._abi import Event as RawEvent  # noqa: E402
from stepop._abi import LogRecord as RawRecord  # noqa: E402
from stepop._abi import Plugin as RawPlugin  # noqa: E402
from stepop._abi import Render as RawRender  # noqa: E402

STATE, LOG_READY, WARNING, PLUGIN_LOG, ATTACHED, FORGOTTEN, DISPLACED = range(1, 8)
ACCEPTED, PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED, LOST = range(1, 8)
DATA, GAP, END = range(1, 4)
PARTIAL = 1
CREATE, REPORT_LOST = range(2)

class Failure(Exception):
    def __init__(self, code: int, message: str, findings: list[dict[str, Any]]) -> None:
        super().__init__(f"{CODE_NAMES[code] if code < len(CODE_NAMES) else code}: {message}")
        self.code = code
        self.message = message
        self.findings = findings


@dataclass(frozen=True)
class Event:
    kind: int
    state: int
    terminal: bool
    attempt: int
    sequence: int
    time_us: int
    ticket: int
    step_run_id: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Record:
    kind: int
    partial: bool
    attempt: int
    index: int
    time_us: int
    data: bytes


def text(address: int, size: int) -> str:
    found = c.string_at(address, size)
    assert c.string_at(address) == found, "it is NUL-terminated, and holds no other NUL"
    return found.decode()


def encoded(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


class Plugin:
    def __init__(self, file: str) -> None:
        self.library = c.CDLL(file)
        entry = self.library.stepop_plugin_entry
        entry.restype = c.POINTER(RawPlugin)
        entry.argtypes = [c.c_uint32]
        self.entry = entry
        self.raw: RawPlugin = entry(ABI_VERSION).contents

    def unload(self) -> None:
        _ctypes.dlclose(self.library._handle)

    def checked(self, code: int, error: Any) -> None:
        if code == OK:
            assert not error, "no error object comes with OK"
            return
        message, findings = "", []
        if error:
            raw = error.contents
            assert raw.code == code
            message = text(raw.message, raw.message_size)
            findings = json.loads(text(raw.findings, raw.findings_size))
            self.raw.release(c.cast(error, P))
        raise Failure(code, message, findings)

    def do(self, function: Any, *arguments: Any) -> None:
        error = c.POINTER(Error)()
        self.checked(function(*arguments, c.byref(error)), error)

    def out(self, function: Any, *arguments: Any) -> int:
        """The object that comes out; the caller releases it."""
        found = c.c_void_p(1)
        error = c.POINTER(Error)()
        code = function(*arguments, c.byref(found), c.byref(error))
        assert code == OK or found.value is None, "*out is NULL on any code but OK"
        self.checked(code, error)
        assert found.value
        return found.value

    def take_text(self, address: int) -> Any:
        raw = c.cast(address, c.POINTER(Text)).contents
        try:
            return json.loads(text(raw.data, raw.size))
        finally:
            self.raw.release(address)

    def take_events(self, address: int) -> list[Event]:
        batch = c.cast(address, c.POINTER(Batch)).contents
        try:
            return [self.event(batch.items + i * batch.stride) for i in range(batch.count)]
        finally:
            self.raw.release(address)

    @staticmethod
    def event(address: int) -> Event:
        raw = c.cast(address, c.POINTER(RawEvent)).contents
        assert raw.struct_size >= c.sizeof(RawEvent)
        detail = json.loads(text(raw.detail, raw.detail_size))
        step = text(raw.step_run_id, raw.step_run_id_size)
        terminal = bool(raw.terminal)
        return Event(raw.kind, raw.state, terminal, raw.attempt, raw.sequence, raw.time_us, raw.ticket, step, detail)

    def describe(self) -> Any:
        return self.take_text(self.out(self.raw.describe))

    def open(self, config: Any, flavor: str = "kubernetes") -> Operator:
        return Operator(self, self.out(self.raw.open, flavor.encode(), encoded(config)))


class Operator:
    def __init__(self, plugin: Plugin, address: int) -> None:
        self.plugin = plugin
        self.raw = plugin.raw
        self.address = address

    def shutdown(self, timeout_ms: int = 10_000) -> None:
        self.plugin.do(self.raw.shutdown, self.address, timeout_ms)

    def destroy(self) -> None:
        self.raw.destroy(self.address)

    def check(self, request: Any = None, timeout_ms: int = 20_000) -> list[dict[str, Any]]:
        address = self.plugin.out(self.raw.check, self.address, encoded(request), timeout_ms)
        found: list[dict[str, Any]] = self.plugin.take_text(address)
        return found

    def render(self, request: Any, dry_run: bool = False, timeout_ms: int = 20_000) -> dict[str, Any]:
        extension = c.cast(self.raw.get_extension(b"stepop.render/1"), c.POINTER(RawRender)).contents
        assert extension.struct_size >= c.sizeof(RawRender)
        address = self.plugin.out(extension.render, self.address, encoded(request), int(dry_run), timeout_ms)
        shown: dict[str, Any] = self.plugin.take_text(address)
        return shown

    def submit(self, request: Any, if_absent: int = CREATE) -> None:
        self.plugin.do(self.raw.submit, self.address, encoded(request), if_absent)

    def one(self, address: int) -> Event:
        (event,) = self.plugin.take_events(address)
        return event

    def status(self, step: str) -> Event:
        return self.one(self.plugin.out(self.raw.status, self.address, step.encode()))

    def wait(self, step: str, timeout_ms: int = 120_000) -> Event:
        return self.one(self.plugin.out(self.raw.wait, self.address, step.encode(), timeout_ms))

    def next_events(self, most: int = 100, timeout_ms: int = 0) -> list[Event]:
        return self.plugin.take_events(self.plugin.out(self.raw.next_events, self.address, most, timeout_ms))

    def event_fd(self) -> int:
        found = c.c_int32(-1)
        self.plugin.do(self.raw.event_fd, self.address, c.byref(found))
        return found.value

    def cancel(self, step: str, grace_ms: int = GRACE_DEFAULT) -> None:
        self.plugin.do(self.raw.cancel, self.address, step.encode(), grace_ms)

    def attach(self, filter_: Any, own: bool) -> int:
        ticket = c.c_uint64(0)
        self.plugin.do(self.raw.attach, self.address, encoded(filter_), int(own), c.byref(ticket))
        return ticket.value

    def forget(self, step: str, options: Any = None) -> None:
        self.plugin.do(self.raw.forget, self.address, step.encode(), encoded(options))

    def logs(self, step: str, options: Any = None) -> Logs:
        found = c.c_void_p(1)
        ticket = c.c_uint64(0)
        error = c.POINTER(Error)()
        words = (self.address, step.encode(), encoded(options), c.byref(found), c.byref(ticket), c.byref(error))
        code = self.raw.logs_open(*words)
        assert code == OK or found.value is None
        self.plugin.checked(code, error)
        assert found.value
        return Logs(self.plugin, found.value, ticket.value)


class Logs:
    def __init__(self, plugin: Plugin, address: int, ticket: int) -> None:
        self.plugin = plugin
        self.address = address
        self.ticket = ticket

    def read(self, most: int = 1000) -> list[Record]:
        address = self.plugin.out(self.plugin.raw.logs_read, self.address, most)
        batch = c.cast(address, c.POINTER(LogBatch)).contents
        records = []
        for i in range(batch.count):
            raw = c.cast(batch.items + i * batch.stride, c.POINTER(RawRecord)).contents
            data = c.string_at(raw.data, raw.size) if raw.size else b""
            partial = bool(raw.flags & PARTIAL)
            records.append(Record(raw.kind, partial, raw.attempt, raw.index, raw.time_us, data))
        self.plugin.raw.release(address)
        return records

    def close(self) -> None:
        self.plugin.raw.logs_close(self.address)
