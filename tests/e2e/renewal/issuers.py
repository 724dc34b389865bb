"""Clouds, and a folder of files, whose credentials live for a moment; and what is known of each credential by whoever
judges it.

The clouds are those of tests/integration/connectors: they check signatures, audiences and scopes. Here their credentials
end, theirs lead to one API server, and they can be away: then each connection to them ends without an answer.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from clouds import AKS_SERVER, Clouds, Question, Refused, Reply, aws_signature, question_of, rfc3339
from cryptography.hazmat.primitives import serialization
from network import issue, pem_of

# As EKS has it, whatever signed the token.
EKS_TOKEN_SECONDS = 15 * 60


class ClientCertificates:
    """An authority that signs client certificates for a moment. Their name says for which way they are."""

    def __init__(self, life: float) -> None:
        self.life = datetime.timedelta(seconds=life)
        self.by = issue("stepop's clients", [], None)

    @property
    def authority_pem(self) -> str:
        return self.by[1].public_bytes(serialization.Encoding.PEM).decode()

    def new(self, way: str) -> tuple[str, str]:
        """A certificate and its key, as PEM."""
        key, certificate = issue(way, [], self.by, lasts=self.life)
        return certificate.public_bytes(serialization.Encoding.PEM).decode(), pem_of(key).decode()


@dataclass
class Known:
    """A credential as its judge knows it."""

    way: str
    ends: float


class ShortLived(Clouds):
    def __init__(self, life: float, server: str, authority: str, certificates: ClientCertificates) -> None:
        super().__init__()
        self.life = life
        self.server = server
        self.authority = authority
        self.certificates = certificates
        self.away = False
        self.asked_while_away = 0
        self.known: dict[str, Known] = {}  # by bearer token, or AWS access key id

    def answer(self, question: Question) -> Reply:
        if self.away:
            self.asked_while_away += 1
            raise ConnectionAbortedError  # the server's handler ends the connection
        return super().answer(question)

    def route(self, question: Question) -> Reply:
        reply = super().route(question)
        if question.host.startswith("eks.") or question.host == "container.googleapis.com":
            reply.body = json.dumps(self.with_our_server(json.loads(reply.body)))
        return reply

    def with_our_server(self, answer: dict[str, Any]) -> dict[str, Any]:
        pem = base64.b64encode(self.authority.encode()).decode()
        if "cluster" in answer:
            answer["cluster"] |= {"endpoint": self.server, "certificateAuthority": {"data": pem}}
        for cluster in answer.get("clusters", []):
            if isinstance(cluster, dict):
                cluster |= {"endpoint": self.server.removeprefix("https://"), "masterAuth": {"clusterCaCertificate": pem}}
        return answer

    # ---- What ends

    def bearer(self, kind: str, scope: str) -> str:
        token = super().bearer(kind, scope)
        self.known[token] = Known({"google": "gcp", "aks": "azure"}.get(kind, kind), self.now() + self.life)
        return token

    def google_token(self, scope: str) -> Reply:
        return Reply(body=json.dumps({"access_token": self.bearer("google", scope), "expires_in": int(self.life),
                                      "scope": scope, "token_type": "Bearer"}))

    def azure_token(self, scope: str, number: type = int) -> Reply:
        kind = "aks" if scope == f"{AKS_SERVER}/.default" else "management"
        token = self.bearer(kind, kind)
        return Reply(body=json.dumps({"access_token": token, "expires_in": number(int(self.life)),
                                      "token_type": "Bearer"}))

    def issue_keys(self, action: str, arn: str, lifetime: float) -> Reply:
        reply = super().issue_keys(action, arn, self.life)
        key = re.search("<AccessKeyId>(.*?)</AccessKeyId>", reply.body)[1]
        # In whole seconds, as the answer has it.
        self.known[key] = Known("aws", float(int(self.now() + self.life)))
        assert rfc3339(self.known[key].ends) in reply.body
        return reply

    def caller(self, question: Question, service: str) -> str:
        arn = super().caller(question, service)
        self.require_life(question.headers["authorization"].split("Credential=")[1].split("/")[0])
        return arn

    def require_bearer(self, question: Question, scopes: list[str]) -> None:
        super().require_bearer(question, scopes)
        self.require_life(question.headers["authorization"].split()[1])

    def require_life(self, credential: str) -> None:
        if credential in self.known and self.known[credential].ends <= self.now():
            raise Refused(Reply(401, '{"message":"The token has expired."}'))

    def kubeconfig(self, name: str) -> str:
        """AKS: `alpha` takes tokens of Entra ID, all others a client certificate."""
        self.entra = name == "alpha"
        config = yaml.safe_load(super().kubeconfig(name))
        pem = base64.b64encode(self.authority.encode()).decode()
        config["clusters"][0]["cluster"] = {"server": self.server, "certificate-authority-data": pem}
        if not self.entra:
            certificate, key = (base64.b64encode(text.encode()).decode() for text in
                                self.certificates.new("azure certificate"))
            config["users"][0]["user"] = {"client-certificate-data": certificate, "client-key-data": key}
        return yaml.safe_dump(config)

    # ---- What an API server asks of a token

    def judge(self, token: str) -> tuple[str, str]:
        """Whose it is, and what is wrong with it."""
        if token.startswith("k8s-aws-v1."):
            return "aws", self.judge_eks(token)
        known = self.known.get(token)
        if known is None or self.tokens.get(token) == "management":
            return "", "nobody made it"
        return known.way, "it has expired" if known.ends <= self.now() else ""

    def judge_eks(self, token: str) -> str:
        encoded = token.removeprefix("k8s-aws-v1.")
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        bare, _, signature = url.rpartition("&X-Amz-Signature=")
        host = urllib.parse.urlsplit(url).hostname
        question = question_of("GET", bare, {"host": host or "", "x-k8s-aws-id": "prod"}, b"")
        query = dict(question.query)
        key, *scope = query["X-Amz-Credential"].split("/")
        if key not in self.keys or key not in self.known:
            return "it is signed with a key that nobody made"
        secret, session, _ = self.keys[key]
        signed = query["X-Amz-SignedHeaders"].split(";")
        if query.get("X-Amz-Security-Token") != session or signature != aws_signature(
                question, secret, scope, signed, query["X-Amz-Date"]):
            return "its signature is wrong"
        date = datetime.datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        ends = min(self.known[key].ends, date.timestamp() + EKS_TOKEN_SECONDS)
        return "it has expired" if ends <= self.now() else ""


class Files:
    """A token, and a client certificate with its key, which somebody rotates in place twice in their life."""

    def __init__(self, folder: Path, life: float, clouds: ShortLived) -> None:
        self.folder = folder
        self.life = life
        self.clouds = clouds
        self.ending = threading.Event()
        self.rotate()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while not self.ending.wait(self.life / 2):
            if not self.clouds.away:
                self.rotate()

    def rotate(self) -> None:
        ends = int(time.time() + self.life)
        claims = base64.urlsafe_b64encode(json.dumps({"exp": ends, "jti": uuid.uuid4().hex}).encode()).decode()
        token = self.clouds.secret(f"e30.{claims.rstrip('=')}.signed")
        self.clouds.known[token] = Known("kubernetes", float(ends))
        certificate, key = self.clouds.certificates.new("kubernetes certificate")
        for name, text in (("token", token), ("client.crt", certificate), ("client.key", key)):
            beside = self.folder / f".{name}"
            beside.touch(mode=0o600)
            beside.write_text(text)
            beside.rename(self.folder / name)

    def close(self) -> None:
        self.ending.set()
        self.thread.join()
