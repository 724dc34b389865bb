"""stepop.h for Python: a plugin as a host sees it, with nothing between but ctypes.

Written anew from the header, so that it tests the header too.
"""

from __future__ import annotations

import _ctypes
import ctypes as c
import json
from dataclasses import dataclass
from typing import Any

ABI_VERSION = 0 << 16 | 1

OK, INVALID, NOT_FOUND, CONFLICT, WOULD_BLOCK, TIMEOUT, CLOSED, FORKED, UNSUPPORTED, UNAVAILABLE, FORBIDDEN = range(11)
CODES = (
    "OK INVALID NOT_FOUND CONFLICT WOULD_BLOCK TIMEOUT CLOSED FORKED UNSUPPORTED UNAVAILABLE FORBIDDEN "
    "NO_MEMORY INTERNAL"
)

STATE, LOG_READY, WARNING, PLUGIN_LOG, ATTACHED, FORGOTTEN, DISPLACED = range(1, 8)
ACCEPTED, PENDING, RUNNING, SUCCEEDED, FAILED, CANCELLED, LOST = range(1, 8)
DATA, GAP, END = range(1, 4)
PARTIAL = 1
CREATE, REPORT_LOST = range(2)
GRACE_DEFAULT = -1
FOR_EVER = -1


class Object(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("object_kind", c.c_uint32)]


class Text(c.Structure):
    _fields_ = [("object", Object), ("data", c.c_void_p), ("size", c.c_size_t)]


class Error(c.Structure):
    _fields_ = [
        ("object", Object),
        ("code", c.c_int32),
        ("reserved", c.c_uint32),
        ("message", c.c_void_p),
        ("message_size", c.c_size_t),
        ("findings", c.c_void_p),
        ("findings_size", c.c_size_t),
    ]


class RawEvent(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("kind", c.c_uint32),
        ("state", c.c_uint32),
        ("terminal", c.c_uint32),
        ("attempt", c.c_uint32),
        ("reserved", c.c_uint32),
        ("sequence", c.c_uint64),
        ("time_us", c.c_int64),
        ("ticket", c.c_uint64),
        ("step_run_id", c.c_void_p),
        ("step_run_id_size", c.c_size_t),
        ("detail", c.c_void_p),
        ("detail_size", c.c_size_t),
    ]


class Batch(c.Structure):
    _fields_ = [
        ("object", Object),
        ("count", c.c_uint32),
        ("stride", c.c_uint32),
        ("items", c.c_void_p),
        ("dropped", c.c_uint64),
    ]


class RawRecord(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("kind", c.c_uint32),
        ("flags", c.c_uint32),
        ("attempt", c.c_uint32),
        ("index", c.c_uint32),
        ("reserved", c.c_uint32),
        ("time_us", c.c_int64),
        ("data", c.c_void_p),
        ("size", c.c_size_t),
    ]


class LogBatch(c.Structure):
    _fields_ = [("object", Object), ("count", c.c_uint32), ("stride", c.c_uint32), ("items", c.c_void_p)]


P = c.c_void_p
OUT = c.POINTER(c.c_void_p)
ERROR = c.POINTER(c.POINTER(Error))


def call(*arguments: Any) -> Any:
    return c.CFUNCTYPE(c.c_int32, *arguments, ERROR)


class RawPlugin(c.Structure):
    _fields_ = [
        ("struct_size", c.c_uint32),
        ("abi_version", c.c_uint32),
        ("name", c.c_char_p),
        ("version", c.c_char_p),
        ("describe", call(OUT)),
        ("open", call(c.c_char_p, c.c_char_p, OUT)),
        ("shutdown", call(P, c.c_int64)),
        ("destroy", c.CFUNCTYPE(None, P)),
        ("check", call(P, c.c_char_p, c.c_int64, OUT)),
        ("submit", call(P, c.c_char_p, c.c_uint32)),
        ("status", call(P, c.c_char_p, OUT)),
        ("wait", call(P, c.c_char_p, c.c_int64, OUT)),
        ("next_events", call(P, c.c_uint32, c.c_int64, OUT)),
        ("event_fd", call(P, c.POINTER(c.c_int32))),
        ("cancel", call(P, c.c_char_p, c.c_int64)),
        ("attach", call(P, c.c_char_p, c.c_uint32, c.POINTER(c.c_uint64))),
        ("logs_open", call(P, c.c_char_p, c.c_char_p, OUT, c.POINTER(c.c_uint64))),
        ("logs_read", call(P, c.c_uint32, OUT)),
        ("logs_close", c.CFUNCTYPE(None, P)),
        ("forget", call(P, c.c_char_p, c.c_char_p)),
        ("release", c.CFUNCTYPE(None, P)),
        ("get_extension", c.CFUNCTYPE(P, c.c_char_p)),
    ]


class RawRender(c.Structure):
    """The extension stepop.render/1 (stepop/draft/render.h)."""

    _fields_ = [
        ("struct_size", c.c_uint32),
        ("reserved", c.c_uint32),
        ("render", call(P, c.c_char_p, c.c_uint32, c.c_int64, OUT)),
    ]


class Failure(Exception):
    def __init__(self, code: int, message: str, findings: list[dict[str, Any]]) -> None:
        names = CODES.split()
        super().__init__(f"{names[code] if code < len(names) else code}: {message}")
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
