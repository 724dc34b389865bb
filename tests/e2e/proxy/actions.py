"""What can be done to a request. One action object serves one rule; tests talk to it from their own thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

from .requests import Request


class Exchange(Protocol):
    """One request and its answer, in the proxy's hands."""

    request: Request

    async def forward(self) -> None:
        """Sends the request to the API server and reads the head of its answer: it has taken effect then."""

    async def relay(
        self,
        most: int | None = None,
        gate: asyncio.Event | None = None,
        halve_after: float | None = None,
        with_head: bool = True,
    ) -> bool:
        """Passes the answer on as it comes; of it at most so many bytes of the body; only while the gate is open; and
        after so many seconds half of a piece, and no more. True when it was cut short so."""

    async def answer(self, status: int, body: bytes, content_type: str, fields: str = "") -> None:
        """Answers in the API server's place. `fields`: header fields more, each with its end of line."""

    async def finish_stream(self, more: bytes) -> None:
        """Ends a chunked answer, of which something may have been passed on, with these bytes as its last chunk."""

    async def end_writing(self) -> None:
        """Sends FIN to the client and nothing more, and reads on until the client ends the connection too."""

    def cut(self) -> None:
        """Ends the client's connection, as it is."""

    def reset(self) -> None:
        """The same by RST."""


class Action:
    """Passes everything on, and tells when the rule has met its request."""

    def __init__(self) -> None:
        self.met = threading.Event()
        self.count = 0  # of the requests that it has been done to
        self.loop: asyncio.AbstractEventLoop | None = None

    def wait(self, seconds: float) -> None:
        """Until the request is where the action wants it."""
        if not self.met.wait(seconds):
            raise AssertionError(f"{type(self).__name__}: no such request within {seconds} s")

    def note(self) -> None:
        self.count += 1
        self.met.set()

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def call(self, function: object) -> None:
        """On the proxy's thread."""
        assert self.loop, "the rule was not given to a proxy"
        self.loop.call_soon_threadsafe(function)  # type: ignore[arg-type]

    async def apply(self, exchange: Exchange) -> None:
        self.note()
        await exchange.forward()
        await exchange.relay()


class Hold(Action):
    """Keeps requests (all that the rule meets) until the test says what becomes of them. A held request outlives its
    client, as one does that is already in the network."""

    def __init__(self) -> None:
        super().__init__()
        self.decided = asyncio.Event()
        self.dropped = False

    def release(self) -> None:
        self.call(self.decided.set)

    def drop(self) -> None:
        self.dropped = True
        self.call(self.decided.set)

    async def held(self, exchange: Exchange) -> bool:
        """Whether it goes on."""
        self.note()
        await self.decided.wait()
        if self.dropped:
            exchange.cut()
        return not self.dropped


class HoldRequest(Hold):
    """Before the API server sees it."""

    async def apply(self, exchange: Exchange) -> None:
        if await self.held(exchange):
            await exchange.forward()
            await exchange.relay()


class HoldAnswer(Hold):
    """After it has taken effect."""

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        if await self.held(exchange):
            await exchange.relay()


class CutAfterForwarding(Action):
    """Effect, but no answer."""

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        exchange.cut()
        self.note()


class Cut(Action):
    """Neither effect nor answer."""

    async def apply(self, exchange: Exchange) -> None:
        exchange.cut()
        self.note()


class Delay(Action):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def apply(self, exchange: Exchange) -> None:
        self.note()
        await asyncio.sleep(self.seconds)
        await exchange.forward()
        await exchange.relay()


