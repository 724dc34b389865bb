"""The cluster takes the pod away: eviction, preemption, a full disk. What never ran, or may run again, is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import abi
import actions
from case import AS_THE_API_SAYS, Case, End, failed, pod_settings, succeeded
from deletion import OBEDIENT, SLEEP
from ending import init

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

ONCE: dict[str, Any] = {"max_startup_retries": 0}
RETRY: dict[str, Any] = {"max_startup_retries": 1}
RESTART: dict[str, Any] = {"max_startup_retries": 0, "max_disruption_restarts": 1}
# The first attempt never ends by itself.
SECOND_ENDS = ("witness", "sh", "-c", 'if [ "$STEPOP_ATTEMPT" = 0 ]; then exec sleep 600; fi')
# Of what the emptyDir may hold, many times.
FILL = ("witness", "sh", "-c", "head -c 20000000 /dev/zero > /scratch/file; sleep 600")
INIT = {"initContainers": [init("prepare", "true")]}


def evicted(ran: str, exit_code: int | None = None) -> End:
    return failed("Evicted", ran, exit_code=exit_code, retryable=True, message="evict", hint="again")


def preempted(ran: str, exit_code: int | None = None) -> End:
    return failed("Preempted", ran, exit_code=exit_code, retryable=True, message="preempt", hint="priority")


def when_running(how: Any) -> Any:
    def do(stage: Stage, step: Step) -> None:
        step.until_running()
        how(stage, step)

    return do


def when_pulling(repository: str, how: Any) -> Any:
    def do(stage: Stage, step: Step) -> None:
        actions.while_pulling(stage, step, repository, lambda: how(stage, step))
        # The pull has failed, so that the kubelet starts nothing late; the next one finds the image.
        step.until("over or replaced", lambda e: e.terminal or e.attempt == 1)
        stage.registry.push(repository)

    return do


def later_life(stage: Stage, step: Step) -> None:
    """A host that was dead meanwhile may not call it certain that nothing ran, and must not run it again."""
    step.end()
    later = stage.open(stage.cluster.account.kubeconfig)
    later.op.submit(step.request)
    end = later.op.wait(step.id)
    assert (end.state, end.detail["reason"]) == (abi.FAILED, "Evicted"), end
    assert end.detail["user_code_ran"] in ("maybe", "yes") and end.attempt == 0, end


def image(repository: str) -> Any:
    return lambda stage: stage.registry.name(f"stalled/{repository}")


def when_unschedulable(stage: Stage, step: Step) -> None:
    step.until_pending("Unschedulable")
    actions.evict(stage, step)
    # The next one finds no node either.
    step.pod(1)
    actions.evict(stage, step, 1)


def seated(**more: Any) -> Any:
    """Settings of a step that has the node's only seat."""
    return lambda stage: {**more, **pod_settings(resources=actions.Seat(stage).resources())}


CASES = [
    Case("evicted while it runs", evicted("yes", 143), SLEEP, settings=RETRY, do=when_running(actions.evict)),
    Case(
        "evicted while it runs, and the code then exits 0",
        evicted("yes", 0),
        OBEDIENT,
        do=when_running(actions.evict),
    ),
    Case(
        "evicted while it runs, and may run again",
        succeeded(attempt=1),
        SECOND_ENDS,
        settings=RESTART,
        do=when_running(actions.evict),
        starts=2,
        pods=2,
    ),
    Case(
        "evicted while it pulls its image",
        evicted("no"),
        image=image("evicted"),
        settings=ONCE,
        do=when_pulling("stalled/evicted", actions.evict),
    ),
    Case(
        "evicted while it pulls its image, and replaced",
        succeeded(attempt=1),
        image=image("evicted-retried"),
        settings=RETRY,
        do=when_pulling("stalled/evicted-retried", actions.evict),
        pods=2,
    ),
    Case(
        "evicted while it pulls its image after an init container",
        evicted("no"),
        image=image("evicted-init"),
        settings=ONCE,
        spec=INIT,
        do=when_pulling("stalled/evicted-init", actions.evict),
    ),
    Case(
        "evicted while it pulls its image after an init container, and replaced",
        succeeded(attempt=1),
        image=image("evicted-init-retried"),
        settings=RETRY,
        spec=INIT,
        do=when_pulling("stalled/evicted-init-retried", actions.evict),
        pods=2,
    ),
    # The kubelet starts it, although it is to go: what came to an end after that did not complete.
    Case(
        "evicted while it pulls its image, and the pull ends well",
        evicted("yes", 0),
        image=lambda stage: stage.registry.push("stalled/evicted-late"),
        settings=ONCE,
        do=lambda stage, step: actions.while_pulling(
            stage, step, "stalled/evicted-late", lambda: actions.evict(stage, step)
        ),
    ),
    Case(
        "evicted while no node has it, again and again",
        failed("Evicted", "no", retryable=True, attempt=1),
        settings={**RETRY, **pod_settings(node_selectors={"of-no": "node"})},
        do=when_unschedulable,
        pods=2,
    ),
    Case(
        "evicted by its kubelet for what it wrote to the disk",
        failed("Evicted", "yes", exit_code=AS_THE_API_SAYS, retryable=True, message="emptydir", hint="again"),
        FILL,
        settings=RETRY,
        spec={"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}]},
        main={"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]},
    ),
    Case(
        "preempted while it runs",
        preempted("yes", 143),
        SLEEP,
        settings=seated(**RETRY),
        do=when_running(actions.preempt),
    ),
    Case(
        "preempted while it runs, and may run again",
        succeeded(attempt=1),
        SECOND_ENDS,
        settings=seated(**RESTART),
        do=when_running(actions.preempt),
        starts=2,
        pods=2,
    ),
    Case(
        "preempted while it pulls its image",
        preempted("no"),
        image=image("preempted"),
        settings=seated(**ONCE),
        do=when_pulling("stalled/preempted", actions.preempt),
    ),
    Case(
        "preempted while it pulls its image, and replaced",
        succeeded(attempt=1),
        image=image("preempted-retried"),
        settings=seated(**RETRY),
        do=when_pulling("stalled/preempted-retried", actions.preempt),
        pods=2,
    ),
    # Its last view has no trace of the container; only who watched knows that it ran.
    Case(
        "evicted by its kubelet, and looked at by a later life of the host",
        failed("Evicted", "yes", exit_code=AS_THE_API_SAYS, retryable=True, message="emptydir"),
        FILL,
        settings=RETRY,
        spec={"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Mi"}}]},
        main={"volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}]},
        do=later_life,
    ),
]
