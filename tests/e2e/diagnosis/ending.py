"""The container ends, or cannot start, by itself."""

from __future__ import annotations

import actions
from case import Case, failed, pod_settings, succeeded

LOOK_AT_LOG = r"\blog\b"


def init(name: str, *command: str) -> dict[str, object]:
    return {"name": name, "image": "stepop.local/test:1", "command": list(command)}


CASES = [
    Case("a command that ends well", succeeded()),
    Case(
        "a command that does not exist",
        failed("CannotRun", "no", message="no-such-command.*(not found|no such file)", hint="command.*image"),
        ("no-such-command",),
    ),
    Case(
        "a command that is not executable",
        failed("CannotRun", "no", message="/etc/passwd.*permission denied", hint="executable"),
        ("/etc/passwd",),
    ),
    Case(
        "an init container that fails",
        failed("InitContainerFailed", "no", retryable=True, message="prepare.*exit code 5", hint="log.*prepare"),
        spec={"initContainers": [init("prepare", "sh", "-c", "exit 5")]},
    ),
    Case(
        "an active deadline that passes",
        failed("DeadlineExceeded", "yes", exit_code=143, message="deadline", hint="active_deadline_seconds"),
        ("witness", "sleep", "600"),
        # Of the pod's life: the code must have started by then.
        spec={"activeDeadlineSeconds": 15},
    ),
    Case(
        "an active deadline that passes before the code starts",
        failed("DeadlineExceeded", "no", message="deadline", hint="active_deadline_seconds"),
        image=lambda stage: stage.registry.name("none/deadline"),
        settings={"fail_on_container_waiting_reasons": []},
        spec={"activeDeadlineSeconds": 4},
        progress=("ImagePull",),
    ),
    Case(
        "a result that is not JSON",
        failed("InvalidResult", "yes", exit_code=0, message="STEPOP_RESULT_PATH.*not JSON", hint="STEPOP_RESULT_PATH"),
        ("witness", "sh", "-c", "echo '{rows: 3' > $STEPOP_RESULT_PATH"),
    ),
    Case(
        "a node that has no room for a pod that another scheduler put there",
        failed("NodeRejected", "no", retryable=True, attempt=1, message="cpu", hint="again"),
        settings={**pod_settings(resources={"requests": {"cpu": "500"}}), "max_startup_retries": 1},
        spec={"schedulerName": "another"},
        do=lambda stage, step: [actions.bind(stage, step, attempt) for attempt in (0, 1)],
        pods=2,
    ),
    Case(
        "a node that does not have the label a pod that another scheduler put there asks for",
        failed("NodeRejected", "no", retryable=True, message="affinity|selector", hint="again"),
        settings={**pod_settings(node_selectors={"of-no": "node"}), "max_startup_retries": 0},
        spec={"schedulerName": "another"},
        do=actions.bind,
    ),
    Case(
        "exit code 137 without any OOM",
        failed("NonZeroExit", "yes", exit_code=137, message=r"137 \(SIGKILL\)", hint=LOOK_AT_LOG),
        ("witness", "sh", "-c", "exit 137"),
    ),
    Case(
        "exit code 143 without any deletion",
        failed("NonZeroExit", "yes", exit_code=143, message=r"143 \(SIGTERM\)", hint=LOOK_AT_LOG),
        ("witness", "sh", "-c", "exit 143"),
    ),
    Case(
        "code that kills itself with SIGKILL",
        failed("NonZeroExit", "yes", exit_code=137, message=r"137 \(SIGKILL\)", hint=LOOK_AT_LOG),
        ("witness", "sh", "-c", "kill -9 $$$$"),  # Kubernetes makes one of two dollars
    ),
    Case(
        "a shell that does not find its command",
        failed("NonZeroExit", "yes", exit_code=127, message="127.*not found", hint=LOOK_AT_LOG),
        ("witness", "sh", "-c", "no-such-command"),
    ),
    Case(
        "a result that is too large",
        failed("InvalidResult", "yes", exit_code=0, message="4096", hint="STEPOP_RESULT_MAX"),
        ("witness", "sh", "-c", "(printf '['; seq -s, 1 3000; printf ']') > $STEPOP_RESULT_PATH"),
    ),
    Case(
        "a failing step keeps the exit code of what it wrote",
        failed("NonZeroExit", "yes", exit_code=3, message="exit code 3.*no such table", hint=LOOK_AT_LOG),
        ("witness", "sh", "-c", "echo no such table > $STEPOP_RESULT_PATH; exit 3"),
    ),
]
