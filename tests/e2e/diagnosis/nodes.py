"""The node itself is disturbed: one case after another, and the node as it was after each."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import actions
from case import Case, succeeded
from parts.cluster import TOOLS, wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step


def component(action: str, name: str, *flags: str) -> None:
    subprocess.run([TOOLS / "component", action, name, "--", *flags], check=True, stdout=subprocess.DEVNULL)


def until_well(stage: Stage) -> None:
    def well() -> bool:
        conditions = stage.cluster.get(actions.NODE)["status"].get("conditions", [])
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    wait_until("the node is well", well)


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


WAITS = ("witness", "sh", "-c", "until [ -e /tmp/go ]; do sleep 0.2; done")

ALONE = [
    Case("its kubelet is restarted, and nothing happens to the step", succeeded(), WAITS, do=restart),
]
