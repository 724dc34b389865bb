"""AWS: what botocore asks and signs, and what stepop asks and signs; EKS and STS also as moto has them."""

from __future__ import annotations

import base64
import contextlib
import logging
import tempfile
import urllib.parse
from pathlib import Path
from typing import Iterator

import botocore.session
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from cloud import Asked, Cloud
from plugin import Connectors
from score import Score, connector, environment

REGION = "eu-central-1"
KEYS = {"aws_access_key_id": "AKIAGIVEN", "aws_secret_access_key": "given-secret-key"}
GIVEN = Credentials("AKIAGIVEN", "given-secret-key")
MADE = Credentials("ASIAMADE", "made-secret-key", "made-session-token")
ROLE = "arn:aws:iam::123456789012:role/r"
POLICY = '{"Version":"2012-10-17","Statement":[]}'


def taken_apart(authorization: str) -> dict:
    return dict(part.strip().split("=", 1) for part in authorization.partition(" ")[2].split(","))


def resigned(asked: Asked, credentials: Credentials) -> str:
    """What botocore would have signed this very request with."""
    parts = taken_apart(asked.headers["authorization"])
    _, _, region, service, _ = parts["Credential"].split("/")
    headers = {name: asked.headers[name] for name in parts["SignedHeaders"].split(";")}
    request = AWSRequest(asked.method, f"http://{asked.headers['host']}{asked.path}?{asked.raw_query}", headers,
                         asked.raw_body)
    request.context["timestamp"] = asked.headers["x-amz-date"]
    auth = SigV4Auth(credentials, service, region)
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


def shape(asked: Asked) -> dict:
    """What must be the same in both."""
    shown = {"method": asked.method, "path": asked.path, "query": asked.query, "form": dict(asked.form)}
    # Each names its sessions in its own way.
    for name in ("RoleSessionName", "Name"):
        if name in shown["form"]:
            shown["form"][name] = "(its own)"
    if "authorization" in asked.headers and asked.headers["authorization"].startswith("AWS4"):
        parts = taken_apart(asked.headers["authorization"])
        shown["key"], _, *shown["scope"] = parts["Credential"].split("/")
        shown["signed"] = parts["SignedHeaders"]
        shown["session"] = asked.headers.get("x-amz-security-token")
    else:
        shown["authorization"] = asked.headers.get("authorization")
    for name in ("x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"):
        if name in asked.headers:
            shown[name] = asked.headers[name]
    return shown


def client(service: str, credentials: Credentials | None = None) -> object:
    session = botocore.session.Session()
    given = {} if credentials is None else {"aws_access_key_id": credentials.access_key,
                                            "aws_secret_access_key": credentials.secret_key,
                                            "aws_session_token": credentials.token}
    return session.create_client(service, region_name=REGION, config=Config(retries={"max_attempts": 0}), **given)


def methods(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    """Each method that is given its credentials: the same question to STS, then EKS with what it gave."""
    sts = client("sts", GIVEN)
    duration = {"DurationSeconds": 3600}
    cases = {
        "secret-key": ({}, GIVEN, None),
        "sts-token": ({"aws_session_token": "given-session-token"},
                      Credentials("AKIAGIVEN", "given-secret-key", "given-session-token"), None),
        "iam-role": ({"role_arn": ROLE, "policy": POLICY}, MADE,
                     lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="judge", Policy=POLICY, **duration)),
        "session-token": ({}, MADE, lambda: sts.get_session_token(**duration)),
        "federation-token": ({"policy_arns": ["arn:aws:iam::1:policy/a", "arn:aws:iam::1:policy/b"]}, MADE,
                             lambda: sts.get_federation_token(Name="judge", PolicyArns=[
                                 {"arn": "arn:aws:iam::1:policy/a"}, {"arn": "arn:aws:iam::1:policy/b"}], **duration)),
    }
    for name, (attributes, credentials, theirs_first) in cases.items():
        given = connector("aws", name, region=REGION, **KEYS, **attributes)
        if theirs_first:
            given["expiration_seconds"] = 3600
        ours = cloud.recorded(lambda: plugin.list(given))

        def theirs_of() -> None:
            if theirs_first:
                theirs_first()
            for _ in client("eks", credentials).get_paginator("list_clusters").paginate():
                pass

        theirs = cloud.recorded(theirs_of)
        score.check(f"aws {name}: the questions", [shape(a) for a in ours], [shape(a) for a in theirs])
        for number, asked in enumerate(ours):
            by = GIVEN if theirs_first and number == 0 else credentials
            score.check(f"aws {name}: signature of question {number + 1}",
                        taken_apart(asked.headers["authorization"])["Signature"], resigned(asked, by))
        eks_token(score, cloud, plugin, name, given, credentials)


