"""Somebody deletes the pod. The step ends as Deleted, and nothing takes its place.

Whoever deletes a pipeline's pods means to stop it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import actions
from case import Case, End, cancelled, failed, pod_settings, succeeded
from ending import init
from parts.cluster import wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

SLEEP = ("witness", "sleep", "600")
# Ends as if it were done.
OBEDIENT = ("witness", "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")
NOWHERE: dict[str, Any] = pod_settings(node_selectors={"of-no": "node"})
# It would be replaced, were the deletion taken for a disruption.
RETRIES = {"max_startup_retries": 3, "max_disruption_restarts": 3}
FINALIZER = {"metadata": {"finalizers": ["diagnosis.example/hold"]}}


def deleted(ran: str, exit_code: int | None = None) -> End:
    return failed("Deleted", ran, exit_code=exit_code, retryable=True, message="was deleted by", hint="deleted")


def when_running(grace: int | None = None) -> Any:
    def do(stage: Stage, step: Step) -> None:
        step.until_running()
        actions.delete(stage, step, grace)

    return do


def when_unschedulable(stage: Stage, step: Step) -> None:
    step.until_pending("Unschedulable")
    actions.delete(stage, step)


def when_pulling(repository: str, grace: int | None = None) -> Any:
    def do(stage: Stage, step: Step) -> None:
        actions.while_pulling(stage, step, repository, lambda: actions.delete(stage, step, grace))

    return do


def held_by_a_finalizer(then: Any) -> Any:
    """Its pod cannot go; whatever is done to it must have an end all the same."""

    def do(stage: Stage, step: Step) -> None:
        step.until_running()
        stage.merge(step.path(), FINALIZER)
        stage.finalized.append(step.path())
        then(stage, step)
        step.end()
        still = stage.cluster.get(step.path())
        assert still["metadata"].get("deletionTimestamp"), "it is there, and being deleted"

    return do


def stalled(repository: str) -> Any:
    return lambda stage: stage.registry.name(f"stalled/{repository}")


def ended_before(stage: Stage, step: Step) -> None:
    step.end()
    actions.delete(stage, step)
    wait_until("its pod is gone", lambda: stage.cluster.call("GET", step.path())[0] == 404)


CASES = [
    Case("deleted while it runs", deleted("yes", 143), SLEEP, settings=RETRIES, do=when_running()),
    Case("deleted while it runs, and the code then exits 0", deleted("yes", 0), OBEDIENT, do=when_running()),
    Case("deleted without grace while it runs", deleted("yes"), SLEEP, settings=RETRIES, do=when_running(0)),
    Case(
        "deleted while no node has it",
        deleted("no"),
        settings={**NOWHERE, **RETRIES},
        do=when_unschedulable,
    ),
    Case(
        "deleted while it pulls its image",
        deleted("no"),
        image=stalled("deleted"),
        settings=RETRIES,
        do=when_pulling("stalled/deleted"),
    ),
    Case(
        "deleted while it pulls its image, after an init container",
        deleted("no"),
        image=stalled("deleted-after-init"),
        spec={"initContainers": [init("prepare", "true")]},
        do=when_pulling("stalled/deleted-after-init"),
    ),
    # The kubelet has nothing left to write its last word on.
    Case(
        "deleted without grace while it pulls its image",
        deleted("maybe"),
        image=stalled("forced"),
        settings=RETRIES,
        do=when_pulling("stalled/forced", 0),
        starts=0,
    ),
    Case("deleted after its end", succeeded(), do=ended_before),
    Case(
        "deleted, and a finalizer keeps its pod",
        deleted("yes", 143),
        SLEEP,
        do=held_by_a_finalizer(actions.delete),
    ),
    Case(
        "cancelled, and a finalizer keeps its pod",
        cancelled("yes", exit_code=143),
        SLEEP,
        do=held_by_a_finalizer(lambda stage, step: step.cancel()),
    ),
]
