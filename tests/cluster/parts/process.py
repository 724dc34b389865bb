"""Components as processes: started from a recorded command line, known by pid and start time, ended by pid."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import cgroups, paths
from .run import POLL_SECONDS

# A component that has not ended this long after SIGTERM is killed. The apiserver is the slowest: it lets watches end.
STOP_SECONDS = 10.0


@dataclass
class Component:
    name: str
    argv: list[str]
    # What health.py asks: {"url": …} or {"socket": …}.
    health: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return paths.LOGS / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return paths.COMPONENTS / f"{self.name}.pid"

    def save(self) -> None:
        (paths.COMPONENTS / f"{self.name}.json").write_text(json.dumps(asdict(self), indent=2))


def recorded() -> list[Component]:
    """The components in the order in which they were started."""
    files = sorted(paths.COMPONENTS.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    return [Component(**json.loads(file.read_text())) for file in files]


def start(component: Component, extra: tuple[str, ...] = ()) -> None:
    with component.log.open("ab") as log:
        child = subprocess.Popen(
            [*component.argv, *extra],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=paths.STATE,
            env={**os.environ, **component.env},
            start_new_session=True,
            preexec_fn=cgroups.join,
        )
    component.pid_file.write_text(f"{child.pid} {start_time(child.pid)}\n")
    # It is to outlive this command, so nobody will ask the object for its end.
    child.returncode = 0


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on, or nothing when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def start_time(pid: int) -> str:
    fields = stat(pid)
    return fields[19] if fields else ""


def pid_of(component: Component) -> int | None:
    """The pid, if it is still the process that was started: a pid may have been given to another since."""
    try:
        pid, began = component.pid_file.read_text().split()
    except (OSError, ValueError):
        return None
    reap(int(pid))
    fields = stat(int(pid))
    if not fields or fields[0] == "Z" or fields[19] != began:
        return None
    return int(pid)


def reap(pid: int) -> None:
    """One that this very command started."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def paused(pid: int) -> bool:
    return stat(pid)[:1] == ["T"]


def send(component: Component, number: signal.Signals) -> bool:
    pid = pid_of(component)
    if pid is None:
        return False
    os.kill(pid, number)
    return True


def stop(component: Component, seconds: float = STOP_SECONDS) -> None:
    """Ends it, by force if it does not end in time."""
    if send(component, signal.SIGTERM):
        # A paused process takes the signal only once it goes on.
        send(component, signal.SIGCONT)
        deadline = time.monotonic() + seconds
        while pid_of(component) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        kill(component)
    component.pid_file.unlink(missing_ok=True)


def kill(component: Component) -> None:
    send(component, signal.SIGKILL)
    while pid_of(component):
        time.sleep(POLL_SECONDS)
    component.pid_file.unlink(missing_ok=True)
