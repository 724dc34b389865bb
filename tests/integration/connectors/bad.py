"""What goes wrong between a user and a cloud: each ends in one error that says what, and holds no secret."""

from __future__ import annotations

import json
from typing import Any, Callable

from cases import AZURE_SECRET, CLIENT, KEY, SECRET, TENANT, World
from clouds import Reply
from network import REGION

HTML = "<!DOCTYPE html><html><title>Sign in</title>" + SECRET + "</html>"


def aws(method: str = "secret-key", **more: Any) -> Callable[[World], dict[str, Any]]:
    configuration = {"region": REGION, "aws_access_key_id": KEY, "aws_secret_access_key": SECRET, **more}
    if method == "implicit":
        configuration = {"region": REGION, **more}
    return lambda _: {"type": "aws", "auth_method": method, "configuration": configuration}


def account(change: Callable[[dict[str, Any]], Any]) -> Callable[[World], dict[str, Any]]:
    def connector(world: World) -> dict[str, Any]:
        document = dict(world.service_account)
        text = change(document)
        return {"type": "gcp", "auth_method": "service-account",
                "configuration": {"service_account_json": text if isinstance(text, str) else json.dumps(document)}}
    return connector


def azure(pick: Callable[[World], dict[str, str]]) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"type": "azure", "auth_method": "service-principal",
                          "configuration": {"tenant_id": TENANT, "client_id": CLIENT, **pick(world)}}


SECRET_CLIENT = azure(lambda _: {"client_secret": AZURE_SECRET})


def bad(name: str, connector: Callable[[World], dict[str, Any]], says: list[str], **more: Any) -> dict[str, Any]:
    return {"name": name, "connector": connector, "says": says, **more}


def rule(place: str, status: int, body: str = "", kind: str = "application/json", **headers: str) -> list[tuple[str, Reply]]:
    return [(place, Reply(status, body, kind, headers))]


