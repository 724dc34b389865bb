"""What a step does, and the one end that is right for it.

`CASES` has the ends as they are when nothing but stepop's own connection is disturbed. `ENDS` has, by fault, the ends
that the fault itself changes: a pod that is evicted does not succeed. All is written before anything runs, and
`run --expected` prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Nothing listens there, and no registry is asked outside the machine.
NO_IMAGE = "127.0.0.1:9/no/such/image:1"
# Kubernetes' default grace is 30 s; a step that is to end by SIGTERM ends at once.
LONGER_THAN_ANY_TEST = "3600"
# The steps of the short form: one of each case at least.
SHORT = 9
LINES = 60
LONG_LINES = 40


@dataclass(frozen=True)
class End:
    state: str
    reason: str | None = None
    exit_code: int | None = None
    user_code_ran: str = "yes"
    # What the step's own code tells the truth server: whether it started, and the exit code that it told at its end.
    # None: it tells no end, as it is killed.
    starts: int = 1
    told: int | None = 0

    def __str__(self) -> str:
        parts = [self.state, self.reason or "-", "-" if self.exit_code is None else str(self.exit_code)]
        return f"{' '.join(parts)} ran={self.user_code_ran}"


@dataclass(frozen=True)
class Case:
    about: str
    command: tuple[str, ...]
    end: End
    lines: int = 0
    result: object = None
    image: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    witness: bool = True
    # A step that a fault is to meet at this point: "running", once its own code has said that it is ready, or "waiting"
    # for its image.
    stage: str = ""

    def step(self, image: str) -> dict[str, Any]:
        """As a pipeline file has it."""
        command = ["witness", *self.command] if self.witness else list(self.command)
        step = {"step_operator": "cluster", "command": command, "image": self.image or image}
        if self.settings:
            step["settings"] = dict(self.settings)
        return step


def shell(text: str) -> tuple[str, ...]:
    return "sh", "-c", text


def talks(lines: int, pause: float, more: str = "true") -> tuple[str, ...]:
    # containerd 1.6 drops what is written right before the end, so the last line has a moment to be read.
    loop = f"i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo line $i; sleep {pause}; done"
    return shell(f"{loop}; {more}; sleep 0.2")


def limited(memory: str) -> dict[str, Any]:
    return {"pod_settings": {"resources": {"limits": {"memory": memory}}}}


SLEEPS = shell(f"witness --ready; exec sleep {LONGER_THAN_ANY_TEST}")
WRITES_A_RESULT = 'echo \'{"n": 1}\' > "$STEPOP_RESULT_PATH"'
SUCCEEDED = End("succeeded", None, 0)
# With a request, so that a pod of a higher priority needs its place; so small that many fit.
SMALL: dict[str, Any] = {"pod_settings": {"resources": {"requests": {"cpu": "5m", "memory": "4Mi"}}}}
# How long a step waits for its image; longer than a fault takes to come while it waits.
WAITS = {**SMALL, "waiting_reason_grace_seconds": 20}

CASES: dict[str, Case] = {
    "result": Case("succeeds with a result", shell(f"sleep 0.5; {WRITES_A_RESULT}"), SUCCEEDED, result={"n": 1}),
    "three": Case("exits 3", shell("sleep 0.5; exit 3"), End("failed", "NonZeroExit", 3, told=3)),
    "lines": Case("prints numbered lines", talks(LINES, 0.05), SUCCEEDED, lines=LINES),
    "long": Case(
        "runs and prints for 8 s", talks(LONG_LINES, 0.2, WRITES_A_RESULT), SUCCEEDED, LONG_LINES, result={"n": 1}
    ),
    # The kernel kills the greedy process, and the shell that started it lives to tell. Not at once: containerd 1.6 loses
    # the kernel's word for good when a container ends while it is being told, and then the API says `Error` for ever.
    "memory": Case(
        "goes beyond its memory limit",
        shell("tail /dev/zero; code=$?; sleep 3; exit $code"),
        End("failed", "OutOfMemory", 137, told=137),
        settings=limited("32Mi"),
    ),
    "no-program": Case(
        "its command does not exist",
        ("/no/such/program",),
        End("failed", "CannotRun", None, "no", starts=0),
        witness=False,
    ),
    "no-image": Case(
        "its image does not exist",
        ("true",),
        End("failed", "ImagePull", None, "no", starts=0),
        image=NO_IMAGE,
        settings={"waiting_reason_grace_seconds": 2},
    ),
    "cancelled": Case(
        "is cancelled while it runs, and traps SIGTERM",
        shell("trap 'exit 7' TERM; witness --ready; while :; do sleep 0.1; done"),
        End("cancelled", None, 7, told=7),
        stage="running",
    ),
    "cancelled-waiting": Case(
        "is cancelled while it waits for its image",
        ("true",),
        End("cancelled", None, None, "no", starts=0),
        image=NO_IMAGE,
        settings={"waiting_reason_grace_seconds": 3000},
        stage="waiting",
    ),
    # The ends of the ones below are each fault's own.
    "victim": Case(
        "runs until it is stopped",
        SLEEPS,
        End("failed", "?", 143, told=143),
        settings=SMALL,
        stage="running",
    ),
    # Of the quality of service class that a node short of memory does not take.
    "best-effort": Case(
        "runs until it is stopped, and asked for nothing",
        SLEEPS,
        End("failed", "?", 143, told=143),
        stage="running",
    ),
    "stubborn": Case(
        "traps SIGTERM, and exits 0",
        shell("trap 'exit 0' TERM; witness --ready; while :; do sleep 0.1; done"),
        End("failed", "?", 0),
        settings=SMALL,
        stage="running",
    ),
    "waiting": Case(
        "waits for an image that does not exist",
        ("true",),
        End("failed", "ImagePull", None, "no", starts=0),
        image=NO_IMAGE,
        settings=WAITS,
        stage="waiting",
    ),
    "bystander": Case(
        "runs through it",
        talks(LONG_LINES, 0.5),
        SUCCEEDED,
        LONG_LINES,
        settings=SMALL,
    ),
    "hog": Case(
        "uses the node's memory up, once it is told to",
        shell("witness --ready; until [ -e /go ]; do sleep 0.2; done; head -c 400m /dev/zero | tail -c 399m | sleep 3600"),
        End("failed", "Evicted", 143, told=143),
        settings=SMALL,
        stage="running",
    ),
    "late": Case(
        "is submitted while the fault lasts",
        shell(f"sleep 0.5; {WRITES_A_RESULT}"),
        SUCCEEDED,
        result={"n": 1},
        settings=SMALL,
    ),
}

# Where the watch loses its place and lists anew, "not started" cannot be told from "started and forgotten" by what the
# kubelet writes at the end of a container that waited (design: `no` needs a watch without a gap since binding).
MAYBE = End("cancelled", None, None, "maybe", starts=0)


def stopped(reason: str, exit_code: int, told: int | None) -> End:
    return End("failed", reason, exit_code, told=told)


ENDS: dict[str, dict[str, End]] = {
    "410 as a status": {"cancelled-waiting": MAYBE},
    "410 as an event": {"cancelled-waiting": MAYBE},
    "API server kill -9": {"cancelled-waiting": MAYBE},
    "host kill -9": {"cancelled-waiting": MAYBE},
    "node drained": {"victim": stopped("Evicted", 143, 143), "stubborn": stopped("Evicted", 0, 0)},
    "preemption": {"victim": stopped("Preempted", 143, 143), "stubborn": stopped("Preempted", 0, 0)},
    "pods rejected by a restarted kubelet": {"best-effort": stopped("NodeRejected", 143, 143)},
    "node lost and back": {"victim": stopped("Evicted", 143, 143), "stubborn": stopped("Evicted", 0, 0)},
    # Nobody will ever say how it ended: that is what `lost` is for.
    "node deleted": {"victim": End("lost", "NodeLost", None, "yes", told=None)},
}


def expected(fault: str, case: str) -> End:
    return ENDS.get(fault, {}).get(case, CASES[case].end)


def print_expected() -> None:
    print("What a step does, and how it must end whatever breaks:")
    for name, case in CASES.items():
        print(f"  {name:18} {case.about:52} {case.end}")
    for fault, ends in ENDS.items():
        print(f"{fault}:")
        for name, end in ends.items():
            print(f"  {name:18} {end}")
