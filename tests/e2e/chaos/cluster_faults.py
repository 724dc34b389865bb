"""Faults of the cluster: its components, its node, its pods; and of the host. One at a time: all share one node."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from parts.cluster import NAMESPACE, PATIENCE, TOOLS, Cluster, need, wait_until

from .flows import Flow, wait_while_it_goes
from .spare_node import SpareNode

NODE = need("STEPOP_KUBE_NODE")
SETTLES_SECONDS = 6.0


# A port of the component may be in use for a moment, by what was connected to it before.
STARTS = 3


def component(action: str, name: str, *flags: str) -> None:
    for left in reversed(range(STARTS)):
        words = [str(TOOLS / "component"), action, name, *(["--", *flags] if flags else [])]
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode == 0:
            return
        assert left and "address already in use" in done.stdout, f"{' '.join(words)}: {done.stdout}"
        action = "start"
        time.sleep(1)


# ---- While steps come and go ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StreamFault:
    """Strikes again and again, until all flows have ended."""

    name: str
    strike: Callable[[Sequence[Flow], random.Random], int]  # how often it struck
    loses_place: bool = False
    # Between two strikes, so that something gets done.
    calm: tuple[float, float] = (4, 10)
    cancels_waiting: bool = True
    # Not in the short form.
    slow: bool = False

    def cases(self) -> list[str]:
        names = ["result", "three", "lines", "memory", "no-program", "long"]
        return names if self.loses_place else [*names, "no-image"]

    def cancelled(self) -> list[str]:
        return ["cancelled", "cancelled-waiting"] if self.cancels_waiting else ["cancelled"]


def kill_apiserver(flows: Sequence[Flow], choose: random.Random) -> int:
    component("kill", "apiserver")
    wait_while_it_goes(choose.uniform(0, 4), flows)
    component("start", "apiserver")
    return 1


def kill_etcd(flows: Sequence[Flow], choose: random.Random) -> int:
    component("kill", "etcd")
    wait_while_it_goes(choose.uniform(0, 2), flows)
    component("start", "etcd")
    # It waits for its store, and is not restarted for it.
    wait_until("the API server is well", api_is_ready)
    return 1


def restart_kubelet(flows: Sequence[Flow], choose: random.Random) -> int:
    component("kill", "kubelet")
    wait_while_it_goes(choose.uniform(0, 2), flows)
    component("start", "kubelet")
    return 1


def kill_host(flows: Sequence[Flow], choose: random.Random) -> int:
    return sum(flow.kill_and_resume() for flow in flows)


def api_is_ready() -> bool:
    try:
        return Cluster().call("GET", "/api/v1/namespaces")[0] == 200
    except (OSError, ValueError):
        return False


STREAM_FAULTS = [
    # A busy machine needs some seconds to be of use again.
    StreamFault("API server kill -9", kill_apiserver, loses_place=True, calm=(8, 20)),
    # Whether the API server's watches survive it is a matter of moments.
    StreamFault("etcd kill -9", kill_etcd, loses_place=True, cancels_waiting=False, calm=(8, 20)),
    # A node whose kubelet dies every few seconds gets nowhere on a busy machine.
    StreamFault("kubelet kill -9", restart_kubelet, slow=True),
    StreamFault("host kill -9", kill_host, loses_place=True, calm=(0.5, 4)),
]


# ---- While steps are where they are to be met ----------------------------------------------------------------------


@dataclass
class World:
    cluster: Cluster
    flow: Flow  # whose steps are in their stages
    choose: random.Random
    spare: SpareNode
    undo: list[Callable[[], None]] = field(default_factory=list)

    def pods(self) -> list[Any]:
        return self.cluster.pods(f"run_id={self.flow.run_id()}")

    def unstopped(self) -> list[Any]:
        return [pod for pod in self.pods() if pod["status"]["phase"] not in ("Succeeded", "Failed")]


@dataclass(frozen=True)
class RoundFault:
    """All steps of a round are brought to their stages, then it strikes once. `late` steps come while it lasts."""

    name: str
    met: tuple[str, ...]
    strike: Callable[[World], int]  # how many pods it has met; what puts things right again goes to `undo`
    late: bool = True
    # A round takes more than a minute: not in the short form.
    slow: bool = False
    prepare: Callable[[World], None] = lambda world: None


def cordon(world: World, on: bool) -> None:
    world.cluster.kubectl("cordon" if on else "uncordon", NODE)


def drain(world: World) -> int:
    """As kubectl drain does: cordon, then the Eviction subresource for each pod."""
    cordon(world, True)
    world.undo.append(lambda: cordon(world, False))
    evicted = 0
    for pod in world.unstopped():
        name = pod["metadata"]["name"]
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
        status, answer = world.cluster.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction", body)
        assert status == 201, answer
        evicted += 1
    return evicted


def preempt(world: World) -> int:
    cluster = world.cluster
    node = cluster.get(f"/api/v1/nodes/{NODE}")
    victims = len(world.unstopped())
    importance = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "chaos-first"},
        "value": 1000000,
    }
    cluster.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", importance)
    container = {
        "name": "main",
        "image": cluster.image,
        "command": ["sleep", "3600"],
        "resources": {"requests": {"cpu": node["status"]["allocatable"]["cpu"]}},
    }
    spec = {
        "priorityClassName": "chaos-first",
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    name = "chaos-first"
    metadata = {"name": name, "labels": {"of": "chaos-first"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    world.undo.append(lambda: cluster.delete_pods("of=chaos-first"))
    status, answer = cluster.call("POST", f"/api/v1/namespaces/{NAMESPACE}/pods", pod)
    assert status == 201, answer
    wait_until("the preemptor runs", lambda: phase_of(cluster, name) == "Running")
    return victims


def phase_of(cluster: Cluster, name: str) -> str:
    status, pod = cluster.call("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{name}")
    return str(pod["status"].get("phase", "")) if status == 200 else ""


def reject(world: World) -> int:
    """A threshold that is exceeded from the first moment: the restarted kubelet admits none of the pods that run."""
    running = len(world.unstopped())
    assert running
    world.undo.append(lambda: component("restart", "kubelet"))
    component("restart", "kubelet", "--eviction-hard=memory.available<99%", "--eviction-pressure-transition-period=1s")
    # Not before: a kubelet that is restarted once more forgets that it has rejected them.
    wait_until("the kubelet has told of all", lambda: not world.unstopped())
    return running


def lose_node(world: World) -> int:
    lost = len(world.unstopped())
    component("pause", "kubelet")
    world.undo.append(lambda: component("resume", "kubelet"))
    wait_until("the pods are to be deleted", lambda: all(is_being_deleted(pod) for pod in world.unstopped()))
    return lost


def is_being_deleted(pod: Any) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def delete_node(world: World) -> int:
    lost = len(world.unstopped())
    component("kill", "kubelet")
    # It registers its node only when it starts.
    world.undo.append(lambda: component("start", "kubelet"))
    world.cluster.kubectl("delete", "node", NODE, "--wait=false")
    # Orphaned pods are collected in rounds of 20 s, after a quarantine of 40 s.
    wait_until("the pods are collected", lambda: not world.pods(), 3 * PATIENCE)
    return lost


# What pods may use of the machine's memory; beyond the first the kernel kills, beyond the second the kubelet evicts.
# One hog of 400 MiB is too much, and two are not yet for the kernel.
POD_MEMORY_MIB = 1000
FREE_MIB = 700


def reserve_memory(world: World) -> None:
    node = world.cluster.get(f"/api/v1/nodes/{NODE}")
    capacity = node["status"]["capacity"]["memory"]
    assert capacity.endswith("Ki"), capacity
    reserved = int(capacity[:-2]) // 1024 - POD_MEMORY_MIB
    world.undo.append(lambda: component("restart", "kubelet"))
    component(
        "restart",
        "kubelet",
        "--enforce-node-allocatable=pods",
        f"--system-reserved=memory={reserved}Mi",
        f"--eviction-hard=memory.available<{FREE_MIB}Mi",
        "--eviction-pressure-transition-period=1s",
    )


def exhaust_memory(world: World) -> int:
    hogs = [pod["metadata"]["name"] for pod in world.unstopped() if "/hog-" in step_of(pod)]
    for hog in hogs:
        # One that is evicted in the place of another, by figures of a moment ago, need not be told.
        if phase_of(world.cluster, hog) == "Running":
            world.cluster.kubectl("exec", hog, "--", "touch", "/go")
        wait_until(f"{hog} is evicted", lambda: phase_of(world.cluster, hog) in ("", "Failed"))
    return len(hogs)


def step_of(pod: Any) -> str:
    return str(pod["metadata"]["annotations"]["stepop.dev/step-run-id"])


ROUND_FAULTS = [
    RoundFault("node memory exhausted", ("bystander", "hog"), exhaust_memory, prepare=reserve_memory, slow=True),
    RoundFault("node drained", ("victim", "stubborn", "waiting"), drain, slow=True),
    RoundFault("preemption", ("victim", "stubborn", "waiting"), preempt, slow=True),
    RoundFault("pods rejected by a restarted kubelet", ("best-effort",), reject, slow=True),
    RoundFault("node lost and back", ("victim", "stubborn", "waiting"), lose_node, slow=True),
    RoundFault("node deleted", ("victim",), delete_node, late=False, slow=True),
]
