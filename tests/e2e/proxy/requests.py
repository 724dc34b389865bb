"""What has come by the proxy: every request, when, and how it ended; to be waited for by tests."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

# /api/v1/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE]], and the same below /apis/GROUP/VERSION.
OBJECT = re.compile(r"^/(?:api/[^/]+|apis/[^/]+/[^/]+)/(?:namespaces/([^/]+)/)?([^/]+)(?:/([^/]+)(?:/(.+))?)?$")


@dataclass
class Request:
    number: int
    method: str
    target: str  # path and query, as it was sent
    path: str
    query: dict[str, list[str]]
    body: bytes
    namespace: str  # "" where there is none, like the three below
    resource: str
    name: str  # of the object: from the path, or from the body of a create
    subresource: str
    began: float  # of time.monotonic(), as the others
    status: int = 0  # of the API server's answer; 0 while there is none
    answered: float = 0.0  # its head has come
    ended: float = 0.0  # nothing more is passed on
    outcome: str = ""  # "passed on", "cut", "client gone", "server gone"
    passed_on: int = field(default=0, repr=False)  # bytes of the answer

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch", [""])[0] in ("1", "true")

    def matches(self, method: str, path: str, name: str, subresource: str | None, watch: bool | None) -> bool:
        return (
            (not method or re.fullmatch(method, self.method) is not None)
            and (not path or re.search(path, self.target) is not None)
            and (not name or re.search(name, self.name) is not None)
            and (subresource is None or self.subresource == subresource)
            and (watch is None or self.is_watch == watch)
        )

    def __str__(self) -> str:
        return (
            f"{self.method} {self.target} [{self.name}] -> {self.status or 'no answer'}, {self.outcome or 'under way'}"
        )


def read(number: int, method: str, target: str, body: bytes) -> Request:
    url = urlsplit(target)
    found = OBJECT.match(url.path)
    namespace, resource, name, subresource = (part or "" for part in found.groups()) if found else ("",) * 4
    if method == "POST" and not name and body:
        try:
            name = json.loads(body)["metadata"]["name"]
        except (ValueError, KeyError, TypeError):
            name = ""
    query = parse_qs(url.query, keep_blank_values=True)
    return Request(
        number, method, target, url.path, query, body, namespace, resource, name, subresource, time.monotonic()
    )


class Ledger:
    """Written by the proxy's thread, read and waited for by any."""

    def __init__(self) -> None:
        self.changed = threading.Condition()  # with a reentrant lock: `wait` calls `find`
        self.all: list[Request] = []

    def begin(self, method: str, target: str, body: bytes) -> Request:
        with self.changed:
            request = read(len(self.all), method, target, body)
            self.all.append(request)
            self.changed.notify_all()
        return request

    def note(self, request: Request, **values: object) -> None:
        with self.changed:
            for name, value in values.items():
                setattr(request, name, value)
            self.changed.notify_all()

    def find(
        self,
        method: str = "",
        path: str = "",
        name: str = "",
        subresource: str | None = None,
        watch: bool | None = None,
        when: Callable[[Request], bool] = lambda request: True,
        since: int = 0,
    ) -> list[Request]:
        """Those that match, the oldest first. `since`: from that number on (`len(ledger)` at some moment)."""
        with self.changed:
            return [r for r in self.all[since:] if r.matches(method, path, name, subresource, watch) and when(r)]

    def wait(self, seconds: float, **wanted: object) -> Request:
        """The first that matches `find`'s arguments, now or later."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                found = self.find(**wanted)  # type: ignore[arg-type]
                if found:
                    return found[0]
                left = deadline - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError(f"no such request within {seconds} s: {wanted}")

    def open_watches(self) -> list[Request]:
        return self.find(watch=True, when=lambda r: not r.ended)

    def most_watches_at_once(self) -> int:
        """Over all that came by, from the moment a watch was asked for to the moment nothing more was passed on."""
        changes = []
        for watch in self.find(watch=True):
            changes.append((watch.began, 1))
            changes.append((watch.ended or time.monotonic(), -1))
        most = now = 0
        for _, change in sorted(changes):
            now += change
            most = max(most, now)
        return most

    def __len__(self) -> int:
        return len(self.all)
