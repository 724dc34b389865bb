"""The synchronous API. `stepop.aio` has the same for asyncio."""

from __future__ import annotations

import contextlib
import ctypes as c
import os
import select
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from . import _abi
from ._handle import EVENTS_A_READ, LAST_CALLS_SECONDS, Handle, close_at_exit
from ._inbox import Inbox
from ._log_stream import LogStream, options_of
from ._plain import encoded, identifier
from .errors import Closed, Finding, TimedOut, invalid
from .events import Event, LogRecord
from .plugins import Plugin, find_plugin

T = TypeVar("T")

# Only the main thread learns of a Ctrl-C, and not while it is inside a call: so it comes out now and then.
INTERRUPTIBLE_SECONDS = 0.25
_IF_ABSENT = {"create": 0, "report_lost": 1}
LONGEST_MS = 2**63 - 1


def milliseconds(seconds: float | None, what: str = "timeout") -> int:
    """Of a time that a user gives; None is without end."""
    if seconds is None:
        return _abi.FOR_EVER
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise invalid(what, f"found {seconds!r}, expected a number of seconds, or None")
    return int(min(seconds * 1000, LONGEST_MS))


class Calls:
    """What both APIs have: the calls of stepop.h that do no I/O on the caller's thread."""

    def __init__(self, plugin: Plugin, flavor: str, config: Mapping[str, Any]) -> None:
        self.plugin = plugin
        self.flavor = flavor
        self._handle = Handle(plugin, plugin.open_raw(flavor, config))
        self._finalizer = weakref.finalize(self, close_at_exit, self._handle)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._handle.closed

    def submit(self, request: Mapping[str, Any], *, if_absent: str = "create") -> None:
        """Takes a step on, and returns at once: what follows arrives as events.

        ``request`` has at least ``step_run_id``, the step's identity: submitting the same request again, in this
        process or the next, is the same step. Models of the Kubernetes client may stand wherever a dictionary may.
        ``if_absent="report_lost"``: the step was there once, so that it is reported lost rather than run again.

        Raises InvalidInput (with each mistake and its path; nothing was created), Conflict, Closed, Forked.
        """
        if if_absent not in _IF_ABSENT:
            raise invalid("if_absent", f"found {if_absent!r}, expected one of create, report_lost")
        self._handle.do("submit", encoded(request, "request"), _IF_ABSENT[if_absent])

    def status(self, step_run_id: str) -> Event:
        """A step's newest state, from memory. Raises NotFound for one that was not submitted or attached here."""
        return self._handle.one("status", identifier(step_run_id, "step_run_id"))

    def cancel(self, step_run_id: str, *, grace: float | None = None) -> None:
        """Asks for a step's end, and returns at once; a terminal event tells what came of it. Idempotent.

        ``grace``: seconds that its code may take to stop, 0 is at once; None: as the step's settings say.
        Raises NotFound.
        """
        grace_ms = _abi.GRACE_DEFAULT if grace is None else milliseconds(grace, "grace")
        self._handle.do("cancel", identifier(step_run_id, "step_run_id"), grace_ms)

    def attach(self, selecting: Mapping[str, Any] | None = None, *, own: bool = False) -> int:
        """Finds steps of another process or an earlier life: each has a STATE event, then one ATTACHED has the ticket
        that is returned. ``selecting``: ``namespaces``, ``step_run_ids``, ``labels``; none is all of this ``owner``.
        ``own``: takes them over, where otherwise it observes them.
        """
        ticket = c.c_uint64()
        self._handle.do("attach", encoded(selecting or {}, "selecting"), int(own), c.byref(ticket))
        return ticket.value

    def forget(self, step_run_id: str, options: Mapping[str, Any] | None = None) -> None:
        """Acknowledges that a step's terminal event is stored: only now may what ran it be removed, as its ``cleanup``
        says. Ends in a FORGOTTEN event. ``options``: ``namespace``, ``cleanup``, for a step of another process.
        Raises InvalidInput for a step that has not ended.
        """
        words = None if options is None else encoded(options, "options")
        self._handle.do("forget", identifier(step_run_id, "step_run_id"), words)

    def _check(self, request: Mapping[str, Any] | None, timeout: float) -> list[Finding]:
        words = None if request is None else encoded(request, "request")
        found = self.plugin.take_text(self._handle.out("check", words, milliseconds(timeout)))
        return [Finding.read(finding) for finding in found]

    def _render(self, request: Mapping[str, Any], dry_run: bool, timeout: float) -> dict[str, Any]:
        words = (encoded(request, "request"), int(dry_run), milliseconds(timeout))
        found: dict[str, Any] = self.plugin.take_text(self._handle.out(self.plugin.render_extension(), *words))
        return found

    def _read_queue(self) -> list[Event]:
        """What is in the queue now."""
        try:
            return self._handle.events("next_events", EVENTS_A_READ, 0)
        except TimedOut:
            return []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.flavor}{' closed' if self.closed else ''}>"