BAD = [
    # an account without permission to list
    bad("aws: no permission to list", aws(), ["403", "eks:ListClusters"],
        rules=rule("eks.", 403, json.dumps({"message": "User is not authorized to perform: eks:ListClusters"}))),
    bad("gcp: no permission to list", account(lambda _: None), ["403", "container.clusters.list"],
        rules=rule("container.", 403, json.dumps({"error": {"code": 403, "status": "PERMISSION_DENIED", "message":
                                                            "Required \"container.clusters.list\" permission"}}))),
    bad("azure: no permission to list", SECRET_CLIENT, ["403", "AuthorizationFailed"],
        rules=rule("management.azure.com", 403, json.dumps({"error": {"code": "AuthorizationFailed", "message": "The client "
                                                                      "does not have authorization"}}))),
    # a region that does not exist
    bad("aws: a region that does not exist", aws(region="eu-nowhere-1"), ["eu-nowhere-1"]),
    bad("aws: a region that is a host", aws(region="evil.example.com/"), ["region"]),
    # a cluster that is deleted between listing and connecting
    bad("aws: a cluster that is gone", aws(), ["gone"], do="access", resource_id="gone"),
    bad("gcp: a cluster that is gone", account(lambda _: None), ["gone"], do="access", resource_id="gone"),
    bad("azure: a cluster that is gone", SECRET_CLIENT, ["gone"], do="access", resource_id="Group-A/gone"),
    bad("azure: a cluster that goes meanwhile", SECRET_CLIENT, ["Group-A", "alpha"], do="access", resource_id="Group-A/alpha",
        rules=rule("listClusterUserCredential", 404, json.dumps({"error": {"code": "ResourceNotFound", "message": "gone"}}))),
    bad("azure: a name that two clusters have", SECRET_CLIENT, ["alpha", "group-c"], do="access", resource_id="alpha"),
    # a private key with the wrong password or none
    bad("azure: an encrypted key without its password", azure(lambda w: {"client_certificate": w.azure_encrypted}),
        ["client_certificate"]),
    # a service account's JSON, cut in half
    bad("gcp: a document that is cut in half", account(lambda d: json.dumps(d)[: len(json.dumps(d)) // 2]),
        ["service_account_json", "cut"]),
    bad("gcp: a key that is cut in half", account(lambda d: d.update(private_key=d["private_key"][:800])),
        ["private_key"]),
    bad("gcp: a key without its line breaks", account(lambda d: d.update(private_key=d["private_key"].replace("\n", ""))),
        ["private_key"]),
    bad("gcp: another document", account(lambda d: d.update(type="authorized_user")), ["type", "service_account"]),
    bad("gcp: a token_uri without TLS", account(lambda d: d.update(token_uri="http://oauth2.googleapis.com/token")),
        ["token_uri", "https"]),
    # a cloud that answers 429, or HTML
    bad("aws: too many requests", aws("iam-role", role_arn="arn:aws:iam::123456789012:role/Steps"), ["429"],
        rules=rule("sts.", 429, "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
                                "</ErrorResponse>", "text/xml")),
    bad("gcp: too many requests", account(lambda _: None), ["429"],
        rules=rule("oauth2.", 429, '{"error":"rate_limit_exceeded"}')),
    bad("azure: too many requests", SECRET_CLIENT, ["429"], rules=rule("login.", 429, "{}")),
    bad("aws: HTML", aws(), ["eks." + REGION], rules=rule("eks.", 200, HTML, "text/html")),
    bad("aws: HTML of STS", aws("session-token"), ["sts." + REGION], rules=rule("sts.", 503, HTML, "text/html")),
    bad("gcp: HTML", account(lambda _: None), ["oauth2.googleapis.com"], rules=rule("oauth2.", 200, HTML, "text/html")),
    bad("azure: HTML", SECRET_CLIENT, ["login.microsoftonline.com"], rules=rule("login.", 200, HTML, "text/html")),
    # a token endpoint that redirects
    bad("aws: a redirect", aws("session-token"), ["302"],
        rules=rule("sts.", 302, "", Location="https://elsewhere.example.com/")),
    bad("gcp: a redirect", account(lambda _: None), ["307"],
        rules=rule("oauth2.", 307, "", Location="https://elsewhere.example.com/")),
    bad("azure: a redirect", SECRET_CLIENT, ["302"],
        rules=rule("login.", 302, "", Location="https://elsewhere.example.com/")),
    bad("azure: a next page on another host", SECRET_CLIENT, ["management.azure.com"],
        rules=rule("management.azure.com/subscriptions", 200,
                   json.dumps({"value": [], "nextLink": "https://elsewhere.example.com/subscriptions?skip=1"}))),
    # credentials that are none
    bad("aws: a secret that is wrong", aws(aws_secret_access_key="not-the-secret"), ["SignatureDoesNotMatch"], do="verify"),
    bad("aws: a key that nobody knows", aws(aws_access_key_id="AKIANOBODY"), ["InvalidClientTokenId"], do="verify"),
    bad("aws: no credentials at all", aws("implicit"), ["AWS"], rules=rule("169.254.169.254", 404)),
    bad("aws: a profile that is not there", aws("implicit", profile_name="prd"), ["prd", "prod"],
        files={".aws/config": "[profile prod]\nregion=x\n"}),
    bad("aws: profiles in a circle", aws("implicit", profile_name="a"), ["a", "b"],
        files={".aws/config": "[profile a]\nrole_arn=arn:aws:iam::1:role/a\nsource_profile=b\n"
                              "[profile b]\nrole_arn=arn:aws:iam::1:role/b\nsource_profile=a\n"}),
    bad("gcp: a key that was deleted", account(lambda d: d.update(client_email="deleted@project.iam.gserviceaccount.com")),
        ["invalid_grant"]),
    bad("azure: a secret that is wrong", azure(lambda _: {"client_secret": "not-the-secret"}), ["AADSTS7000215"]),
    bad("aws: an answer without credentials", aws("session-token"), ["GetSessionToken"],
        rules=rule("sts.", 200, "<GetSessionTokenResponse></GetSessionTokenResponse>", "text/xml")),
    bad("gcp: an answer without a token", account(lambda _: None), ["access_token"], rules=rule("oauth2.", 200, "{}")),
    bad("azure: an answer without a kubeconfig", SECRET_CLIENT, ["alpha"], do="access", resource_id="Group-A/alpha",
        rules=rule("listClusterUserCredential", 200, "{}")),
]
