"""A certificate authority of the cluster's own, and what it signs: every connection verifies its peer."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .run import run

# Longer than any cluster of tests lives.
DAYS = "365"

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

AUTHORITY = """\
[req]
distinguished_name = name
x509_extensions = authority
[name]
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class Certificate:
    name: str
    # The user and group that a client certificate speaks for; a server's are only read by people.
    subject: str
    # A server's names; a client has none.
    alternative_names: str = ""


def wanted(gateway: str, service_address: str, node: str) -> list[Certificate]:
    cluster_names = "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    cluster_names += ",DNS:kubernetes.default.svc.cluster.local"
    addresses = f"IP:127.0.0.1,DNS:localhost,IP:{gateway}"
    return [
        Certificate("apiserver", "/CN=kube-apiserver", f"{addresses},IP:{service_address},{cluster_names}"),
        Certificate("controller-manager-server", "/CN=controller-manager", addresses),
        Certificate("scheduler-server", "/CN=scheduler", addresses),
        Certificate("kubelet-server", f"/CN={node}", f"{addresses},DNS:{node}"),
        Certificate("apiserver-to-kubelet", "/O=system:masters/CN=kube-apiserver-to-kubelet"),
        Certificate("admin", "/O=system:masters/CN=admin"),
        Certificate("controller-manager", "/CN=system:kube-controller-manager"),
        Certificate("scheduler", "/CN=system:kube-scheduler"),
        Certificate("kubelet", f"/O=system:nodes/CN=system:node:{node}"),
        Certificate("proxy", "/CN=system:kube-proxy"),
        Certificate("dns", "/O=system:masters/CN=coredns"),
    ]


def create(gateway: str, service_address: str, node: str) -> None:
    pki = paths.PKI
    pki.mkdir(mode=0o700, exist_ok=True)
    (pki / "authority.conf").write_text(AUTHORITY)
    command: list[str | Path] = ["openssl", "req", "-x509", "-config", pki / "authority.conf", *CURVE, "-days", DAYS]
    run([*command, "-subj", "/CN=stepop test cluster", "-keyout", pki / "ca.key", "-out", pki / "ca.crt"])
    for certificate in wanted(gateway, service_address, node):
        issue(certificate)
    # Service account tokens: RSA, as most clusters have it.
    run(["openssl", "genrsa", "-out", pki / "service-accounts.key", "2048"])
    run(["openssl", "rsa", "-in", pki / "service-accounts.key", "-pubout", "-out", pki / "service-accounts.pub"])
    token = secrets.token_hex(20)
    write_private(pki / "admin.token", token)
    write_private(pki / "tokens.csv", f'{token},admin-by-token,admin-by-token,"system:masters"\n')


def issue(certificate: Certificate) -> None:
    base = paths.PKI / certificate.name
    usage = "serverAuth" if certificate.alternative_names else "clientAuth"
    lines = ["basicConstraints = critical,CA:FALSE", "keyUsage = critical,digitalSignature"]
    lines.append(f"extendedKeyUsage = {usage}")
    if certificate.alternative_names:
        lines.append(f"subjectAltName = {certificate.alternative_names}")
    base.with_suffix(".ext").write_text("\n".join(lines) + "\n")
    request: list[str | Path] = [
        "openssl",
        "req",
        "-new",
        "-config",
        paths.PKI / "authority.conf",
        *CURVE,
        "-subj",
        certificate.subject,
    ]
    run([*request, "-keyout", base.with_suffix(".key"), "-out", base.with_suffix(".csr")])
    signing: list[str | Path] = ["openssl", "x509", "-req", "-in", base.with_suffix(".csr"), "-days", DAYS]
    signing += ["-CA", paths.PKI / "ca.crt", "-CAkey", paths.PKI / "ca.key", "-set_serial", f"0x{secrets.token_hex(8)}"]
    run([*signing, "-extfile", base.with_suffix(".ext"), "-out", base.with_suffix(".crt")])


def write_private(file: Path, text: str) -> None:
    """Never readable by others, not even for the moment between writing and chmod; never half there, nor absent, for one who
    reads while another writes it anew."""
    handle, new = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w") as out:
        out.write(text)
    os.replace(new, file)
