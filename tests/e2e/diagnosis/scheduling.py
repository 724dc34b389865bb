"""No node, no room, no quota."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import actions
from case import Case, cancelled, failed, pod_settings, succeeded
from parts.cluster import wait_until

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

SOON: dict[str, Any] = {"scheduling_timeout_seconds": 3}
NO_POD = {"pods": "0"}


def with_quota(hard: dict[str, str]) -> Any:
    """A namespace of the case's own; the quota's status is what creates are judged by."""

    def make(stage: Stage) -> str:
        namespace = stage.make_namespace()
        path = f"/api/v1/namespaces/{namespace}/resourcequotas"
        stage.make(path, "ResourceQuota", "room", spec={"hard": hard})
        wait_until(
            "the quota counts",
            lambda: stage.cluster.get(f"{path}/room").get("status", {}).get("hard") == hard,
        )
        return namespace

    return make


def raise_quota(stage: Stage, step: Step) -> None:
    step.until_pending("QuotaExceeded")
    stage.merge(f"/api/v1/namespaces/{step.namespace}/resourcequotas/room", {"spec": {"hard": {"pods": "5"}}})


def cancel_when(reason: str) -> Any:
    def do(stage: Stage, step: Step) -> None:
        step.until_pending(reason)
        step.cancel()

    return do


def make_room(stage: Stage, step: Step) -> None:
    """The node gets what the step asks for."""
    step.until_pending("Unschedulable")
    seat = next(iter(step.request["settings"]["pod_settings"]["resources"]["limits"]))
    stage.merge(f"{actions.NODE}/status", {"status": {"capacity": {seat: "1"}, "allocatable": {seat: "1"}}})
    stage.seats.append(seat)


CASES = [
    Case(
        "more CPU than any node has",
        failed("Unschedulable", "no", retryable=True, message="Insufficient cpu", hint=r"\bcpu\b.*\bnodes?\b"),
        settings={**SOON, **pod_settings(resources={"requests": {"cpu": "900"}})},
        progress=("Unschedulable",),
    ),
    Case(
        "a node selector that no node has",
        failed("Unschedulable", "no", retryable=True, message="affinity/selector", hint="node_selectors"),
        settings={**SOON, **pod_settings(node_selectors={"of-no": "node"})},
        progress=("Unschedulable",),
    ),
    Case(
        "no room, and no timeout: it waits until it is cancelled",
        cancelled("no"),
        settings=pod_settings(resources={"requests": {"cpu": "900"}}),
        do=cancel_when("Unschedulable"),
        progress=("Unschedulable",),
    ),
    Case(
        "no room, until there is",
        succeeded(),
        settings=pod_settings(resources={"limits": {"diagnosis.example/late": "1"}}),
        do=make_room,
        progress=("Unschedulable",),
    ),
    Case(
        "a scheduler that nobody runs",
        failed("Unschedulable", "no", retryable=True, message="no node.*3 s"),
        settings=SOON,
        spec={"schedulerName": "nobody"},
    ),
    Case(
        "a quota that is used up, until it is raised",
        succeeded(),
        namespace=with_quota(NO_POD),
        do=raise_quota,
        progress=("QuotaExceeded",),
    ),
    Case(
        "cancelled while a quota keeps it from being created",
        cancelled("no"),
        namespace=with_quota(NO_POD),
        do=cancel_when("QuotaExceeded"),
        pods=0,
    ),
    Case(
        "a quota that stays used up",
        failed("QuotaExceeded", "no", retryable=True, message="exceeded quota: room", hint="ResourceQuota"),
        namespace=with_quota(NO_POD),
        settings=SOON,
        progress=("QuotaExceeded",),
        pods=0,
    ),
    Case(
        "a quota that wants a limit to be named",
        failed("QuotaExceeded", "no", retryable=True, message="must specify limits.cpu", hint="resources"),
        namespace=with_quota({"limits.cpu": "1"}),
        settings=SOON,
        progress=("QuotaExceeded",),
        pods=0,
    ),
]
