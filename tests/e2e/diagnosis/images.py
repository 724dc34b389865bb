"""Images that cannot be had, or not at once. From a real registry, but for what it does under load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import actions
from case import Case, cancelled, failed, succeeded
from parts.cluster import wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

AT_ONCE = {"waiting_reason_grace_seconds": 1}
NAME = "image.*name|name.*image"


def push(repository: str) -> object:
    """The image is there after all, once the step has said that it is not."""

    def do(stage: Stage, step: Step) -> None:
        step.until_pending("ImagePull")
        stage.registry.push(repository)

    return do


def end_pull(repository: str) -> object:
    def do(stage: Stage, step: Step) -> None:
        actions.while_pulling(stage, step, repository, lambda: None)
        step.until("over or replaced", lambda e: e.terminal or e.attempt == 1)
        stage.registry.push(repository)

    return do


def still_pending(stage: Stage, step: Step) -> None:
    """Its grace is long: the reason has been told, and it goes on waiting; then somebody cancels it."""
    step.until_pending("ImagePull")
    wait_until("the kubelet has tried twice", lambda: "Back-off" in str(step.events[-1].detail.get("message")))
    assert not step.events[-1].terminal
    step.cancel()


CASES = [
    Case(
        "an image that is not there",
        failed("ImagePull", "no", message="none/gone.*not found", hint=NAME),
        image=lambda stage: stage.registry.name("none/gone"),
        settings=AT_ONCE,
        progress=("ImagePull",),
    ),
    Case(
        "an image that is there a while later",
        succeeded(),
        image=lambda stage: stage.registry.name("late/image"),
        do=push("late/image"),  # type: ignore[arg-type]
        progress=("ImagePull",),
    ),
    Case(
        "a registry that asks who it is",
        failed("ImagePull", "no", message="401 Unauthorized|authorization failed", hint="may pull|credentials|secret"),
        image=lambda stage: stage.registry.name("private/image"),
        settings=AT_ONCE,
    ),
    Case(
        "an image's name that is none",
        failed("InvalidImageName", "no", message="Not/A/Name", hint="name"),
        image="Not/A/Name",
        settings=AT_ONCE,
        progress=("InvalidImageName",),
    ),
    Case(
        "an image that is never to be pulled",
        failed("ImagePull", "no", message="none/never", hint=NAME),
        image=lambda stage: stage.registry.name("none/never"),
        settings={**AT_ONCE, "fail_on_container_waiting_reasons": ["ErrImageNeverPull"]},
        main={"imagePullPolicy": "Never"},
    ),
    Case(
        "an image that is never there, and reasons that do not fail a step",
        failed("ImagePull", "no", message="within 15 s.*none/patient", hint=NAME),
        image=lambda stage: stage.registry.name("none/patient"),
        settings={"fail_on_container_waiting_reasons": [], "startup_timeout_seconds": 15, "max_startup_retries": 0},
        progress=("ImagePull",),
    ),
    Case(
        "an image that is never there, cancelled within the grace",
        cancelled("no"),
        image=lambda stage: stage.registry.name("none/cancelled"),
        do=still_pending,
    ),
    Case(
        "a pull that stalls",
        failed("StartTimeout", "no", retryable=True, message="within 4 s", hint="startup_timeout_seconds"),
        image=lambda stage: stage.registry.name("stalled/forever"),
        settings={"startup_timeout_seconds": 4, "max_startup_retries": 0},
        do=end_pull("stalled/forever"),  # type: ignore[arg-type]
    ),
    Case(
        "a pull that stalls, and the next attempt's does not",
        succeeded(attempt=1),
        image=lambda stage: stage.registry.name("stalled/once"),
        settings={"startup_timeout_seconds": 40, "max_startup_retries": 1},
        do=end_pull("stalled/once"),  # type: ignore[arg-type]
        pods=2,
    ),
    Case(
        "a registry that limits pulls",
        failed("ImagePull", "no", retryable=True, message="429 Too Many Requests", hint="limit|later|again"),
        image=lambda stage: stage.registry.name("limited/image"),
        settings={"waiting_reason_grace_seconds": 4},
        progress=("ImagePull",),
    ),
    Case(
        "a registry that does not answer",
        failed("ImagePull", "no", retryable=True, message="connection refused", hint="registry"),
        image="127.0.0.1:9/image:1",
        settings=AT_ONCE,
    ),
    Case(
        "the image of an init container that cannot be had",
        failed("ImagePull", "no", retryable=True, message="connection refused", hint="registry"),
        settings=AT_ONCE,
        spec={"initContainers": [{"name": "prepare", "image": "127.0.0.1:9/init:1"}]},
    ),
]
