"""A throw-away authority and the certificate of one server on loopback."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

# Longer than any test, short enough that a copy left behind is worth nothing.
DAYS = "2"

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True)
class Certificates:
    authority: Path
    certificate: Path
    key: Path


def create(folder: Path) -> Certificates:
    authority, authority_key = folder / "proxy-ca.crt", folder / "proxy-ca.key"
    made = Certificates(authority, folder / "proxy.crt", folder / "proxy.key")
    openssl_request(
        "/CN=stepop fault proxy",
        ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
        authority_key,
        authority,
    )
    openssl_request(
        "/CN=fault-proxy",
        ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth", "subjectAltName=IP:127.0.0.1"],
        made.key,
        made.certificate,
        "-CA",
        str(authority),
        "-CAkey",
        str(authority_key),
    )
    return made


def openssl_request(subject: str, extensions: list[str], key: Path, certificate: Path, *signer: str) -> None:
    command = ["openssl", "req", "-x509", *NEW_KEY, "-days", DAYS, "-subj", subject, *signer]
    for extension in extensions:
        command += ["-addext", extension]
    # -config: the system's own file would add extensions of its own.
    command += ["-config", "/dev/stdin", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        command,
        input=b"[req]\ndistinguished_name=name\n[name]\n",
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
