"""Kubeconfig files, complete in themselves: the certificates are in them, so a file can be copied anywhere."""

from __future__ import annotations

import base64
from pathlib import Path

from . import paths
from .certificates import write_private

CONTEXT = "stepop-test"


def by_certificate(name: str) -> str:
    """The user part for one of the client certificates."""
    return (
        f"    client-certificate-data: {encoded(paths.PKI / f'{name}.crt')}\n"
        f"    client-key-data: {encoded(paths.PKI / f'{name}.key')}\n"
    )


def by_token(token: str) -> str:
    return f"    token: {token}\n"


def write(file: Path, server: str, users: dict[str, str], namespace: str = "") -> None:
    """One context for each user: the first is the current one and has the plain name."""
    text = "apiVersion: v1\nkind: Config\nclusters:\n"
    text += f"- name: {CONTEXT}\n  cluster:\n    server: {server}\n"
    text += f"    certificate-authority-data: {encoded(paths.PKI / 'ca.crt')}\nusers:\n"
    for user, part in users.items():
        text += f"- name: {user}\n  user:\n{part}"
    text += "contexts:\n"
    for index, user in enumerate(users):
        name = CONTEXT if index == 0 else f"{CONTEXT}-{user}"
        text += f"- name: {name}\n  context:\n    cluster: {CONTEXT}\n    user: {user}\n"
        if namespace:
            text += f"    namespace: {namespace}\n"
    text += f"current-context: {CONTEXT}\n"
    write_private(file, text)


def encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()
