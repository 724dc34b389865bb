"""An open operator's address: who may use it, and until when."""

from __future__ import annotations

import contextlib
import ctypes as c
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from . import _abi
from .errors import Closed, Forked, TimedOut
from .events import Event, read_events
from .plugins import Plugin

# At the interpreter's end: how long what was acknowledged may take to reach the cluster (a submit to become a pod).
EXIT_MS = 5000
EVENTS_A_READ = 256
# `destroy` must not meet another call. After `shutdown` each returns at once; a thread that is not
# given the processor for so long is left behind, and with it the memory.
LAST_CALLS_SECONDS = 10.0


class Handle:
    """Counts the calls that are under way, so that the operator is freed when none is.

    Everything asks for the process first: in a forked child a lock may be held by a thread that is not there.
    """

    def __init__(self, plugin: Plugin, address: int) -> None:
        self.plugin = plugin
        self._address = address
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._calls = 0
        self._closed = False
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()

    @property
    def closed(self) -> bool:
        return self._closed

    def require_own_process(self) -> None:
        if os.getpid() != self._pid:
            raise Forked(
                "this operator was opened before fork(), by the parent process: open one of its own here",
                (),
                _abi.FORKED,
            )

    @contextlib.contextmanager
    def using(self) -> Iterator[int]:
        """The address, which stays valid inside."""
        self.require_own_process()
        with self._lock:
            if self._closed:
                raise Closed("the operator is closed", (), _abi.CLOSED)
            self._calls += 1
        try:
            yield self._address
        finally:
            with self._lock:
                self._calls -= 1
                self._idle.notify_all()

    def do(self, function: str, *arguments: Any) -> None:
        with self.using() as address:
            self.plugin.do(function, address, *arguments)

    def out(self, function: str | Any, *arguments: Any) -> int:
        with self.using() as address:
            return self.plugin.out(function, address, *arguments)

    def events(self, function: str, *arguments: Any) -> list[Event]:
        batch = self.out(function, *arguments)
        try:
            return read_events(batch)
        finally:
            self.plugin.release(batch)

    def rest(self) -> list[Event]:
        """What is left in the queue; for ``read_rest`` alone, when nothing more comes."""
        found: list[Event] = []
        with contextlib.suppress(TimedOut, Closed):
            while True:
                batch = self.plugin.out("next_events", self._address, EVENTS_A_READ, 0)
                try:
                    found += read_events(batch)
                finally:
                    self.plugin.release(batch)
        return found

    def one(self, function: str, *arguments: Any) -> Event:
        return self.events(function, *arguments)[0]

    def event_fd(self) -> int:
        found = c.c_int32(-1)
        self.do("event_fd", c.byref(found))
        return found.value

    def adopt(self, stream: Any) -> None:
        """A log, which is closed before the operator is."""
        self._streams.add(stream)

    def close(
        self, timeout_ms: int, patience: float = LAST_CALLS_SECONDS, read_rest: Callable[[], None] = lambda: None
    ) -> None:
        """Ends it; a second call does nothing. In a forked child there is nothing to end. ``read_rest`` is called once,
        between the end of all that happens and that of the queue.
        """
        if os.getpid() != self._pid:
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
        try:
            # Wakes whoever waits inside, with CLOSED.
            with contextlib.suppress(Exception):
                self.plugin.do("shutdown", self._address, timeout_ms)
        finally:
            read_rest()
        with self._lock:
            if not self._idle.wait_for(lambda: self._calls == 0, patience):
                return
        for stream in list(self._streams):
            stream.close()
        self.plugin.function("destroy")(self._address)


def close_at_exit(handle: Handle) -> None:
    """What `weakref.finalize` calls, also at the interpreter's end: the steps run on."""
    handle.close(EXIT_MS, patience=1.0)
