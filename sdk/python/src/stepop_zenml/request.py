"""What ZenML asks, as a request to the plugin. Pure: no I/O, no cluster, no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What ZenML's objects hold that says which cluster, not what a step asks.
ACCESS = ("incluster", "kubernetes_context", "kubeconfig")
# The first words of ZenML's entry point are the container's command, the rest its arguments, as its own operator does.
COMMAND_WORDS = 3
# ZenML's functions leave Python's values here.
MIB_TO_BYTES = 1 << 20
GPU = "nvidia.com/gpu"


def asked(settings: Any) -> dict[str, Any]:
    """The settings that somebody set, of a pydantic model. None is "not set" in ZenML, and an error in the plugin."""
    found = settings.model_dump(exclude_unset=True, exclude_none=True)
    return {name: value for name, value in found.items() if name not in NOT_FOR_THE_PLUGIN}


NOT_FOR_THE_PLUGIN = ("kubernetes_namespace", "plugin_directory", *ACCESS)


def config(owner: str, operator_config: Any) -> dict[str, Any]:
    """The operator's configuration. A step's settings come with each step, merged by ZenML, and are not in it."""
    access = {name: getattr(operator_config, name) for name in ACCESS if getattr(operator_config, name)}
    return {"owner": owner, "kubernetes_namespace": operator_config.kubernetes_namespace, **access}


def with_resource_settings(pod_settings: dict[str, Any], resources: Any) -> dict[str, Any]:
    """ZenML's `ResourceSettings` of the step, where its pod settings do not say it themselves: CPU and memory are
    requested, GPUs are a limit.
    """
    requests: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    if resources.cpu_count is not None:
        requests["cpu"] = f"{round(resources.cpu_count * 1000)}m"
    memory = resources.get_memory(unit="MiB")
    if memory:
        requests["memory"] = str(round(memory * MIB_TO_BYTES))
    if resources.gpu_count:
        limits[GPU] = str(resources.gpu_count)
    if not requests and not limits:
        return pod_settings
    said: Mapping[str, Any] = pod_settings.get("resources") or {}
    merged = {
        **said,
        "requests": {**requests, **(said.get("requests") or {})},
        "limits": {**limits, **(said.get("limits") or {})},
    }
    return {**pod_settings, "resources": {name: value for name, value in merged.items() if value}}


def run_as(claims: Mapping[str, Any], user_claim: str, group_claim: str) -> dict[str, int]:
    """The pod's user and group, of the OIDC claims of ZenML's user: positive numbers alone."""
    wanted = {"runAsUser": claims.get(user_claim), "runAsGroup": claims.get(group_claim)}
    return {k: v for k, v in wanted.items() if isinstance(v, int) and not isinstance(v, bool) and v > 0}


def request(
    *,
    step_run_id: str,
    step_name: str,
    pipeline: str,
    run_id: str,
    run_name: str,
    project_id: str,
    image: str,
    entrypoint: list[str],
    environment: Mapping[str, str],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """One step. All of its environment is secret: ZenML hands over a fresh API token in it each time."""
    return {
        "step_run_id": step_run_id,
        "step_name": step_name,
        "pipeline": pipeline,
        "run_id": run_id,
        "run_name": run_name,
        "project_id": project_id,
        "image": image,
        "command": entrypoint[:COMMAND_WORDS],
        "args": entrypoint[COMMAND_WORDS:],
        "settings": {**settings, "secrets": dict(environment)},
    }


def with_run_as(pod_settings: dict[str, Any], ids: Mapping[str, int]) -> dict[str, Any]:
    """The pod's user and group, over what its security context says otherwise."""
    extra = dict(pod_settings.get("additional_pod_spec_args") or {})
    name = "security_context" if "security_context" in extra else "securityContext"
    given = {k: v for k, v in dict(extra.get(name) or {}).items() if k not in ("run_as_user", "run_as_group")}
    return {**pod_settings, "additional_pod_spec_args": {**extra, name: {**given, **ids}}}
