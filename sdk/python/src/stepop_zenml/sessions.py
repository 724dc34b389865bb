"""The open operators of this process. ZenML makes a new step operator object for each step; the connection, the watch
and the steps in flight outlive it.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import stepop
from stepop import Event, Kind

# What a step in flight may still need when credentials are about to go: a new list, and a watch.
REFRESH_BEFORE_SECONDS = 120.0
# In which an attach is answered: one list of the steps' pods.
ATTACH_SECONDS = 60.0


@dataclass
class Access:
    """A configuration of the plugin, and until when its credentials are good."""

    config: dict[str, Any]
    expires_at: datetime | None = None

    def seconds_left(self) -> float | None:
        """Until it should be renewed; None: it does not expire."""
        if self.expires_at is None:
            return None
        # ZenML keeps times in UTC, without saying so.
        end = self.expires_at.replace(tzinfo=timezone.utc) if self.expires_at.tzinfo is None else self.expires_at
        return max(0.0, (end - datetime.now(timezone.utc)).total_seconds() - REFRESH_BEFORE_SECONDS)


class Session:
    """One open operator, the steps that were submitted through it, and a thread that reads what it tells."""

    def __init__(self, open_: Callable[[], tuple[stepop.Operator, Access]], tell: Callable[[Event, str], None]) -> None:
        self._open = open_
        self._tell = tell
        self._lock = threading.RLock()
        self._attached = threading.Condition()
        self._tickets: set[tuple[stepop.Operator, int]] = set()
        self._operator: stepop.Operator | None = None
        self._access: Access | None = None
        self._submitted: dict[str, dict[str, Any]] = {}

    def current(self) -> stepop.Operator:
        """The open operator; another one once its credentials are about to expire, which takes over the steps."""
        with self._lock:
            if self._operator is None or self._seconds_left() == 0.0:
                before = self._operator
                self._operator, self._access = self._open()
                threading.Thread(target=self._read, args=(self._operator,), daemon=True, name="stepop-events").start()
                for request in self._submitted.values():
                    self._operator.submit(request)  # the same request again is the same step
                if before is not None:
                    before.close(timeout=0)
            return self._operator

    def _seconds_left(self) -> float | None:
        return self._access.seconds_left() if self._access else None

    def submit(self, request: dict[str, Any]) -> None:
        """Takes a step on; it stays this session's until it is forgotten."""
        with self._lock:
            self.current().submit(request)
            self._submitted[request["step_run_id"]] = request

    def forget(self, step_run_id: str) -> None:
        """ZenML knows how the step ended: what ran it may go."""
        with self._lock:
            self.current().forget(step_run_id)
            self._submitted.pop(step_run_id, None)

    def status(self, step_run_id: str, namespace: str = "") -> Event:
        """Its newest state; one of another process is looked for in the cluster. Raises NotFound."""
        operator = self.current()
        try:
            return operator.status(step_run_id)
        except stepop.NotFound:
            where = {"namespaces": [namespace]} if namespace else {}
            ticket = operator.attach({"step_run_ids": [step_run_id], **where})
            with self._attached:
                self._attached.wait_for(lambda: (operator, ticket) in self._tickets, ATTACH_SECONDS)
                self._tickets.discard((operator, ticket))
            return operator.status(step_run_id)

    def wait(self, step_run_id: str, namespace: str = "") -> Event:
        """Its end. Raises NotFound."""
        while True:
            seen = self.status(step_run_id, namespace)
            if seen.terminal:
                return seen
            operator = self.current()
            try:
                return operator.wait(step_run_id, self._seconds_left())
            except stepop.TimedOut:
                continue  # the credentials are to be renewed
            except (stepop.Closed, stepop.NotFound):
                if operator is self._operator:
                    raise  # not by a renewal in another thread

    def cancel(self, step_run_id: str, namespace: str = "") -> Event:
        """Asks for its end. Its state before. Raises NotFound."""
        seen = self.status(step_run_id, namespace)
        if not seen.terminal:
            self.current().cancel(step_run_id)
        return seen

    def _read(self, operator: stepop.Operator) -> None:
        with contextlib.suppress(stepop.StepopError):  # it is closed
            for event in operator.events():
                if event.kind is Kind.ATTACHED:
                    with self._attached:
                        self._tickets.add((operator, event.ticket))
                        self._attached.notify_all()
                else:
                    self._tell(event, self._submitted.get(event.step_run_id, {}).get("step_name", event.step_run_id))


_lock = threading.Lock()
_sessions: dict[tuple[int, str], Session] = {}
# Held over a fork by the thread that forks: the child finds it free, and opens operators of its own.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def session(
    key: dict[str, Any],
    open_: Callable[[], tuple[stepop.Operator, Access]],
    tell: Callable[[Event, str], None],
) -> Session:
    """The session of this configuration in this process."""
    name = (os.getpid(), json.dumps(key, sort_keys=True, default=str))
    with _lock:
        if name not in _sessions:
            _sessions[name] = Session(open_, tell)
        return _sessions[name]
