"""A server that records what it is asked, and answers as AWS, Google and Azure do by their published descriptions."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable

KUBECONFIG = """
clusters: [{name: c, cluster: {server: 'https://aks.example:443', certificate-authority-data: UEVN}}]
users: [{name: u, user: {token: kube-token}}]
"""


@dataclass
class Asked:
    """One request, taken apart. `form` is a body of application/x-www-form-urlencoded, `body` any other."""

    method: str
    path: str
    query: dict
    headers: dict  # by lower-case name
    raw_query: str
    raw_body: bytes
    form: dict = field(default_factory=dict)
    body: object = None

    def of(self) -> str:
        return f"{self.method} {self.path}?{self.raw_query} {self.raw_body.decode(errors='replace')}"


@dataclass
class Said:
    status: int = 200
    body: object = ""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)


def sts(action: str) -> Said:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    result = (f"<Credentials><AccessKeyId>ASIAMADE</AccessKeyId><SecretAccessKey>made-secret-key</SecretAccessKey>"
              f"<SessionToken>made-session-token</SessionToken><Expiration>{ends}</Expiration></Credentials>"
              "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><UserId>A</UserId><Account>123456789012</Account>")
    return Said(body=f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}'
                     f"</{action}Result><ResponseMetadata/></{action}Response>", content_type="text/xml")


def role_credentials(_: Asked) -> Said:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    return Said(body={"Code": "Success", "AccessKeyId": "ASIAROLE", "SecretAccessKey": "role-secret-key",
                      "Token": "role-session-token", "Expiration": ends})


def eks_clusters(asked: Asked) -> Said:
    if asked.query.get("nextToken") == "page/2":
        return Said(body={"clusters": ["green"], "nextToken": None})
    return Said(body={"clusters": ["blue"], "nextToken": "page/2"})


def openid(asked: Asked) -> Said:
    authority = "https://login.microsoftonline.com/" + asked.path.split("/")[1]
    return Said(body={"token_endpoint": f"{authority}/oauth2/v2.0/token", "issuer": f"{authority}/v2.0",
                      "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize"})


def aks(group: str, name: str) -> dict:
    return {"id": f"/subscriptions/s1/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}",
            "name": name, "location": "westeurope", "properties": {"provisioningState": "Succeeded"}}


ANSWERS: list[tuple[str, Callable[[Asked], Said]]] = [
    (r"Action=(\w+)", lambda asked: sts((asked.form or asked.query)["Action"])),
    (r"GET /clusters/blue", lambda _: Said(body={"cluster": {
        "name": "blue", "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/blue", "status": "ACTIVE",
        "version": "1.33", "endpoint": "https://blue.example", "certificateAuthority": {"data": "UEVN"}}})),
    (r"GET /clusters\?", eks_clusters),
    (r"PUT /latest/api/token", lambda _: Said(body="imds-session", content_type="text/plain")),
    (r"/security-credentials/worker", role_credentials),
    (r"/security-credentials/", lambda _: Said(body="worker", content_type="text/plain")),
    (r"/container-credentials", role_credentials),
    (r"/computeMetadata/.*/token", lambda _: Said(body={"access_token": "machine-token", "expires_in": 3000,
                                                        "token_type": "Bearer"})),
    (r"/computeMetadata/", lambda _: Said(body={"email": "m@p", "scopes": [], "aliases": ["default"]})),
    (r":generateAccessToken", lambda _: Said(body={
        "accessToken": "impersonated-token",
        "expireTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3000))})),
    (r"/locations/-/clusters", lambda _: Said(body={"clusters": [{
        "name": "blue", "location": "europe-west3", "status": "RUNNING", "endpoint": "10.0.0.1",
        "masterAuth": {"clusterCaCertificate": "UEVN"}}]})),
    (r"openid-configuration", openid),
    (r"/metadata/identity/oauth2/token", lambda _: Said(body={
        "access_token": "machine-token", "expires_in": "3000", "expires_on": str(int(time.time()) + 3000),
        "token_type": "Bearer", "resource": "https://management.azure.com"})),
    (r"listClusterUserCredential", lambda _: Said(body={"kubeconfigs": [
        {"name": "clusterUser", "value": base64.b64encode(KUBECONFIG.encode()).decode()}]})),
    (r"managedClusters\?", lambda _: Said(body={"value": [aks("group", "blue")]})),
    (r"GET /subscriptions\?", lambda _: Said(body={"value": [{"subscriptionId": "s1"}]})),
    (r"token", lambda _: Said(body={"access_token": "made-access-token", "expires_in": 3000, "token_type": "Bearer",
                                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})),
]


class Cloud:
    """`with Cloud() as cloud:` listens on loopback; `cloud.first` come before the usual answers."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.first: list[tuple[str, Callable[[Asked], Said]]] = []
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, path, dict(urllib.parse.parse_qsl(query)), headers, query, body)
                if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                    asked.form = dict(urllib.parse.parse_qsl(body.decode()))
                elif body:
                    asked.body = json.loads(body)
                cloud.asked.append(asked)
                said = next((make(asked) for pattern, make in cloud.first + ANSWERS if re.search(pattern, asked.of())),
                            Said(404, {"message": "nobody is here"}))
                text = said.body if isinstance(said.body, str) else json.dumps(said.body)
                self.send_response(said.status)
                self.send_header("Content-Type", said.content_type)
                self.send_header("Metadata-Flavor", "Google")
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> "Cloud":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()

    def recorded(self, call: Callable[[], object]) -> list[Asked]:
        """What was asked while `call` ran."""
        self.asked.clear()
        call()
        return list(self.asked)