def eks_token(score: Score, cloud: Cloud, plugin: Connectors, name: str, given: dict, credentials: Credentials) -> None:
    """The cluster's token, byte by byte as botocore presigns it at that moment."""
    access = plugin.access(given, "blue")
    score.check(f"aws {name}: the cluster", (access["server"], access["certificate_authority"]),
                ("https://blue.example", "PEM"))
    token = access["token"].removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    query = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
    request = AWSRequest("GET", f"{cloud.url}/?Action=GetCallerIdentity&Version=2011-06-15", {"x-k8s-aws-id": "blue"})
    auth = SigV4QueryAuth(credentials, "sts", REGION, expires=60)
    request.context["timestamp"] = query["X-Amz-Date"]
    auth._modify_request_before_signing(request)  # what add_auth does, but for taking the time anew
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    score.check(f"aws {name}: the token", url, f"{request.url}&X-Amz-Signature={signature}")


@contextlib.contextmanager
def files(**texts: str) -> Iterator[dict]:
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for name, text in texts.items():
            (Path(folder) / name).write_text(text)
            paths[name] = str(Path(folder) / name)
        yield paths


def implicit(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    """Where credentials are found: the same key, after the same questions."""
    chain = (f"[default]\nrole_arn = {ROLE}\nsource_profile = middle\nexternal_id = ext\nduration_seconds = 1800\n"
             f"[profile middle]\nrole_arn = {ROLE}2\nsource_profile = base\nduration_seconds = 3600\n"
             "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = base-secret-key\n"
             f"[profile env]\nrole_arn = {ROLE}3\ncredential_source = Environment\nduration_seconds = 3600\n"
             f"[profile web]\nrole_arn = {ROLE}4\nweb_identity_token_file = TOKEN\nrole_session_name = mine\n"
             "[profile both]\nregion = x\naws_access_key_id = AKIACONFIG\naws_secret_access_key = c\n")
    shared = "[both]\naws_access_key_id = AKIASHARED\naws_secret_access_key = s\naws_session_token = t\n"
    with files(config="", credentials=shared, token="web-identity-token") as paths:
        Path(paths["config"]).write_text(chain.replace("TOKEN", paths["token"]))
        there = {"AWS_CONFIG_FILE": paths["config"], "AWS_SHARED_CREDENTIALS_FILE": paths["credentials"]}
        nowhere = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
        keys = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env-secret-key"}
        cases = {
            "environment": {**keys, **there}, "chain of roles": there, "shared files": {**there, "AWS_PROFILE": "both"},
            "environment as source": {**there, "AWS_PROFILE": "env", **keys},
            "web identity of a profile": {**there, "AWS_PROFILE": "web"},
            "web identity": {**nowhere, "AWS_WEB_IDENTITY_TOKEN_FILE": paths["token"], "AWS_ROLE_ARN": ROLE},
            "container": {**nowhere, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{cloud.url}/container-credentials",
                          "AWS_CONTAINER_AUTHORIZATION_TOKEN": "container-authorization"},
            "instance": {**nowhere, "AWS_EC2_METADATA_SERVICE_ENDPOINT": cloud.url},
        }
        for name, variables in cases.items():
            with environment(AWS_ENDPOINT_URL=cloud.url, AWS_DEFAULT_REGION=REGION, **variables):
                ours = cloud.recorded(lambda: plugin.verify(connector("aws", "implicit", region=REGION)))
                theirs = cloud.recorded(lambda: client("sts").get_caller_identity())
                score.check(f"aws implicit, {name}", [shape(a) for a in ours], [shape(a) for a in theirs])


def moto(score: Score, plugin: Connectors) -> None:
    from moto.eks import responses
    from moto.eks.models import eks_backends
    from moto.server import ThreadedMotoServer
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with environment(AWS_ENDPOINT_URL=f"http://{host}:{port}"):
            responses.DEFAULT_MAX_RESULTS = 3  # a page, when nobody says how long it may be
            names = [f"cluster-{number:03}" for number in range(8)]
            for name in names:
                eks_backends["123456789012"][REGION].create_cluster(name=name, role_arn=ROLE, resources_vpc_config={})
            for method, more in (("secret-key", {}), ("iam-role", {"role_arn": ROLE}), ("session-token", {}),
                                 ("federation-token", {})):
                given = connector("aws", method, region=REGION, **KEYS, **more)
                score.check(f"moto, {method}: clusters of all pages",
                            sorted(one["resource_id"] for one in plugin.list(given)), names)
                described = client("eks", GIVEN).describe_cluster(name=names[7])["cluster"]
                ours = plugin.describe(given, names[7])
                score.check(f"moto, {method}: the cluster", (ours["name"], ours["status"], ours["version"]),
                            (described["arn"], described["status"], described["version"]))
                score.true(f"moto, {method}: whose credentials they are",
                           plugin.verify(given)["identity"].startswith("arn:aws:"))
    finally:
        server.stop()


def judge(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    with environment(AWS_ENDPOINT_URL=cloud.url, AWS_CONFIG_FILE="/nowhere", AWS_SHARED_CREDENTIALS_FILE="/nowhere"):
        methods(score, cloud, plugin)
    implicit(score, cloud, plugin)
    moto(score, plugin)
