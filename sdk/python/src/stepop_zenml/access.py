"""A ZenML service connector's access to a cluster, as a kubeconfig that is on no disk."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAME = "zenml-connector"


def _inline(file: str | None) -> str | None:
    """A file's content, as a kubeconfig holds it."""
    return base64.b64encode(Path(file).read_bytes()).decode() if file else None


def kubeconfig_of(client: Any) -> dict[str, Any]:
    """Of the Kubernetes client that a connector makes: its server, and the credentials that it was given."""
    configuration = client.configuration
    cluster = {
        "server": configuration.host,
        "certificate-authority-data": _inline(configuration.ssl_ca_cert),
        "insecure-skip-tls-verify": None if configuration.verify_ssl else True,
        "tls-server-name": getattr(configuration, "tls_server_name", None),
    }
    # "Bearer x", or with the prefix apart.
    token = configuration.get_api_key_with_prefix("authorization") or configuration.get_api_key_with_prefix(
        "BearerToken"
    )
    user = {
        "token": token.split(" ", 1)[-1] if token else None,
        "client-certificate-data": _inline(configuration.cert_file),
        "client-key-data": _inline(configuration.key_file),
        "username": configuration.username or None,
        "password": configuration.password or None,
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
        "clusters": [{"name": NAME, "cluster": {k: v for k, v in cluster.items() if v is not None}}],
        "users": [{"name": NAME, "user": {k: v for k, v in user.items() if v is not None}}],
    }


@contextlib.contextmanager
def in_memory(kubeconfig: dict[str, Any]) -> Iterator[str]:
    """A path that this process alone can read it by, while inside: the plugin reads it when it opens."""
    descriptor = os.memfd_create("stepop-kubeconfig", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "w") as content:
            json.dump(kubeconfig, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
