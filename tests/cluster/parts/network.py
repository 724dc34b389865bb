"""The pods' network: a bridge on this machine. Pods reach the machine at the bridge's own address, the gateway."""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import socket
from pathlib import Path

from . import paths
from .run import run
from .say import Failure

# Pods take addresses in turn, so a range of 65,000 is not used up by a long run of short ones.
POD_RANGES = ["10.209.0.0/16", "10.219.0.0/16", "10.229.0.0/16", "172.29.0.0/16", "10.239.0.0/16", "10.249.0.0/16"]

SERVICE_RANGES = ["10.210.0.0/16", "10.220.0.0/16", "172.30.0.0/16"]

# The addresses before it are the machine's and the services'.
FIRST_POD = 10

# The first choices: unlikely to be taken, and told apart from a real cluster's at sight.
PORTS = {
    "apiserver": 16443,
    "etcd": 12379,
    "etcd-peer": 12380,
    "kubelet": 20250,
    "kubelet-health": 20248,
    "controller-manager": 20257,
    "scheduler": 20259,
    "truth": 18080,
}


def choose_range(candidates: list[str]) -> str:
    """The first range that no route of this machine leads into."""
    routes = json.loads(run(["ip", "-json", "-4", "route"]))
    used = [ipaddress.ip_network(route["dst"]) for route in routes if route["dst"] != "default"]
    for candidate in candidates:
        if not any(ipaddress.ip_network(candidate).overlaps(network) for network in used):
            return candidate
    raise Failure(f"this machine has routes into each of {', '.join(candidates)}: none is free for the cluster")


def choose_bridge() -> str:
    """Also the name of the CNI network, and so the prefix of what CNI keeps about it."""
    return next(name for name in (f"stepop{number}" for number in itertools.count()) if not exists(name))


def exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def choose_ports() -> dict[str, int]:
    chosen: dict[str, int] = {}
    for name, port in PORTS.items():
        while port in chosen.values() or not is_free(port):
            port += 1
        chosen[name] = port
    return chosen


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def first_address(network: str) -> str:
    return str(ipaddress.ip_network(network)[1])


def router_address(pods: str) -> str:
    """Where the pods find services, names and addresses: the namespace below, if there is one."""
    return str(ipaddress.ip_network(pods)[2])


def create_bridge(name: str, pods: str) -> None:
    """Made before any pod, as servers bind to its address; CNI's bridge plugin takes it as it finds it."""
    gateway = f"{first_address(pods)}/{ipaddress.ip_network(pods).prefixlen}"
    # A bridge without an address of its own takes its first port's, and changes it when that pod goes.
    packed = ipaddress.ip_address(first_address(pods)).packed
    hardware = ":".join(f"{byte:02x}" for byte in (0x02, 0x42, *packed))
    run(["ip", "link", "add", name, "address", hardware, "type", "bridge"])
    mark_as_ours(name)
    run(["ip", "address", "add", gateway, "dev", name])
    run(["ip", "link", "set", name, "up"])


def mark_as_ours(interface: str) -> None:
    """Which of several clusters made it (snapshot.py)."""
    run(["ip", "link", "set", interface, "alias", str(paths.STATE)])


# A mount, so that `down` finds it as it finds those of the pods.
NAMESPACE = paths.STATE / "services.netns"


def create_namespace(bridge: str, pods: str) -> None:
    """A network namespace that is a port of the bridge, and passes packets on. Only pods are told of it."""
    address, gateway = router_address(pods), first_address(pods)
    # An interface's name has at most 15 characters.
    port = f"{bridge}-svc"
    # What an earlier try may have left that came no farther.
    if exists(port):
        run(["ip", "link", "delete", port])
    if os.path.ismount(NAMESPACE):
        run(["umount", NAMESPACE])
    NAMESPACE.touch()
    run(["unshare", f"--net={NAMESPACE}", "true"])
    run(["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE])
    mark_as_ours(port)
    run(["ip", "link", "set", port, "master", bridge, "up"])
    for words in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "address", "add", f"{address}/{ipaddress.ip_network(pods).prefixlen}", "dev", "eth0"],
        ["ip", "link", "set", "eth0", "up"],
        ["ip", "route", "add", "default", "via", gateway],
        ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
    ):
        run([*INSIDE, *words])


# The words before a command that runs it in the namespace; the process is the command's own.
INSIDE = ["nsenter", f"--net={NAMESPACE}", "--"]


def write_cni(name: str, pods: str, services: str) -> None:
    folder = paths.CONFIG / "cni"
    folder.mkdir(parents=True, exist_ok=True)
    bridge = {
        "type": "bridge",
        "bridge": name,
        "isDefaultGateway": True,
        # A pod that asks for a service whose one endpoint is itself.
        "hairpinMode": True,
        # Pods talk to this machine and to one another, neither of which needs their address rewritten: so no rule in
        # iptables, which would cost time with every pod.
        "ipMasq": False,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": pods, "rangeStart": str(ipaddress.ip_network(pods)[FIRST_POD])}]],
            "routes": [{"dst": services, "gw": router_address(pods)}],
            "dataDir": str(paths.STATE / "cni-addresses"),
        },
    }
    config = {"cniVersion": "0.4.0", "name": name, "plugins": [bridge]}
    (folder / "10-stepop.conflist").write_text(json.dumps(config, indent=2))
