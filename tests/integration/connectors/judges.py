"""How the clouds' own libraries ask, for each method: botocore, google-auth, azure-identity, told what ZenML 0.98's connectors
tell them. What they ask of Kubernetes' services after that is asked through them, too.
"""

from __future__ import annotations

import json
from typing import Any

import botocore.loaders
import botocore.session
import google.auth
import google.auth.aws
import google.auth.identity_pool
import google.auth.impersonated_credentials
import google.auth.transport.requests
import google.oauth2.credentials
import google.oauth2.service_account
import requests
from azure.core.credentials import AccessToken
from azure.identity import (CertificateCredential, ClientSecretCredential, EnvironmentCredential, ManagedIdentityCredential,
                            WorkloadIdentityCredential)
from botocore.config import Config
from botocore.signers import RequestSigner
from clouds import CLOUD_PLATFORM
from cryptography.hazmat.primitives.serialization import Encoding
from network import REGION

MANAGEMENT = "https://management.azure.com/.default"
ONCE = Config(retries={"total_max_attempts": 1})


def pem_of_certificate(certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


# ---- AWS


def aws_clusters(session: botocore.session.Session, describe: bool = True) -> str:
    """All pages of the clusters, one of them in full, and the token that reaches it (ZenML's _get_eks_bearer_token)."""
    eks = session.create_client("eks", REGION, config=ONCE)
    for _ in eks.get_paginator("list_clusters").paginate():
        pass
    if not describe:
        return ""
    eks.describe_cluster(name="prod")
    return eks_token(session, "prod")


def eks_token(session: botocore.session.Session, cluster: str) -> str:
    client = session.create_client("sts", REGION)
    signer = RequestSigner(client.meta.service_model.service_id, REGION, "sts", "v4", session.get_credentials(),
                           session.get_component("event_emitter"))
    return signer.generate_presigned_url(
        {"method": "GET", "url": f"https://sts.{REGION}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
         "body": {}, "headers": {"x-k8s-aws-id": cluster}, "context": {}},
        region_name=REGION, expires_in=60, operation_name="")


LOADER = botocore.loaders.create_loader()  # the models of AWS's services, read once


def session_with(profile: str | None = None) -> botocore.session.Session:
    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", LOADER)
    return session


def aws_session_of(key: str, secret: str, token: str | None = None) -> botocore.session.Session:
    session = session_with()
    session.set_credentials(key, secret, token)
    return session


def aws_keys(key: str, secret: str, token: str | None = None) -> str:
    return aws_clusters(aws_session_of(key, secret, token))


def issued(answer: dict[str, Any]) -> botocore.session.Session:
    made = answer["Credentials"]
    return aws_session_of(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def sts_of(key: str, secret: str):
    return aws_session_of(key, secret).create_client("sts", REGION, config=ONCE)


def zenml_policy(resource: str) -> str:
    """ZenML's _get_iam_policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowEKSClusterAccess", "Effect": "Allow", "Action": ["eks:ListClusters", "eks:DescribeCluster"],
         "Resource": [f"arn:aws:eks:{REGION}:*:cluster/{resource}"]}]})


def aws_assume(key: str, secret: str, **arguments: Any) -> str:
    if "PolicyArns" not in arguments:
        arguments["Policy"] = zenml_policy("prod")
    sts = sts_of(key, secret)
    return aws_clusters(issued(sts.assume_role(RoleSessionName="zenml-connector", **arguments)))


def aws_session(key: str, secret: str) -> str:
    return aws_clusters(issued(sts_of(key, secret).get_session_token(DurationSeconds=43200)))


def aws_federation(key: str, secret: str) -> str:
    return aws_clusters(issued(sts_of(key, secret).get_federation_token(
        Name="zenml-connector", DurationSeconds=43200, Policy=zenml_policy("prod"))))


def aws_implicit(profile: str | None) -> str:
    session = session_with(profile)
    session.set_config_variable("region", REGION)
    aws_clusters(session, describe=False)
    return ""


# ---- Google


def google_clusters(credentials) -> None:
    """Google's client for GKE speaks gRPC; its REST description has the same call."""
    credentials.refresh(google.auth.transport.requests.Request())
    google_list(credentials.token)


def google_list(token: str) -> None:
    answer = requests.get("https://container.googleapis.com/v1/projects/project/locations/-/clusters",
                          headers={"Authorization": f"Bearer {token}"}, timeout=10)
    answer.raise_for_status()


def google_service_account(account: dict[str, Any]) -> None:
    google_clusters(google.oauth2.service_account.Credentials.from_service_account_info(account, scopes=[CLOUD_PLATFORM]))


def google_user(user: dict[str, Any]) -> None:
    google_clusters(google.oauth2.credentials.Credentials.from_authorized_user_info(user, scopes=[CLOUD_PLATFORM]))


def google_given(token: str) -> None:
    google_list(token)


def google_impersonation(account: dict[str, Any], principal: str, lifetime: int) -> None:
    source = google.oauth2.service_account.Credentials.from_service_account_info(account, scopes=[CLOUD_PLATFORM])
    google_clusters(google.auth.impersonated_credentials.Credentials(source, principal, [CLOUD_PLATFORM], lifetime=lifetime))


def google_external(account: dict[str, Any]) -> None:
    is_aws = account["subject_token_type"].startswith("urn:ietf:params:aws")
    kind = google.auth.aws.Credentials if is_aws else google.auth.identity_pool.Credentials
    google_clusters(kind.from_info(account, scopes=[CLOUD_PLATFORM]))


def google_default() -> None:
    google_clusters(google.auth.default(scopes=[CLOUD_PLATFORM])[0])


# ---- Azure


def azure_clusters(credential) -> None:
    token = credential.get_token(MANAGEMENT).token
    azure_list(token)


def azure_list(token: str) -> None:
    def get(url: str) -> list[dict[str, Any]]:
        values = []
        while url:
            answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
            answer.raise_for_status()
            values += answer.json()["value"]
            url = answer.json().get("nextLink")
        return values

    base = "https://management.azure.com/subscriptions"
    for subscription in get(f"{base}?api-version=2022-12-01"):
        get(f"{base}/{subscription['subscriptionId']}/providers/Microsoft.ContainerService/managedClusters"
            "?api-version=2024-05-01")


def azure_secret(tenant: str, client: str, secret: str) -> None:
    azure_clusters(ClientSecretCredential(tenant, client, secret))


def azure_certificate(tenant: str, client: str, pem: str) -> None:
    azure_clusters(CertificateCredential(tenant, client, certificate_data=pem.encode()))


class Given:
    def __init__(self, token: str):
        self.token = token

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(self.token, 2**31)


def azure_given(token: str) -> None:
    azure_clusters(Given(token))


def azure_default() -> None:
    """The members of DefaultAzureCredential that stepop has, in its order."""
    import os

    if os.environ.get("AZURE_FEDERATED_TOKEN_FILE"):
        azure_clusters(WorkloadIdentityCredential())
    elif os.environ.get("AZURE_CLIENT_ID"):
        azure_clusters(EnvironmentCredential())
    else:
        azure_clusters(ManagedIdentityCredential())
