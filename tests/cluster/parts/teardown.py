"""Ends the cluster and leaves the machine as it was, from whatever state: running, half made, or half taken down."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from . import cgroups, machine, paths, process
from .run import wait_for
from .say import Failure, stage

# A killed process is gone in milliseconds, unless the disk is slow to take what it was writing.
GONE_SECONDS = 30

# Those that others write to end last.
KILLED_LAST = ["containerd", "truth"]


def down() -> None:
    known = {component.name: component for component in process.recorded()}
    with stage("stop the components"):
        # Not gently: nothing of what they hold is kept, and the apiserver would wait for its watches.
        for component in known.values():
            if component.name not in KILLED_LAST:
                process.kill(component)
    with stage("stop the pods"):
        wait_for("the pods' processes end", lambda: ended("kubepods"), GONE_SECONDS)
        for name in KILLED_LAST:
            if name in known:
                process.kill(known[name])
        # containerd's shims, and a component whose pid had not been noted yet.
        wait_for("the cluster's last processes end", lambda: ended(""), GONE_SECONDS)
    with stage("put the machine back"):
        unmount()
        wait_for("the control groups go", cgroups.remove, GONE_SECONDS)
        machine.put_back()
        remove_state()


def ended(below: str) -> bool:
    cgroups.kill(below)
    return not cgroups.pids(below)


def mounts_below(folder: Path) -> list[str]:
    found = []
    for text in Path("/proc/self/mounts").read_text().splitlines():
        # Spaces and the like are written in octal.
        place = text.split()[1].encode().decode("unicode_escape")
        if Path(place) != folder and folder in Path(place).parents:
            found.append(place)
    return found


def unmount() -> None:
    """Roots of containers, volumes, and the pods' network namespaces, the last mounted first."""
    for place in reversed(mounts_below(paths.STATE)):
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
    left = mounts_below(paths.STATE)
    if left:
        raise Failure(f"cannot unmount {', '.join(left)}")


def remove_state() -> None:
    # Deleting through a mount would delete what is mounted: a folder of this machine, perhaps.
    left = mounts_below(paths.STATE)
    if left:
        raise Failure(f"not deleted, as {left[0]} is still mounted")
    shutil.rmtree(paths.STATE)
