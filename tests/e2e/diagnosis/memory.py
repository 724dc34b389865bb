"""Memory runs out: of the step's code, of a child of it, of a container beside it."""

from __future__ import annotations

from typing import Any

from case import Case, failed, succeeded, with_limits

# More than any limit here.
EAT = "tail /dev/zero"
LIMIT = "32Mi"
CHANGE = r"limits\.memory.*32Mi"
# Container limits of a pod are added up; only the sidecar's is small.
SIDECAR = {
    "name": "proxy",
    "image": "stepop.local/test:1",
    # It counts as started before.
    "command": ["sh", "-c", f"sleep 3; {EAT}"],
    "resources": {"limits": {"memory": "16Mi"}},
}
# Runs on when the step has ended.
LONG_SIDECAR = {"name": "proxy", "image": "stepop.local/test:1", "command": ["sleep", "600"]}


def until_sidecar_was_killed(*, init: bool) -> object:
    """The API has shown that the kernel has killed it."""
    statuses = "initContainerStatuses" if init else "containerStatuses"

    def killed(pod: dict[str, Any]) -> bool:
        return "OOMKilled" in str(pod["status"].get(statuses))

    return lambda stage, step: step.pod(0, killed)


CASES = [
    Case(
        "the code itself is killed for its memory",
        failed("OutOfMemory", "yes", exit_code=137, message="memory limit of 32Mi", hint=CHANGE),
        ("sh", "-c", f"witness true; exec {EAT}"),
        settings=with_limits(LIMIT),
    ),
    Case(
        "a child is killed for its memory, and the code ends with its 137",
        failed("OutOfMemory", "yes", exit_code=137, message="memory limit of 32Mi", hint=CHANGE),
        ("witness", "sh", "-c", EAT),
        settings=with_limits(LIMIT),
    ),
    Case(
        "a child is killed for its memory, and the code ends with 1",
        failed("OutOfMemory", "yes", exit_code=1, message="memory limit of 32Mi", hint=CHANGE),
        ("witness", "sh", "-c", f"{EAT} || exit 1"),
        settings=with_limits(LIMIT),
    ),
    Case(
        "a sidecar is killed for its memory, again and again, and the code ends well",
        succeeded(),
        ("witness", "sleep", "8"),
        spec={"initContainers": [{**SIDECAR, "restartPolicy": "Always"}]},
        do=until_sidecar_was_killed(init=True),  # type: ignore[arg-type]
    ),
    Case(
        "a second container is killed for its memory, and the code ends well",
        succeeded(),
        ("witness", "sleep", "8"),
        spec={"containers": [SIDECAR]},
        do=until_sidecar_was_killed(init=False),  # type: ignore[arg-type]
    ),
    Case(
        "the code is killed for its memory while a second container runs on",
        failed("OutOfMemory", "yes", exit_code=137, message="memory limit of 32Mi", hint=CHANGE),
        ("witness", "sh", "-c", EAT),
        settings=with_limits(LIMIT),
        spec={"containers": [LONG_SIDECAR], "terminationGracePeriodSeconds": 1},
        leaves_running=True,
    ),
    # It has dealt with it: Kubernetes says OOMKilled and exit code 0, and calls the pod a success.
    Case(
        "a child is killed for its memory, and the code ends well",
        succeeded(),
        ("witness", "sh", "-c", f"{EAT}; exit 0"),
        settings=with_limits(LIMIT),
    ),
    Case(
        "a second container is killed for its memory, and the code ends with 3",
        failed("NonZeroExit", "yes", exit_code=3, message="exit code 3"),
        ("witness", "sh", "-c", "sleep 8; exit 3"),
        spec={"containers": [SIDECAR]},
        do=until_sidecar_was_killed(init=False),  # type: ignore[arg-type]
    ),
]
