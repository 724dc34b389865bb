#!/usr/bin/env python3
"""stepop_run.py PLUGIN.so FLAVOR CONFIG REQUEST: a whole host in Python, with ctypes and nothing else.

Runs one step, and prints its states, log and result. CONFIG and REQUEST are JSON objects, or files that hold one.
Exit status: 0 the step succeeded, 1 it did not, 2 bad input.
"""

import ctypes
import json
import select
import sys
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

ABI_VERSION = 0 << 16 | 1
OK, INVALID, NOT_FOUND, CONFLICT, CLOSED = 0, 1, 2, 3, 6
STATE, LOG_READY, WARNING, FORGOTTEN = 1, 2, 3, 6
STATES = ["none", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost"]
SUCCEEDED = STATES.index("succeeded")
LOG_DATA, LOG_PARTIAL = 1, 1


# ---- stepop.h ----------------------------------------------------------------------------------


class Error(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32), ("object_kind", c_uint32), ("code", c_int32), ("reserved", c_uint32),
        ("message", c_char_p), ("message_size", c_size_t), ("findings", c_char_p), ("findings_size", c_size_t),
    ]


class Event(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32), ("kind", c_uint32), ("state", c_uint32), ("terminal", c_uint32),
        ("attempt", c_uint32), ("reserved", c_uint32), ("sequence", c_uint64), ("time_us", c_int64),
        ("ticket", c_uint64), ("step_run_id", c_char_p), ("step_run_id_size", c_size_t),
        ("detail", c_char_p), ("detail_size", c_size_t),
    ]


class Batch(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32), ("object_kind", c_uint32), ("count", c_uint32), ("stride", c_uint32),
        ("elements", c_void_p), ("dropped", c_uint64),
    ]


class LogRecord(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32), ("kind", c_uint32), ("flags", c_uint32), ("attempt", c_uint32),
        ("index", c_uint32), ("reserved", c_uint32), ("time_us", c_int64), ("data", c_void_p), ("size", c_size_t),
    ]


class LogBatch(ctypes.Structure):
    _fields_ = Batch._fields_[:5]


def function(*arguments, returns=c_int32):
    return ctypes.CFUNCTYPE(returns, *arguments)


OUT, ERROR = POINTER(c_void_p), POINTER(POINTER(Error))


class Plugin(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32), ("abi_version", c_uint32), ("name", c_char_p), ("version", c_char_p),
        ("describe", function(OUT, ERROR)),
        ("open", function(c_char_p, c_char_p, OUT, ERROR)),
        ("shutdown", function(c_void_p, c_int64, ERROR)),
        ("destroy", function(c_void_p, returns=None)),
        ("check", function(c_void_p, c_char_p, c_int64, OUT, ERROR)),
        ("submit", function(c_void_p, c_char_p, c_uint32, ERROR)),
        ("status", function(c_void_p, c_char_p, POINTER(POINTER(Batch)), ERROR)),
        ("wait", function(c_void_p, c_char_p, c_int64, POINTER(POINTER(Batch)), ERROR)),
        ("next_events", function(c_void_p, c_uint32, c_int64, POINTER(POINTER(Batch)), ERROR)),
        ("event_fd", function(c_void_p, POINTER(c_int32), ERROR)),
        ("cancel", function(c_void_p, c_char_p, c_int64, ERROR)),
        ("attach", function(c_void_p, c_char_p, c_uint32, POINTER(c_uint64), ERROR)),
        ("logs_open", function(c_void_p, c_char_p, c_char_p, OUT, POINTER(c_uint64), ERROR)),
        ("logs_read", function(c_void_p, c_uint32, POINTER(POINTER(LogBatch)), ERROR)),
        ("logs_close", function(c_void_p, returns=None)),
        ("forget", function(c_void_p, c_char_p, c_char_p, ERROR)),
        ("release", function(c_void_p, returns=None)),
        ("get_extension", function(c_char_p, returns=c_void_p)),
    ]


# ---- The host ----------------------------------------------------------------------------------


class Failure(Exception):
    def __init__(self, code, message, findings):
        super().__init__(message)
        self.code, self.findings = code, findings


