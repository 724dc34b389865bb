"""A node that is only an object: tainted, so that nothing runs there, and kept ready by a heartbeat.

With no ready node left, the node controller takes the fault for its own and evicts nothing.
"""

from __future__ import annotations

import threading
from datetime import datetime, timezone
from typing import Any

from parts.cluster import Cluster

NAME = "chaos-spare"
# Well within the `faults` profile's grace of 12 s.
BEAT_SECONDS = 2.0
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


class SpareNode:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.beat, name="spare-node", daemon=True)

    def start(self) -> None:
        taint = {"key": "chaos-spare", "value": "true", "effect": "NoSchedule"}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}, "spec": {"taints": [taint]}}
        self.cluster.call("POST", "/api/v1/nodes", node)
        self.thread.start()

    def stop(self) -> None:
        self.stopped.set()
        self.thread.join()
        self.cluster.call("DELETE", f"/api/v1/nodes/{NAME}")

    def beat(self) -> None:
        while not self.stopped.is_set():
            try:
                self.once()
            except (OSError, ValueError, KeyError):
                pass  # the API server is away: the next beat tells it
            self.stopped.wait(BEAT_SECONDS)

    def once(self) -> None:
        now = datetime.now(timezone.utc)
        status, node = self.cluster.call("GET", f"/api/v1/nodes/{NAME}")
        if status != 200:
            return
        moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        ready = {"type": "Ready", "status": "True", "reason": "Beats", "lastHeartbeatTime": moment}
        node["status"] = {"conditions": [{**ready, "lastTransitionTime": node["metadata"]["creationTimestamp"]}]}
        self.cluster.call("PUT", f"/api/v1/nodes/{NAME}/status", node)
        self.renew(now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))

    def renew(self, moment: str) -> None:
        status, lease = self.cluster.call("GET", f"{LEASES}/{NAME}")
        if status == 200:
            lease["spec"]["renewTime"] = moment
            self.cluster.call("PUT", f"{LEASES}/{NAME}", lease)
            return
        spec: dict[str, Any] = {"holderIdentity": NAME, "leaseDurationSeconds": 40, "renewTime": moment}
        new = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": NAME}, "spec": spec}
        self.cluster.call("POST", LEASES, new)
