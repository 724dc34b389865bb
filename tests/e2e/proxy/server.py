"""The proxy: ends the client's TLS with a certificate of its own, and reaches the API server over verified TLS.

One loop on a thread of its own. Each connection of a client has one to the API server, so that a connection which ends
on one side ends on the other.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

from . import certificates, http1
from .actions import Action
from .requests import Ledger, Request

CONTEXT = "through-fault-proxy"

A = TypeVar("A", bound=Action)

# For connections that are under way when the proxy ends.
END_SECONDS = 5
# What a client on this machine takes to read what is on its way.
FLUSH_SECONDS = 5


@dataclass
class Rule:
    action: Action
    wanted: dict[str, object]
    skip: int
    times: int | None
    chance: float
    random: random.Random
    met: int = field(default=0)

    def takes(self, request: Request) -> bool:
        if not request.matches(**self.wanted):  # type: ignore[arg-type]
            return False
        if self.chance < 1 and self.random.random() >= self.chance:
            return False
        self.met += 1
        return self.met > self.skip and (self.times is None or self.met <= self.skip + self.times)


class ClientGone(Exception):
    pass


class ServerGone(Exception):
    pass


class FaultProxy:
    """`folder` gets the certificates and the kubeconfig (and so the token): a private one."""

    def __init__(
        self, folder: Path, server: str, ca_file: str, token: str, namespace: str = "", seed: int = 0
    ) -> None:
        self.ledger = Ledger()
        self.random = random.Random(seed)  # of the rules that have a chance
        self.rules: list[Rule] = []
        self.rules_lock = threading.Lock()
        self.failures: list[str] = []  # of the proxy itself; a test that sees one is worth nothing
        self.upstream = urlsplit(server)
        self.upstream_tls = ssl.create_default_context(cafile=ca_file)
        self.upstream_tls.set_alpn_protocols(["http/1.1"])
        made = certificates.create(folder)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(made.certificate, made.key)
        self.tls.set_alpn_protocols(["http/1.1"])
        self.authority = made.authority
        self.loop = asyncio.new_event_loop()
        self.tasks: set[asyncio.Task[None]] = set()
        self.thread = threading.Thread(target=self.loop.run_forever, name="fault-proxy", daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result()
        self.port: int = self.server.sockets[0].getsockname()[1]
        self.kubeconfig = folder / "proxy.kubeconfig"
        self.write_kubeconfig(self.kubeconfig, self.authority, token, namespace)

    def on(
        self,
        action: A,
        method: str = "",
        path: str = "",
        name: str = "",
        subresource: str | None = None,
        watch: bool | None = None,
        skip: int = 0,
        times: int | None = 1,
        chance: float = 1,
    ) -> A:
        """From now on, requests that match `wanted` (regular expressions for method, path and name) meet the action:
        with that chance; after the first `skip` of them, `times` of them. Of several rules the oldest that takes a
        request has it."""
        wanted: dict[str, object] = {
            "method": method,
            "path": path,
            "name": name,
            "subresource": subresource,
            "watch": watch,
        }
        action.bind(self.loop)
        with self.rules_lock:
            self.rules.append(Rule(action, wanted, skip, times, chance, self.random))
        return action

    def clear(self) -> None:
        """No rule is left. What an action holds already, it keeps."""
        with self.rules_lock:
            self.rules.clear()

    def write_kubeconfig(self, file: Path, authority: Path, token: str, namespace: str = "") -> None:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": CONTEXT,
                    "cluster": {
                        "server": f"https://127.0.0.1:{self.port}",
                        "certificate-authority-data": base64.b64encode(authority.read_bytes()).decode(),
                    },
                }
            ],
            "users": [{"name": CONTEXT, "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": namespace}}],
            "current-context": CONTEXT,
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(config, indent=1))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(END_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(END_SECONDS)
        self.loop.close()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # On the proxy's thread, from here on.

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(
            self.serve, "127.0.0.1", 0, ssl=self.tls, limit=http1.LONGEST_HEAD, backlog=1024
        )

    async def end(self) -> None:
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def action_for(self, request: Request) -> Action:
        with self.rules_lock:
            for rule in self.rules:
                if rule.takes(request):
                    return rule.action
        return Action()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            await Connection(self, reader, writer).serve()
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.failures.append(repr(error))
        finally:
            self.tasks.discard(task)
            writer.transport.abort()


class Connection:
    def __init__(self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.reader = reader
        self.writer = writer
        self.server_reader: asyncio.StreamReader | None = None
        self.server_writer: asyncio.StreamWriter | None = None
        self.next_head: asyncio.Task[http1.Head | None] | None = None
        self.is_cut = False

    async def serve(self) -> None:
        try:
            while head := await self.next_request():
                body = await http1.request_body(self.reader, head)
                request = self.proxy.ledger.begin(head.first[0], head.first[1], body)
                self.next_head = asyncio.ensure_future(http1.read_head(self.reader))
                if not await self.exchange(request, head, body):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            return  # in the midst of a request's body
        finally:
            if self.next_head:
                self.next_head.cancel()
            if self.server_writer:
                self.server_writer.transport.abort()

    async def next_request(self) -> http1.Head | None:
        """None when the client, or the API server meanwhile, has ended the connection."""
        head = self.next_head or asyncio.ensure_future(http1.read_head(self.reader))
        self.next_head = head
        if not self.server_reader:
            return await head
        # An idle server has nothing to say but that it ends the connection.
        server_ends = asyncio.ensure_future(self.server_reader.read(1))
        await asyncio.wait({head, server_ends}, return_when=asyncio.FIRST_COMPLETED)
        server_ends.cancel()
        # Its reader is free only once the task has really ended.
        await asyncio.gather(server_ends, return_exceptions=True)
        return head.result() if head.done() else None

    async def exchange(self, request: Request, head: http1.Head, body: bytes) -> bool:
        """Whether the connection can be used for another request."""
        outcome = "passed on"
        work = OneExchange(self, request, head, body)
        try:
            await self.proxy.action_for(request).apply(work)
        except ClientGone:
            outcome = "client gone"
        except ServerGone:
            outcome = "server gone"
        if self.is_cut:
            outcome = "cut"
        self.proxy.ledger.note(request, outcome=outcome, ended=time.monotonic())
        return outcome == "passed on" and not work.closes

    async def server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.server_reader or not self.server_writer:
            upstream = self.proxy.upstream
            self.server_reader, self.server_writer = await asyncio.open_connection(
                upstream.hostname, upstream.port, ssl=self.proxy.upstream_tls, limit=http1.LONGEST_HEAD
            )
        return self.server_reader, self.server_writer


class OneExchange:
    """An `actions.Exchange`."""

    def __init__(self, connection: Connection, request: Request, head: http1.Head, body: bytes) -> None:
        self.connection = connection
        self.request = request
        self.head = head
        self.body = body
        self.answer_head: http1.Head | None = None
        self.closes = "close" in head.fields.get("connection", "").lower()

    async def forward(self) -> None:
        try:
            reader, writer = await self.connection.server()
            writer.write(self.head.raw + self.body)
            await writer.drain()
            head = await http1.read_head(reader)
        except (ConnectionError, OSError) as error:
            raise ServerGone from error
        if not head:
            raise ServerGone
        self.answer_head = head
        self.closes = self.closes or "close" in head.fields.get("connection", "").lower()
        self.connection.proxy.ledger.note(self.request, status=head.status, answered=time.monotonic())

    async def relay(
        self,
        most: int | None = None,
        gate: asyncio.Event | None = None,
        halve_after: float | None = None,
        with_head: bool = True,
    ) -> bool:
        """Ends early, with ClientGone, when the client ends the connection: it may wait for nothing else in a watch."""
        passing = asyncio.ensure_future(self.pass_on(most, gate, halve_after, with_head))
        client = self.connection.next_head
        assert client
        try:
            await asyncio.wait({passing, client}, return_when=asyncio.FIRST_COMPLETED)
            if not passing.done() and client.result() is None:
                raise ClientGone
            return await passing
        finally:
            passing.cancel()

    async def pass_on(
        self, most: int | None, gate: asyncio.Event | None, halve_after: float | None, with_head: bool
    ) -> bool:
        writer = self.connection.writer
        left = most
        halve_at = None if halve_after is None else time.monotonic() + halve_after
        if gate:
            await gate.wait()
        assert self.answer_head and self.connection.server_reader
        if with_head:
            await send(writer, self.answer_head.raw)
        body = http1.answer_body(self.connection.server_reader, self.answer_head, self.request.method)
        try:
            async for piece in body:
                if gate:
                    await gate.wait()
                halves = halve_at is not None and time.monotonic() >= halve_at
                if halves:
                    piece = piece[: len(piece) // 2]
                if left is not None:
                    piece = piece[:left]
                    left -= len(piece)
                await send(writer, piece)
                self.request.passed_on += len(piece)
                if left == 0 or halves:
                    await self.flush()
                    return True
        except (asyncio.IncompleteReadError, ConnectionError, OSError) as error:
            raise ServerGone from error
        return False

    async def flush(self) -> None:
        """Until what was sent has left: what ends the connection would take it back."""
        deadline = time.monotonic() + FLUSH_SECONDS
        while self.connection.writer.transport.get_write_buffer_size() and time.monotonic() < deadline:
            await asyncio.sleep(0.001)

    async def answer(self, status: int, body: bytes, content_type: str, fields: str = "") -> None:
        head = f"HTTP/1.1 {status} Said-By-Proxy\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        await send(self.connection.writer, f"{head}{fields}\r\n".encode() + body)
        if self.answer_head:
            self.leave_server()

    async def finish_stream(self, more: bytes) -> None:
        await send(self.connection.writer, f"{len(more):x}\r\n".encode() + more + b"\r\n0\r\n\r\n")
        self.leave_server()

    def leave_server(self) -> None:
        """The rest of its answer is of no use: the next request has a new connection."""
        if self.connection.server_writer:
            self.connection.server_writer.transport.abort()
        self.connection.server_reader = self.connection.server_writer = None

    async def end_writing(self) -> None:
        self.connection.is_cut = True
        await self.flush()
        # Below TLS, as a network or a dying server does it: there is no close_notify.
        self.client_socket().shutdown(socket.SHUT_WR)
        client = self.connection.next_head
        assert client
        await asyncio.wait({client})

    def cut(self) -> None:
        self.connection.is_cut = True
        self.connection.writer.transport.abort()

    def reset(self) -> None:
        linger_for_no_time = struct.pack("ii", 1, 0)
        self.client_socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_no_time)
        self.cut()

    def client_socket(self) -> socket.socket:
        found: socket.socket | None = self.connection.writer.get_extra_info("socket")
        if found is None:
            raise ClientGone("its connection is closed already")
        return found


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except (ConnectionError, OSError) as error:
        raise ClientGone from error
