"""Google: what google-auth asks and signs, and what stepop does.

Where the two differ, on purpose, `shape` makes them the same:
  scope            an account that impersonates another one asks for `cloud-platform`, where google-auth asks for `iam`:
                   either holds for generateAccessToken
  delegates        an empty list, where google-auth writes null
  SignedHeaders    of the question to AWS: x-goog-cloud-target-resource too, as Google's description asks for, where
                   google-auth leaves it unsigned
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.parse
from pathlib import Path

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import aws, identity_pool, impersonated_credentials
from google.auth.compute_engine import _metadata
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from cloud import Asked, Cloud
from plugin import Connectors
from score import Score, connector, environment

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
TARGET = "other@p.iam.gserviceaccount.com"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption()).decode()


def account(cloud: Cloud) -> dict:
    return {"type": "service_account", "project_id": "p", "private_key_id": "key-1", "private_key": PEM,
            "client_email": "me@p.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{cloud.url}/token"}


def external(cloud: Cloud, token_file: str, **more: object) -> dict:
    return {"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/pool",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": f"{cloud.url}/v1/token",
            "credential_source": {"file": token_file}, **more}


def opened(assertion: str) -> dict:
    """A JWT whose signature holds, without its moment."""
    claims = jwt.decode(assertion, KEY.public_key(), algorithms=["RS256"], options={"verify_aud": False})
    now = time.time()
    fresh = abs(claims["iat"] - now) < 60
    return {**claims, "iat": "now" if fresh else claims["iat"], "exp": claims["exp"] - claims["iat"],
            "header": jwt.get_unverified_header(assertion)}


def shape(asked: Asked) -> dict:
    form = dict(asked.form)
    if "assertion" in form:
        form["assertion"] = opened(form["assertion"])
        form["assertion"]["scope"] = form["assertion"]["scope"].replace("auth/iam", "auth/cloud-platform")
    if "scope" in form:
        form["scope"] = form["scope"].replace("auth/iam", "auth/cloud-platform")
    if isinstance(asked.body, dict) and asked.body.get("delegates", 0) is None:
        asked.body["delegates"] = []
    if form.get("subject_token", "").startswith("%7B"):
        form["subject_token"] = aws_shape(form["subject_token"])
    return {"method": asked.method, "path": asked.path, "query": asked.query, "form": form, "body": asked.body,
            "authorization": asked.headers.get("authorization"), "flavor": asked.headers.get("metadata-flavor")}


def aws_shape(token: str) -> dict:
    """The question to AWS inside a subject token; its signature is compared where both were made in the same second."""
    question = json.loads(urllib.parse.unquote(token))
    headers = {one["key"].lower(): one["value"] for one in question["headers"]}
    algorithm, _, rest = headers.pop("authorization").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    parts.pop("Signature")
    headers.pop("x-amz-date")
    parts["SignedHeaders"] = parts["SignedHeaders"].replace(";x-goog-cloud-target-resource", "")
    return {"url": question["url"], "method": question["method"], "headers": headers, "by": algorithm, **parts}


def theirs_of(cloud: Cloud, credentials: object) -> list[dict]:
    return [shape(a) for a in cloud.recorded(lambda: credentials.refresh(Request(requests.Session())))]


def judge(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    there = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER": f"{cloud.url}/",
             "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": f"{cloud.url}/", "GCE_METADATA_HOST": cloud.host,
             "HOME": "/nowhere"}

    def compare(name: str, given: dict, credentials: object, token: str, **variables: str) -> None:
        with environment(**there, **variables):
            theirs = theirs_of(cloud, credentials)
            ours = [shape(a) for a in cloud.recorded(lambda: plugin.verify(given))]
            score.check(f"google {name}: the questions", ours, theirs)
            access = plugin.access(given, "blue")
            score.check(f"google {name}: the cluster", (access["server"], access["certificate_authority"],
                                                        access["token"]), ("https://10.0.0.1", "PEM", token))
            score.check(f"google {name}: who asks for the clusters", cloud.asked[-1].headers["authorization"],
                        f"Bearer {token}")

    info = account(cloud)
    from_key = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    compare("service-account", connector("gcp", "service-account", service_account_json=json.dumps(info)), from_key,
            "made-access-token")

    user = {"type": "authorized_user", "client_id": "id", "client_secret": "user-client-secret",
            "refresh_token": "user-refresh/token", "token_uri": f"{cloud.url}/token"}
    theirs = user_credentials.Credentials(None, refresh_token=user["refresh_token"], token_uri=user["token_uri"],
                                          client_id="id", client_secret=user["client_secret"], scopes=SCOPES)
    compare("user-account", connector("gcp", "user-account", project_id="p", user_account_json=json.dumps(user)),
            theirs, "made-access-token")

    theirs = impersonated_credentials.Credentials(
        service_account.Credentials.from_service_account_info(info, scopes=SCOPES), TARGET, SCOPES,
        iam_endpoint_override=f"{cloud.url}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken")
    compare("impersonation", connector("gcp", "impersonation", service_account_json=json.dumps(info),
                                       target_principal=TARGET), theirs, "impersonated-token")

    with tempfile.TemporaryDirectory() as folder:
        token_file = Path(folder) / "token"
        token_file.write_text("foreign.subject.token")
        file = external(cloud, str(token_file))
        compare("external-account", connector("gcp", "external-account", project_id="p",
                                              external_account_json=json.dumps(file)),
                identity_pool.Credentials.from_info(file, scopes=SCOPES), "made-access-token")
        file = external(cloud, str(token_file), service_account_impersonation_url=f"{cloud.url}/v1/{TARGET}"
                                                                                  ":generateAccessToken")
        compare("external-account that impersonates", connector("gcp", "external-account", project_id="p",
                                                                external_account_json=json.dumps(file)),
                identity_pool.Credentials.from_info(file, scopes=SCOPES), "impersonated-token")
        file = external(cloud, "", subject_token_type="urn:ietf:params:aws:token-type:aws4_request")
        file["credential_source"] = {
            "environment_id": "aws1", "region_url": "http://169.254.169.254/x",
            "regional_cred_verification_url":
                "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
        keys = {"AWS_REGION": "us-east-2", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "aws-secret-key",
                "AWS_SESSION_TOKEN": "aws-session-token"}
        compare("external-account of AWS", connector("gcp", "external-account", project_id="p",
                                                     external_account_json=json.dumps(file)),
                aws.Credentials.from_info(file, scopes=SCOPES), "made-access-token", **keys)
        adc = Path(folder) / "adc.json"
        adc.write_text(json.dumps(info))
        compare("implicit, by a file", connector("gcp", "implicit", project_id="p"), from_key, "made-access-token",
                GOOGLE_APPLICATION_CREDENTIALS=str(adc))

    with environment(**there):
        _metadata._GCE_METADATA_HOST = cloud.host
        theirs = cloud.recorded(lambda: _metadata.get_service_account_token(Request(requests.Session()), scopes=SCOPES))
        ours = cloud.recorded(lambda: plugin.verify(connector("gcp", "implicit", project_id="p")))
        score.check("google implicit, by the metadata server", [shape(a) for a in ours], [shape(a) for a in theirs])
        given = connector("gcp", "oauth2-token", project_id="p", token="given-token")
        score.check("google oauth2-token: the cluster", plugin.access(given, "blue")["token"], "given-token")
