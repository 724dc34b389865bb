"""The reference host `stepop`, as tests drive it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cluster import PATIENCE, ROOT, need, wait_until

# A whole run of a few pods, on a busy machine.
RUN_SECONDS = 240.0


class Process:
    """A `stepop` that runs; its output goes to files."""

    def __init__(self, command: Sequence[str | Path], folder: Path, number: int, env: dict[str, str]) -> None:
        self.command = [str(word) for word in command]
        self.out = folder / f"{number}.out"
        self.err = folder / f"{number}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, start_new_session=True
            )

        self.texts: dict[Path, str] = {}  # as they were last, for when the files are gone

    @property
    def stdout(self) -> str:
        return self.text(self.out)

    @property
    def stderr(self) -> str:
        return self.text(self.err)

    def text(self, file: Path) -> str:
        if file.exists():
            self.texts[file] = file.read_text(errors="replace")
        return self.texts.get(file, "")

    def keep(self) -> None:
        self.text(self.out), self.text(self.err)

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.stdout)
        except ValueError:
            raise AssertionError(f"no JSON document\n{self}") from None

    def wait(self, seconds: float = RUN_SECONDS) -> int:
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"not ended within {seconds:.0f} s\n{self}") from None
        finally:
            self.keep()

    def ended(self) -> bool:
        return self.popen.poll() is not None

    def signal(self, number: int) -> None:
        self.popen.send_signal(number)

    def kill(self) -> None:
        """kill -9, of this process alone."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()
        self.keep()

    def waits_for_journal(self) -> bool:
        """Whether its main thread sleeps between two tries to get the journal's lock: the host has something to write.
        It sleeps nowhere else; for events it waits in epoll."""
        try:
            return "nanosleep" in Path(f"/proc/{self.popen.pid}/wchan").read_text()
        except OSError:
            return False

    def __str__(self) -> str:
        return (
            f"{shlex.join(self.command)}\nexit status: {self.popen.poll()}\n"
            f"--- stdout\n{self.stdout[-4000:]}\n--- stderr\n{self.stderr[-4000:]}"
        )


class Host:
    """One state directory, and files for it. `folder` is the test's own."""

    def __init__(self, build: Path, folder: Path) -> None:
        self.program = build / "bin" / "stepop"
        self.plugins = build / "plugins"
        self.folder = folder
        self.state_directory = folder / "state"
        self.count = 0
        self.env = dict(os.environ)
        # Nothing of the person who runs the tests.
        for name in ("STEPOP_PLUGIN_PATH", "STEPOP_STACK", "STEPOP_STATE_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            self.env.pop(name, None)
        if not self.program.exists():
            sys.exit(f"{self.program} is not there: build the project first\n0 passed, 1 failed")

    def file(self, name: str, content: object) -> Path:
        """Text as it is; anything else as JSON, which is YAML."""
        file = self.folder / name
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))
        return file

    def stack(self, step_operators: dict[str, Any], name: str = "stack.yaml") -> Path:
        return self.file(
            name, {"name": "tests", "plugin_directories": [str(self.plugins)], "step_operators": step_operators}
        )

    def start(self, *words: str | Path, env: dict[str, str] | None = None) -> Process:
        self.count += 1
        command = [self.program, *words, "--state-dir", self.state_directory]
        return Process(command, self.folder, self.count, {**self.env, **(env or {})})

    def call(self, *words: str | Path, seconds: float = RUN_SECONDS, env: dict[str, str] | None = None) -> Process:
        process = self.start(*words, env=env)
        process.wait(seconds)
        return process

    def journal(self) -> sqlite3.Connection:
        """As another process has it open."""
        file = self.state_directory / "journal.db"
        connection = sqlite3.connect(f"file:{file}?mode=rw", uri=True, isolation_level=None, timeout=PATIENCE)
        connection.row_factory = sqlite3.Row
        return connection

    def step(self, name: str) -> sqlite3.Row | None:
        """A step of the only run, as it is journalled."""
        if not (self.state_directory / "journal.db").exists():
            return None
        connection = self.journal()
        try:
            row: sqlite3.Row | None = connection.execute("SELECT * FROM steps WHERE name = ?", (name,)).fetchone()
            return row
        except sqlite3.OperationalError:
            return None  # its tables are only being made
        finally:
            connection.close()

    def wait_for_step(self, name: str, **wanted: object) -> sqlite3.Row:
        """Until the journal says this of the step."""

        def look() -> sqlite3.Row | None:
            row = self.step(name)
            if row and all(row[column] == value for column, value in wanted.items()):
                return row
            ended = row and row["state"] in ("succeeded", "failed", "cancelled", "lost", "skipped")
            assert not ended or "state" not in wanted, f"{name} has ended: {dict(row)}"  # type: ignore[arg-type]
            return None

        row = wait_until(f"the journal says {wanted} of {name}", look)
        assert row
        return row


class JournalLock:
    """Keeps the host from writing its journal while it is held."""

    def __init__(self, host: Host) -> None:
        self.connection = host.journal()
        self.connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        self.connection.execute("ROLLBACK")
        self.connection.close()


# What a test's step requests that says nothing of memory: with ZenML's 400Mi a test node holds few steps at once.
LITTLE_MEMORY: dict[str, Any] = {"pod_settings": {"resources": {"requests": {"memory": "4Mi"}}}}


def cluster_operator(kubeconfig: Path | str, **configuration: object) -> dict[str, Any]:
    return {
        "flavor": "kubernetes",
        "configuration": {"kubeconfig": str(kubeconfig), **LITTLE_MEMORY, **configuration},
    }


LOCAL_OPERATOR: dict[str, Any] = {"flavor": "local"}


def pod_step(command: Sequence[str], **more: object) -> dict[str, Any]:
    """A step that tells the truth server when its code starts and ends."""
    return {"step_operator": "cluster", "command": ["witness", *command], **more}


def local_step(command: Sequence[str], **more: object) -> dict[str, Any]:
    witness = ROOT / "tests" / "e2e" / "parts" / "witness.py"
    # Its address as an argument: of variables that begin with STEPOP_, a process gets only those of its own step.
    words = [sys.executable, str(witness), need("STEPOP_TRUTH_URL"), *command]
    return {"step_operator": "here", "command": words, **more}


def wait_while(process: Process, condition: Any, seconds: float = PATIENCE) -> None:
    """Until `condition()`; a process that ends before it is a failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert not process.ended(), f"it ended too early\n{process}"
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s\n{process}"
        time.sleep(0.02)
