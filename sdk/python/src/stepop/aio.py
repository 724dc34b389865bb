"""The asyncio API: ``async with stepop.aio.open("kubernetes", owner="me") as operator``.

The event loop polls the plugin's descriptor; there is no thread of ours, and nothing here blocks the loop. What may
block (`open`, `check`, `render`, `close`) runs in the loop's executor.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from . import _abi
from ._inbox import Inbox
from ._log_stream import LogStream, options_of
from .errors import Closed, Finding, StepopError, TimedOut
from .events import Event, Kind, LogRecord
from .operator import Calls, milliseconds, plugin_of
from .plugins import Plugin

T = TypeVar("T")


class Operator(Calls):
    """An open step operator of one event loop. `submit`, `status`, `cancel`, `attach` and `forget` return at once, and
    are called without ``await``; they are safe with threads, the rest belongs to the loop.

    Cancelling a task that waits leaves its step running: `cancel` stops it.
    """

    def __init__(self, plugin: Plugin, flavor: str, config: Mapping[str, Any]) -> None:
        super().__init__(plugin, flavor, config)
        self._inbox = Inbox()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fd = -1
        self._ends: dict[str, set[asyncio.Future[Event]]] = {}
        self._readers: set[asyncio.Future[None]] = set()
        self._all_is_read = False  # nothing more will come into the inbox

    async def check(self, request: Mapping[str, Any] | None = None, *, timeout: float = 20.0) -> list[Finding]:
        """As `stepop.Operator.check`."""
        loop = self._bind()
        return await loop.run_in_executor(None, self._check, request, timeout)

    async def render(
        self, request: Mapping[str, Any], *, dry_run: bool = False, timeout: float = 20.0
    ) -> dict[str, Any]:
        """As `stepop.Operator.render`."""
        loop = self._bind()
        return await loop.run_in_executor(None, self._render, request, dry_run, timeout)

    async def wait(self, step_run_id: str, timeout: float | None = None) -> Event:
        """Waits for a step's terminal event, and takes no event from `events`. ``timeout`` in seconds; then TimedOut is
        raised and the step runs on. Raises NotFound; Closed when the operator is closed meanwhile.
        """
        milliseconds(timeout)
        loop = self._bind()
        now = self.status(step_run_id)  # from memory: it cannot end between this and the next line without an event
        if now.terminal:
            return now
        end: asyncio.Future[Event] = loop.create_future()
        waiting = self._ends.setdefault(step_run_id, set())
        waiting.add(end)
        try:
            return await asyncio.wait_for(end, timeout)
        except asyncio.TimeoutError:
            raise TimedOut(f"step {step_run_id} has not ended", (), _abi.TIMEOUT) from None
        finally:
            waiting.discard(end)
            if not waiting and self._ends.get(step_run_id) is waiting:
                del self._ends[step_run_id]

    async def run(self, request: Mapping[str, Any], timeout: float | None = None) -> Event:
        """Submits a step, waits for its end, and acknowledges it. Raises StepFailed when it did not succeed; when the
        ``timeout`` has passed, or the task is cancelled, the step is cancelled.
        """
        self._bind()
        self.submit(request)
        step = request["step_run_id"]
        try:
            event = await self.wait(step, timeout)
        except (TimedOut, asyncio.CancelledError):
            with contextlib.suppress(StepopError):
                self.cancel(step)
            raise
        self.forget(step)
        return event.raise_for_state()

    async def next_event(self) -> Event:
        """The next event. Raises Closed once the operator is closed and all is read."""
        return await self._until(self._inbox.next)

    async def events(self) -> AsyncIterator[Event]:
        """All events, until the operator is closed. What one task takes another does not see."""
        with contextlib.suppress(Closed):
            while True:
                yield await self.next_event()

    async def logs(
        self,
        step_run_id: str,
        *,
        follow: bool = True,
        since: datetime | str | None = None,
        tail_lines: int | None = None,
    ) -> AsyncIterator[LogRecord]:
        """As `stepop.Operator.logs`."""
        self._bind()
        stream = LogStream(self._handle, step_run_id, options_of(follow, since, tail_lines))
        try:
            while not stream.ended:
                records = stream.read()
                if records is None:
                    await self._until(lambda: self._inbox.log_is_ready(stream.ticket) or None)
                else:
                    for record in records:
                        yield record
        finally:
            stream.close()

    async def close(self, timeout: float = 5.0) -> None:
        """Ends the operator; the steps run on. Whoever waits gets Closed; events not yet read can still be read."""
        loop = asyncio.get_running_loop()
        timeout_ms = milliseconds(timeout)
        if self._handle.closed:
            return
        self._unbind()
        rest: list[Event] = []
        handle = self._handle

        def end() -> None:
            handle.close(timeout_ms, read_rest=lambda: rest.extend(handle.rest()))

        try:
            await loop.run_in_executor(None, end)
        finally:
            self._take_in(rest)
            self._all_is_read = True
            self._wake(Closed("the operator is closed", (), _abi.CLOSED))
        self._finalizer.detach()

    async def __aenter__(self) -> Operator:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _bind(self) -> asyncio.AbstractEventLoop:
        """The running loop, which polls the queue from here on. One that is closed is left for the next."""
        self._handle.require_own_process()
        running = asyncio.get_running_loop()
        if self._loop is running:
            return running
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("this operator belongs to another event loop: open one for each loop")
        # What a closed loop's tasks waited for cannot be told to them any more.
        self._ends.clear()
        self._readers.clear()
        self._fd = self._handle.event_fd()
        running.add_reader(self._fd, self._on_readable)
        self._loop = running
        return running

    def _unbind(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._fd)

    def _on_readable(self) -> None:
        try:
            events = self._read_queue()
        except StepopError as error:
            self._unbind()
            self._wake(error)
            return
        self._take_in(events)
        self._wake_readers()

    def _take_in(self, events: list[Event]) -> None:
        self._inbox.take_in(events)
        for event in events:
            if event.kind is Kind.STATE and event.terminal:
                for end in self._ends.pop(event.step_run_id, ()):
                    if not end.done():
                        end.set_result(event)

    def _wake_readers(self) -> None:
        readers, self._readers = self._readers, set()
        for reader in readers:
            if not reader.done():
                reader.set_result(None)

    def _wake(self, error: StepopError) -> None:
        ends, self._ends = self._ends, {}
        for waiting in ends.values():
            for end in waiting:
                if not end.done():
                    end.set_exception(error)
        self._wake_readers()

    async def _until(self, found: Callable[[], T | None]) -> T:
        while True:
            answer = found()
            if answer is not None:
                return answer
            if self._all_is_read:
                raise Closed("the operator is closed", (), _abi.CLOSED)
            # `close` reads the rest.
            loop = asyncio.get_running_loop() if self._handle.closed else self._bind()
            news: asyncio.Future[None] = loop.create_future()
            self._readers.add(news)
            try:
                await news
            finally:
                self._readers.discard(news)


class Opening:
    """An operator that is about to be opened: ``await`` it, or enter it with ``async with``, whose end closes it."""

    def __init__(self, open_: Callable[[], Operator]) -> None:
        self._open = open_
        self._opened: Operator | None = None

    def __await__(self) -> Generator[Any, None, Operator]:
        return self._in_executor().__await__()

    async def _in_executor(self) -> Operator:
        operator = await asyncio.get_running_loop().run_in_executor(None, self._open)
        operator._bind()
        return operator

    async def __aenter__(self) -> Operator:
        self._opened = await self
        return self._opened

    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None:
            await self._opened.close()


def open(  # noqa: A001 - as stepop.open
    flavor: str,
    config: Mapping[str, Any] | None = None,
    *,
    plugin: Plugin | str | os.PathLike[str] | None = None,
    plugin_directories: Iterable[str | os.PathLike[str]] = (),
    **more: Any,
) -> Opening:
    """As `stepop.open`, for asyncio: ``operator = await open(…)``, or ``async with open(…) as operator``. Loading the
    plugin, and the files that its configuration names, keep no event loop waiting.
    """
    return Opening(lambda: Operator(plugin_of(flavor, plugin, plugin_directories), flavor, {**(config or {}), **more}))
