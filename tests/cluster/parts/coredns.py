"""CoreDNS, built from its Go module and kept in the cache, like Kubernetes (binary.py)."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from . import binary, paths
from .run import run
from .say import Failure, stage

VERSION = "1.12.4"


def ensure() -> Path:
    """The program: the cached one if it runs, else a new one."""
    program = paths.cache() / f"coredns-v{VERSION}" / "coredns"
    if not runs(program):
        program.parent.mkdir(parents=True, exist_ok=True)
        go = binary.find_go()
        with stage(f"build CoreDNS {VERSION} (once; some minutes)"):
            build(go, program)
    return program


def runs(program: Path) -> bool:
    try:
        said = subprocess.run([str(program), "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.stdout.startswith(f"CoreDNS-{VERSION}\n")


def build(go: Path, program: Path) -> None:
    log = program.parent / "build.log"
    log.write_text("")
    # Beside the final place, so that the rename is one step.
    with tempfile.TemporaryDirectory(prefix="build-", dir=program.parent) as work:
        env = {**binary.GO_ENVIRONMENT, "GOBIN": work}
        # With the versions of its own go.mod and go.sum, as the name has a version: the same program every time.
        command: list[str | Path] = [go, "install", "-trimpath", "-ldflags", "-s -w"]
        run([*command, f"github.com/coredns/coredns@v{VERSION}"], log=log, env=env, cwd=Path(work))
        if not runs(Path(work, "coredns")):
            raise Failure("the new CoreDNS does not run, or is of another version", log)
        os.replace(Path(work, "coredns"), program)
