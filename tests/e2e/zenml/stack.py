"""The stack of the tests, and what its steps leave in the cluster."""

from __future__ import annotations

import urllib.parse
from typing import Any

import image
from diagnosis.registry import Registry
from parts.cluster import NAMESPACE, Cluster
from project import Ended, Project
from proxy import FaultProxy

REPOSITORY = "zenml"
OURS = "pipeline in (five_steps,one_step)"


class Stack:
    def __init__(
        self, cluster: Cluster, project: Project, registry: Registry, proxy: FaultProxy, admin: FaultProxy
    ) -> None:
        self.cluster = cluster
        self.project = project
        self.registry = registry
        self.proxy = proxy
        self.admin = admin
        self.ended: Ended | None = None

    def pods(self) -> dict[str, Any]:
        """By their steps; of several of one step the newest."""
        found = sorted(self.cluster.pods(OURS), key=lambda pod: str(pod["metadata"]["creationTimestamp"]))
        return {pod["metadata"]["labels"]["step_name"]: pod for pod in found}

    def clear(self) -> None:
        """ZenML's own flavor leaves Jobs, ours pods."""
        query = urllib.parse.urlencode({"labelSelector": OURS, "propagationPolicy": "Background"})
        status, answer = self.cluster.call("DELETE", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs?{query}")
        assert status == 200, answer
        self.cluster.delete_pods(OURS)

    def push(self, repository: str) -> None:
        """The steps' image under another name too."""
        image.push(f"127.0.0.1:{self.registry.port}", repository, like=REPOSITORY)
