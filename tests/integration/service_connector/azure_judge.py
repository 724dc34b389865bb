"""Azure: what azure-identity asks and signs, and what stepop does.

One difference on purpose, of an assertion made with a certificate: PS256 and the SHA-256 of the certificate, which Microsoft
recommends, where azure-identity's synchronous credential still has RS256 and SHA-1.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from pathlib import Path

import jwt
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import (CertificateCredential, ClientSecretCredential, ManagedIdentityCredential,
                            WorkloadIdentityCredential)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cloud import Asked, Cloud
from plugin import Connectors
from score import Score, connector, environment

AUTHORITY = "https://login.microsoftonline.com"
SCOPE = "https://management.azure.com/.default"
TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
PASSWORD = "azure-key-password"


def certificate() -> tuple[object, str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stepop")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
            .sign(key, hashes.SHA256())).public_bytes(serialization.Encoding.PEM).decode()

    def text(encryption: object) -> str:
        return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()

    return (key.public_key(), text(serialization.NoEncryption()) + made,
            text(serialization.BestAvailableEncryption(PASSWORD.encode())) + made)


KEY, PEM, ENCRYPTED = certificate()


class ToCloud(RequestsTransport):
    """Whatever is asked of the authority goes to the recording server."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self.cloud = cloud

    def send(self, request: object, **kwargs: object) -> object:
        request.url = request.url.replace(AUTHORITY, self.cloud.url)
        return super().send(request, **kwargs)


def opened(assertion: str, cloud: Cloud) -> dict:
    header = jwt.get_unverified_header(assertion)
    claims = jwt.decode(assertion, KEY, algorithms=["PS256", "RS256"], options={"verify_aud": False})
    now = time.time()
    named = {"PS256": "x5t#S256", "RS256": "x5t"}[header["alg"]]
    return {"names the certificate": named in header, "aud": claims["aud"].replace(cloud.url, AUTHORITY),
            "iss": claims["iss"], "sub": claims["sub"], "has an id": len(claims["jti"]) > 16,
            "holds now": claims.get("nbf", claims.get("iat", 0)) <= now < claims["exp"] <= now + 3600}


def shape(asked: Asked, cloud: Cloud) -> dict:
    form = dict(asked.form)
    if form.get("client_assertion", "").startswith("eyJ"):
        form["client_assertion"] = opened(form["client_assertion"], cloud)
    form.pop("client_info", None)  # MSAL's own, for the accounts that it caches
    return {"method": asked.method, "path": asked.path, "query": asked.query, "form": form,
            "metadata": asked.headers.get("metadata")}


def judge(score: Score, cloud: Cloud, plugin: Connectors) -> None:
    there = {"AZURE_AUTHORITY_HOST": cloud.url, "AZURE_RESOURCE_MANAGER_ENDPOINT": cloud.url}

    def compare(name: str, given: dict, theirs_of: object, **variables: str) -> None:
        with environment(**variables):
            asked = cloud.recorded(lambda: theirs_of().get_token(SCOPE))
        theirs = [shape(a, cloud) for a in asked if "openid-configuration" not in a.path]
        with environment(**there, **variables):
            ours = [shape(a, cloud) for a in cloud.recorded(lambda: plugin.verify(given))]
            score.check(f"azure {name}: the questions", ours, theirs)
            access = plugin.access(given, "group/blue")
            score.check(f"azure {name}: the cluster", (access["server"], access["token"]),
                        ("https://aks.example:443", "kube-token"))

    usual = {"transport": ToCloud(cloud), "disable_instance_discovery": True, "authority": AUTHORITY}
    principal = {"tenant_id": TENANT, "client_id": CLIENT}
    compare("service-principal", connector("azure", "service-principal", client_secret="azure-secret+/", **principal),
            lambda: ClientSecretCredential(TENANT, CLIENT, "azure-secret+/", **usual))
    compare("service-principal by certificate",
            connector("azure", "service-principal", client_certificate=PEM, **principal),
            lambda: CertificateCredential(TENANT, CLIENT, certificate_data=PEM.encode(), **usual))
    compare("service-principal by an encrypted certificate",
            connector("azure", "service-principal", client_certificate=ENCRYPTED, client_certificate_password=PASSWORD,
                      **principal),
            lambda: CertificateCredential(TENANT, CLIENT, certificate_data=ENCRYPTED.encode(), password=PASSWORD,
                                          **usual))
    with tempfile.TemporaryDirectory() as folder:
        token = Path(folder) / "token"
        token.write_text("federated-workload-token")
        compare("implicit, workload identity", connector("azure", "implicit"),
                lambda: WorkloadIdentityCredential(tenant_id=TENANT, client_id=CLIENT, token_file_path=str(token),
                                                   **usual),
                AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=CLIENT, AZURE_FEDERATED_TOKEN_FILE=str(token))
    compare("implicit, environment", connector("azure", "implicit"),
            lambda: ClientSecretCredential(TENANT, CLIENT, "azure-env-secret", **usual),
            AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=CLIENT, AZURE_CLIENT_SECRET="azure-env-secret")
    compare("implicit, managed identity", connector("azure", "implicit"), ManagedIdentityCredential,
            AZURE_POD_IDENTITY_AUTHORITY_HOST=cloud.url)
    with environment(**there):
        given = connector("azure", "access-token", token="given-azure-token")
        asked = cloud.recorded(lambda: plugin.access(given, "group/blue"))
        score.check("azure access-token: who asks", {a.headers.get("authorization") for a in asked},
                    {"Bearer given-azure-token"})
