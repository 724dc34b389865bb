"""A Debian that holds nothing of what built the project: `debootstrap --variant=minbase`, kept between runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

SUITE = "bookworm"
# Of these a bare root has none: the libraries that the plugin is made of, and what compiles it.
FOREIGN = ["libssl*", "libcrypto*", "libboost*", "libyaml-cpp*", "libsqlite3*", "libspdlog*", "gcc", "g++", "python3"]


def cache() -> Path:
    chosen = os.environ.get("STEPOP_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/root") / ".cache"
    return Path(chosen) if chosen else Path(base) / "stepop"


def bare_root(*packages: str) -> Path:
    """Makes it where it is not there, which takes a minute or two; with these packages and what they depend on."""
    root = cache() / "-".join(["bare-root", SUITE, *packages])
    if root.exists():
        return root
    if not shutil.which("debootstrap"):
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "debootstrap"])
    root.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: what is interrupted leaves no half a root.
    unfinished = Path(tempfile.mkdtemp(prefix="bare-root-", dir=root.parent))
    try:
        more = [f"--include={','.join(packages)}"] if packages else []
        run(["debootstrap", "--variant=minbase", *more, SUITE, unfinished])
        unfinished.chmod(0o755)
        unfinished.rename(root)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return root


def run(command: list[str | Path]) -> None:
    print(f"        {' '.join(map(str, command))}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=env, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]


def foreign_files(root: Path) -> list[Path]:
    places = ["usr/lib", "usr/bin", "usr/local", "lib", "opt"]
    return [file for place in places for name in FOREIGN for file in (root / place).rglob(name)]


@contextlib.contextmanager
def inside(root: Path, files: list[Path]) -> Iterator[str]:
    """A folder of the root that holds copies of the files, by the path that it has from inside. It may hold
    credentials: it is private, and gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="stepop-", dir=root / "opt"))
    try:
        for file in files:
            shutil.copy(file, folder / file.name)
        yield str(Path("/") / folder.relative_to(root))
    finally:
        shutil.rmtree(folder)
