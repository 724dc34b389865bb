"""The cluster as a whole: is it there, make it, what does a client need to use it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import shlex
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import (
    binary,
    certificates,
    cgroups,
    components,
    coredns,
    health,
    images,
    kubeconfig,
    machine,
    network,
    packages,
    paths,
    plan,
    process,
    services,
    teardown,
)
from .plan import Plan
from .profiles import PROFILES
from .run import wait_for
from .say import Failure, line, stage

# ZenML's default, and so stepop's.
NAMESPACE = "zenml"

# The cluster starts in about ten seconds; a machine that compiles at the same time may take several times that.
START_SECONDS = 120

# A component that is only slow, on a busy machine, has answered by then.
REPAIR_SECONDS = 30

# Written last: without it the cluster is half made.
READY = paths.STATE / "ready"


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """One command at a time changes the cluster. The lock is on the folder, so that it leaves nothing behind."""
    while True:
        paths.STATE.mkdir(mode=0o711, parents=True, exist_ok=True)
        handle = os.open(paths.STATE, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # It may have been deleted, and made anew, while this waited.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(paths.STATE)):
                    yield
                    return
        finally:
            os.close(handle)


def running() -> Plan | None:
    """The plan of the cluster, if it was made to the end."""
    return plan.load() if READY.exists() else None


def troubles() -> dict[str, str]:
    """Each component, with what is wrong with it or nothing."""
    return {component.name: health.trouble(component) for component in process.recorded()}


def up(profile: str, with_services: bool = False) -> Plan:
    if profile not in PROFILES:
        raise Failure(f"no profile {profile}: there are {', '.join(PROFILES)}", code=2)
    packages.ensure()
    dns = coredns.ensure() if with_services else None
    while True:
        with lock():
            present = running()
            if present and is_whole(present):
                check_same(present, profile)
                if dns and not has_services():
                    add_services(present, dns)
                return present
            if not any(paths.STATE.iterdir()):
                began = time.monotonic()
                program = binary.ensure(binary.VERSION)
                made = make(program, profile)
                if dns:
                    add_services(made, dns)
                line(f"the cluster is up: Kubernetes {made.version}, {time.monotonic() - began:.1f} s")
                return made
            line("the cluster is there, but not whole: it is made anew")
            # Its folder goes, and with it the lock.
            teardown.down()


def is_whole(present: Plan) -> bool:
    """All well, or made well again: others may be using the cluster, so it is not given up for one component."""
    ill = {name: trouble for name, trouble in troubles().items() if trouble}
    if not ill:
        return True
    if not network.exists(present.bridge):
        # The machine has been restarted.
        return False
    line("not well: " + ", ".join(f"{name} ({trouble})" for name, trouble in ill.items()))
    try:
        with stage("set it right"):
            for component in process.recorded():
                if not process.pid_of(component):
                    process.start(component)
                process.send(component, signal.SIGCONT)
            for component in process.recorded():
                health.wait(component, REPAIR_SECONDS)
    except Failure as failure:
        line(str(failure))
        return False
    return True


def check_same(present: Plan, profile: str) -> None:
    wanted = {"profile": profile, "version": binary.VERSION}
    for name, value in wanted.items():
        if getattr(present, name) != value:
            raise Failure(f"the running cluster has {name} {getattr(present, name)}, not {value}: first `down`", code=2)


def make(program: Path, profile: str) -> Plan:
    with stage("prepare the network, the control groups and the certificates"):
        for folder in (paths.LOGS, paths.COMPONENTS, paths.CONFIG, paths.BIN, paths.USERS):
            folder.mkdir(mode=0o700)
        pods, services = map(network.choose_range, (network.POD_RANGES, network.SERVICE_RANGES))
        bridge = network.choose_bridge()
        machine.note(bridge)
        made = Plan(str(program), binary.VERSION, profile, bridge, pods, services, network.choose_ports())
        made.save()
        cgroups.create()
        network.create_bridge(made.bridge, made.pods)
        network.write_cni(made.bridge, made.pods, made.services)
        certificates.create(made.gateway, made.service_address, components.NODE)
        for name in ("controller-manager", "scheduler", "kubelet"):
            file = paths.CONFIG / f"{name}.kubeconfig"
            kubeconfig.write(file, made.server, {name: kubeconfig.by_certificate(name)})
        admins = {
            "admin": kubeconfig.by_certificate("admin"),
            "admin-by-token": kubeconfig.by_token((paths.PKI / "admin.token").read_text()),
        }
        kubeconfig.write(paths.KUBECONFIG, made.server, admins)
        (paths.BIN / "kubectl").symlink_to(program)
    with stage("start etcd, containerd and the truth server"):
        start(components.etcd(made), components.containerd(made), components.truth(made))
    with stage("start the API server"):
        # While it starts, which is most of the time, containerd takes the images.
        starting = components.apiserver(made)
        launch(starting)
        images.load(made.truth_url)
        health.wait(starting, START_SECONDS)
    with stage("start the controllers, the scheduler and the kubelet"):
        start(components.controller_manager(made), components.scheduler(made), components.kubelet(made))
    with stage(f"wait for the node and the namespace {NAMESPACE}"):
        api = Api(made)
        wait_for(f"the namespace {NAMESPACE}", lambda: api.create_namespace(NAMESPACE), START_SECONDS)
        for name in ("default", NAMESPACE):
            look = functools.partial(api.get, f"/api/v1/namespaces/{name}/serviceaccounts/default")
            wait_for(f"the default service account of {name}", look, START_SECONDS)
        wait_for("the node is ready", api.node_is_ready, START_SECONDS, paths.LOGS / "kubelet.log")
    READY.touch()
    return made


def has_services() -> bool:
    return any(component.name == "dns" for component in process.recorded())


def add_services(made: Plan, program: Path) -> None:
    with stage("start DNS and the services' proxy"):
        services.prepare(made)
        start(services.proxy(made, components.NODE), services.dns(made, program))


def launch(component: process.Component) -> None:
    component.save()
    process.start(component)


def start(*wanted: process.Component) -> None:
    """Together: each waits most of its time for something."""
    for component in wanted:
        launch(component)
    for component in wanted:
        health.wait(component, START_SECONDS)


class Api:
    """The few calls that making a cluster needs, as the administrator."""

    def __init__(self, made: Plan) -> None:
        self.server = made.server
        self.token = (paths.PKI / "admin.token").read_text()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), health.tls())

    def call(self, method: str, path: str, body: dict[str, object] | None = None) -> dict[str, Any] | None:
        """The answer, or nothing when it is an error: an API server that has just started refuses for a moment."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.server + path, data=data, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=health.ANSWER_SECONDS) as reply:
                answer: dict[str, Any] = json.load(reply)
                return answer
        except urllib.error.HTTPError as error:
            # Made by an earlier try whose answer was lost.
            return {} if error.code == 409 and method == "POST" else None
        except OSError:
            return None

    def get(self, path: str) -> bool:
        return self.call("GET", path) is not None

    def create_namespace(self, name: str) -> bool:
        body: dict[str, object] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        return self.call("POST", "/api/v1/namespaces", body) is not None

    def node_is_ready(self) -> bool:
        node = self.call("GET", f"/api/v1/nodes/{components.NODE}")
        conditions = node["status"].get("conditions", []) if node else []
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def environment(made: Plan) -> dict[str, str]:
    return {
        "KUBECONFIG": str(paths.KUBECONFIG),
        "STEPOP_CLUSTER_DIR": str(paths.STATE),
        "STEPOP_KUBE_CONTEXT": kubeconfig.CONTEXT,
        "STEPOP_KUBE_NODE": components.NODE,
        "STEPOP_KUBE_SERVER": made.server,
        "STEPOP_KUBE_TOKEN_FILE": str(paths.PKI / "admin.token"),
        "STEPOP_KUBE_CA": str(paths.PKI / "ca.crt"),
        "STEPOP_KUBE_BINARY": made.binary,
        "STEPOP_GATEWAY": made.gateway,
        "STEPOP_TEST_IMAGE": images.TEST,
        "STEPOP_TRUTH_URL": made.truth_url,
        "STEPOP_TRUTH_LOG": str(paths.TRUTH_LOG),
    }


def environment_lines(made: Plan) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(made).items()]
    # Once, however often it is evaluated.
    folder = shlex.quote(str(paths.BIN))
    lines.append(f'case ":$PATH:" in *:{folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac')
    return "\n".join(lines)
