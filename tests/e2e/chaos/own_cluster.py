"""A cluster of the profile `faults`: the one that is up, if it is of that profile, or one more beside it."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "cluster"
FOLDER = "/var/lib/stepop-cluster-chaos"
PROFILE = "faults"


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, TOOLS / words[0], *words[1:]], stdout=subprocess.PIPE, text=True)


def profile_that_is_up() -> str:
    folder = os.environ.get("STEPOP_CLUSTER_DIR")
    try:
        return str(json.loads((Path(folder) / "plan.json").read_text())["profile"]) if folder else ""
    except (OSError, ValueError, KeyError):
        return ""


@contextlib.contextmanager
def cluster_for_faults() -> Iterator[None]:
    """Sets the environment that tests find their cluster by. What it started it also stops."""
    borrowed = profile_that_is_up() == PROFILE
    if not borrowed:
        os.environ["STEPOP_CLUSTER_DIR"] = FOLDER
        tool("down")  # what an earlier test that was killed has left, in whatever state
    made = tool("up", "--profile", PROFILE, "--env")
    if made.returncode:
        sys.exit("0 passed, 1 failed")
    for line in made.stdout.splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        if line.startswith("export "):
            os.environ[name] = shlex.split(value)[0]
    os.environ["PATH"] = f"{os.environ['STEPOP_CLUSTER_DIR']}/bin:{os.environ['PATH']}"
    try:
        yield
    finally:
        if not borrowed:
            tool("down")
