"""Every way to credentials: what stepop is told, what the cloud's own library is told, and the machine that both are on."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Callable

import judges
from clouds import CLOUD_PLATFORM, Clouds
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from network import REGION, issue, pem_of

ROLE = "arn:aws:iam::123456789012:role/Steps"
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI+secret/of/the/test"
TOKEN = "aws-session-token/of+the=test"
AUDIENCE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider"
TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
AZURE_SECRET = "azure~client.secret"


@dataclass
class Case:
    name: str
    connector: dict[str, Any]
    judge: Callable[[], Any]  # asks as the cloud's own library asks
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # below the home directory
    resource_id: str = ""


class World:
    """Keys and accounts that the clouds know."""

    def __init__(self, clouds: Clouds):
        self.clouds = clouds
        clouds.keys[KEY] = (clouds.secret(SECRET), "", "arn:aws:iam::123456789012:user/me")
        clouds.keys["ASIAEXAMPLE"] = (clouds.secret(SECRET + "2"), clouds.secret(TOKEN), "arn:aws:sts::123456789012:me")
        for token in ("web-identity-token", "subject-token-of-file", "subject-token-of-url", "federated-token"):
            clouds.subjects[clouds.secret(token)] = token
        self.google_key = rsa.generate_private_key(65537, 2048)
        google_pem = pem_of(self.google_key).decode()
        clouds.secret(google_pem.splitlines()[5])
        email = "steps@project.iam.gserviceaccount.com"
        clouds.google_keys[email] = self.google_key.public_key()
        self.service_account = {
            "type": "service_account", "project_id": "project", "private_key_id": "key-1", "private_key": google_pem,
            "client_email": email, "client_id": "1", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com",
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/steps"}
        self.user = {"type": "authorized_user", "client_id": "user-client",
                     "client_secret": clouds.secret("google-user-secret"),
                     "refresh_token": clouds.secret("google-refresh-token")}
        self.azure_key, certificate = issue("client", [], None, rsa.generate_private_key(65537, 2048))
        self.azure_pem = pem_of(self.azure_key).decode() + judges.pem_of_certificate(certificate)
        self.azure_encrypted = pem_of(self.azure_key, b"right password").decode() + judges.pem_of_certificate(certificate)
        clouds.secret(self.azure_pem.splitlines()[5])
        thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()
        clouds.azure_certificates[thumbprint] = self.azure_key.public_key()
        clouds.azure_secrets[CLIENT] = clouds.secret(AZURE_SECRET)
        clouds.tokens[clouds.secret("google-given-token")] = CLOUD_PLATFORM
        clouds.tokens[clouds.secret("azure-given-token")] = "management"

    def external(self, source: dict[str, Any], kind: str, impersonate: bool) -> dict[str, Any]:
        account = {"type": "external_account", "audience": AUDIENCE, "subject_token_type": kind,
                   "token_url": "https://sts.googleapis.com/v1/token", "credential_source": source}
        if impersonate:
            account["service_account_impersonation_url"] = (
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                "other@project.iam.gserviceaccount.com:generateAccessToken")
        return account

    def cases(self) -> list[Case]:
        return [*self.aws(), *self.gcp(), *self.azure()]

    # ---- AWS

    def aws(self) -> list[Case]:
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}

        def connector(method: str, **configuration: Any) -> dict[str, Any]:
            return {"type": "aws", "auth_method": method, "configuration": {"region": REGION, **configuration}}

        def implicit(name: str, environment: dict[str, str], files: dict[str, str] | None = None, profile: str = "") -> Case:
            given = {"profile_name": profile} if profile else {}
            return Case(f"aws/implicit/{name}", connector("implicit", **given), lambda: judges.aws_implicit(profile or None),
                        environment, files or {})

        credentials = f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        static = f"[base]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}  \n"
        chain = (f"[profile one]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = one\nexternal_id = x 1\n"
                 f"[profile two]\nrole_arn={ROLE}Two\nsource_profile=one\nrole_session_name=two\nduration_seconds=1800\n")
        assumed = [
            connector("iam-role", role_arn=ROLE, **keys),
            {**connector("iam-role", role_arn=ROLE, **keys, policy_arns=["arn:aws:iam::aws:policy/A", "arn:aws:iam::aws:policy/B"]),
             "expiration_seconds": 900},
        ]
        environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        return [
            Case("aws/secret-key", connector("secret-key", **keys), lambda: judges.aws_keys(KEY, SECRET), resource_id="prod"),
            Case("aws/sts-token", connector("sts-token", aws_access_key_id="ASIAEXAMPLE",
                                            aws_secret_access_key=SECRET + "2", aws_session_token=TOKEN),
                 lambda: judges.aws_keys("ASIAEXAMPLE", SECRET + "2", TOKEN), resource_id="prod"),
            Case("aws/iam-role", assumed[0], lambda: judges.aws_assume(KEY, SECRET, RoleArn=ROLE, DurationSeconds=3600),
                 resource_id="prod"),
            Case("aws/iam-role/policies", assumed[1],
                 lambda: judges.aws_assume(KEY, SECRET, RoleArn=ROLE, DurationSeconds=900, PolicyArns=[
                     {"arn": "arn:aws:iam::aws:policy/A"}, {"arn": "arn:aws:iam::aws:policy/B"}]), resource_id="prod"),
            Case("aws/session-token", connector("session-token", **keys), lambda: judges.aws_session(KEY, SECRET),
                 resource_id="prod"),
            Case("aws/federation-token", connector("federation-token", **keys),
                 lambda: judges.aws_federation(KEY, SECRET), resource_id="prod"),
            implicit("environment", environment),
            implicit("environment with a session", {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET + "2",
                                                    "AWS_SESSION_TOKEN": TOKEN}),
            implicit("credentials file", {}, {".aws/credentials": credentials}),
            implicit("config file", {}, {".aws/config": credentials}),
            implicit("files elsewhere", {"AWS_SHARED_CREDENTIALS_FILE": "{home}/keys", "AWS_PROFILE": "base"}, {"keys": static}),
            implicit("a profile that is named wins over the environment", {"AWS_ACCESS_KEY_ID": "AKIDNOBODY",
                                                                           "AWS_SECRET_ACCESS_KEY": "nothing"},
                     {".aws/credentials": static}, "base"),
            implicit("role of a profile", {}, {".aws/credentials": static, ".aws/config": chain}, "one"),
            implicit("role of a role", {}, {".aws/credentials": static, ".aws/config": chain}, "two"),
            implicit("role from the environment", environment,
                     {".aws/config": f"[profile r]\nrole_arn={ROLE}\ncredential_source=Environment\nrole_session_name=rr\n"}, "r"),
            implicit("role from the instance", {},
                     {".aws/config": f"[profile r]\nrole_arn={ROLE}\ncredential_source=Ec2InstanceMetadata\nrole_session_name=rr\n"},
                     "r"),
            implicit("web identity of a profile", {},
                     {".aws/config": f"[profile w]\nrole_arn={ROLE}\nweb_identity_token_file={{home}}/token\nrole_session_name=ww\n",
                      "token": "web-identity-token"}, "w"),
            implicit("web identity", {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": ROLE,
                                      "AWS_ROLE_SESSION_NAME": "step"}, {"token": "web-identity-token"}),
            implicit("container", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container"}),
            implicit("container with a token", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/container",
                                                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "{home}/token"},
                     {"token": "container-authorization"}),
            implicit("instance", {}),
            Case("aws/implicit/role on top", connector("implicit", role_arn=ROLE),
                 lambda: judges.aws_assume(KEY, SECRET, RoleArn=ROLE, DurationSeconds=3600), environment, resource_id="prod"),
        ]

    # ---- Google

    def gcp(self) -> list[Case]:
        def connector(method: str, **configuration: Any) -> dict[str, Any]:
            return {"type": "gcp", "auth_method": method, "configuration": {"project_id": "project", **configuration}}

        def external(name: str, source: dict[str, Any], kind: str, impersonate: bool = False, **more: Any) -> Case:
            account = self.external(source, kind, impersonate)
            return Case(f"gcp/external-account/{name}", connector("external-account", external_account_json=json.dumps(account)),
                        lambda: judges.google_external(account), resource_id="alpha", **more)

        def implicit(name: str, document: dict[str, Any] | None, **more: Any) -> Case:
            files = {".config/gcloud/application_default_credentials.json": json.dumps(document)} if document else {}
            return Case(f"gcp/implicit/{name}", connector("implicit"), judges.google_default, files=files,
                        resource_id="alpha", **more)

        account, jwt = self.service_account, "urn:ietf:params:oauth:token-type:jwt"
        aws = {"environment_id": "aws1", "regional_cred_verification_url":
               "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
        aws_kind = "urn:ietf:params:aws:token-type:aws4_request"
        return [
            Case("gcp/service-account", connector("service-account", service_account_json=json.dumps(account)),
                 lambda: judges.google_service_account(account), resource_id="alpha"),
            Case("gcp/service-account/base64", connector("service-account", service_account_json=base64.b64encode(
                json.dumps(account).encode()).decode()), lambda: judges.google_service_account(account), resource_id="named"),
            Case("gcp/user-account", connector("user-account", user_account_json=json.dumps(self.user)),
                 lambda: judges.google_user(self.user), resource_id="alpha"),
            Case("gcp/oauth2-token", connector("oauth2-token", token="google-given-token"),
                 lambda: judges.google_given("google-given-token"), resource_id="alpha"),
            Case("gcp/impersonation", {**connector("impersonation", service_account_json=json.dumps(account),
                                                   target_principal="other@project.iam.gserviceaccount.com"),
                                       "expiration_seconds": 1800},
                 lambda: judges.google_impersonation(account, "other@project.iam.gserviceaccount.com", 1800),
                 resource_id="alpha"),
            external("file", {"file": "{home}/subject"}, jwt, files={"subject": "subject-token-of-file"}),
            external("file of JSON, impersonated", {"file": "{home}/subject", "format":
                     {"type": "json", "subject_token_field_name": "t"}}, jwt, True,
                     files={"subject": '{"t": "subject-token-of-file"}'}),
            external("url", {"url": "https://subjects.example.com/token", "headers": {"X-Subject-Key": "let me in"},
                             "format": {"type": "json", "subject_token_field_name": "access_token"}}, jwt),
            external("aws", aws, aws_kind, environment={"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
                                                        "AWS_SECRET_ACCESS_KEY": SECRET + "2", "AWS_SESSION_TOKEN": TOKEN}),
            implicit("service account", account),
            implicit("user", self.user),
            implicit("named file", None, environment={"GOOGLE_APPLICATION_CREDENTIALS": "{home}/account.json"}),
            implicit("impersonated", {"type": "impersonated_service_account", "source_credentials": self.user,
                                      "delegates": [], "service_account_impersonation_url":
                                      "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                                      "other@project.iam.gserviceaccount.com:generateAccessToken"}),
            implicit("metadata server", None),
        ]

    # ---- Azure

    def azure(self) -> list[Case]:
        def connector(method: str, **configuration: Any) -> dict[str, Any]:
            return {"type": "azure", "auth_method": method, "configuration": configuration}

        client = {"tenant_id": TENANT, "client_id": CLIENT}
        environment = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT}
        return [
            Case("azure/service-principal", connector("service-principal", client_secret=AZURE_SECRET, **client),
                 lambda: judges.azure_secret(TENANT, CLIENT, AZURE_SECRET), resource_id="Group-A/alpha"),
            Case("azure/service-principal/certificate",
                 connector("service-principal", client_certificate=self.azure_pem, **client),
                 lambda: judges.azure_certificate(TENANT, CLIENT, self.azure_pem), resource_id="group-b/beta"),
            Case("azure/access-token", connector("access-token", token="azure-given-token"),
                 lambda: judges.azure_given("azure-given-token"), resource_id="beta"),
            Case("azure/implicit/secret", connector("implicit"), judges.azure_default,
                 {**environment, "AZURE_CLIENT_SECRET": AZURE_SECRET}, resource_id="beta"),
            Case("azure/implicit/certificate", connector("implicit"), judges.azure_default,
                 {**environment, "AZURE_CLIENT_CERTIFICATE_PATH": "{home}/client.pem"}, {"client.pem": self.azure_pem},
                 resource_id="beta"),
            Case("azure/implicit/workload identity", connector("implicit"), judges.azure_default,
                 {**environment, "AZURE_FEDERATED_TOKEN_FILE": "{home}/token"}, {"token": "federated-token"},
                 resource_id="beta"),
            Case("azure/implicit/managed identity", connector("implicit"), judges.azure_default, {}, resource_id="beta"),
        ]
