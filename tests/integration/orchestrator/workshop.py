"""What the tests stand on: a place of their own for each, the command, and steps that wait until they are let go."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

STEPOP = pathlib.Path()
PLUGINS = pathlib.Path()

# Of anything that should happen soon: a test that waits longer has found something that hangs.
PATIENCE = 60


def use_build(build: pathlib.Path) -> list:
    """Returns what is missing in the build."""
    global STEPOP, PLUGINS
    STEPOP = build / "bin" / "stepop"
    PLUGINS = build / "plugins"
    needed = [STEPOP, PLUGINS / "libstepop_local.so", PLUGINS / "libstepop_kubernetes.so"]
    return [str(file) for file in needed if not file.exists()]


class Running:
    """A stepop that goes on while the test looks at it."""

    def __init__(self, arguments, env, cwd):
        self.process = subprocess.Popen(
            [str(STEPOP), *arguments], env=env, cwd=cwd,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.text = ""
        os.set_blocking(self.process.stdout.fileno(), False)

    def _read(self, timeout) -> bool:
        """False at the end of its output."""
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        if not ready:
            raise AssertionError(f"nothing came in {PATIENCE} s after:\n{self.text}")
        piece = os.read(self.process.stdout.fileno(), 65536)
        self.text += piece.decode(errors="replace")
        return bool(piece)

    def wait_for(self, pattern: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text)
            if found:
                return found.group(0)
            if not self._read(max(0, deadline - time.monotonic())):
                raise AssertionError(f"it ended without {pattern!r}:\n{self.text}")

    def end(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self._read(max(0, deadline - time.monotonic())):
            pass
        return self.process.wait(PATIENCE)

    def signal(self, number) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.stdout.close()


class Workshop(unittest.TestCase):
    """A test with a directory, a stack with the step operator `here`, and notes that steps write as they really run."""

    maxDiff = None

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="stepop-test-"))
        self.notes_file = self.place / "notes"
        self.notes_file.touch()
        self.state = self.place / "state"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.place),
            "STEPOP_STATE_DIR": str(self.state),
            "NOTES": str(self.notes_file),
        }
        self._running = []
        self._gates = []
        self.stack = self.write_stack()
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.addCleanup(self._end_everything)

    def _end_everything(self):
        for running in self._running:
            running.close()
        for gate in self._gates:
            self.open_gate(gate)
        # Steps outlive a host that was killed; what waits at a gate has a bound of its own.
        pids = self.place / "pids"
        if pids.exists():
            for line in pids.read_text().split():
                try:
                    os.kill(int(line), signal.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass

    # ---- Files ----

    def write(self, name: str, text: str) -> str:
        file = self.place / name
        file.write_text(text)
        return str(file)

    def write_stack(self, directories=None, flavor="local", extra="") -> str:
        return self.write("stack.yaml", json.dumps({
            "name": "test",
            "plugin_directories": [str(d) for d in (directories or [PLUGINS])],
            "step_operators": {
                "here": {"flavor": flavor,
                         "configuration": {"state_directory": str(self.place / "local")}}},
        }) + extra)

    def write_pipeline(self, steps: dict, name="demo") -> str:
        for step in steps.values():
            step.setdefault("step_operator", "here")
        return self.write(f"{name}.yaml", json.dumps({"pipeline": name, "steps": steps}))

    def step(self, script: str = "true", needs=(), **more) -> dict:
        return {"command": ["sh", "-c", script], "needs": list(needs), **more}

    def noted(self, name: str, script: str = "true", needs=(), **more) -> dict:
        """A step that notes its start and its end."""
        return self.step(f'echo "start {name}" >> "$NOTES"; {script}; code=$?; '
                         f'echo "end {name}" >> "$NOTES"; exit $code', needs, **more)

    def notes(self) -> list:
        return self.notes_file.read_text().split("\n")[:-1]

    def gate(self, name: str) -> str:
        """A place where steps wait; returns the script that waits there."""
        fifo = self.place / f"gate-{name}"
        os.mkfifo(fifo)
        self._gates.append(name)
        return f'echo $$ >> {self.place}/pids; read let_go < {fifo}'

    def open_gate(self, name: str) -> None:
        """Lets go who waits there, and whoever comes later."""
        fd = os.open(self.place / f"gate-{name}", os.O_RDWR | os.O_NONBLOCK)
        os.write(fd, b"go\n" * 64)
        self.addCleanup(os.close, fd)

    # ---- The command ----

    def stepop(self, *arguments, **env):
        return subprocess.run([str(STEPOP), *map(str, arguments)], env={**self.env, **env},
                              cwd=self.place, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=PATIENCE * 2)

    def start(self, *arguments) -> Running:
        running = Running([str(a) for a in arguments], self.env, self.place)
        self._running.append(running)
        return running

    def run_json(self, pipeline: str, *arguments, status=0) -> dict:
        done = self.stepop("run", pipeline, "--stack", self.stack, "-o", "json", *arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def runs(self) -> list:
        done = self.stepop("ps", "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_ran_once(self, *names):
        counts = {name: self.notes().count(f"start {name}") for name in names}
        self.assertEqual(counts, {name: 1 for name in names})


def steps_of(document: dict) -> dict:
    return {step["name"]: step for step in document["steps"]}


def states_of(document: dict) -> dict:
    return {step["name"]: step["state"] for step in document["steps"]}
