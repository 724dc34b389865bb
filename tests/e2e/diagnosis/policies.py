"""What the API server refuses, and what only looks as if it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from case import Case, failed, succeeded, with_limits
from parts.cluster import wait_until
from webhooks import DENIAL

if TYPE_CHECKING:
    from stage import Stage
    from step import Step

READ = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
WHOLE = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "get", "list", "watch", "patch", "delete"]}]
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
SOON: dict[str, Any] = {"refusal_grace_seconds": 2}


def only(namespace: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}


def limit_range(stage: Stage) -> str:
    namespace = stage.make_namespace()
    limit = {"type": "Container", "max": {"memory": "10Mi"}}
    stage.make(f"/api/v1/namespaces/{namespace}/limitranges", "LimitRange", "small", spec={"limits": [limit]})
    return namespace


def restricted(stage: Stage) -> str:
    return stage.make_namespace(labels={"pod-security.kubernetes.io/enforce": "restricted"})


def admission_policy(stage: Stage) -> str:
    namespace = stage.make_namespace()
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule], **only(namespace)},
        "validations": [{"expression": "false", "message": DENIAL}],
    }
    policies = f"{ADMISSION}/validatingadmissionpolicies"
    stage.make(policies, "ValidatingAdmissionPolicy", namespace, spec=spec)
    binding = {"policyName": namespace, "validationActions": ["Deny"]}
    stage.make(f"{policies[:-3]}ybindings", "ValidatingAdmissionPolicyBinding", namespace, spec=binding)
    until_refused(stage, namespace)
    return namespace


def webhook(path: str, *, answers: bool) -> Any:
    def make(stage: Stage) -> str:
        namespace = stage.make_namespace()
        server = stage.webhook_server(namespace)
        if answers:
            server.start()
        stage.make(
            f"{ADMISSION}/validatingwebhookconfigurations",
            "ValidatingWebhookConfiguration",
            namespace,
            webhooks=[server.hook(path, **only(namespace))],
        )
        until_refused(stage, namespace)
        stage.webhook_of[namespace] = server
        return namespace

    return make


def until_refused(stage: Stage, namespace: str) -> None:
    """The API server learns of a new policy a moment later."""
    pod = {"metadata": {"name": "try"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    wait_until("the policy is in force", lambda: stage.cluster.call("POST", path, pod)[0] != 201)


def start_webhook(stage: Stage, step: Step) -> None:
    step.until_pending("AdmissionDenied")
    stage.webhook_of[step.namespace].start()


def being_deleted(stage: Stage) -> str:
    """A namespace that goes on being deleted for as long as something is in it."""
    namespace = stage.make_namespace()
    hold = {"metadata": {"name": "hold", "finalizers": ["diagnosis.example/hold"]}}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    status, answer = stage.cluster.call("POST", path, hold)
    assert status == 201, answer
    stage.finalized.append(f"{path}/hold")
    stage.delete(f"/api/v1/namespaces/{namespace}")
    return namespace


def delete_namespace(stage: Stage, step: Step) -> None:
    step.until_running()
    stage.delete(f"/api/v1/namespaces/{step.namespace}")


def grant(stage: Stage, step: Step) -> None:
    """The right comes after the first refusal."""
    wait_until("its user is there", lambda: stage.users.get(step.namespace))
    step.until_pending("Forbidden")
    name = stage.users[step.namespace]
    stage.merge(
        f"/apis/rbac.authorization.k8s.io/v1/namespaces/{step.namespace}/roles/{name}", {"rules": WHOLE}
    )


CASES = [
    Case(
        "a limit range that allows less",
        failed("AdmissionDenied", "no", message="maximum memory usage per Container is 10Mi"),
        namespace=limit_range,
        settings=with_limits("100Mi"),
        pods=0,
    ),
    Case(
        "pod security that allows less",
        failed("AdmissionDenied", "no", message='violates PodSecurity "restricted'),
        namespace=restricted,
        pods=0,
    ),
    Case(
        "an admission policy that denies",
        failed("AdmissionDenied", "no", message=DENIAL, hint="polic"),
        namespace=admission_policy,
        pods=0,
    ),
    Case(
        "a webhook that denies",
        failed("AdmissionDenied", "no", message=f"admission webhook.*denied the request.*{DENIAL}", hint="polic"),
        namespace=webhook("/deny", answers=True),
        pods=0,
    ),
    Case(
        "a webhook that does not answer, until it does",
        succeeded(),
        namespace=webhook("/allow", answers=False),
        do=start_webhook,
        progress=("AdmissionDenied",),
    ),
    Case(
        "a namespace that is not there",
        failed("NamespaceMissing", "no", message='namespaces "no-such-namespace" not found', hint="namespace"),
        namespace="no-such-namespace",
        as_administrator=True,
        pods=0,
    ),
    Case(
        "a namespace that is being deleted",
        failed("NamespaceTerminating", "no", message="being terminated", hint="namespace"),
        namespace=being_deleted,
        pods=0,
    ),
    Case(
        "a namespace that is deleted while the code runs",
        failed("Deleted", "yes", exit_code=143, retryable=True, message="deleted", hint="again"),
        ("witness", "sleep", "600"),
        namespace=lambda stage: stage.make_namespace(),
        do=delete_namespace,
    ),
    Case(
        "a user who may not create pods",
        failed("Forbidden", "no", message='cannot create resource "pods"', hint="rbac"),
        namespace=lambda stage: stage.make_namespace(),
        settings=SOON,
        role=READ,
        pods=0,
    ),
    Case(
        "a user who may create pods a moment later",
        succeeded(),
        namespace=lambda stage: stage.make_namespace(),
        role=READ,
        do=grant,
        progress=("Forbidden",),
    ),
    Case(
        "a service account that is not there",
        failed("AdmissionDenied", "no", message='serviceaccount "no-such-account" not found', hint="account"),
        settings=SOON,
        spec={"serviceAccountName": "no-such-account", "serviceAccount": "no-such-account"},
        pods=0,
    ),
    Case(
        "a webhook that never answers",
        failed("AdmissionDenied", "no", retryable=True, message="failed calling webhook", hint="webhook"),
        namespace=webhook("/allow", answers=False),
        settings={"scheduling_timeout_seconds": 3},
        progress=("AdmissionDenied",),
        pods=0,
    ),
]
