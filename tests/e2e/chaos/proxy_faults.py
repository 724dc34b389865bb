"""Faults between plugin and API server, by the fault proxy. Statuses are worded as the real API server words them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from proxy import (
    Action,
    Cut,
    CutAfterForwarding,
    Delay,
    EndStream,
    FaultProxy,
    HalfClose,
    Refuse,
    Reset,
    Stall,
    Truncate,
    TruncatePiece,
    by_error_event,
    by_half_close,
    by_reset,
    by_silence,
    status_object,
)

from .cases import CASES

# Of pods, and not what the host tries before a run: a check that fails is told before anything is created.
PODS = "/pods(?!.*dryRun)"
WRITES = "POST|PATCH|DELETE"
USER = 'User "admin"'
WHERE = 'in API group "" in the namespace "zenml"'
# Long enough for the JSON of any pod to be cut in its midst.
SOME_BYTES = 40


@dataclass(frozen=True)
class ProxyFault:
    name: str
    # Gives the proxy its rules, and returns the actions whose counts say how often the fault was injected.
    arm: Callable[[FaultProxy, random.Random], list[Action]]
    # Loses the watch its place: then what a waiting step's end means cannot be told for sure.
    loses_place: bool = False
    # Steps wait for a deadline of more than a minute: not in the short form.
    slow: bool = False

    def cases(self) -> list[str]:
        names = ["result", "three", "lines", "memory", "no-program", "long"]
        return names if self.loses_place else [*names, "no-image"]

    def cancelled(self) -> list[str]:
        return [name for name in CASES if name.startswith("cancelled")]


def calls(proxy: FaultProxy, action: Action, chance: float, method: str = "") -> Action:
    return proxy.on(action, method, PODS, subresource="", watch=False, times=None, chance=chance)


def watches(proxy: FaultProxy, action: Action, chance: float = 1) -> Action:
    return proxy.on(action, "GET", PODS, watch=True, times=None, chance=chance)


def resumed_watches(proxy: FaultProxy, action: Action, chance: float = 1) -> Action:
    """Those that go on from where an earlier one was."""
    path = PODS + "(?!.*sendInitialEvents).*resourceVersion=[1-9]"
    return proxy.on(action, "GET", path, watch=True, times=None, chance=chance)


def logs(proxy: FaultProxy, action: Action, chance: float = 0.5) -> Action:
    return proxy.on(action, "GET", PODS, subresource="log", times=None, chance=chance)


class Some:
    """A time within bounds, another one each time."""

    def __init__(self, choose: random.Random, least: float, most: float) -> None:
        self.choose, self.least, self.most = choose, least, most

    def __call__(self) -> float:
        return self.choose.uniform(self.least, self.most)


def of_watch(choose: random.Random) -> Some:
    return Some(choose, 1, 8)


def of_log(choose: random.Random) -> Some:
    return Some(choose, 0.2, 3)


def connection_reset(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [
        calls(proxy, Reset(), 0.15),
        calls(proxy, Reset(forward=True), 0.15),
        watches(proxy, EndStream(of_watch(choose), by_reset)),
        logs(proxy, EndStream(of_log(choose), by_reset)),
    ]


def connection_closed(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [calls(proxy, Cut(), 0.3), watches(proxy, Truncate(2000), 0.5), logs(proxy, Cut(), 0.3)]


def half_closed(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [
        calls(proxy, HalfClose(), 0.15),
        calls(proxy, HalfClose(forward=True), 0.15),
        watches(proxy, EndStream(of_watch(choose), by_half_close)),
        logs(proxy, EndStream(of_log(choose), by_half_close)),
    ]


def stalled(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [
        calls(proxy, Stall(), 0.05),
        calls(proxy, Stall(forward=True), 0.05),
        logs(proxy, Stall(), 0.1),
        logs(proxy, EndStream(of_log(choose), by_silence), 0.1),
    ]


def silent_watch(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [watches(proxy, EndStream(of_watch(choose), by_silence), 0.5)]


def truncated(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [
        calls(proxy, Truncate(SOME_BYTES), 0.3),
        watches(proxy, TruncatePiece(of_watch(choose))),
        logs(proxy, TruncatePiece(of_log(choose))),
    ]


def delayed(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [
        calls(proxy, Delay(0.5), 0.3),
        calls(proxy, Delay(4), 0.3),
        watches(proxy, Delay(3), 0.5),
        logs(proxy, Delay(2)),
    ]


def answer_lost(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [calls(proxy, CutAfterForwarding(), 0.4, method) for method in WRITES.split("|")]


def unauthorized(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    def no() -> Refuse:
        return Refuse(401, "Unauthorized", "Unauthorized")

    return [
        calls(proxy, no(), 0.3),
        watches(proxy, EndStream(of_watch(choose), by_reset), 0.5),
        watches(proxy, no(), 0.5),
        logs(proxy, no(), 0.3),
    ]


def forbidden(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    def may_not(verb: str, resource: str = "pods") -> Refuse:
        name = '"{name}" ' if verb != "watch" else ""
        message = f'pods {name}is forbidden: {USER} cannot {verb} resource "{resource}" {WHERE}'
        return Refuse(403, message, "Forbidden", details={"name": "{name}", "kind": "pods"})

    verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "GET": "get"}
    return [
        *(calls(proxy, may_not(verb), 0.3, method) for method, verb in verbs.items()),
        watches(proxy, EndStream(of_watch(choose), by_reset), 0.5),
        watches(proxy, may_not("watch"), 0.5),
        logs(proxy, may_not("get", "pods/log"), 0.3),
    ]


def contention(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    again = "the object has been modified; please apply your changes to the latest version and try again"
    of_pod = 'Operation cannot be fulfilled on pods "{name}": ' + again
    # A create changes the namespace's quota, and meets others who do.
    of_quota = 'Operation cannot be fulfilled on resourcequotas "quota": ' + again
    quota: dict[str, object] = {"name": "quota", "kind": "resourcequotas"}
    pod: dict[str, object] = {"name": "{name}", "kind": "pods"}
    return [
        calls(proxy, Refuse(409, of_quota, "Conflict", details=quota), 0.4, "POST"),
        calls(proxy, Refuse(409, of_pod, "Conflict", details=pod), 0.4, "PATCH|DELETE"),
    ]


def already_exists(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    """It does exist: something between has sent the create twice."""
    details: dict[str, object] = {"name": "{name}", "kind": "pods"}
    told = Refuse(409, 'pods "{name}" already exists', "AlreadyExists", details=details, forward=True)
    return [calls(proxy, told, 0.5, "POST")]


TOO_OLD = "too old resource version: 1 (2)"


def gone_status(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    watches(proxy, EndStream(of_watch(choose), by_reset), 0.6)
    return [resumed_watches(proxy, Refuse(410, TOO_OLD, "Expired"))]


def gone_event(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    return [watches(proxy, EndStream(of_watch(choose), by_error_event(status_object(410, TOO_OLD, "Expired"))))]


def too_many(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    def slow_down() -> Refuse:
        # The words of API priority and fairness.
        return Refuse(429, body=b"Too many requests, please try again later.\n", retry_after=1)

    words = "Too many requests, please try again later."
    status = Refuse(429, words, "TooManyRequests", retry_after=1, details={"retryAfterSeconds": 1})
    return [
        calls(proxy, slow_down(), 0.2),
        calls(proxy, status, 0.2),
        watches(proxy, EndStream(of_watch(choose), by_reset), 0.5),
        watches(proxy, slow_down(), 0.5),
        logs(proxy, slow_down(), 0.3),
    ]


def server_error(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    def failed(forward: bool = False) -> Refuse:
        words = "Internal error occurred: etcdserver: request timed out"
        return Refuse(500, words, "InternalError", forward=forward)

    return [
        calls(proxy, failed(), 0.2),
        calls(proxy, failed(forward=True), 0.2),
        watches(proxy, EndStream(of_watch(choose), by_reset), 0.5),
        watches(proxy, failed(), 0.5),
        logs(proxy, failed(), 0.3),
    ]


def unavailable(proxy: FaultProxy, choose: random.Random) -> list[Action]:
    def away() -> Refuse:
        words = "the server is currently unable to handle the request"
        return Refuse(503, words, "ServiceUnavailable")

    # As a load balancer says it, with no server behind.
    page = Refuse(503, body=b"<html><body><h1>503 Service Unavailable</h1></body></html>\n", retry_after=1)
    return [
        calls(proxy, away(), 0.2),
        calls(proxy, page, 0.2),
        watches(proxy, EndStream(of_watch(choose), by_reset), 0.5),
        watches(proxy, away(), 0.5),
        logs(proxy, away(), 0.3),
    ]


PROXY_FAULTS = [
    ProxyFault("connection reset", connection_reset),
    ProxyFault("connection closed", connection_closed),
    ProxyFault("half-closed connection", half_closed),
    ProxyFault("answer never comes", stalled),
    ProxyFault("silent watch", silent_watch, slow=True),
    ProxyFault("truncated answer", truncated),
    ProxyFault("delay", delayed),
    ProxyFault("answer lost after the effect", answer_lost),
    ProxyFault("401", unauthorized),
    ProxyFault("403 in RBAC's words", forbidden),
    ProxyFault("409 contention", contention),
    ProxyFault("409 AlreadyExists", already_exists),
    ProxyFault("410 as a status", gone_status, loses_place=True),
    ProxyFault("410 as an event", gone_event, loses_place=True),
    ProxyFault("429 with Retry-After", too_many),
    ProxyFault("500", server_error),
    ProxyFault("503", unavailable),
]
