"""One control group holds all that the cluster runs: its components, and under kubepods every pod.

So `down` knows each of its processes, whatever became of their parents, and can end no other.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from . import paths

NAME = paths.NAME


def mounts() -> list[Path]:
    """Every hierarchy: the controllers of version 1, or the one of version 2."""
    found = []
    for text in Path("/proc/mounts").read_text().splitlines():
        _, place, kind = text.split()[:3]
        if kind in ("cgroup", "cgroup2"):
            found.append(Path(place))
    return found


def create() -> None:
    for mount in mounts():
        for group in (mount / NAME, mount / NAME / "components"):
            group.mkdir(exist_ok=True)
            # A cpuset of version 1 is born empty, and takes no process until it is told what it may use.
            for name in ("cpuset.cpus", "cpuset.mems"):
                inherited = mount / name
                if inherited.exists():
                    (group / name).write_text(inherited.read_text())


def join() -> None:
    """Called in a component's process before it becomes the component."""
    for mount in mounts():
        (mount / NAME / "components" / "cgroup.procs").write_text(str(os.getpid()))


def pids(below: str = "") -> set[int]:
    found: set[int] = set()
    for mount in mounts():
        for listing in (mount / NAME / below).rglob("cgroup.procs"):
            try:
                found.update(int(word) for word in listing.read_text().split())
            except OSError:
                # The group went while we looked.
                continue
    found.discard(os.getpid())
    return found


def kill(below: str = "") -> None:
    for pid in pids(below):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def remove() -> bool:
    """Removes the groups, deepest first; false while something is still in one."""
    gone = True
    for mount in mounts():
        top = mount / NAME
        if not top.exists():
            continue
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                continue
            except OSError:
                gone = False
    return gone
