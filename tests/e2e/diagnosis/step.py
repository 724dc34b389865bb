"""A step under test: its events, its pods, and what its own code told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import abi
from parts.cluster import PATIENCE, wait_until

if TYPE_CHECKING:
    from stage import Stage

# A case may wait for the kubelet's own back-off and for a grace of 30 s.
LONG = 2 * PATIENCE


class Step:
    def __init__(self, stage: Stage, operator: abi.Operator, request: dict[str, Any], namespace: str) -> None:
        self.stage = stage
        self.operator = operator
        self.request = request
        self.id: str = request["step_run_id"]
        self.namespace = namespace
        self.changed = threading.Condition()
        self.events: list[abi.Event] = []

    def take(self, event: abi.Event) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def states(self) -> list[abi.Event]:
        with self.changed:
            return [event for event in self.events if event.kind == abi.STATE]

    def until(self, what: str, wanted: Callable[[abi.Event], bool], seconds: float = LONG) -> abi.Event:
        def look() -> abi.Event | None:
            return next((e for e in self.events if e.kind == abi.STATE and wanted(e)), None)

        with self.changed:
            # What ends before it is as wanted will not be.
            done = self.changed.wait_for(lambda: look() or any(e.terminal for e in self.events), seconds)
            found = look()
            assert found, f"{self.id}: {what}: {'it ended before' if done else f'not within {seconds:.0f} s'}"
            return found

    def until_running(self, attempt: int = 0) -> None:
        """Its code itself has told that it runs."""
        self.until("running", lambda e: e.state == abi.RUNNING and e.attempt == attempt)
        wait_until(f"{self.id} tells that it has started", lambda: self.starts() > attempt)

    def until_pending(self, reason: str) -> abi.Event:
        return self.until(
            # What could not be created yet is only accepted.
            f"waiting, {reason}",
            lambda e: e.state < abi.RUNNING and e.detail.get("reason") == reason,
        )

    def end(self) -> abi.Event:
        return self.until("its end", lambda e: e.terminal)

    def starts(self) -> int:
        return sum(line["kind"] == "start" and line["step"] == self.id for line in self.stage.cluster.truth(self.id))

    # ---- Its pod

    def pod(self, attempt: int = 0, wanted: Callable[[dict[str, Any]], object] = bool) -> dict[str, Any]:
        """The pod of an attempt, once the API has shown it as wanted."""

        def look() -> dict[str, Any] | None:
            for pod in self.stage.recorder.pods(self.id):
                if pod["metadata"]["labels"]["stepop.dev/attempt"] == str(attempt) and wanted(pod):
                    return pod
            return None

        found = wait_until(f"{self.id} has a pod for attempt {attempt} as wanted", look)
        assert found
        return found

    def path(self, attempt: int = 0) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod(attempt)['metadata']['name']}"

    def until_on_node(self, attempt: int = 0) -> None:
        self.pod(attempt, lambda pod: pod["spec"].get("nodeName"))

    def cancel(self, grace_ms: int = abi.GRACE_DEFAULT) -> None:
        self.operator.cancel(self.id, grace_ms)