class Truncate(Action):
    """So many bytes of the answer's body, then the connection ends."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        await exchange.relay(most=self.size)
        exchange.cut()
        self.note()


class Refuse(Action):
    """An answer that the API server did not give: a text, or a Status object where only a message is given; {name} in it
    is the object's. `forward`: the request takes effect all the same."""

    def __init__(
        self,
        status: int,
        message: str = "",
        reason: str = "",
        body: bytes | None = None,
        retry_after: int | None = None,
        details: dict[str, object] | None = None,
        forward: bool = False,
    ) -> None:
        super().__init__()
        self.status = status
        self.body = status_object(status, message, reason, details) if body is None else body
        self.content_type = "application/json" if body is None else "text/plain"
        self.fields = "" if retry_after is None else f"Retry-After: {retry_after}\r\n"
        self.forward = forward

    async def apply(self, exchange: Exchange) -> None:
        if self.forward:
            await exchange.forward()
        self.note()
        body = self.body.replace(b"{name}", exchange.request.name.encode())
        await exchange.answer(self.status, body, self.content_type, self.fields)


def status_object(status: int, message: str, reason: str, details: dict[str, object] | None = None) -> bytes:
    kind = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    told: dict[str, object] = {**kind, "message": message, "reason": reason, "code": status}
    if details:
        told["details"] = details
    return json.dumps(told).encode()


class FreezeStream(Action):
    """Passes a stream (a watch, a log) on, but not between `freeze` and `thaw`: what came meanwhile, comes then."""

    def __init__(self, frozen: bool = False) -> None:
        super().__init__()
        self.open = asyncio.Event()
        if not frozen:
            self.open.set()

    def freeze(self) -> None:
        self.call(self.open.clear)

    def thaw(self) -> None:
        self.call(self.open.set)

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        self.note()
        await exchange.relay(gate=self.open)


class Reset(Action):
    """Ends the connection by RST, before the request has an effect, or (`forward`) after it."""

    def __init__(self, forward: bool = False) -> None:
        super().__init__()
        self.forward = forward

    async def apply(self, exchange: Exchange) -> None:
        if self.forward:
            await exchange.forward()
        exchange.reset()
        self.note()


class Stall(Action):
    """No answer ever comes, and the connection stays until the client gives it up; with `forward` there is an effect."""

    def __init__(self, forward: bool = False) -> None:
        super().__init__()
        self.forward = forward

    async def apply(self, exchange: Exchange) -> None:
        if self.forward:
            await exchange.forward()
        self.note()
        await exchange.relay(gate=asyncio.Event(), with_head=False)


class HalfClose(Action):
    """The request is read, takes effect with `forward`, and the answer is the end of one direction of the connection."""

    def __init__(self, forward: bool = False) -> None:
        super().__init__()
        self.forward = forward

    async def apply(self, exchange: Exchange) -> None:
        if self.forward:
            await exchange.forward()
        self.note()
        await exchange.end_writing()


Ending = Callable[[Exchange], Awaitable[None]]


class EndStream(Action):
    """Passes a stream (a watch, a log) on for so long, then ends it this way; one that ends before is not touched."""

    def __init__(self, seconds: Callable[[], float], ending: Ending) -> None:
        super().__init__()
        self.seconds = seconds
        self.ending = ending

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        try:
            await asyncio.wait_for(exchange.relay(), self.seconds())
        except asyncio.TimeoutError:
            self.note()
            await self.ending(exchange)


class TruncatePiece(Action):
    """Passes a stream on for so long, then half of the next piece (an event of a watch, lines of a log), and then the
    connection ends."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__()
        self.seconds = seconds

    async def apply(self, exchange: Exchange) -> None:
        await exchange.forward()
        if await exchange.relay(halve_after=self.seconds()):
            self.note()
            exchange.cut()


async def by_reset(exchange: Exchange) -> None:
    exchange.reset()


async def by_half_close(exchange: Exchange) -> None:
    await exchange.end_writing()


async def by_silence(exchange: Exchange) -> None:
    await exchange.relay(gate=asyncio.Event(), with_head=False)


def by_error_event(status: bytes) -> Ending:
    """An ERROR event as the last of a watch."""

    async def end(exchange: Exchange) -> None:
        await exchange.finish_stream(b'{"type":"ERROR","object":' + status + b"}\n")

    return end
