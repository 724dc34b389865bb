"""Admission webhooks of the test's own: one writes into a pod what its annotations say; others deny, or do not answer.

By the first, pods get what a cluster's own webhooks give them (init containers, sidecars, priorities, volumes).
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from proxy.certificates import create

# What is to be written: members of the pod's spec, and of its main container.
SPEC, MAIN = "diagnosis.example/spec", "diagnosis.example/main"
DENIAL = "this team may not run pods on Fridays"


def rewritten(pod: dict[str, Any]) -> dict[str, Any]:
    notes = pod["metadata"].get("annotations", {})
    more, main = json.loads(notes.get(SPEC, "{}")), json.loads(notes.get(MAIN, "{}"))
    spec: dict[str, Any] = pod["spec"]
    sidecars = more.pop("containers", [])
    spec.update(more)
    spec["containers"][0].update(main)
    spec["containers"] += sidecars
    if "priorityClassName" in more:
        # Written before for no class at all; the API server computes them anew.
        spec.pop("priority", None), spec.pop("preemptionPolicy", None)
    return spec


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        answer: dict[str, Any] = {"uid": request["uid"], "allowed": self.path.split("?")[0] != "/deny"}
        if not answer["allowed"]:
            answer["status"] = {"code": 403, "message": DENIAL}
        if self.path.startswith("/rewrite"):
            patch = [{"op": "replace", "path": "/spec", "value": rewritten(request["object"])}]
            answer |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        body = json.dumps({**review, "request": None, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The API server tells what it was answered."""


class WebhookServer:
    """Has its port from the beginning, and refuses connections until it is started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        made = create(folder)
        self.authority = base64.b64encode(made.authority.read_bytes()).decode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server.daemon_threads = True
        self.server.server_bind()
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread: threading.Thread | None = None

    def start(self) -> WebhookServer:
        self.server.server_activate()
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def close(self) -> None:
        if self.thread:
            self.server.shutdown()
        self.server.server_close()

    def hook(self, path: str, **which: Any) -> dict[str, Any]:
        """One webhook of a configuration: asked when a pod is created that the selectors name."""
        url = f"https://127.0.0.1:{self.server.server_address[1]}{path}"
        rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
        return {
            "name": "pods.diagnosis.example",
            "clientConfig": {"url": url, "caBundle": self.authority},
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            "timeoutSeconds": 5,
            **which,
        }
