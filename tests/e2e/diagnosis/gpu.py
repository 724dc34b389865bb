"""Steps on a GPU; the node's two are an extended resource that is not really there (tests/cluster/node-resource)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from case import Case, failed, pod_settings, succeeded

if TYPE_CHECKING:
    from stage import Stage

GPU = "nvidia.com/gpu"
# As NVIDIA's feature discovery labels a node.
PRODUCT = ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB")
OF_THE_NODE = 2


def gpus(count: int, **more: Any) -> Callable[[Stage], dict[str, Any]]:
    """What a step on a GPU asks for: the device, the kind of node, and the taint that such nodes have."""

    def settings(stage: Stage) -> dict[str, Any]:
        stage.give_node(GPU, OF_THE_NODE, PRODUCT)
        toleration = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
        resources = {"limits": {GPU: str(count)}}
        return {**more, **pod_settings(resources=resources, node_selectors=dict([PRODUCT]), tolerations=[toleration])}

    return settings


CASES = [
    Case("on a GPU", succeeded(), settings=gpus(1)),
    Case(
        "more GPUs than any node has",
        failed(
            "Unschedulable",
            "no",
            retryable=True,
            message=f"Insufficient {GPU}",
            hint=rf"1 of \d+ nodes: not enough free {GPU}",
        ),
        settings=gpus(OF_THE_NODE + 1, scheduling_timeout_seconds=3),
        progress=("Unschedulable",),
    ),
    Case(
        "a GPU that no node has",
        failed(
            "Unschedulable",
            "no",
            retryable=True,
            message="Insufficient amd.com/gpu",
            hint=r"(\d+) of \1 nodes: not enough free amd.com/gpu",
        ),
        settings={"scheduling_timeout_seconds": 3, **pod_settings(resources={"limits": {"amd.com/gpu": "1"}})},
        progress=("Unschedulable",),
    ),
]
