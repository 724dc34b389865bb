"""A ZenML project on a client's machine: its commands, its runs, and what its pods are made of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services import Services

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLUSTER_TOOLS = ROOT / "tests" / "cluster"
SDK = ROOT / "sdk" / "python" / "src"
IMAGE = "stepop.local/zenml:1"
COMMAND_WITHIN = 600.0

# An image of busybox alone; Python, ZenML and this machine's libraries are mounted into it.
MAKE_IMAGE = """
import sys
from parts import images, packages, paths
archive = paths.STATE / "zenml.tar"
config = {"Cmd": ["/bin/sh"], "WorkingDir": "/app", "Env": [f"PATH={sys.argv[2]}:/bin", f"PYTHONPATH={sys.argv[3]}"]}
images.write_archive(archive, sys.argv[1], images.tree(packages.busybox()), config)
images.ctr("images", "import", str(archive))
archive.unlink()
"""

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


class Project:
    def __init__(self, folder: Path, services: Services, extra: dict[str, str]) -> None:
        self.folder = folder
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

    def run(self, **env: str) -> Ended:
        """The five steps once. Not an assertion: a run may be meant to fail."""
        out = self.folder / "notes.jsonl"
        out.unlink(missing_ok=True)
        words = {"ZENML_TEST_IMAGE": IMAGE, "ZENML_TEST_SETTINGS": json.dumps(pod_of_this_machine())}
        done = self.call(sys.executable, "five_steps.py", **words, ZENML_TEST_OUT=str(out), **env)
        done.notes = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
        return done

    def steps(self) -> dict[str, dict[str, Any]]:
        """What ZenML's server has of the newest run's steps."""
        (line,) = [line for line in self.python(STEPS).splitlines() if line.startswith("STEPS ")]
        found: dict[str, dict[str, Any]] = json.loads(line.removeprefix("STEPS "))
        return found


def make_image() -> None:
    words = [sys.executable, "-c", MAKE_IMAGE, IMAGE, str(Path(sys.executable).parent), str(SDK)]
    subprocess.run(words, cwd=CLUSTER_TOOLS, check=True, stdout=sys.stderr)


def pod_of_this_machine() -> dict[str, Any]:
    """This machine's Python with its packages, for a pod: each at its own path, to read alone."""
    folders = {path: path for path in (sys.prefix, sys.base_prefix, str(SDK), "/usr/lib")}
    folders.update({path: os.path.realpath(path) for path in ("/lib", "/lib64")})
    volumes, mounts = [], []
    for i, (inside, outside) in enumerate(folders.items()):
        volumes.append({"name": f"machine-{i}", "hostPath": {"path": outside}})
        mounts.append({"name": f"machine-{i}", "mountPath": inside, "readOnly": True})
    return {"pod_settings": {"volumes": volumes, "volume_mounts": mounts}}
