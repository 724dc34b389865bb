"""ConfigMaps, Secrets and volumes that a pod names and that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from case import Case, failed, succeeded
from parts.cluster import NAMESPACE

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

AT_ONCE = {"waiting_reason_grace_seconds": 1}


def env_from(kind: str, name: str) -> dict[str, Any]:
    return {"envFrom": [{kind: {"name": name}}]}


def create_later(stage: Stage, step: Step) -> None:
    step.until_pending("ContainerConfig")
    name = step.pod()["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"]
    path = stage.make(f"/api/v1/namespaces/{NAMESPACE}/configmaps", "ConfigMap", name, data={"KEY": "value"})
    step.end()
    stage.delete(path)


CASES = [
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
