"""What can be done to a request. One action object serves one rule; tests talk to it from their own thread."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Protocol


class Exchange(Protocol):
    """One request and its answer, in the proxy's hands."""

    async def forward(self) -> None:
        """Sends the request to the API server and reads the head of its answer: it has taken effect then."""

    async def relay(self, most: int | None = None, gate: asyncio.Event | None = None) -> None:
        """Passes the answer on as it comes; of it at most so many bytes of the body; only while the gate is open."""

    async def answer(self, status: int, body: bytes, content_type: str) -> None:
        """Answers in the API server's place."""

    def cut(self) -> None:
        """Ends the client's connection, as it is."""


class Action:
    """Passes everything on, and tells when the rule has met its request."""

    def __init__(self) -> None:
        self.met = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    def wait(self, seconds: float) -> None:
        """Until the request is where the action wants it."""
        if not self.met.wait(seconds):
            raise AssertionError(f"{type(self).__name__}: no such request within {seconds} s")

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def call(self, function: object) -> None:
        """On the proxy's thread."""
        assert self.loop, "the rule was not given to a proxy"
        self.loop.call_soon_threadsafe(function)  # type: ignore[arg-type]

    async def apply(self, exchange: Exchange) -> None:
        self.met.set()
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
        self.met.set()
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
        self.met.set()


class Cut(Action):
    """Neither effect nor answer."""

    async def apply(self, exchange: Exchange) -> None:
        exchange.cut()
        self.met.set()


class Delay(Action):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def apply(self, exchange: Exchange) -> None:
        self.met.set()
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
        self.met.set()


class Refuse(Action):
    """An answer that the API server did not give: a text, or a Status object where only a message is given."""

    def __init__(self, status: int, message: str = "", reason: str = "", body: bytes | None = None) -> None:
        super().__init__()
        self.status = status
        kind = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        told = {**kind, "message": message, "reason": reason, "code": status}
        self.body = json.dumps(told).encode() if body is None else body
        self.content_type = "application/json" if body is None else "text/plain"

    async def apply(self, exchange: Exchange) -> None:
        self.met.set()
        await exchange.answer(self.status, self.body, self.content_type)


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
        self.met.set()
        await exchange.relay(gate=self.open)
