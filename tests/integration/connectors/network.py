"""A network in which the clouds' names lead to this machine: one namespace, one authority, two ports.

Programs under test, and the clouds' own libraries, ask the very URLs that they would ask anywhere: nothing is told to them
but the environment of a machine in a cloud. The namespace has no other network.
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REGION = "eu-central-1"
NAMES = [
    f"sts.{REGION}.amazonaws.com", f"eks.{REGION}.amazonaws.com",
    "oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com", "container.googleapis.com",
    "login.microsoftonline.com", "management.azure.com", "subjects.example.com", "elsewhere.example.com",
    "cluster.example.com",
]
# Over plain HTTP: of instances and containers.
METADATA_NAMES = ["metadata.google.internal"]
METADATA = ["169.254.169.254", "169.254.170.2"]
# Where a program on Debian looks for the authorities that it trusts.
TRUST = Path("/etc/ssl/certs/ca-certificates.crt")


def enter(*, alone: bool = True) -> None:
    """Goes on inside the namespace. Needs root, as a cluster does. Not `alone`: with the machine's network, and names and
    trust of its own."""
    if os.environ.get("STEPOP_IN_CLOUDS") == "1":
        return
    if os.geteuid() != 0 or not shutil.which("unshare"):
        sys.exit("this needs root, and unshare\n0 passed, 1 failed")
    environment = dict(os.environ, STEPOP_IN_CLOUDS="1")
    network = ["--net"] if alone else []
    os.execvpe("unshare", ["unshare", "--mount", *network, "--propagation", "private", sys.executable, *sys.argv],
               environment)


def root(*command: str) -> None:
    subprocess.run(command, check=True)


def set_up(folder: Path) -> dict[str, Path]:
    """Addresses, names and trust of the namespace; returns the server's certificate and key, and the authority."""
    root("ip", "link", "set", "lo", "up")
    for address in METADATA:
        root("ip", "address", "add", f"{address}/32", "dev", "lo")
    return lead(folder, "127.0.0.1", [f"{METADATA[0]} {name}" for name in METADATA_NAMES])


def lead(folder: Path, address: str, more: list[str]) -> dict[str, Path]:
    """The clouds' names to this address of this machine, whose certificate is trusted."""
    hosts = folder / "hosts"
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name in NAMES), *more]
    hosts.write_text("\n".join(lines) + "\n")
    root("mount", "--bind", str(hosts), "/etc/hosts")
    paths = certificates(folder)
    root("mount", "--bind", str(paths["authority"]), str(TRUST))
    return paths


def certificates(folder: Path) -> dict[str, Path]:
    authority_key, authority = issue("stepop's clouds", [], None)
    key, certificate = issue("clouds", NAMES, (authority_key, authority))
    paths = {"authority": folder / "authority.pem", "certificate": folder / "server.pem", "key": folder / "server.key"}
    paths["authority"].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    paths["certificate"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths["key"].write_bytes(pem_of(key))
    return paths


def pem_of(key, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def issue(name: str, names: list[str], by, key=None, lasts: datetime.timedelta = datetime.timedelta(days=1)):
    """A key, and a certificate for it: an authority's own when `by` is nothing."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(by[1].subject if by else subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(minutes=5)).not_valid_after(now + lasts)
               .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False))
    if by:
        builder = (builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by[0].public_key()), False))
    else:
        builder = builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)
    return key, builder.sign(by[0] if by else key, hashes.SHA256())
