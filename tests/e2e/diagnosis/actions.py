"""What others do to a step's pod, and what the cluster does."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from parts.cluster import NAMESPACE, wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

NODE = f"/api/v1/nodes/{os.environ.get('STEPOP_KUBE_NODE')}"


def bind(stage: Stage, step: Step, attempt: int = 0) -> None:
    """As a scheduler does that does not count what is free."""
    target = {"apiVersion": "v1", "kind": "Node", "name": os.environ["STEPOP_KUBE_NODE"]}
    pod = step.pod(attempt)["metadata"]["name"]
    status, answer = stage.cluster.call(
        "POST", f"{step.path(attempt)}/binding", {"metadata": {"name": pod}, "target": target}
    )
    assert status == 201, answer


def delete(stage: Stage, step: Step, grace: int | None = None) -> None:
    stage.delete(step.path(), grace)


def evict(stage: Stage, step: Step, attempt: int = 0) -> None:
    path = step.path(attempt)
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": path.split("/")[-1]}}
    status, answer = stage.cluster.call("POST", f"{path}/eviction", body)
    assert status == 201, answer


def while_pulling(stage: Stage, step: Step, repository: str, do: Callable[[], object]) -> None:
    """The pull ends once the API has taken note of what was done: a kubelet waits for it before it does anything else
    to the pod."""
    stall = stage.registry.stall(repository)
    stall.until_asked()
    step.until_on_node()
    began = threading.Thread(target=do)
    began.start()
    step.pod(0, lambda pod: pod["metadata"].get("deletionTimestamp"))
    stall.released.set()
    began.join()


class Seat:
    """Something that the node has one of, so that the scheduler preempts nobody but the case's own step."""

    def __init__(self, stage: Stage) -> None:
        self.name = f"diagnosis.example/seat-{uuid.uuid4().hex[:8]}"
        stage.merge(f"{NODE}/status", {"status": {"capacity": {self.name: "1"}, "allocatable": {self.name: "1"}}})
        stage.seats.append(self.name)

    def resources(self) -> dict[str, Any]:
        return {"limits": {self.name: "1"}, "requests": {self.name: "1"}}


def preempt(stage: Stage, step: Step) -> None:
    """A pod of a higher class wants what this one has, takes it for a moment, and ends."""
    limits = step.pod()["spec"]["containers"][0]["resources"]["limits"]
    seat = {name: count for name, count in limits.items() if "seat" in name}
    name = f"important-{uuid.uuid4().hex[:8]}"
    container = {"name": "main", "image": stage.cluster.image, "command": ["true"], "resources": {"limits": seat}}
    spec = {"priorityClassName": stage.high_priority(), "restartPolicy": "Never", "containers": [container]}
    pods = f"/api/v1/namespaces/{NAMESPACE}/pods"
    status, answer = stage.cluster.call("POST", pods, {"metadata": {"name": name}, "spec": spec})
    assert status == 201, answer
    wait_until(
        "the important pod has had its turn",
        lambda: stage.cluster.get(f"{pods}/{name}")["status"].get("phase") == "Succeeded",
    )
    stage.delete(f"{pods}/{name}", 0)
