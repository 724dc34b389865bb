"""What ZenML 0.98's own functions make of a case (cases.py), and what stepop makes otherwise on purpose.

It is imported in a Python that has ZENML (packages.py).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cases import Case, request_of
from kubernetes import client as k8s
from zenml.integrations.kubernetes import kube_utils, manifest_utils
from zenml.integrations.kubernetes.flavors import KubernetesStepOperatorSettings
from zenml.integrations.kubernetes.pod_settings import KubernetesPodSettings

Objects = dict[str, Any]
# What ZenML takes in its settings; the namespace is of its operator, and `workload` is ours.
NOT_ZENMLS = {"kubernetes_namespace", "workload"}


def without_null(value: Any) -> Any:
    """As an API server reads it: a member that is null is one that is not given."""
    if isinstance(value, dict):
        return {key: without_null(member) for key, member in value.items() if member is not None}
    return [without_null(element) for element in value] if isinstance(value, list) else value


def zenmls(case: Case, ours: Objects) -> Objects:
    """What ZenML makes of the case: KubernetesStepOperator.submit_with_allocation, without a server."""
    asked = request_of(case, k8s)
    given = {key: value for key, value in case.settings.items() if key not in NOT_ZENMLS}
    settings = KubernetesStepOperatorSettings(**given)
    pod = {**case.pod, **(case.models(k8s) if case.models else {})}
    if isinstance(pod.get("resources"), k8s.V1ResourceRequirements):
        pod["resources"] = without_null(pod["resources"].to_dict())  # ZenML 0.98 cannot take the model: its claims are None
    pod_settings = KubernetesPodSettings(**pod) if pod else None
    pod_settings = kube_utils.apply_default_resource_requests(memory="400Mi", pod_settings=pod_settings)
    named = ("project_id", "run_id", "run_name", "pipeline", "step_run_id", "step_name")
    labels = {name: kube_utils.sanitize_label_value(asked[name]) for name in named if name in asked}
    job_name = ours["job"]["metadata"]["name"]
    namespace = case.settings.get("kubernetes_namespace", "zenml")
    environment = dict(asked.get("environment", {}))
    if settings.pod_count > 1:
        job_name = kube_utils.multi_pod_job_name(job_name, settings.pod_count)
        environment.update(kube_utils.multi_pod_environment(job_name, namespace, settings.pod_count))
    made = manifest_utils.build_pod_manifest(
        pod_name=None,
        image_name=asked["image"],
        command=asked.get("command"),
        args=asked.get("args"),
        env=environment,
        privileged=settings.privileged,
        pod_settings=pod_settings,
        service_account_name=settings.service_account_name,
        labels=dict(labels),
    )
    to_json = k8s.ApiClient().sanitize_for_serialization
    pod_json = without_null(to_json(made))
    job = manifest_utils.build_job_manifest(
        job_name=job_name,
        pod_template=manifest_utils.pod_template_manifest_from_pod(made),
        backoff_limit=0,
        ttl_seconds_after_finished=settings.ttl_seconds_after_finished,
        active_deadline_seconds=settings.active_deadline_seconds,
        labels=dict(labels),
        pod_count=settings.pod_count,
    )
    objects = {"pod": pod_json, "job": without_null(to_json(job))}
    if settings.pod_count > 1:
        job.metadata.uid = "uid-1"
        objects["service"] = without_null(to_json(manifest_utils.build_headless_service_manifest(job)))
    return objects


# ---- What differs on purpose. Each takes ZenML's objects and ours, and makes the difference in ZenML's.

Difference = Callable[[Objects, Objects, Case], None]
DIFFERENCES: list[tuple[str, Difference]] = []


def because(reason: str) -> Callable[[Difference], Difference]:
    def add(difference: Difference) -> Difference:
        DIFFERENCES.append((reason, difference))
        return difference

    return add


def main_container(pod_spec: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = pod_spec["containers"][0]
    assert container["name"] == "main"
    return container


def specs(objects: Objects) -> list[dict[str, Any]]:
    return [objects["pod"]["spec"], objects["job"]["spec"]["template"]["spec"]]


def metadata(objects: Objects) -> list[dict[str, Any]]:
    places = [objects["pod"]["metadata"], objects["job"]["metadata"], objects["job"]["spec"]["template"]["metadata"]]
    return places + ([objects["service"]["metadata"]] if "service" in objects else [])


@because("ZenML's client names the kind in the call; we send the object as it is")
def kinds(theirs: Objects, ours: Objects, _: Case) -> None:
    for name, of in theirs.items():
        of["apiVersion"], of["kind"] = ours[name]["apiVersion"], ours[name]["kind"]


@because("a name that is known before the create is adopted when its answer was lost; ZenML's is random")
def names_and_namespaces(theirs: Objects, ours: Objects, _: Case) -> None:
    for of, our in zip(metadata(theirs), metadata(ours), strict=True):
        for name in ("name", "namespace"):
            of.pop(name, None)
            if name in our:
                of[name] = our[name]


@because("a step is found again by stepop's labels and annotations; `run` is the label of ZenML's documentation")
def marks(theirs: Objects, ours: Objects, case: Case) -> None:
    for of, our in zip(metadata(theirs), metadata(ours), strict=True):
        for kind in ("labels", "annotations"):
            added = {
                key: value
                for key, value in our.get(kind, {}).items()
                if key.startswith("stepop.dev/") or key in ("app.kubernetes.io/managed-by", "run")
            }
            of[kind] = {**of.get(kind, {}), **added}
            if not of[kind]:
                del of[kind]
        # ZenML's Job and Service have not the user's labels and annotations, ours have.
        if of is not theirs["pod"]["metadata"]:
            of["labels"] = {**of["labels"], **case.pod.get("labels", {})}
            if "annotations" in our:
                of["annotations"] = {**of.get("annotations", {}), **case.pod.get("annotations", {})}


@because("a name of which nothing is left has no label, where ZenML's is empty")
def empty_labels(theirs: Objects, _: Objects, case: Case) -> None:
    for of in metadata(theirs):
        for key in ("step_name", "run_name", "pipeline"):
            if of["labels"].get(key) == "":
                del of["labels"][key]


@because("the step is told where its result goes; and ZenML's own variable is its orchestrator's to set")
def variables(theirs: Objects, ours: Objects, case: Case) -> None:
    for of, our in zip(specs(theirs), specs(ours), strict=True):
        stepops = [v for v in main_container(our)["env"] if v["name"].startswith("STEPOP_")]
        zenmls = [v for v in main_container(of)["env"] if v["name"] != "ZENML_ENABLE_REPO_INIT_WARNINGS"]
        # Those of several pods stand before the request's, so that these may refer to them.
        several = [v for v in zenmls if v["name"].startswith("ZENML_KUBERNETES_")]
        main_container(of)["env"] = stepops + several + [v for v in zenmls if v not in several]


@because("the result is the container's termination message, so its path is ours")
def termination_message(theirs: Objects, ours: Objects, _: Case) -> None:
    for of, our in zip(specs(theirs), specs(ours), strict=True):
        for name in ("terminationMessagePath", "terminationMessagePolicy"):
            main_container(of)[name] = main_container(our)[name]


@because("what ZenML says explicitly is what the cluster does when nothing is said: not privileged, 30 s, no pull secrets")
def defaults_of_the_cluster(theirs: Objects, _: Objects, case: Case) -> None:
    said = case.pod.get("additional_pod_spec_args", {})
    context = case.pod.get("container_security_context", {})
    for of in specs(theirs):
        security = main_container(of)["securityContext"]
        if security.get("privileged") is False and "privileged" not in context:
            del security["privileged"]
        if not security:
            del main_container(of)["securityContext"]
        if "termination_grace_period_seconds" not in said:
            assert of.pop("terminationGracePeriodSeconds") == 30
        if of.get("imagePullSecrets") == []:
            del of["imagePullSecrets"]


@because("the API server refuses a request above the limit")
def memory_request(theirs: Objects, _: Objects, case: Case) -> None:
    if case.name == "memory limited below the default request":
        for of in specs(theirs):
            main_container(of)["resources"]["requests"]["memory"] = "100Mi"


@because("a pod at its deadline says so itself; a Job at its deadline deletes the pod that could say it")
def deadline(theirs: Objects, _: Objects, case: Case) -> None:
    seconds = theirs["job"]["spec"].pop("activeDeadlineSeconds", None)
    if seconds is not None:
        for of in specs(theirs):
            of["activeDeadlineSeconds"] = seconds


@because("a pod that is being deleted is not replaced before it is gone; one completion is what is left unsaid")
def job_controller(theirs: Objects, _: Objects, case: Case) -> None:
    theirs["job"]["spec"]["podReplacementPolicy"] = "Failed"
    theirs["job"]["spec"].setdefault("completions", 1)


@because("ZenML writes the Job's subdomain into the pod that it has made before; our pod alone has none")
def subdomain(theirs: Objects, ours: Objects, case: Case) -> None:
    if case.settings.get("pod_count", 1) > 1:
        theirs["pod"]["spec"].pop("subdomain", None)


@because("the label of the Job controller has a prefix since Kubernetes 1.27, and the one without is for old clients")
def selector(theirs: Objects, _: Objects, case: Case) -> None:
    if "service" in theirs:
        spec = theirs["service"]["spec"]
        spec["selector"] = {"batch.kubernetes.io/job-name": spec["selector"]["job-name"]}


def differing(theirs: Any, ours: Any, path: str) -> list[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for key in sorted(theirs.keys() | ours.keys()):
            here = f"{path}.{key}"
            if key not in ours:
                found.append(f"{here}: only ZenML has {theirs[key]}")
            elif key not in theirs:
                found.append(f"{here}: only stepop has {ours[key]}")
            else:
                found += differing(theirs[key], ours[key], here)
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [line for i, pair in enumerate(zip(theirs, ours, strict=True)) for line in differing(*pair, f"{path}[{i}]")]
    same = theirs == ours and type(theirs) is type(ours)
    return [] if same else [f"{path}: ZenML has {theirs!r}, stepop {ours!r}"]


def answers(build: Path, cases: list[Case]) -> list[Objects]:
    questions = "".join(json.dumps({"request": json.dumps(request_of(case, k8s))}) + "\n" for case in cases)
    done = subprocess.run([build / "bin" / "stepop-ask", "answers"], input=questions, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def compared(case: Case, ours: Objects) -> tuple[Objects, Objects]:
    """ZenML's objects, with what differs on purpose made so, and stepop's of the same kinds."""
    theirs = zenmls(case, ours)
    ours = {name: ours[name] for name in theirs}  # only several pods have a Service
    for _, difference in DIFFERENCES:
        difference(theirs, ours, case)
    return theirs, ours


def compare(case: Case, ours: Objects) -> list[str]:
    if "findings" in ours:
        return [f"stepop refuses it: {ours['findings']}"]
    theirs, ours = compared(case, ours)
    return [line for name in theirs for line in differing(theirs[name], ours[name], name)]
