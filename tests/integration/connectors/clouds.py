"""What the clouds answer, after their published API references, to whoever asks rightly; and a record of all questions.

A signature, an audience, a claim or a token that the real service would refuse is refused here. `rules` replaces the answer
of the next questions to a place by another one: for what goes wrong.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from network import REGION

CLUSTERS = ["alpha", "beta", "gamma", "delta", "prod"]  # two a page
CA = "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n"
AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"
SCOPES = {"https://management.azure.com/.default": "management", f"{AKS_SERVER}/.default": "aks"}
GOOGLE_TOKEN = "https://oauth2.googleapis.com/token"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://www.googleapis.com/auth/iam"


@dataclass
class Question:
    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    url: str

    def form(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Reply:
    status: int = 200
    body: str = ""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    def __init__(self, reply: Reply):
        super().__init__(reply.body)
        self.reply = reply


def rfc3339(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def unbase64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwt_parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return json.loads(unbase64url(header)), json.loads(unbase64url(claims))


def verify_jwt(token: str, public_key) -> None:
    """Raises when it is not signed as its header says."""
    header, _ = jwt_parts(token)
    signed, _, signature = token.rpartition(".")
    scheme = padding.PKCS1v15() if header["alg"] == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    public_key.verify(unbase64url(signature), signed.encode(), scheme, hashes.SHA256())


def aws_signature(question: Question, secret: str, scope: list[str], signed: list[str], date: str) -> str:
    """As botocore computes it for this very question."""
    auth = SigV4Auth(Credentials("id", secret), scope[2], scope[1])
    request = AWSRequest(question.method, question.url, {name: question.headers[name] for name in signed},
                         data=question.body)
    request.context["timestamp"] = date
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


class Clouds:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.record: list[Question] = []
        self.rules: list[tuple[str, Reply]] = []
        self.skew = 0.0
        self.secrets: set[str] = set()  # what nobody may repeat
        # AWS: access key id -> secret, session token, ARN
        self.keys: dict[str, tuple[str, str, str]] = {}
        self.google_keys: dict[str, Any] = {}  # email -> public key
        self.azure_certificates: dict[str, Any] = {}  # x5t or x5t#S256 -> public key
        self.azure_secrets: dict[str, str] = {}  # client id -> secret
        self.subjects: dict[str, str] = {}  # token -> who
        self.tokens: dict[str, str] = {}  # bearer token -> for what
        self.metadata_sessions: set[str] = set()
        self.entra = False  # whether AKS clusters have Entra ID
        self.number = 0

    # ---- bookkeeping

    def now(self) -> float:
        return time.time() + self.skew

    def secret(self, text: str) -> str:
        self.secrets.add(text)
        return text

    def new(self, kind: str) -> str:
        self.number += 1
        return self.secret(f"{kind}.{hashlib.sha256(f'{kind}{self.number}'.encode()).hexdigest()[:24]}")

    def take(self) -> list[Question]:
        with self.lock:
            record, self.record = self.record, []
            return record

    def answer(self, question: Question) -> Reply:
        with self.lock:
            self.record.append(question)
            place = f"{question.method} {question.host}{question.path}"
            if question.path == "/" and "sts." in question.host and question.body:
                place += f" {question.form().get('Action')}"
            for rule in self.rules:
                if rule[0] in place:
                    return rule[1]
            try:
                return self.route(question)
            except Refused as refused:
                return refused.reply

    def route(self, question: Question) -> Reply:
        host = question.host
        if host.startswith("sts.") and host.endswith(".amazonaws.com"):
            return self.aws_sts(question)
        if host.startswith("eks."):
            return self.eks(question)
        if host in ("169.254.169.254", "metadata.google.internal", "169.254.170.2", "localhost"):
            return self.metadata(question)
        if host == "subjects.example.com":
            return self.subject(question)
        if host.endswith("googleapis.com"):
            return self.google(question)
        if host == "login.microsoftonline.com":
            return self.entra_id(question)
        if host == "management.azure.com":
            return self.azure(question)
        if host == "cluster.example.com":
            return Reply(body='{"major":"1","minor":"34","gitVersion":"v1.34.2"}')
        return Reply(404, "not here", "text/plain")

    # ---- AWS

    def caller(self, question: Question, service: str) -> str:
        """Who signed: the ARN."""
        authorization = question.headers.get("authorization", "")
        if not authorization.startswith("AWS4-HMAC-SHA256 "):
            self.refuse_aws(service, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        parts = dict(part.strip().split("=", 1) for part in authorization.split(" ", 1)[1].split(","))
        key, *scope = parts["Credential"].split("/")
        signed = parts["SignedHeaders"].split(";")
        if key not in self.keys:
            self.refuse_aws(service, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        secret, token, arn = self.keys[key]
        if question.headers.get("x-amz-security-token", "") != token:
            self.refuse_aws(service, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        if scope[1:] != [REGION, service, "aws4_request"]:
            self.refuse_aws(service, 403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
        date = question.headers["x-amz-date"]
        at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(at - self.now()) > 300:
            self.refuse_aws(service, 403, "SignatureDoesNotMatch", "Signature not yet current or expired.")
        if parts["Signature"] != aws_signature(question, secret, scope, signed, date):
            self.refuse_aws(service, 403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        return arn

    def refuse_aws(self, service: str, status: int, code: str, message: str) -> None:
        if service == "sts":
            body = (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
                    "</ErrorResponse>")
            raise Refused(Reply(status, body, "text/xml"))
        raise Refused(Reply(status, json.dumps({"message": message}), headers={"x-amzn-ErrorType": code}))

    def aws_sts(self, question: Question) -> Reply:
        form = question.form() or dict(question.query)
        action = form.get("Action", "")
        lifetime = float(form.get("DurationSeconds", 3600))
        if action == "AssumeRoleWithWebIdentity":
            if form["WebIdentityToken"] not in self.subjects:
                self.refuse_aws("sts", 400, "InvalidIdentityToken", "No OpenIDConnect provider found.")
            return self.issue_keys(action, self.assumed(form), lifetime)
        arn = self.caller(question, "sts")
        if action == "GetCallerIdentity":
            return self.xml(action, f"<Arn>{arn}</Arn><UserId>AIDA</UserId><Account>123456789012</Account>")
        if action == "AssumeRole":
            return self.issue_keys(action, self.assumed(form), lifetime)
        if action == "GetSessionToken":
            return self.issue_keys(action, arn, lifetime)
        if action == "GetFederationToken":
            return self.issue_keys(action, f"arn:aws:sts::123456789012:federated-user/{form['Name']}", lifetime)
        return Reply(400, "<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>", "text/xml")

    def assumed(self, form: dict[str, str]) -> str:
        role = form["RoleArn"].rpartition("/")[2]
        return f"arn:aws:sts::123456789012:assumed-role/{role}/session"

    def new_keys(self, arn: str) -> tuple[str, str, str]:
        key = "ASIA" + self.new("key")[4:].upper()
        self.keys[key] = (self.new("secret"), self.new("token"), arn)
        return key, self.keys[key][0], self.keys[key][1]

    def issue_keys(self, action: str, arn: str, lifetime: float) -> Reply:
        key, secret, token = self.new_keys(arn)
        return self.xml(action, f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                                f"<SessionToken>{escape(token)}</SessionToken>"
                                f"<Expiration>{rfc3339(self.now() + lifetime)}</Expiration></Credentials>")

    @staticmethod
    def xml(action: str, inside: str) -> Reply:
        return Reply(body=f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{inside}'
                          f"</{action}Result></{action}Response>", kind="text/xml")

    def eks(self, question: Question) -> Reply:
        self.caller(question, "eks")
        if question.path == "/clusters":
            at = int(dict(question.query).get("nextToken", "0/").rstrip("/"))
            page: dict[str, Any] = {"clusters": CLUSTERS[at:at + 2]}
            if at + 2 < len(CLUSTERS):
                page["nextToken"] = f"{at + 2}/"  # a character that must be encoded
            return Reply(body=json.dumps(page))
        name = urllib.parse.unquote(question.path.rpartition("/")[2])
        if name not in CLUSTERS:
            self.refuse_aws("eks", 404, "ResourceNotFoundException", f"No cluster found for name: {name}.")
        return Reply(body=json.dumps({"cluster": {
            "name": name, "arn": f"arn:aws:eks:{REGION}:123456789012:cluster/{name}", "status": "ACTIVE", "version": "1.34",
            "endpoint": f"https://{name}.eks.example.com",
            "certificateAuthority": {"data": base64.b64encode(CA.encode()).decode()}}}))

    # ---- metadata of instances and containers

    def metadata(self, question: Question) -> Reply:
        path, headers = question.path, question.headers
        if question.host == "169.254.170.2" or path.startswith("/container"):
            if path != "/container" or headers.get("authorization", "") not in ("", "container-authorization"):
                return Reply(403, "no", "text/plain")
            return self.metadata_keys("ContainerRole", container=True)
        if path == "/latest/api/token" and question.method == "PUT":
            if "x-aws-ec2-metadata-token-ttl-seconds" not in headers:
                return Reply(400, "", "text/plain")
            session = self.new("imds")
            self.metadata_sessions.add(session)
            return Reply(body=session, kind="text/plain")
        if path.startswith("/latest/meta-data/"):
            if headers.get("x-aws-ec2-metadata-token") not in self.metadata_sessions:
                return Reply(401, "", "text/plain")  # IMDSv2 alone
            if path.endswith("/placement/availability-zone"):
                return Reply(body=REGION + "a", kind="text/plain")
            if path.endswith("/security-credentials/"):
                return Reply(body="NodeRole", kind="text/plain")
            return self.metadata_keys("NodeRole")
        if path.startswith("/metadata/identity/oauth2/token"):
            query = dict(question.query)
            if headers.get("metadata") != "true" or query.get("api-version") != "2018-02-01":
                return Reply(400, '{"error":"invalid_request"}')
            return self.azure_token(query["resource"].rstrip("/") + "/.default", str)
        if headers.get("metadata-flavor") != "Google":
            return Reply(403, "no Metadata-Flavor", "text/plain")
        google = {"Metadata-Flavor": "Google"}
        if path.endswith("/token"):
            token = self.bearer("google", CLOUD_PLATFORM)
            return Reply(body=json.dumps({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}), headers=google)
        if path.startswith("/computeMetadata/v1/instance/service-accounts/default"):
            return Reply(body=json.dumps({"email": "node@project.iam.gserviceaccount.com", "aliases": ["default"],
                                          "scopes": [CLOUD_PLATFORM]}), headers=google)
        if path.endswith("/project-id"):
            return Reply(body="project", kind="text/plain", headers=google)
        if path.endswith("/universe-domain"):
            return Reply(404, "", "text/plain", google)
        return Reply(body="", kind="text/plain", headers=google)

    def metadata_keys(self, role: str, container: bool = False) -> Reply:
        key, secret, token = self.new_keys(f"arn:aws:sts::123456789012:assumed-role/{role}/i-1")
        answer = {"AccessKeyId": key, "SecretAccessKey": secret, "Token": token, "Expiration": rfc3339(self.now() + 3600)}
        if not container:
            answer |= {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": rfc3339(self.now())}
        return Reply(body=json.dumps(answer))

    # ---- Google

    def bearer(self, kind: str, scope: str) -> str:
        token = self.new(kind)
        self.tokens[token] = scope
        return token

    def require_bearer(self, question: Question, scopes: list[str]) -> None:
        kind, _, token = question.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or self.tokens.get(token) not in scopes:
            raise Refused(Reply(401, json.dumps({"error": {"code": 401, "status": "UNAUTHENTICATED", "message":
                                                           "Request had invalid authentication credentials."}})))

    def google_token(self, scope: str) -> Reply:
        return Reply(body=json.dumps({"access_token": self.bearer("google", scope), "expires_in": 3599, "scope": scope,
                                      "token_type": "Bearer"}))

    def google(self, question: Question) -> Reply:
        if question.host == "oauth2.googleapis.com":
            return self.google_oauth(question.form())
        if question.host == "sts.googleapis.com":
            return self.google_sts(question.form())
        if question.host == "iamcredentials.googleapis.com":
            self.require_bearer(question, [IAM, CLOUD_PLATFORM])
            asked = json.loads(question.body)
            if not asked["scope"] or not asked["lifetime"].endswith("s"):
                return Reply(400, '{"error":{"code":400,"status":"INVALID_ARGUMENT"}}')
            ends = self.now() + float(asked["lifetime"][:-1])
            token = self.bearer("google", asked["scope"][0])
            return Reply(body=json.dumps({"accessToken": token, "expireTime": rfc3339(ends)}))
        self.require_bearer(question, [CLOUD_PLATFORM])
        return Reply(body=json.dumps({"clusters": [
            {"name": "alpha", "location": "europe-west1", "status": "RUNNING", "endpoint": "10.0.0.1",
             "currentMasterVersion": "1.34.1-gke.1", "masterAuth": {"clusterCaCertificate":
                                                                   base64.b64encode(CA.encode()).decode()}},
            {"name": "named", "location": "europe-west1-b", "status": "RUNNING", "endpoint": "10.0.0.2",
             "masterAuth": {"clusterCaCertificate": base64.b64encode(CA.encode()).decode()},
             "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "gke-1.europe-west1.gke.goog",
                                                                   "allowExternalTraffic": True}}}]}))

    def google_oauth(self, form: dict[str, str]) -> Reply:
        if form["grant_type"] == "refresh_token":
            if (form["client_id"], form["client_secret"], form["refresh_token"]) != (
                    "user-client", "google-user-secret", "google-refresh-token"):
                return Reply(400, '{"error":"invalid_grant","error_description":"Token has been expired or revoked."}')
            return self.google_token(form.get("scope", CLOUD_PLATFORM))
        _, claims = jwt_parts(form["assertion"])
        try:
            verify_jwt(form["assertion"], self.google_keys[claims["iss"]])
            good = claims["aud"] == GOOGLE_TOKEN and claims["exp"] - claims["iat"] <= 3600
            good = good and claims["iat"] <= self.now() + 60 and claims["exp"] > self.now()
        except Exception:  # noqa: BLE001  whatever is wrong with a signature
            good = False
        if not good or form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return Reply(400, '{"error":"invalid_grant","error_description":"Invalid JWT Signature."}')
        return self.google_token(claims["scope"])

    def google_sts(self, form: dict[str, str]) -> Reply:
        wanted = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                  "requested_token_type": "urn:ietf:params:oauth:token-type:access_token"}
        good = all(form.get(name) == value for name, value in wanted.items()) and form["audience"].startswith("//iam.")
        if form["subject_token_type"] == "urn:ietf:params:aws:token-type:aws4_request":
            good = good and self.aws_subject(json.loads(urllib.parse.unquote(form["subject_token"])), form["audience"])
        else:
            good = good and form["subject_token"] in self.subjects
        if not good:
            return Reply(400, '{"error":"invalid_grant","error_description":"The subject token is not valid."}')
        answer = json.loads(self.google_token(form["scope"]).body)
        return Reply(body=json.dumps(answer | {"issued_token_type": wanted["requested_token_type"]}))

    def aws_subject(self, asked: dict[str, Any], audience: str) -> bool:
        headers = {entry["key"].lower(): entry["value"] for entry in asked["headers"]}
        if headers.get("x-goog-cloud-target-resource") != audience:
            return False
        self.caller(question_of(asked["method"], asked["url"], headers, b""), "sts")
        return True

    def subject(self, question: Question) -> Reply:
        if question.headers.get("x-subject-key") != "let me in":
            return Reply(403, "no", "text/plain")
        return Reply(body=json.dumps({"access_token": "subject-token-of-url"}))

    # ---- Azure

    def azure_token(self, scope: str, number=int) -> Reply:
        if scope not in SCOPES:
            return Reply(400, '{"error":"invalid_scope","error_description":"AADSTS70011: The scope is not valid."}')
        token = self.bearer("azure", SCOPES[scope])
        return Reply(body=json.dumps({"access_token": token, "expires_in": number(3599), "token_type": "Bearer",
                                      "expires_on": number(int(self.now() + 3599)), "resource": scope}))

    def entra_id(self, question: Question) -> Reply:
        if question.method == "GET":  # what a library asks about the tenant before it asks for a token
            tenant = question.path.split("/")[1]
            base = f"https://login.microsoftonline.com/{tenant}"
            if "instance" in question.path:
                return Reply(body=json.dumps({"tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration",
                                              "metadata": []}))
            return Reply(body=json.dumps({"token_endpoint": f"{base}/oauth2/v2.0/token", "issuer": f"{base}/v2.0",
                                          "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}))
        form = question.form()
        if form.get("grant_type") != "client_credentials":
            return Reply(400, '{"error":"unsupported_grant_type","error_description":"AADSTS70003"}')
        if "client_assertion" in form:
            good = form["client_assertion"] in self.subjects or self.azure_assertion(form, question)
        else:
            good = self.azure_secrets.get(form["client_id"]) == form.get("client_secret")
        if not good:
            return Reply(401, '{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}')
        return self.azure_token(form["scope"])

    def azure_assertion(self, form: dict[str, str], question: Question) -> bool:
        header, claims = jwt_parts(form["client_assertion"])
        try:
            verify_jwt(form["client_assertion"], self.azure_certificates[header.get("x5t#S256") or header["x5t"].rstrip("=")])
        except Exception:  # noqa: BLE001
            return False
        return (claims["aud"] == f"https://{question.host}{question.path}" and claims["iss"] == claims["sub"]
                == form["client_id"] and claims["exp"] > self.now())

    def azure(self, question: Question) -> Reply:
        self.require_bearer(question, ["management"])
        query = dict(question.query)
        if "api-version" not in query:
            return Reply(400, '{"error":{"code":"MissingApiVersionParameter","message":"api-version is missing."}}')
        path = question.path
        if path == "/subscriptions":
            if "skip" not in query:
                return Reply(body=json.dumps({"value": [{"subscriptionId": "sub-1", "displayName": "one"}],
                                              "nextLink": f"https://{question.host}/subscriptions?api-version=1&skip=1"}))
            return Reply(body=json.dumps({"value": [{"subscriptionId": "sub-2", "displayName": "two"}]}))
        if path.endswith("/listClusterUserCredential"):
            text = base64.b64encode(self.kubeconfig(path.split("/")[-2]).encode()).decode()
            return Reply(body=json.dumps({"kubeconfigs": [{"name": "clusterUser", "value": text}]}))
        subscription = path.split("/")[2]
        names = {"sub-1": [("Group-A", "alpha"), ("group-b", "beta")], "sub-2": [("group-c", "alpha")]}[subscription]
        clusters = [{"id": f"/subscriptions/{subscription}/resourcegroups/{group}/providers/Microsoft.ContainerService"
                           f"/managedClusters/{name}", "name": name, "location": "westeurope",
                     "properties": {"provisioningState": "Succeeded", "kubernetesVersion": "1.34.0",
                                    "powerState": {"code": "Running"}}} for group, name in names]
        if "/resourcegroups/" in path.lower():
            name = path.split("/")[-1]
            found = [cluster for cluster in clusters if cluster["name"] == name and f"/{path.split('/')[4].lower()}/" in
                     cluster["id"].lower()]
            if not found:
                return Reply(404, '{"error":{"code":"ResourceNotFound","message":"The Resource was not found."}}')
            return Reply(body=json.dumps(found[0]))
        return Reply(body=json.dumps({"value": clusters}))

    def kubeconfig(self, name: str) -> str:
        pem = base64.b64encode(CA.encode()).decode()
        user: dict[str, Any] = {"client-certificate-data": pem, "client-key-data": base64.b64encode(
            b"-----BEGIN RSA PRIVATE KEY-----\na2V5\n-----END RSA PRIVATE KEY-----\n").decode(), "token": self.new("aks")}
        if self.entra:
            user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin",
                             "args": ["get-token", "--environment", "AzurePublicCloud", "--server-id", AKS_SERVER,
                                      "--client-id", "80faf920-1908-4b52-b5ef-a8e7bedfc67a", "--tenant-id", "tenant"]}}
        return yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": f"https://{name}.hcp.westeurope.azmk8s.io:443",
                                                    "certificate-authority-data": pem}}],
            "users": [{"name": f"clusterUser_{name}", "user": user}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": f"clusterUser_{name}"}}]})


def question_of(method: str, url: str, headers: dict[str, str], body: bytes) -> Question:
    parts = urllib.parse.urlsplit(url)
    return Question(method, parts.hostname or "", urllib.parse.unquote(parts.path) or "/",
                    urllib.parse.parse_qsl(parts.query, keep_blank_values=True), headers, body, url)


def serve(clouds: Clouds, certificate: str, key: str, address: str = "0.0.0.0") -> None:
    """On the ports 443 and 80 of the address, from now on."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        scheme = "http"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = clouds.answer(question_of(self.command, f"{self.scheme}://{headers['host']}{self.path}", headers, body))
            data = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = handle_one

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(clouds.now())

        def log_message(self, *_: Any) -> None:
            pass

    class SecureHandler(Handler):
        scheme = "https"

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure = Server((address, 443), SecureHandler)
    secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
    for server in (secure, Server((address, 80), Handler)):
        threading.Thread(target=server.serve_forever, daemon=True).start()
