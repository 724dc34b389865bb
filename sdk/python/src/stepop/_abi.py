"""stepop.h (ABI 0.1) in ctypes: structures, codes and function types. Nothing here calls anything."""

from __future__ import annotations

import ctypes as c
from typing import Any

ABI_MAJOR, ABI_MINOR = 0, 1
ABI_VERSION = ABI_MAJOR << 16 | ABI_MINOR
ENTRY_SYMBOL = "stepop_plugin_entry"

CODE_NAMES = (
    "OK",
    "INVALID",
    "NOT_FOUND",
    "CONFLICT",
    "WOULD_BLOCK",
    "TIMEOUT",
    "CLOSED",
    "FORKED",
    "UNSUPPORTED",
    "UNAVAILABLE",
    "FORBIDDEN",
    "NO_MEMORY",
    "INTERNAL",
)
(
    OK,
    INVALID,
    NOT_FOUND,
    CONFLICT,
    WOULD_BLOCK,
    TIMEOUT,
    CLOSED,
    FORKED,
    UNSUPPORTED,
    UNAVAILABLE,
    FORBIDDEN,
    NO_MEMORY,
    INTERNAL,
) = range(13)

GRACE_DEFAULT = -1
FOR_EVER = -1
LOG_FLAG_PARTIAL = 1


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


class Event(c.Structure):
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


class LogRecord(c.Structure):
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
    """A function that returns a code, and takes an error last."""
    return c.CFUNCTYPE(c.c_int32, *arguments, ERROR)


class Plugin(c.Structure):
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


class Render(c.Structure):
    """The extension stepop.render/1 (stepop/draft/render.h)."""

    _fields_ = [
        ("struct_size", c.c_uint32),
        ("reserved", c.c_uint32),
        ("render", call(P, c.c_char_p, c.c_uint32, c.c_int64, OUT)),
    ]


RENDER = b"stepop.render/1"


def text(address: int | None, size: int) -> str:
    """UTF-8 of a plugin; bytes that are none are replaced, so that a defect of a plugin ends here."""
    return c.string_at(address, size).decode(errors="replace") if address and size else ""
