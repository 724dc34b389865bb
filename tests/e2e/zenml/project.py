"""A ZenML project on a client's machine: its commands and its runs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services import Services

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SDK = ROOT / "sdk" / "python" / "src"
COMMAND_WITHIN = 600.0
# From Ctrl-C to the end of a program of ZenML's.
STOPS_WITHIN = 60.0

ARTIFACT_STORE = """
import os
from zenml.client import Client
from zenml.enums import StackComponentType
Client().create_stack_component(
    name="s3", flavor="s3", component_type=StackComponentType.ARTIFACT_STORE,
    configuration={"path": "s3://" + os.environ["S3_BUCKET"], "key": os.environ["S3_KEY"],
                   "secret": os.environ["S3_SECRET"],
                   "client_kwargs": {"endpoint_url": os.environ["S3_URL"], "region_name": "us-east-1"}})
"""

STEPS = """
import json, sys
from zenml.client import Client
found = {}
for step in Client().list_run_steps(pipeline_run_id=Client().list_pipeline_runs(sort_by="desc:created", size=1)[0].id):
    step = step.get_hydrated_version()
    info = step.exception_info
    found[step.name] = {"id": str(step.id), "status": str(step.status),
                        "message": info.message if info else None, "traceback": info.traceback if info else None}
print("STEPS " + json.dumps(found))
"""


@dataclass
class Ended:
    code: int
    text: str
    notes: list[dict[str, Any]] = field(default_factory=list)

    def known(self, step: str) -> dict[str, Any]:
        """What was noted when ZenML learned that a step had ended."""
        (found,) = [note for note in self.notes if note.get("step") == step]
        return found

    @property
    def run(self) -> dict[str, Any]:
        (found,) = [note for note in self.notes if "run" in note]
        return found


class Run:
    """A pipeline that is running."""

    def __init__(self, project: Project, env: dict[str, str]) -> None:
        self.notes = project.folder / "notes.jsonl"
        self.notes.unlink(missing_ok=True)
        self.log = project.folder / "run.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "five_steps.py"],
                cwd=project.folder,
                env={**project.env, **env, "ZENML_TEST_OUT": str(self.notes)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def has_ended(self, within: float = COMMAND_WITHIN) -> bool:
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        if not self.has_ended(STOPS_WITHIN):
            self.process.kill()
            self.process.wait()

    def result(self) -> Ended:
        if not self.has_ended():
            self.interrupt()
        notes = [json.loads(line) for line in self.notes.read_text().splitlines()] if self.notes.exists() else []
        return Ended(self.process.returncode, self.log.read_text(errors="replace"), notes)


class Project:
    def __init__(self, folder: Path, services: Services, image: str, extra: dict[str, str]) -> None:
        self.folder = folder
        self.image = image
        folder.mkdir()
        self.env = {**services.client_environment(), **extra, "PYTHONPATH": str(SDK)}
        self.s3 = {
            "S3_URL": services.s3,
            "S3_KEY": services.key,
            "S3_SECRET": services.secret,
            "S3_BUCKET": services.bucket,
        }
        shutil.copy(HERE / "five_steps.py", folder)

    def call(self, *command: str, **env: str) -> Ended:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=COMMAND_WITHIN,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def zenml(self, *words: str) -> str:
        """A command of ZenML's own program."""
        done = self.call(str(Path(sys.executable).with_name("zenml")), *words)
        assert done.code == 0, f"zenml {' '.join(words)}: {done.text}"
        return done.text

    def python(self, script: str, **env: str) -> str:
        done = self.call(sys.executable, "-c", script, **env)
        assert done.code == 0, done.text
        return done.text

    def register_artifact_store(self) -> None:
        # The CLI's --secret is a reference to one of ZenML's own.
        self.python(ARTIFACT_STORE, **self.s3)

    def start(self, **env: str) -> Run:
        return Run(self, {"ZENML_TEST_IMAGE": self.image, **env})

    def run(self, **env: str) -> Ended:
        """The five steps once. Not an assertion: a run may be meant to fail."""
        return self.start(**env).result()

    def steps(self) -> dict[str, dict[str, Any]]:
        """What ZenML's server has of the newest run's steps."""
        (line,) = [line for line in self.python(STEPS).splitlines() if line.startswith("STEPS ")]
        found: dict[str, dict[str, Any]] = json.loads(line.removeprefix("STEPS "))
        return found
