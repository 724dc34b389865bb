"""What steps may ask for: each case is a step's settings, as a user of ZenML writes them, and together they have them all.

`pod` are the members of pod_settings. `models` builds some of these from the Kubernetes Python client's models: ZenML is
given the models, stepop what their to_dict() returns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    name: str
    pod: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    models: Callable[[Any], dict[str, Any]] | None = None


GPU_TYPES = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "gpu-type", "operator": "In", "values": ["nvidia-tesla-v100", "nvidia-tesla-p100"]}]}
            ]
        }
    }
}
# The example of ZenML's page on the Kubernetes step operator.
ZENML_PAGE = Case(
    "the example of ZenML's page",
    pod={
        "node_selectors": {"cloud.google.com/gke-nodepool": "ml-pool", "kubernetes.io/arch": "amd64"},
        "affinity": GPU_TYPES,
        "tolerations": [
            {"key": "gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"},
            {"key": "high-priority", "operator": "Exists", "effect": "PreferNoSchedule"},
        ],
        "resources": {
            "requests": {"cpu": "2", "memory": "4Gi", "nvidia.com/gpu": "1"},
            "limits": {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "1"},
        },
        "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
        "volumes": [
            {"name": "data-volume", "persistentVolumeClaim": {"claimName": "ml-data-pvc"}},
            {"name": "config-volume", "configMap": {"name": "ml-config"}},
        ],
        "volume_mounts": [
            {"name": "data-volume", "mountPath": "/mnt/data"},
            {"name": "config-volume", "mountPath": "/etc/ml-config", "readOnly": True},
        ],
        "host_ipc": True,
        "image_pull_secrets": ["regcred", "gcr-auth-secret"],
        "labels": {"app": "ml-pipeline", "environment": "production", "team": "data-science"},
    },
    settings={"kubernetes_namespace": "ml-pipelines", "service_account_name": "zenml-pipeline-runner"},
)


def volume(name: str, **source: Any) -> dict[str, Any]:
    return {"volumes": [{"name": name, **source}], "volume_mounts": [{"name": name, "mountPath": f"/mnt/{name}"}]}


def preferred(term: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"weight": 50, "podAffinityTerm": term}]


NEAR = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "cache", "host_ipc": "x"}}}
SPREAD = {
    "maxSkew": 1,
    "topologyKey": "topology.kubernetes.io/zone",
    "whenUnsatisfiable": "ScheduleAnyway",
    "labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
}
SIDECAR = {
    "name": "beside",
    "image": "busybox:1.36",
    "command": ["sleep", "5"],
    "env": [{"name": "A", "value": "b"}],
    "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "16Mi"}},
    "ports": [{"containerPort": 8080, "name": "http"}],
    "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
    "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
}


def more(name: str, **arguments: Any) -> Case:
    return Case(name, pod={"additional_pod_spec_args": arguments})


CASES = [
    ZENML_PAGE,
    Case("nothing asked"),
    Case("command and arguments", request={"command": ["python", "-m", "train"], "args": ["--epochs", "3"]}),
    Case("environment", request={"environment": {"B": "2", "A": "$(B)"}}),
    # resources
    Case("memory requested", pod={"resources": {"requests": {"memory": "1Gi"}}}),
    Case("processors requested", pod={"resources": {"requests": {"cpu": "500m"}}}),
    Case("memory limited above the default request", pod={"resources": {"limits": {"memory": "2Gi"}}}),
    Case("memory limited below the default request", pod={"resources": {"limits": {"memory": "100Mi"}}}),
    Case("requests and limits", pod={"resources": {"requests": {"cpu": "1", "memory": "1.5Gi"}, "limits": {"cpu": "2"}}}),
    Case("a GPU by its limit", pod={"resources": {"limits": {"nvidia.com/gpu": "1"}}}),
    Case("a GPU of another maker", pod={"resources": {"limits": {"amd.com/gpu": "2"}, "requests": {"amd.com/gpu": "2"}}}),
    Case("disk of the node", pod={"resources": {"requests": {"ephemeral-storage": "1Gi"}}}),
    Case("huge pages", pod={"resources": {"limits": {"hugepages-2Mi": "4Mi", "cpu": "1"}}}),
    # placing
    Case("node selectors", pod={"node_selectors": {"disktype": "ssd", "host_ipc": "yes"}}),
    Case("node affinity", pod={"affinity": GPU_TYPES}),
    Case("preferred nodes", pod={"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 10, "preference": {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["8"]}]}}]}}}),
    Case("pod affinity", pod={"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [NEAR]}}}),
    Case("pod anti-affinity",
         pod={"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred(NEAR)}}}),
    Case("a toleration of one taint", pod={"tolerations": [{"key": "gpu", "operator": "Exists"}]}),
    Case("a toleration of all taints", pod={"tolerations": [{"operator": "Exists"}]}),
    Case("a toleration for a time", pod={"tolerations": [
        {"key": "gone", "operator": "Equal", "value": "x", "effect": "NoExecute", "tolerationSeconds": 60}]}),
    Case("a scheduler", pod={"scheduler_name": "volcano"}),
    # metadata
    Case("labels", pod={"labels": {"example.com/team": "ml", "empty": ""}}),
    Case("annotations", pod={"annotations": {"Example.com/note": "any text: {}", "fs_group": "1"}}),
    Case("names of the run", request={
        "pipeline": "My Pipeline!", "run_id": "1-2", "run_name": "run of 10:00", "project_id": "p", "step_name": "Train"}),
    Case("names longer than a label", request={"pipeline": "p" * 80, "run_name": "_" + "x" * 62 + "-y", "step_name": "--"}),
    # volumes
    Case("an empty folder", pod=volume("scratch", emptyDir={})),
    Case("shared memory", pod=volume("shm", emptyDir={"medium": "Memory", "sizeLimit": "1Gi"})),
    Case("a claim, read only", pod=volume("data", persistentVolumeClaim={"claimName": "data", "readOnly": True})),
    Case("a folder of the node", pod=volume("host", hostPath={"path": "/data", "type": "Directory"})),
    Case("a config map's keys", pod=volume("cfg", configMap={
        "name": "cfg", "defaultMode": 420, "items": [{"key": "some_key", "path": "a/b", "mode": 256}]})),
    Case("a secret's keys", pod=volume("sec", secret={"secretName": "sec", "optional": True})),
    Case("projected sources", pod=volume("all", projected={"sources": [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600, "audience": "vault"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]})),
    Case("a network file system", pod=volume("nfs", nfs={"server": "10.0.0.1", "path": "/x"})),
    Case("a disk of AWS", pod=volume("ebs", awsElasticBlockStore={"volumeID": "vol-1", "fsType": "ext4"})),
    Case("a driver's volume", pod=volume("csi", csi={
        "driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": {"secret_provider": "x", "fsType": "y"}})),
    Case("a claim made for the pod", pod=volume("own", ephemeral={"volumeClaimTemplate": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"],
                                                       "resources": {"requests": {"storage": "1Gi"}}}}})),
    Case("a part of a volume", pod={"volumes": [{"name": "d", "emptyDir": {}}], "volume_mounts": [
        {"name": "d", "mountPath": "/a", "subPath": "a"}, {"name": "d", "mountPath": "/b", "mountPropagation": "None"}]}),
    # the container
    Case("variables of the settings", pod={"env": [{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}]}),
    Case("a variable from a secret", pod={"env": [
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "my_token", "optional": False}}}]}),
    Case("variables from the pod", pod={"env": [
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}}]}),
    Case("a variable from a config map, beside the request's",
         pod={"env": [{"name": "C", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "k"}}}]},
         request={"environment": {"D": "1"}}),
    Case("all variables of a secret and a config map", pod={"env_from": [
        {"secretRef": {"name": "s"}}, {"prefix": "CFG_", "configMapRef": {"name": "c", "optional": True}}]}),
    Case("the container's user", pod={"container_security_context": {
        "runAsUser": 1000, "runAsGroup": 1000, "runAsNonRoot": True, "allowPrivilegeEscalation": False}}),
    Case("the container's capabilities", pod={"container_security_context": {
        "capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}}),
    Case("privileged", settings={"privileged": True}),
    Case("privileged, with a user", settings={"privileged": True}, pod={"container_security_context": {"runAsUser": 0}}),
    Case("privileged by the security context", pod={"container_security_context": {"privileged": True}}),
    Case("one pull secret", pod={"image_pull_secrets": ["regcred"]}),
    Case("the node's IPC", pod={"host_ipc": True}),
    Case("a service account", settings={"service_account_name": "runner"}),
    Case("a name's prefix", settings={"job_name_prefix": "nightly"}, request={"step_name": "train"}),
    # other fields of the pod
    more("an init container with the step's image", init_containers=[
        {"name": "first", "image": "{{ image }}", "command": ["sh", "-c", "true"],
         "volumeMounts": [{"name": "x", "mountPath": "/x"}]}], volumes=[{"name": "x", "emptyDir": {}}]),
    more("a container beside it", containers=[SIDECAR]),
    more("a sidecar that restarts", init_containers=[{**SIDECAR, "restartPolicy": "Always"}]),
    more("the pod's security context", security_context={
        "fsGroup": 2000, "runAsUser": 1000, "supplementalGroups": [1, 2], "fsGroupChangePolicy": "OnRootMismatch",
        "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}]}),
    more("a priority", priority_class_name="high", preemption_policy="PreemptLowerPriority"),
    more("a runtime class", runtime_class_name="nvidia"),
    more("name servers", dns_policy="None", dns_config={
        "nameservers": ["1.1.1.1"], "searches": ["a.b"], "options": [{"name": "ndots", "value": "2"}]}),
    more("hosts by name", host_aliases=[{"ip": "10.1.2.3", "hostnames": ["a", "b.c"]}]),
    more("spreading", topology_spread_constraints=[SPREAD]),
    more("resource claims", resource_claims=[{"name": "gpu", "resourceClaimTemplateName": "one-gpu"}]),
    more("the node's network and processes", host_network=True, host_pid=True, share_process_namespace=False),
    more("what a cluster sets by itself", enable_service_links=False, automount_service_account_token=False,
         termination_grace_period_seconds=5, set_hostname_as_fqdn=False),
    more("a hostname", hostname="a-host", subdomain="a-domain"),
    more("gates and readiness", scheduling_gates=[{"name": "example.com/gate"}],
         readiness_gates=[{"conditionType": "example.com/ready"}]),
    Case("more tolerations, volumes, selectors and pull secrets", pod={
        "tolerations": [{"key": "a", "operator": "Exists"}], "volumes": [{"name": "a", "emptyDir": {}}],
        "node_selectors": {"a": "1", "b": "1"}, "image_pull_secrets": ["a"], "affinity": {"nodeAffinity": GPU_TYPES["nodeAffinity"]},
        "additional_pod_spec_args": {
            "tolerations": [{"key": "b", "operator": "Exists"}], "volumes": [{"name": "b", "emptyDir": {}}],
            "node_selector": {"b": "2", "c": "2"}, "image_pull_secrets": [{"name": "b"}],
            "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [NEAR]}}}}),
    Case("a setting that an additional argument replaces", pod={
        "scheduler_name": "a", "additional_pod_spec_args": {"scheduler_name": "b", "service_account_name": "c"}},
        settings={"service_account_name": "d"}),
    # as the Kubernetes Python client has them
    Case("tolerations as models", models=lambda k8s: {"tolerations": [
        k8s.V1Toleration(key="a", operator="Exists", effect="NoExecute", toleration_seconds=3)]}),
    Case("affinity as a model", models=lambda k8s: {"affinity": k8s.V1Affinity(
        node_affinity=k8s.V1NodeAffinity(required_during_scheduling_ignored_during_execution=k8s.V1NodeSelector(
            node_selector_terms=[k8s.V1NodeSelectorTerm(match_expressions=[
                k8s.V1NodeSelectorRequirement(key="gpu_type", operator="In", values=["a"])])])))}),
    Case("volumes as models", models=lambda k8s: {
        "volumes": [
            k8s.V1Volume(name="a", persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name="c")),
            k8s.V1Volume(name="b", aws_elastic_block_store=k8s.V1AWSElasticBlockStoreVolumeSource(volume_id="v")),
            k8s.V1Volume(name="c", downward_api=k8s.V1DownwardAPIVolumeSource(items=[
                k8s.V1DownwardAPIVolumeFile(path="p", field_ref=k8s.V1ObjectFieldSelector(field_path="metadata.name"))])),
            k8s.V1Volume(name="d", scale_io=k8s.V1ScaleIOVolumeSource(
                gateway="g", system="s", volume_name="v", secret_ref=k8s.V1LocalObjectReference(name="r"))),
        ],
        "volume_mounts": [k8s.V1VolumeMount(name="a", mount_path="/a", read_only=True, sub_path="x")]}),
    Case("resources as a model", models=lambda k8s: {"resources": k8s.V1ResourceRequirements(
        requests={"cpu": "1", "memory": "1Gi"}, limits={"memory": "2Gi", "example.com/my_gpu": "1"})}),
    Case("variables as models", models=lambda k8s: {
        "env": [k8s.V1EnvVar(name="A", value_from=k8s.V1EnvVarSource(
            secret_key_ref=k8s.V1SecretKeySelector(name="s", key="k")))],
        "env_from": [k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name="c"))]}),
    Case("a security context as a model", models=lambda k8s: {"container_security_context": k8s.V1SecurityContext(
        run_as_user=1, run_as_non_root=True, capabilities=k8s.V1Capabilities(drop=["ALL"]),
        se_linux_options=k8s.V1SELinuxOptions(level="s0:c1"))}),
    # Jobs
    Case("a Job that is kept for a time", settings={"ttl_seconds_after_finished": 3600}),
    Case("a deadline", settings={"active_deadline_seconds": 600}),
    Case("a Job with a deadline", settings={"workload": "job", "active_deadline_seconds": 600}),
    Case("four pods", settings={"pod_count": 4}, request={"step_name": "train"}),
    Case("four pods with settings", settings={
        "pod_count": 4, "kubernetes_namespace": "ml", "ttl_seconds_after_finished": 900, "service_account_name": "runner"},
        pod={"resources": {"limits": {"nvidia.com/gpu": "1"}}, "labels": {"a": "b"}}),
]


def to_dict(value: Any) -> Any:
    """A model as its own to_dict() has it: names in snake_case, and None for what is not given."""
    if isinstance(value, list):
        return [to_dict(element) for element in value]
    if isinstance(value, dict):
        return {key: to_dict(element) for key, element in value.items()}
    return value.to_dict() if hasattr(value, "to_dict") else value


def request_of(case: Case, k8s: Any = None) -> dict[str, Any]:
    """What stepop is asked."""
    pod = dict(case.pod)
    if case.models and k8s:
        pod.update(to_dict(case.models(k8s)))
    settings = {**case.settings, **({"pod_settings": pod} if pod else {})}
    return {"step_run_id": "run-1/train", "image": "registry.example/train:1", "settings": settings, **case.request}
