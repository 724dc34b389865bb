"""The Debian packages that the cluster is made of: installs those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from . import paths
from .run import run
from .say import Failure, stage

# Asked of the file, not of the package: another package may hold it (Docker's containerd.io), and conflict with ours.
NEEDED = {
    "containerd": ["/usr/bin/containerd", "/usr/local/bin/containerd"],
    "runc": ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"],
    "containernetworking-plugins": ["/usr/lib/cni/bridge", "/opt/cni/bin/bridge"],
    "etcd-server": ["/usr/bin/etcd", "/usr/local/bin/etcd"],
    "busybox-static": [],
    "iptables": ["/usr/sbin/iptables", "/sbin/iptables"],
    "iproute2": ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"],
    "openssl": ["/usr/bin/openssl"],
}

# Tells Debian's package scripts to start no daemon: the cluster starts its own etcd and containerd.
POLICY = Path("/usr/sbin/policy-rc.d")


def cni_plugins() -> Path:
    return Path("/usr/lib/cni") if Path("/usr/lib/cni/bridge").exists() else Path("/opt/cni/bin")


def busybox() -> Path | None:
    """A busybox that runs in an image which holds nothing else."""
    for place in (Path("/bin/busybox"), Path("/usr/bin/busybox")):
        if place.exists() and subprocess.run(["ldd", str(place)], capture_output=True, check=False).returncode:
            return place
    return None


def missing() -> list[str]:
    names = [name for name, places in NEEDED.items() if places and not any(Path(place).exists() for place in places)]
    return names if busybox() else [*names, "busybox-static"]


def ensure() -> None:
    if os.geteuid() != 0:
        raise Failure("needs root: it starts containers, and makes a bridge and control groups", code=2)
    names = missing()
    if names:
        install(names)
    still = missing()
    if still:
        raise Failure(f"installed, and still not found: {' '.join(still)}", code=2)


def install(names: list[str]) -> None:
    if not shutil.which("apt-get"):
        raise Failure(f"missing, and this system has no apt-get to install them: {' '.join(names)}", code=2)
    log = paths.cache() / "packages.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        with stage(f"install Debian packages: {' '.join(names)}"):
            try:
                run(command, log=log, env=env)
            except Failure:
                # The package lists are absent or old.
                run(["apt-get", "update"], log=log, env=env)
                run(command, log=log, env=env)
    finally:
        if ours:
            POLICY.unlink()
