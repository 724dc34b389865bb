"""What a machine looks like, in the respects in which a cluster changes one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from . import machine, paths

# These change by themselves.
VOLATILE_SYSCTLS = re.compile(
    r"fs/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota/)|kernel/(ns_last_pid|random/|pty/nr|sched_domain)"
    r"|net/netfilter/nf_conntrack_count|net/ipv[46]/(conf|neigh)/(veth|stepop)|dev/cdrom"
)

# Another cluster of ours may run beside the one that is looked at.
OURS = re.compile(r"/stepop-cluster[^/]*")


def take() -> dict[str, list[str]]:
    return {
        "sysctl": sysctls(),
        "iptables": iptables(),
        "links": links(),
        "addresses": output(["ip", "-br", "address"], skip=r"veth|stepop"),
        "routes": output(["ip", "route", "show", "table", "all"], skip=r"veth|stepop"),
        "bridge": bridges(),
        "namespaces": output(["ip", "netns"]),
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if not of_another(line)],
        "cgroups": cgroup_folders(),
        "processes": processes(),
        "folders": [folder for folder in [*machine.FOLDERS, str(paths.STATE)] if Path(folder).exists()],
    }


def differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    found = []
    for kind in after:
        found += [f"{kind}: new: {line}" for line in after[kind] if line not in before[kind]]
        found += [f"{kind}: gone: {line}" for line in before[kind] if line not in after[kind]]
    return found


def sysctls() -> list[str]:
    found = []
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            file = Path(folder, name)
            key = str(file.relative_to("/proc/sys"))
            if VOLATILE_SYSCTLS.match(key):
                continue
            try:
                found.append(f"{key} = {file.read_text().strip()}")
            except (OSError, UnicodeDecodeError):
                # Only for writing, or only on other machines.
                continue
    return sorted(found)


def iptables() -> list[str]:
    """The rules, without counters and times; a table without rules and with open policies is as none."""
    lines = output(["iptables-save"], skip=r"^#|^\*|^COMMIT")
    return [line for line in (re.sub(r"\[\d+:\d+\]", "", line).strip() for line in lines) if " ACCEPT" not in line[-8:]]


def links() -> list[str]:
    return sorted(name for name in os.listdir("/sys/class/net") if not name.startswith(("veth", "stepop")))


def bridges() -> list[str]:
    folders = [folder for folder in Path("/sys/class/net").iterdir() if folder.name.startswith("stepop")]
    return sorted(folder.name for folder in folders if not of_another((folder / "ifalias").read_text()))


def cgroup_folders() -> list[str]:
    """The groups at the top of each hierarchy, and all of ours: others come and go with whatever else runs."""
    tops = [folder for mount in Path("/sys/fs/cgroup").iterdir() for folder in mount.iterdir() if folder.is_dir()]
    return sorted(str(folder) for folder in tops if not of_another(str(folder)))


def processes() -> list[str]:
    """Those that have to do with the cluster: by what they are called with, or by the folder that they are in."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            group = (entry / "cgroup").read_text()
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if f"{paths.STATE}/" in command or f"/{paths.NAME}/" in group or f"{where}/".startswith(f"{paths.STATE}/"):
            found.append(f"{entry.name} {command}")
    return sorted(found)


def of_another(line: str) -> bool:
    named = OURS.findall(line)
    return bool(named) and f"/{paths.NAME}" not in named


def output(command: list[str], skip: str = "") -> list[str]:
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return [line.strip() for line in said.splitlines() if not (skip and re.search(skip, line))]
