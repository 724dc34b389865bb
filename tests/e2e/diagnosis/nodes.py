"""The node itself is disturbed: one case after another, and the node as it was after each."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import actions
from case import AS_THE_API_SAYS, Case, failed, pod_settings, succeeded
from deletion import SLEEP
from disruption import RESTART, RETRY, SECOND_ENDS
from parts.cluster import TOOLS, wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

# More than any machine has left free.
PRESSURE = "--eviction-hard=memory.available<99%"


def component(action: str, name: str, *flags: str) -> None:
    subprocess.run([TOOLS / "component", action, name, "--", *flags], check=True, stdout=subprocess.DEVNULL)


def condition(stage: Stage, kind: str) -> str:
    conditions = stage.cluster.get(actions.NODE)["status"].get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == kind), "")


def until_well(stage: Stage) -> None:
    def well() -> bool:
        taints = stage.cluster.get(actions.NODE)["spec"].get("taints")
        return condition(stage, "Ready") == "True" and condition(stage, "MemoryPressure") != "True" and not taints

    wait_until("the node is well", well, 240)


def restart(stage: Stage, step: Step) -> None:
    step.until_running()
    component("restart", "kubelet")
    until_well(stage)
    # Only now does its code end.
    words = ("exec", "-n", step.namespace, step.path().split("/")[-1], "--", "touch", "/tmp/go")

    def let_go() -> bool:
        try:
            stage.cluster.kubectl(*words)
        except AssertionError:
            return False  # the kubelet does not know its pods yet
        return True

    wait_until("its code is told to end", let_go)


def under_pressure(stage: Stage, step: Step) -> None:
    step.until_running()
    try:
        component("restart", "kubelet", PRESSURE)
        step.until("over or replaced", lambda e: e.terminal or e.attempt == 1)
    finally:
        component("restart", "kubelet")
        until_well(stage)


def taint(stage: Stage, step: Step) -> None:
    """The node is well, and somebody wants it empty."""
    step.until_running()
    try:
        change = {"spec": {"taints": [{"key": "diagnosis.example/empty", "value": "yes", "effect": "NoExecute"}]}}
        stage.merge(actions.NODE, change)
        step.end()
    finally:
        stage.merge(actions.NODE, {"spec": {"taints": None}})
        until_well(stage)


WAITS = ("witness", "sh", "-c", "until [ -e /tmp/go ]; do sleep 0.2; done")

ALONE = [
    Case(
        "its node is well, and tainted",
        failed("Evicted", "yes", exit_code=143, retryable=True, message="NoExecute taint", hint="tolerations"),
        SLEEP,
        do=taint,
    ),
    Case("its kubelet is restarted, and nothing happens to the step", succeeded(), WAITS, do=restart),
]

# Under memory pressure a kubelet rejects pods that ask for no memory, and takes the others, to evict them ("Node-pressure
# Eviction").
BEST_EFFORT = pod_settings(resources={"requests": {"memory": "0"}})

SLOW: list[Case] = [
    Case(
        "running, and rejected by a kubelet that was restarted under memory pressure",
        failed(
            "NodeRejected", "yes", exit_code=AS_THE_API_SAYS, retryable=True, message="MemoryPressure", hint="again"
        ),
        SLEEP,
        settings={**RETRY, **BEST_EFFORT},
        do=under_pressure,
    ),
    Case(
        "running, rejected by a kubelet that was restarted under memory pressure, and may run again",
        succeeded(attempt=1),
        SECOND_ENDS,
        settings={**RESTART, **BEST_EFFORT},
        do=under_pressure,
        starts=2,
        pods=2,
    ),
]
