"""In front of the API server: asks of each request whose credentials it carries and whether they live, says 401 if not, and
hands it on with credentials that the API server takes."""

from __future__ import annotations

import re
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from proxy import Action, FaultProxy, Request, status_object  # noqa: E402
from proxy.http1 import Head  # noqa: E402

from issuers import ShortLived  # noqa: E402

AUTHORIZATION = re.compile(rb"(?im)^authorization:[^\r\n]*\r\n")


@dataclass
class Seen:
    """Of one way through a connector."""

    credentials: set[str] = field(default_factory=set)
    accepted: list[Request] = field(default_factory=list)
    refused: list[tuple[Request, str]] = field(default_factory=list)


class Gate(Action):
    def __init__(self, clouds: ShortLived, token: str) -> None:
        super().__init__()
        self.clouds = clouds
        self.token = token
        self.lock = threading.Lock()
        self.seen: dict[str, Seen] = {}

    async def apply(self, exchange: Any) -> None:
        way, credential, problem = self.judge(exchange.head, exchange.connection.writer)
        with self.lock:
            seen = self.seen.setdefault(way, Seen())
            if problem:
                seen.refused.append((exchange.request, problem))
            else:
                seen.credentials.add(credential)
                seen.accepted.append(exchange.request)
        if problem:
            await exchange.answer(401, status_object(401, "Unauthorized", "Unauthorized"), "application/json")
            return
        first, rest = AUTHORIZATION.sub(b"", exchange.head.raw).split(b"\r\n", 1)
        raw = first + b"\r\nAuthorization: Bearer " + self.token.encode() + b"\r\n" + rest
        exchange.head = Head(raw, exchange.head.first, exchange.head.fields)
        await exchange.forward()
        await exchange.relay()

    def judge(self, head: Head, writer: Any) -> tuple[str, str, str]:
        """The way, the credential, and what is wrong with it."""
        kind, _, token = head.fields.get("authorization", "").partition(" ")
        if kind:
            way, problem = self.clouds.judge(token)
            return way, token, problem if kind == "Bearer" else "it is no bearer token"
        # A certificate that lived when the connection was made may have ended since: as API servers do, ask each time.
        certificate = writer.get_extra_info("peercert")
        if not certificate:
            return "", "", "there are no credentials"
        name = dict(part[0] for part in certificate["subject"])["commonName"]
        ended = ssl.cert_time_to_seconds(certificate["notAfter"]) <= time.time()
        return name, certificate["serialNumber"], "it has expired" if ended else ""


def guard(proxy: FaultProxy, gate: Gate, client_authority: str) -> None:
    """From now on, every request through the proxy meets the gate."""
    proxy.tls.verify_mode = ssl.CERT_OPTIONAL
    proxy.tls.load_verify_locations(cadata=client_authority)
    proxy.on(gate, times=None)
