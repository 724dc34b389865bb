"""As much of HTTP/1.1 (RFC 9112) as a proxy needs: heads, and where bodies end. Bytes are passed on as they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

# Of a head, or of the line before a chunk.
LONGEST_HEAD = 1 << 20
# Of a body without chunks: passed on in pieces of at most this.
PIECE = 1 << 16


@dataclass(frozen=True)
class Head:
    raw: bytes
    first: list[str]  # the words of the first line
    fields: dict[str, str]  # by name in small letters

    @property
    def status(self) -> int:
        return int(self.first[1])


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None when the peer has ended the connection, as it may between two requests."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError, OSError):
        return None
    lines = raw.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip().lower()] = value.strip()
    return Head(raw, lines[0].split(" ", 2), fields)


async def request_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    return b"".join([piece async for piece in body(reader, head, until_close=False)])


async def answer_body(reader: asyncio.StreamReader, head: Head, method: str) -> AsyncIterator[bytes]:
    if method == "HEAD" or head.status in (204, 304) or head.status < 200:
        return
    async for piece in body(reader, head, until_close=True):
        yield piece


async def body(reader: asyncio.StreamReader, head: Head, until_close: bool) -> AsyncIterator[bytes]:
    """The bytes as they are on the wire, in pieces as they come."""
    if "chunked" in head.fields.get("transfer-encoding", "").lower():
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if size == 0:
                rest = line
                while line != b"\r\n":
                    line = await reader.readuntil(b"\r\n")
                    rest += line
                yield rest
                return
            yield line + await reader.readexactly(size + len(b"\r\n"))
    elif "content-length" in head.fields:
        left = int(head.fields["content-length"])
        while left > 0:
            piece = await reader.read(min(left, PIECE))
            if not piece:
                raise ConnectionError("the body ended early")
            left -= len(piece)
            yield piece
    elif until_close:
        while piece := await reader.read(PIECE):
            yield piece