def load(path):
    try:
        entry = ctypes.CDLL(path).stepop_plugin_entry
    except (OSError, AttributeError) as error:
        raise Failure(INVALID, str(error), []) from None
    entry.restype, entry.argtypes = POINTER(Plugin), [c_uint32]
    plugin = entry(ABI_VERSION)
    if not plugin:
        raise Failure(INVALID, f"{path} does not work with ABI {ABI_VERSION >> 16}.{ABI_VERSION & 0xFFFF}", [])
    return plugin.contents


def need(plugin, code, error):
    """Raises what a call reports."""
    if code == OK:
        return
    message, findings = "no message", []
    if error:
        message, findings = error.contents.message.decode(), json.loads(error.contents.findings)
        plugin.release(error)
    raise Failure(code, message, findings)


def elements(batch, kind):
    """The structs of a batch, each `stride` bytes after the one before."""
    return (kind.from_address(batch.elements + i * batch.stride) for i in range(batch.count))


def print_log(plugin, logs):
    """Prints what a log stream has now. True when the log is complete."""
    batch = POINTER(LogBatch)()
    while (code := plugin.logs_read(logs, 256, byref(batch), None)) == OK:
        for record in elements(batch.contents, LogRecord):
            if record.kind == LOG_DATA:
                text = ctypes.string_at(record.data, record.size).decode(errors="replace")
                print("log:", text, end="" if record.flags & LOG_PARTIAL else "\n")
        plugin.release(batch)
    return code == CLOSED


def run(plugin, flavor, config, request):
    """Runs one step to its end and returns its last state."""
    op, logs, error = c_void_p(), c_void_p(), POINTER(Error)()
    need(plugin, plugin.open(flavor.encode(), config.encode(), byref(op), byref(error)), error)
    try:
        queue = c_int32()
        need(plugin, plugin.event_fd(op, byref(queue), byref(error)), error)
        need(plugin, plugin.submit(op, request.encode(), 0, byref(error)), error)
        state, log_complete, acknowledged, batch = 0, False, False, POINTER(Batch)()
        while True:
            select.select([queue.value], [], [])
            if plugin.next_events(op, 64, 0, byref(batch), None) != OK:
                continue
            forgotten = False
            for event in elements(batch.contents, Event):
                step = event.step_run_id
                if event.kind == STATE:
                    state = event.state
                    print(STATES[state] if state < len(STATES) else "?", event.detail.decode())
                    if not logs:
                        need(plugin, plugin.logs_open(op, step, None, byref(logs), None, byref(error)), error)
                elif event.kind == LOG_READY:
                    log_complete = print_log(plugin, logs)
                elif event.kind == WARNING:
                    print("warning:", event.detail.decode(), file=sys.stderr)
                elif event.kind == FORGOTTEN:
                    forgotten = True
                if state >= SUCCEEDED and log_complete and not acknowledged:  # all is printed: what ran it may go
                    need(plugin, plugin.forget(op, step, None, byref(error)), error)
                    acknowledged = True
            plugin.release(batch)
            sys.stdout.flush()
            if forgotten:
                return state
    finally:
        plugin.logs_close(logs)
        plugin.shutdown(op, 5000, None)
        plugin.destroy(op)


def json_of(argument):
    """An argument that is JSON, or names a file that is."""
    if argument.lstrip().startswith("{"):
        return argument
    with open(argument, encoding="utf-8") as file:
        return file.read()


def main(arguments):
    if len(arguments) != 5:
        print(f"usage: {arguments[0]} PLUGIN.so FLAVOR CONFIG REQUEST", file=sys.stderr)
        return 2
    try:
        plugin = load(arguments[1])
        state = run(plugin, arguments[2], json_of(arguments[3]), json_of(arguments[4]))
        return 0 if state == SUCCEEDED else 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except Failure as failure:
        print(f"error {failure.code}: {failure}", file=sys.stderr)
        for finding in failure.findings:
            print(f"  {finding['path']}: {finding['message']} {finding['hint']}", file=sys.stderr)
        return 2 if failure.code in (INVALID, NOT_FOUND, CONFLICT) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
