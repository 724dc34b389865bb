"""What goes wrong in clusters, made to happen to a step, and what a ZenML user sees of it."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from parts.cluster import NAMESPACE, TOOLS, wait_until
from project import Run

if TYPE_CHECKING:
    from compare import Flavor
    from stack import Stack

# After so long a user has gone to look for himself; ours waits a minute, in case the image comes.
PATIENT_FOR = 180.0
AWAY_SECONDS = 60.0
# A step that goes on while the API server is away, and ends before it is back.
WORKS_SECONDS = 30
# From the API server's return to the end of the run.
BACK_WITHIN = 180.0
MERGE = "application/merge-patch+json"


def out_of_memory(stack: Stack, flavor: Flavor) -> str:
    words = {"ZENML_TEST_FAIL": "memory", "ZENML_TEST_CACHE": "1"}
    return told(stack, stack.project.start(**flavor.environment(), **words), "trainer")


def no_such_image(stack: Stack, flavor: Flavor) -> str:
    image = stack.project.image.removesuffix(":1") + ":2"
    return told(stack, start(stack, flavor, ZENML_TEST_IMAGE=image), "alone")


def preempted_before_its_start(stack: Stack, flavor: Flavor) -> str:
    """A pod of a higher class takes its place while its image is being pulled."""
    repository = f"stalled/{uuid.uuid4().hex[:8]}"
    stall = stack.registry.stall(repository)
    with seat(stack) as name, high_priority(stack) as priority:
        asked = {"pod_settings": {"resources": {"requests": {"memory": "64Mi"}, "limits": {name: "1"}}}}
        words = {"ZENML_TEST_IMAGE": stack.registry.name(repository), "ZENML_TEST_SETTINGS": json.dumps(asked)}
        run = start(stack, flavor, **words)
        stall.until_asked()
        pod = stack.pods()["alone"]["metadata"]
        important = f"/api/v1/namespaces/{NAMESPACE}/pods/{create_important(stack, name, priority)}"
        wait_until("the step's pod is to go", lambda: pod["uid"] not in uids(stack, staying=True))
        # This pull fails, so that the kubelet starts nothing late; a later pull finds the image.
        stall.released.set()
        wait_until("the step's pod is gone", lambda: pod["uid"] not in uids(stack))
        stack.push(repository)
        wait_until("its place is free", lambda: stack.cluster.get(important)["status"].get("phase") == "Succeeded")
        stack.cluster.call("DELETE", f"{important}?gracePeriodSeconds=0")
        return told(stack, run, "alone")


def api_server_away_for_a_minute(stack: Stack, flavor: Flavor) -> str:
    run = start(stack, flavor, ZENML_TEST_SECONDS=str(WORKS_SECONDS))
    wait_until("the step runs", lambda: stack.pods().get("alone", {}).get("status", {}).get("phase") == "Running")
    component("kill")
    gone = time.monotonic()
    ended_early = run.has_ended(AWAY_SECONDS)
    after = time.monotonic() - gone
    time.sleep(max(0.0, AWAY_SECONDS - after))
    component("start")
    back = time.monotonic()
    said = told(stack, run, "alone", BACK_WITHIN)
    when = f"{after:.0f} s after it went" if ended_early else f"{time.monotonic() - back:.0f} s after its return"
    return f"{said}, {when}"


def start(stack: Stack, flavor: Flavor, **words: str) -> Run:
    return stack.project.start(**flavor.environment(), ZENML_TEST_PIPELINE="one_step", **words)


def told(stack: Stack, run: Run, step: str, within: float = PATIENT_FOR) -> str:
    """The step's status and why, as ZenML's server has them; or that nothing came."""
    if not run.has_ended(within):
        before = stack.project.steps().get(step, {}).get("status", "not known")
        run.interrupt()
        return f"still `{before}` after {within:.0f} s"
    known: dict[str, Any] = stack.project.steps().get(step, {})
    said = known.get("message") or run.result().run["raised"]
    return f"`{known.get('status')}`: {said}" if said else f"`{known.get('status')}`"


def uids(stack: Stack, staying: bool = False) -> set[str]:
    """Of the step's pods; only of those that are not to go."""
    pods = stack.cluster.pods("pipeline=one_step")
    return {pod["metadata"]["uid"] for pod in pods if not (staying and pod["metadata"].get("deletionTimestamp"))}


def component(action: str) -> None:
    subprocess.run([TOOLS / "component", action, "apiserver"], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def seat(stack: Stack) -> Iterator[str]:
    """Something that the node has one of, so that the scheduler preempts nobody else."""
    name = f"zenml.example/seat-{uuid.uuid4().hex[:8]}"
    (node,) = (item["metadata"]["name"] for item in stack.cluster.get("/api/v1/nodes")["items"])

    def set_to(count: str | None) -> None:
        status = {"status": {"capacity": {name: count}, "allocatable": {name: count}}}
        done, answer = stack.cluster.call("PATCH", f"/api/v1/nodes/{node}/status", status, MERGE)
        assert done == 200, answer

    set_to("1")
    try:
        yield name
    finally:
        set_to(None)


@contextmanager
def high_priority(stack: Stack) -> Iterator[str]:
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    name = f"zenml-tests-{uuid.uuid4().hex[:8]}"
    body = {"metadata": {"name": name}, "value": 1000000, "preemptionPolicy": "PreemptLowerPriority"}
    status, answer = stack.cluster.call("POST", classes, body)
    assert status == 201, answer
    try:
        yield name
    finally:
        stack.cluster.call("DELETE", f"{classes}/{name}")


def create_important(stack: Stack, seat_: str, priority: str) -> str:
    name = f"important-{uuid.uuid4().hex[:8]}"
    container = {
        "name": "main",
        "image": stack.cluster.image,
        "command": ["true"],
        "resources": {"limits": {seat_: "1"}},
    }
    spec = {"priorityClassName": priority, "restartPolicy": "Never", "containers": [container]}
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    status, answer = stack.cluster.call("POST", path, {"metadata": {"name": name}, "spec": spec})
    assert status == 201, answer
    return name


ALL = {
    "Out of memory": out_of_memory,
    "An image that does not exist": no_such_image,
    "Preempted before its start": preempted_before_its_start,
    "The API server is away for a minute": api_server_away_for_a_minute,
}
