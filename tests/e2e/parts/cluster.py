"""The test cluster as tests see it: its environment, its API, and what the steps' own code told the truth server."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / "tests" / "cluster"
NAMESPACE = "zenml"

# What is waited for happens within a few seconds on an idle machine; a busy one takes several times that.
PATIENCE = 90.0
# Short beside what is waited for, long beside what one look costs.
LOOK_EVERY = 0.1

T = TypeVar("T")


def need(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        sys.exit(f'{name} is not set: eval "$(tests/cluster/up --env)" first\n0 passed, 1 failed')
    return value


def wait_until(what: str, look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Looks until the answer is true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:.0f} s")
        time.sleep(LOOK_EVERY)


@dataclass(frozen=True)
class Account:
    kubeconfig: str
    token: str


# All that stepop may do in these tests: each right that comes with it, and none of an administrator's.
RBAC = ROOT / "packaging" / "rbac"
ROLES = [RBAC / f"{feature}.yaml" for feature in ("base", "jobs", "secrets", "events")]


class Cluster:
    def __init__(self) -> None:
        self.kubeconfig = need("KUBECONFIG")
        self.server = need("STEPOP_KUBE_SERVER")
        self.ca_file = need("STEPOP_KUBE_CA")
        self.token = Path(need("STEPOP_KUBE_TOKEN_FILE")).read_text().strip()
        self.image = need("STEPOP_TEST_IMAGE")
        self.truth_url = need("STEPOP_TRUTH_URL")
        self.tls = ssl.create_default_context(cafile=self.ca_file)

    @functools.cached_property
    def account(self) -> Account:
        """The one with which stepop runs, in the namespace of the tests."""
        return self.account_in(NAMESPACE)

    def account_in(self, namespace: str) -> Account:
        """The same one, with its rights in this namespace too."""
        name = "stepop-tests"
        words: list[str | Path] = [TOOLS / "user", name, "--namespace", namespace, "--of", NAMESPACE]
        for role in ROLES:
            words += ["--role", role]
        made = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
        token = self.kubectl("create", "token", name, "--duration=24h").strip()
        return Account(made.stdout.strip(), token)

    def call(
        self, method: str, path: str, body: object = None, content_type: str = "application/json"
    ) -> tuple[int, Any]:
        """Status and JSON of one request as an administrator."""
        url = urlsplit(self.server)
        connection = http.client.HTTPSConnection(str(url.hostname), url.port, context=self.tls, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer

    def pods(self, selector: str = "", namespace: str = NAMESPACE) -> list[Any]:
        query = urllib.parse.urlencode({"labelSelector": selector} if selector else {})
        items: list[Any] = self.get(f"/api/v1/namespaces/{namespace}/pods?{query}")["items"]
        return items

    def delete_pods(self, selector: str, namespace: str = NAMESPACE) -> None:
        """At once, and waits until they are gone: for what a test leaves."""
        query = urllib.parse.urlencode({"labelSelector": selector, "gracePeriodSeconds": "0"})
        # The API server answers once it has deleted each of them; of hundreds, on a busy machine, that takes a while.
        with contextlib.suppress(TimeoutError):
            self.call("DELETE", f"/api/v1/namespaces/{namespace}/pods?{query}")
        wait_until(f"pods {selector} are gone", lambda: not self.pods(selector, namespace))

    def kubectl(self, *words: str) -> str:
        done = subprocess.run(
            ["kubectl", "--namespace", NAMESPACE, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}"
        return done.stdout

    def truth(self, part: str) -> list[dict[str, Any]]:
        """The truth server's lines on steps whose id holds this text."""
        with urllib.request.urlopen(f"{self.truth_url}/lines", timeout=30) as reply:
            lines = [json.loads(line) for line in reply.read().splitlines()]
        return [line for line in lines if part in line["step"]]

    def starts(self, part: str) -> dict[str, int]:
        """How often the code of each step has started, by step id."""
        counts: dict[str, int] = {}
        for line in self.truth(part):
            if line["kind"] == "start":
                counts[line["step"]] = counts.get(line["step"], 0) + 1
        return counts
