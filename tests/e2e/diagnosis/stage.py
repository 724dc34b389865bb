"""What all cases share: the operators, the recorder of pods, the webhook that writes into pods, the registry."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import uuid
from pathlib import Path
from typing import Any

import abi
from actions import NODE
from case import Case, Text
from parts.cluster import NAMESPACE, TOOLS, Cluster, wait_until
from parts.host import LITTLE_MEMORY
from recorder import Recorder
from registry import Registry
from step import Step
from webhooks import MAIN, SPEC, WebhookServer

# The first label is of the whole run; by the other one a case's pods are chosen by a cluster-wide object of its own.
RUN_LABEL, CASE_LABEL = "diagnosis.example/run", "diagnosis.example/case"
MERGE = "application/merge-patch+json"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"


class Operator:
    """An open operator whose events are handed to its steps."""

    def __init__(self, plugin: abi.Plugin, config: dict[str, Any]) -> None:
        self.op = plugin.open(config)
        self.steps: dict[str, Step] = {}
        self.warnings: list[abi.Event] = []  # of no step: its watch was cut, say
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        while True:
            try:
                events = self.op.next_events(timeout_ms=abi.FOR_EVER)
            except abi.Failure as failure:
                assert failure.code == abi.CLOSED, failure
                return
            for event in events:
                if event.kind == abi.WARNING and not event.step_run_id:
                    self.warnings.append(event)
                if event.step_run_id in self.steps:
                    self.steps[event.step_run_id].take(event)

    def close(self) -> None:
        self.op.shutdown()
        self.thread.join()
        self.op.destroy()


class Stage:
    def __init__(self, library: Path) -> None:
        self.cluster = Cluster()
        self.id = uuid.uuid4().hex[:8]
        self.owner = f"tests-{self.id}"
        self.folder = tempfile.TemporaryDirectory(prefix="stepop-diagnosis-")
        self.path = Path(self.folder.name)
        self.plugin = abi.Plugin(str(library))
        self.lock, self.making = threading.Lock(), threading.Lock()
        self.made: list[str] = []  # cluster-wide objects and namespaces, deleted at the end
        self.servers: list[WebhookServer] = []
        self.operators: list[Operator] = []
        self.webhook_of: dict[str, WebhookServer] = {}  # by the namespace that it judges
        self.users: dict[str, str] = {}  # by namespace
        self.finalized: list[str] = []  # objects that something holds
        self.seats: list[str] = []  # what the node was given
        self.devices: dict[str, tuple[str, str]] = {}  # given to the node, with the label that tells of them
        self.priority_class = ""
        self.recorder = Recorder(self.cluster, f"stepop.dev/owner={self.owner}")
        self.registry = Registry(self.path / "registry", self.cluster.image)
        writer = self.webhook_server("writer").start()
        selector = {"objectSelector": {"matchLabels": {RUN_LABEL: self.id}}}
        self.make(
            f"{WEBHOOKS}/mutatingwebhookconfigurations",
            "MutatingWebhookConfiguration",
            f"diagnosis-{self.id}",
            webhooks=[writer.hook("/rewrite", **selector)],
        )
        # The first cases come in a burst, while it still lists the namespace: what it claims of them is no less firm.
        self.operator = self.open(self.cluster.account.kubeconfig)

    # ---- Steps

    def open(self, kubeconfig: str) -> Operator:
        operator = Operator(self.plugin, {"owner": self.owner, "kubeconfig": kubeconfig, **LITTLE_MEMORY})
        with self.lock:
            self.operators.append(operator)
        return operator

    def text(self, text: Text) -> str:
        return text if isinstance(text, str) else text(self)

    def submit(self, case: Case) -> Step:
        namespace = self.text(case.namespace) or NAMESPACE
        settings = json.loads(json.dumps(case.settings(self) if callable(case.settings) else case.settings))
        settings["kubernetes_namespace"] = namespace
        pod = settings.setdefault("pod_settings", {})
        pod.setdefault("labels", {}).update({RUN_LABEL: self.id, CASE_LABEL: uuid.uuid4().hex[:12]})
        pod.setdefault("annotations", {}).update({SPEC: json.dumps(case.spec), MAIN: json.dumps(case.main)})
        name = "-".join(case.name.split())[:30].strip("-").lower()
        request = {
            "step_run_id": f"{case.name}/{uuid.uuid4().hex[:12]}",
            "step_name": name,
            "image": self.text(case.image) or self.cluster.image,
            "command": list(case.command),
            "settings": settings,
        }
        operator = self.operator_for(case, namespace)
        step = Step(self, operator.op, request, namespace)
        operator.steps[step.id] = step
        operator.op.submit(request)
        return step

    def operator_for(self, case: Case, namespace: str) -> Operator:
        if case.as_administrator:
            return self.open(self.cluster.kubeconfig)
        return self.operator if case.role is None else self.open(self.user(case.role, namespace))

    def user(self, role: list[dict[str, Any]], namespace: str) -> str:
        """The kubeconfig of a user who may do this in the namespace, and nothing else."""
        name = self.users[namespace] = f"user-{uuid.uuid4().hex[:8]}"
        meta = {"name": name, "namespace": namespace}
        file = self.path / f"{name}.json"
        role_object = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta, "rules": role}
        file.write_text(json.dumps(role_object))
        command = [TOOLS / "user", name, "--role", file, "--namespace", namespace]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    # ---- Objects of the cluster

    def make(self, collection: str, kind: str, name: str, **content: Any) -> str:
        """Creates an object, and has a cluster-wide one deleted at the end; returns its path."""
        group = collection.split("/apis/")[-1].split("/namespaces/")[0] if "/apis/" in collection else "v1"
        version = "/".join(group.split("/")[:2])
        body = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **content}
        status, answer = self.cluster.call("POST", collection, body)
        assert status == 201, answer
        path = f"{collection}/{name}"
        if "/namespaces/" not in path.replace("/api/v1/namespaces/" + name, ""):
            with self.lock:
                self.made.append(path)
        return path

    def make_namespace(self, **metadata: Any) -> str:
        """With its default service account, without which no pod can be made in it."""
        name = f"diagnosis-{uuid.uuid4().hex[:8]}"
        collection = "/api/v1/namespaces"
        status, answer = self.cluster.call("POST", collection, {"metadata": {"name": name, **metadata}})
        assert status == 201, answer
        with self.lock:
            self.made.append(f"{collection}/{name}")
        account = f"{collection}/{name}/serviceaccounts/default"
        wait_until(f"{account} is there", lambda: self.cluster.call("GET", account)[0] == 200)
        self.cluster.account_in(name)
        return name

    def delete(self, path: str, grace: int | None = None) -> None:
        status, answer = self.cluster.call("DELETE", path, None if grace is None else {"gracePeriodSeconds": grace})
        assert status in (200, 202, 404), answer

    def merge(self, path: str, change: object) -> Any:
        status, answer = self.cluster.call("PATCH", path, change, MERGE)
        assert status == 200, answer
        return answer

    def high_priority(self) -> str:
        """The class whose pods may push others away."""
        with self.making:
            if not self.priority_class:
                name = f"diagnosis-{self.id}"
                self.make("/apis/scheduling.k8s.io/v1/priorityclasses", "PriorityClass", name, value=1000)
                self.priority_class = name
            return self.priority_class

    def give_node(self, resource: str, count: int, label: tuple[str, str]) -> None:
        """The node has this many of it from now on, and a label."""
        with self.making:
            if resource not in self.devices:
                self.node_resource(resource, count, label)
                self.devices[resource] = label

    @staticmethod
    def node_resource(resource: str, count: int, label: tuple[str, str]) -> None:
        subprocess.run([TOOLS / "node-resource", resource, str(count), "--label", "=".join(label)], check=True)

    def webhook_server(self, name: str) -> WebhookServer:
        server = WebhookServer(self.path / f"webhook-{name}-{uuid.uuid4().hex[:8]}")
        with self.lock:
            self.servers.append(server)
        return server

    # ---- The end

    def clear(self, step: Step) -> None:
        """Its pods, which may hold what others wait for."""
        for pod in self.recorder.pods(step.id):
            meta = pod["metadata"]
            self.delete(f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}", 0)

    def close(self) -> None:
        for operator in self.operators:
            operator.close()
        self.recorder.closing = True
        for path in self.finalized:
            self.cluster.call("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
        for path in reversed(self.made):
            self.delete(path)
        if self.seats:
            none = dict.fromkeys(self.seats)
            self.merge(f"{NODE}/status", {"status": {"capacity": none, "allocatable": none}})
        for resource, label in self.devices.items():
            self.node_resource(resource, 0, label)
        self.cluster.delete_pods(f"stepop.dev/owner={self.owner}")
        self.registry.close()
        for server in self.servers:
            server.close()
        self.folder.cleanup()
