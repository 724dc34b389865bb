"""What the cluster changes on the machine outside its own folder: noted before, put back after."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from . import network, paths
from .run import run, wait_for

NOTES = paths.STATE / "machine.json"

# A namespace's interfaces go in milliseconds; many of them, one after the other.
GONE_SECONDS = 180

# The kubelet and CNI's bridge plugin set these.
SYSCTLS = [
    "net/ipv4/ip_forward",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxbytes",
    "kernel/keys/root_maxkeys",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
]

# Folders with fixed names that containerd, the kubelet and CNI make, deepest last. Those that were absent are removed;
# from those that were there only what is ours is.
FOLDERS = [
    "/run/containerd",
    "/run/containerd/s",
    "/var/lib/cni",
    "/var/lib/cni/cache",
    "/var/lib/cni/results",
    "/var/log/containers",
    "/var/lib/kubelet",
    "/var/lib/kubelet/device-plugins",
    "/opt/cni",
    "/opt/containerd",
    # Where mount and umount keep notes, which are empty.
    "/run/mount",
]


def note(bridge: str) -> None:
    sysctls = {}
    for name in SYSCTLS:
        file = Path("/proc/sys") / name
        if file.exists():
            sysctls[name] = file.read_text().strip()
    absent = [folder for folder in FOLDERS if not Path(folder).exists()]
    NOTES.write_text(json.dumps({"bridge": bridge, "sysctls": sysctls, "absent": absent}, indent=2))


def put_back() -> None:
    """To be called when nothing of the cluster runs any more, and before its folder goes."""
    if not NOTES.exists():
        return
    notes = json.loads(NOTES.read_text())
    bridge = notes["bridge"]
    if network.exists(bridge):
        wait_for("the pods' network interfaces go", lambda: no_ports(bridge), GONE_SECONDS)
        run(["ip", "link", "delete", bridge])
    for name, value in notes["sysctls"].items():
        file = Path("/proc/sys") / name
        if file.exists() and file.read_text().strip() != value:
            file.write_text(value)
    for pattern in ("cache/results", "results"):
        for file in Path("/var/lib/cni", pattern).glob("*"):
            # What CNI keeps about an interface names the pod's network namespace, which is in our folder.
            if f"{paths.STATE}/" in file.read_text(errors="replace"):
                file.unlink()
    for link in Path("/var/log/containers").glob("*.log"):
        if link.is_symlink() and paths.STATE in Path(link.readlink()).parents:
            link.unlink()
    # A shim notes in its bundle the socket that it listens on, in a folder that all containerds share.
    for note_file in (paths.STATE / "containerd/state/io.containerd.runtime.v2.task").glob("*/*/address"):
        Path(note_file.read_text().removeprefix("unix://")).unlink(missing_ok=True)
    for folder in notes["absent"]:
        # Not if another containerd or kubelet has been started since and uses it.
        if Path(folder).is_dir() and not any(holds_something(file) for file in Path(folder).rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)


def no_ports(bridge: str) -> bool:
    """The kernel takes a network namespace down some time after its last user: then the pod's interface goes."""
    return not any(Path("/sys/class/net", bridge, "brif").iterdir())


def holds_something(file: Path) -> bool:
    if file.is_socket():
        # A socket that nobody holds is what a killed program leaves.
        return f" {file}\n" in Path("/proc/net/unix").read_text()
    return not file.is_dir() and file.lstat().st_size > 0
