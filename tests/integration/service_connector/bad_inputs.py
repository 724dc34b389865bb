"""What goes wrong: each a clear error that holds no secret."""

from __future__ import annotations

import json
import socket
import threading

import azure_judge
import google_judge
from cloud import Cloud, Said
from plugin import Connectors, Refused
from score import Score, connector, environment

SECRETS = ("given-secret-key", "given-session-token", "given-token", "azure-secret", "made-access-token",
           "wrong-password", azure_judge.PASSWORD, "BEGIN PRIVATE", "MII", "eyJ")

AWS = {"region": "eu-central-1", "aws_access_key_id": "AKIAGIVEN", "aws_secret_access_key": "given-secret-key",
       "aws_session_token": "given-session-token"}
PRINCIPAL = {"tenant_id": "t", "client_id": "c"}


def silent() -> str:
    """A server that takes a connection and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []
    threading.Thread(target=lambda: kept.append(listener.accept()), daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def judge(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    google = google_judge.account(cloud)
    eks = connector("aws", "sts-token", **AWS)
    gke = connector("gcp", "service-account", service_account_json=json.dumps(google))
    aks = connector("azure", "service-principal", client_secret="azure-secret+/", **PRINCIPAL)
    there = {"AWS_ENDPOINT_URL": cloud.url, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": cloud.url,
             "AZURE_AUTHORITY_HOST": cloud.url, "AZURE_RESOURCE_MANAGER_ENDPOINT": cloud.url}

    def refused(name: str, call: object, *words: str, first: list = (), **variables: str) -> None:
        cloud.first = list(first)
        said = None
        with environment(**{**there, **variables}):
            try:
                call()
            except Refused as refusal:
                said = str(refusal)
        cloud.first = []
        score.true(f"bad input, {name}: it is refused", said is not None)
        for word in words:
            score.true(f"bad input, {name}: says {word!r}", word in (said or ""), said)
        for secret in SECRETS:
            score.true(f"bad input, {name}: no secret", secret not in (said or ""), said)

    def says(pattern: str, *arguments: object) -> list:
        return [(pattern, lambda _: Said(*arguments))]

    echo = [("/clusters", lambda asked: Said(403, {"message": "not authorized: " + json.dumps(asked.headers)}))]
    refused("EKS, no permission to list", lambda: plugin.list(eks), "not authorized", "eks:ListClusters", first=echo)
    refused("GKE, no permission to list", lambda: plugin.list(gke), "PERMISSION_DENIED", "container.clusters.list",
            first=[("/clusters", lambda asked: Said(403, {"error": {
                "code": 403, "status": "PERMISSION_DENIED", "message": asked.headers["authorization"]}}))])
    refused("AKS, no permission to list", lambda: plugin.list(aks), "AuthorizationFailed", "managedClusters/read",
            first=says("managedClusters", 403, {"error": {"code": "AuthorizationFailed", "message": "no"}}))
    nowhere = connector("aws", "secret-key", **{**AWS, "region": "eu-nowhere-1"})
    del nowhere["configuration"]["aws_session_token"]
    refused("a region that does not exist", lambda: plugin.list(nowhere), "eks.eu-nowhere-1", AWS_ENDPOINT_URL="",
            AWS_ENDPOINT_URL_STS="")
    refused("EKS, deleted since it was listed", lambda: plugin.access(eks, "blue"), "the EKS cluster blue",
            "is it deleted?", first=says("/clusters/blue", 404, {"message": "No cluster found for name: blue."}))
    refused("GKE, deleted since it was listed", lambda: plugin.access(gke, "green"), "there is no GKE cluster green")
    refused("AKS, deleted since it was listed", lambda: plugin.access(aks, "group/blue"), "is it deleted?",
            first=says("listClusterUserCredential", 404, {"error": {"code": "NotFound", "message": "gone"}}))

    def encrypted(**more: str) -> dict:
        return connector("azure", "service-principal", client_certificate=azure_judge.ENCRYPTED, **PRINCIPAL, **more)

    refused("a key without its password", lambda: plugin.list(encrypted()), "no password is given")
    refused("a key with the wrong password",
            lambda: plugin.list(encrypted(client_certificate_password="wrong-password")), "does not open")
    whole = json.dumps(google)
    refused("a key file cut in half",
            lambda: plugin.list(connector("gcp", "service-account", service_account_json=whole[:len(whole) // 2])),
            "configuration.service_account_json", "is the file cut?")
    for name, given, token in (("AWS", eks, "/clusters"), ("Google", gke, "/token"), ("Azure", aks, "/oauth2")):
        refused(f"{name} answers 429", lambda: plugin.list(given), "429", "ask again after 7 s",
                first=[(token, lambda _: Said(429, {"message": "slow"}, headers={"Retry-After": "7"}))])
        refused(f"{name} answers HTML", lambda: plugin.list(given), "text/html",
                first=says(token, 200, "<html>Sign in</html>", "text/html"))
        refused(f"{name} answers half a JSON", lambda: plugin.list(given), "a whole JSON object",
                first=says(token, 200, '{"access_token": "made-acc'))
        refused(f"{name} redirects", lambda: plugin.list(given), "redirects (307)",
                first=[(token, lambda _: Said(307, "", headers={"Location": "http://127.0.0.1:1/steal"}))])
        dead = dict.fromkeys(there, "http://127.0.0.1:1")
        if name != "Google":
            refused(f"{name} is away", lambda: plugin.list(given), "127.0.0.1:1", **dead)
            refused(f"{name} never answers", lambda: plugin.list(given, 300), "127.0.0.1",
                    **dict.fromkeys(there, silent()))
    refused("a token that is refused", lambda: plugin.list(gke), "invalid_grant", "Invalid JWT Signature",
            first=[("/token", lambda asked: Said(400, {"error": "invalid_grant", "error_description":
                                                       f"Invalid JWT Signature. {asked.form['assertion']}"}))])
    refused("a secret that is refused", lambda: plugin.list(aks), "invalid_client",
            first=[("/oauth2", lambda asked: Said(401, {"error": "invalid_client", "error_description":
                                                        f"bad {asked.form['client_secret']} {asked.raw_body}"}))])