class Operator(Calls):
    """An open step operator. Safe with threads; a context manager, whose end leaves the steps running.

    A forked child may not use its parent's: each call raises Forked. At the interpreter's end it is closed by itself.
    """

    def __init__(self, plugin: Plugin, flavor: str, config: Mapping[str, Any]) -> None:
        super().__init__(plugin, flavor, config)
        self._inbox = Inbox()
        self._turn = threading.Condition()
        self._reading = False
        self._all_is_read = False  # nothing more will come into the inbox

    def check(self, request: Mapping[str, Any] | None = None, *, timeout: float = 20.0) -> list[Finding]:
        """Whether all is there to run steps, or this step: one finding a line. Creates nothing; blocks for ``timeout``
        seconds at most. Raises TimedOut, Unavailable.
        """
        return self._check(request, timeout)

    def render(self, request: Mapping[str, Any], *, dry_run: bool = False, timeout: float = 20.0) -> dict[str, Any]:
        """What a request would become: ``manifests``, ``findings``, and with ``dry_run`` what the cluster says of them.
        Raises Unsupported where the plugin cannot show it.
        """
        return self._render(request, dry_run, timeout)

    def wait(self, step_run_id: str, timeout: float | None = None) -> Event:
        """Waits for a step's terminal event, and takes no event from `events`.

        ``timeout`` in seconds; then TimedOut, a TimeoutError, is raised and the step runs on. None: without end.
        Raises NotFound; Closed when the operator is closed meanwhile.
        """
        step = identifier(step_run_id, "step_run_id")
        left = _Deadline(timeout)
        while True:
            try:
                return self._handle.one("wait", step, left.slice_ms())
            except TimedOut:
                if left.is_over():
                    raise TimedOut(f"step {step_run_id} has not ended", (), _abi.TIMEOUT) from None

    def run(self, request: Mapping[str, Any], timeout: float | None = None) -> Event:
        """Submits a step, waits for its end, and acknowledges it. Raises StepFailed when it did not succeed; when the
        ``timeout`` has passed, or on Ctrl-C, the step is cancelled.
        """
        self.submit(request)
        step = request["step_run_id"]
        try:
            event = self.wait(step, timeout)
        except (TimedOut, KeyboardInterrupt):
            self.cancel(step)
            raise
        self.forget(step)
        return event.raise_for_state()

    def next_event(self, timeout: float | None = None) -> Event:
        """The next event. Raises TimedOut; Closed once the operator is closed and all is read."""
        return self._until(self._inbox.next, _Deadline(timeout))

    def events(self) -> Iterator[Event]:
        """All events, until the operator is closed. What one thread takes another does not see."""
        with contextlib.suppress(Closed):
            while True:
                yield self.next_event()

    def logs(
        self,
        step_run_id: str,
        *,
        follow: bool = True,
        since: datetime | str | None = None,
        tail_lines: int | None = None,
    ) -> Iterator[LogRecord]:
        """A step's log, from its begin, the newest ``tail_lines`` or ``since`` a time; with ``follow`` until the step
        has ended. Raises NotFound, InvalidInput. Leaving the loop, or ``close()`` on it, closes the log.
        """
        stream = LogStream(self._handle, step_run_id, options_of(follow, since, tail_lines))
        return self._log(stream)

    def _log(self, stream: LogStream) -> Iterator[LogRecord]:
        ready = _Deadline(None)
        try:
            while not stream.ended:
                records = stream.read()
                if records is None:
                    self._until(lambda: self._inbox.log_is_ready(stream.ticket) or None, ready)
                else:
                    yield from records
        finally:
            stream.close()

    def _until(self, found: Callable[[], T | None], left: _Deadline) -> T:
        """Reads the queue until `found`. One thread reads at a time, for all; the others wait for what it brings."""
        self._handle.require_own_process()
        while True:
            events: list[Event] = []
            mine = False
            try:
                with self._turn:
                    answer = found()
                    if answer is not None:
                        return answer
                    if self._all_is_read:
                        raise Closed("the operator is closed", (), _abi.CLOSED)
                    if left.is_over():
                        raise TimedOut("nothing came", (), _abi.TIMEOUT)
                    if self._reading or self._handle.closed:  # `close` reads the rest
                        self._turn.wait(left.slice_seconds())
                        continue
                    # In this order: Ctrl-C may come at any instruction, and must leave no turn that nobody has.
                    mine = self._reading = True
                try:
                    events = self._wait_for_queue(left)
                except Closed:
                    if not self._handle.closed:
                        raise
            finally:
                if mine:
                    with self._turn:
                        self._reading = False
                        self._inbox.take_in(events)
                        self._turn.notify_all()

    def _wait_for_queue(self, left: _Deadline) -> list[Event]:
        with self._handle.using():
            queue = select.poll()
            queue.register(self._handle.event_fd(), select.POLLIN)
            queue.poll(left.slice_ms())
            return self._read_queue()

    def close(self, timeout: float = 5.0) -> None:
        """Ends the operator; the steps run on. Whoever waits gets Closed; events not yet read can still be read. Blocks
        for ``timeout`` seconds at most, for what was acknowledged to reach the cluster. A second call does nothing.
        """
        self._handle.close(milliseconds(timeout), read_rest=self._read_rest)
        self._finalizer.detach()

    def _read_rest(self) -> None:
        with self._turn:
            # What a reader has taken out is older than what is left.
            self._turn.wait_for(lambda: not self._reading, LAST_CALLS_SECONDS)
            try:
                self._inbox.take_in(self._handle.rest())
            finally:
                self._all_is_read = True
                self._turn.notify_all()

    def __enter__(self) -> Operator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Deadline:
    """How long is left; in slices where the thread has to look up now and then."""

    def __init__(self, seconds: float | None) -> None:
        milliseconds(seconds)
        self._end = None if seconds is None else time.monotonic() + seconds

    def is_over(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    def slice_seconds(self) -> float | None:
        left = None if self._end is None else max(0.0, self._end - time.monotonic())
        if threading.current_thread() is threading.main_thread():
            return INTERRUPTIBLE_SECONDS if left is None else min(left, INTERRUPTIBLE_SECONDS)
        return left

    def slice_ms(self) -> int:
        seconds = self.slice_seconds()
        # Rounded up: what is left of a millisecond is waited for, not spun away. poll takes an int.
        return _abi.FOR_EVER if seconds is None else min(int(seconds * 1000) + (seconds > 0), 2**31 - 1)


def open_operator(
    flavor: str,
    config: Mapping[str, Any] | None = None,
    *,
    plugin: Plugin | str | os.PathLike[str] | None = None,
    plugin_directories: Iterable[str | os.PathLike[str]] = (),
    **more: Any,
) -> Operator:
    """Opens a step operator: ``stepop.open("kubernetes", owner="me", kubernetes_context="my-cluster")``.

    ``config`` and the keywords together are its configuration; it is checked whole. ``plugin`` is a file, else it is
    found by `find_plugin`. Sends nothing. Raises InvalidInput, NotFound, LoadError.
    """
    return Operator(plugin_of(flavor, plugin, plugin_directories), flavor, {**(config or {}), **more})


def plugin_of(
    flavor: str,
    plugin: Plugin | str | os.PathLike[str] | None,
    directories: Iterable[str | os.PathLike[str]],
) -> Plugin:
    """The plugin that a user named, or the one that has the flavor."""
    if isinstance(plugin, Plugin):
        return plugin
    return find_plugin(flavor, directories) if plugin is None else Plugin.load(plugin)
