"""ConfigMaps, Secrets and volumes that a pod names and that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from case import Case, failed, succeeded
from parts.cluster import NAMESPACE

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

AT_ONCE = {"waiting_reason_grace_seconds": 1}
# Long enough for its events to be asked, which is after 5, 10 and 20 s: a busy kubelet may take a while to write them.
NOT_LONG = {"startup_timeout_seconds": 22, "max_startup_retries": 0}


def env_from(kind: str, name: str) -> dict[str, Any]:
    return {"envFrom": [{kind: {"name": name}}]}


def create_later(stage: Stage, step: Step) -> None:
    step.until_pending("ContainerConfig")
    name = step.pod()["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"]
    path = stage.make(f"/api/v1/namespaces/{NAMESPACE}/configmaps", "ConfigMap", name, data={"KEY": "value"})
    step.end()
    stage.delete(path)


def volume(source: dict[str, Any]) -> dict[str, Any]:
    """A volume, and where the main container has it."""
    return {
        "spec": {"volumes": [{"name": "conf", **source}]},
        "main": {"volumeMounts": [{"name": "conf", "mountPath": "/conf"}]},
    }


CASES = [
    # The pod itself says nothing but ContainerCreating.
    Case(
        "a volume of a ConfigMap that is not there",
        failed("ContainerConfig", "no", message='FailedMount.*configmap "no-such-map" not found', hint="ConfigMap"),
        settings=NOT_LONG,
        progress=("ContainerConfig",),
        **volume({"configMap": {"name": "no-such-map"}}),
    ),
    Case(
        "a volume of a Secret's key that is not there",
        failed("ContainerConfig", "no", message="FailedMount.*no-such-key|non-existent", hint="key"),
        settings=NOT_LONG,
        progress=("ContainerConfig",),
        **volume({"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "no-such-key", "path": "x"}]}}),
    ),
    Case(
        "a volume that cannot be mounted",
        failed("StartTimeout", "no", retryable=True, message="FailedMount.*no-such-place", hint="events"),
        settings=NOT_LONG,
        progress=("StartTimeout",),
        **volume({"hostPath": {"path": "/no-such-place", "type": "Directory"}}),
    ),
    Case(
        "a ConfigMap that is not there",
        failed("ContainerConfig", "no", message='configmap "no-such-map" not found', hint="ConfigMap"),
        settings=AT_ONCE,
        main=env_from("configMapRef", "no-such-map"),
        progress=("ContainerConfig",),
    ),
    Case(
        "a Secret that is not there",
        failed("ContainerConfig", "no", message='secret "no-such-secret" not found', hint="Secret"),
        settings=AT_ONCE,
        main=env_from("secretRef", "no-such-secret"),
        progress=("ContainerConfig",),
    ),
    Case(
        "a key that a ConfigMap does not have",
        failed("ContainerConfig", "no", message="no-such-key|configmap", hint="ConfigMap"),
        settings=AT_ONCE,
        main={
            "env": [
                {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "no-such-key"}}}
            ]
        },
    ),
    Case(
        "a ConfigMap that is there a while later",
        succeeded(),
        main=env_from("configMapRef", "late-map"),
        do=create_later,
        progress=("ContainerConfig",),
    ),
    Case(
        "a container that asks for more than its security context allows",
        failed("ContainerConfig", "no", message="non-root|runAsNonRoot"),
        settings=AT_ONCE,
        main={"securityContext": {"runAsNonRoot": True}},
    ),
]
