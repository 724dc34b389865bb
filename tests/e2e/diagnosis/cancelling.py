"""Somebody cancels the step, at each of its states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import actions
from case import Case, cancelled, failed, pod_settings, succeeded
from deletion import OBEDIENT, SLEEP, stalled

if TYPE_CHECKING:
    from stage import Stage
    from step import Step


def when_pending(stage: Stage, step: Step) -> None:
    step.until_pending("Unschedulable")
    step.cancel()


def when_pulling(repository: str) -> Any:
    def do(stage: Stage, step: Step) -> None:
        actions.while_pulling(stage, step, repository, step.cancel)

    return do


def when_running(stage: Stage, step: Step) -> None:
    step.until_running()
    step.cancel()


def when_stopping(stage: Stage, step: Step) -> None:
    """Somebody has deleted it, and its code takes its time."""
    step.until_running()
    actions.delete(stage, step)
    step.pod(0, lambda pod: pod["metadata"].get("deletionTimestamp"))
    step.cancel()


def when_it_has_ended(stage: Stage, step: Step) -> None:
    step.end()
    step.cancel()


SLOW_TO_STOP = ("witness", "sh", "-c", "trap 'sleep 3; exit 0' TERM; while :; do sleep 0.1; done")

CASES = [
    Case(
        "cancelled while no node has it",
        cancelled("no"),
        settings=pod_settings(node_selectors={"of-no": "node"}),
        do=when_pending,
    ),
    Case(
        "cancelled while it pulls its image",
        cancelled("no"),
        image=stalled("cancelled"),
        do=when_pulling("stalled/cancelled"),
    ),
    Case("cancelled while it runs", cancelled("yes", exit_code=143), SLEEP, do=when_running),
    Case(
        "cancelled while it runs, and the code then exits 0",
        cancelled("yes", exit_code=0),
        OBEDIENT,
        do=when_running,
    ),
    # The cancel is asked for before it has stopped, and is written on it.
    Case("cancelled while it is stopping", cancelled("yes", exit_code=0), SLOW_TO_STOP, do=when_stopping),
    Case("cancelled after it has ended", succeeded(), do=when_it_has_ended),
    Case(
        "cancelled after it has failed",
        failed("NonZeroExit", "yes", exit_code=3),
        ("witness", "sh", "-c", "exit 3"),
        do=when_it_has_ended,
    ),
]
