"""One way for a step to end, and what stepop must say about it: written down before it is made to happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import abi

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

# Whatever is said, something is said.
ANYTHING = r"\S"


# A kubelet that evicts a pod may or may not find its container again: what its last status says is what is right.
AS_THE_API_SAYS = -1


@dataclass(frozen=True)
class End:
    """The terminal event. Patterns are searched for, in any case of letters."""

    state: int
    reason: str | None
    # Whether the step's code ran: never `maybe` where a firm answer was to be had.
    ran: str
    exit_code: int | None = None
    retryable: bool = False
    message: str = ANYTHING
    hint: str = ANYTHING
    attempt: int = 0


def succeeded(attempt: int = 0) -> End:
    return End(abi.SUCCEEDED, None, "yes", 0, message="", hint="", attempt=attempt)


def failed(reason: str, ran: str, **more: Any) -> End:
    return End(abi.FAILED, reason, ran, **more)


def cancelled(ran: str, **more: Any) -> End:
    return End(abi.CANCELLED, None, ran, **{"hint": "", **more})


def lost(reason: str, ran: str, **more: Any) -> End:
    return End(abi.LOST, reason, ran, **more)


Text = str | Callable[["Stage"], str]


@dataclass(frozen=True)
class Case:
    """A step, what is done to it, and its one expected end."""

    name: str
    end: End
    command: tuple[str, ...] = ("witness", "true")
    # Made for the case, where it is a function: a repository of the registry, a namespace.
    image: Text = ""
    namespace: Text = ""
    settings: dict[str, Any] | Callable[[Stage], dict[str, Any]] = field(default_factory=dict)
    # What the cluster's own webhook adds to the pod and to its main container.
    spec: dict[str, Any] = field(default_factory=dict)
    main: dict[str, Any] = field(default_factory=dict)
    # What happens to it. Returns when it has been done.
    do: Callable[[Stage, Step], object] | None = None
    # The reasons that the step must have given while it was pending.
    progress: tuple[str, ...] = ()
    # How often its code started, as the code itself tells it; None: as often as `end.ran` says.
    starts: int | None = None
    # How many pods there were.
    pods: int = 1
    # Containers beside the main one may run on when the step has ended.
    leaves_running: bool = False
    # A kubeconfig of a user with these rights, instead of those that packaging/rbac grants.
    role: list[dict[str, Any]] | None = None
    # An administrator's, who alone is told what is in any namespace.
    as_administrator: bool = False

    @property
    def expected_starts(self) -> int:
        if self.starts is not None:
            return self.starts
        return 0 if self.end.ran == "no" else 1


def with_limits(memory: str) -> dict[str, Any]:
    return {"pod_settings": {"resources": {"limits": {"memory": memory}}}}


def pod_settings(**more: Any) -> dict[str, Any]:
    return {"pod_settings": more}
