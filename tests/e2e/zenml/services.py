"""ZenML's server and an S3 server on this machine, where the cluster's pods reach them."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

VERSITYGW = "github.com/versity/versitygw/cmd/versitygw"
VERSITYGW_VERSION = "v1.8.0"
# A ZenML server makes its database first; on a busy machine that takes minutes.
STARTS_WITHIN = 420.0
STOPS_WITHIN = 20.0


def cache() -> Path:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("STEPOP_CACHE") or home / "stepop")


def free_port(address: str) -> int:
    with socket.socket() as found:
        found.bind((address, 0))
        port: int = found.getsockname()[1]
        return port


def versitygw() -> Path:
    """The S3 server, from its Go module; built once."""
    folder = cache() / "go-tools" / f"versitygw-{VERSITYGW_VERSION}"
    program = folder / "versitygw"
    if not program.exists():
        print(f"building {VERSITYGW} {VERSITYGW_VERSION}", file=sys.stderr, flush=True)
        go = shutil.which("go")
        if go is None:
            sys.exit("go is missing: tests/cluster/up finds one when it builds Kubernetes\n0 passed, 1 failed")
        env = dict(os.environ, GOBIN=str(folder))
        subprocess.run([go, "install", f"{VERSITYGW}@{VERSITYGW_VERSION}"], check=True, env=env, stdout=sys.stderr)
    return program


class Service:
    """A process that is there when this returns, and gone at the end."""

    def __init__(self, name: str, command: list[str | Path], env: dict[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log, cwd=folder)

    def wait_for(self, answers: Callable[[], bool]) -> None:
        end = time.monotonic() + STARTS_WITHIN
        while True:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended: {self.log.read_text()[-2000:]}")
            try:
                if answers():
                    return
            except OSError:
                pass
            assert time.monotonic() < end, f"{self.name} does not answer: {self.log.read_text()[-2000:]}"
            time.sleep(0.2)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Services:
    """Both of them. What they are asked with is made for this run alone, and is in no process list."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self.password = secrets.token_urlsafe(12)
        self.key = "stepop"
        self.secret = secrets.token_urlsafe(20)
        self.bucket = "artifacts"
        self.running: list[Service] = []

    def __enter__(self) -> Services:
        try:
            self.start_s3()
            self.start_zenml()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        for service in reversed(self.running):
            service.stop()

    def start_s3(self) -> None:
        port = free_port(self.address)
        self.s3 = f"http://{self.address}:{port}"
        data = self.folder / "s3"
        (data / self.bucket).mkdir(parents=True)
        command: list[str | Path] = [versitygw(), "--port", f"{self.address}:{port}", "posix", data]
        keys = {"ROOT_ACCESS_KEY": self.key, "ROOT_SECRET_KEY": self.secret}
        service = Service("s3", command, keys, self.folder)
        self.running.append(service)

        def answers() -> bool:
            with socket.create_connection((self.address, port), 2):
                return True

        service.wait_for(answers)

    def start_zenml(self) -> None:
        port = free_port(self.address)
        self.url = f"http://{self.address}:{port}"
        (self.folder / "server").mkdir()
        env = {
            "ZENML_CONFIG_PATH": str(self.folder / "server"),
            # A server that counts as local has no stacks with remote components.
            "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
            "ZENML_SERVER_AUTO_ACTIVATE": "1",
            "ZENML_SERVER_AUTH_SCHEME": "OAUTH2_PASSWORD_BEARER",
            "ZENML_DEFAULT_USER_NAME": "default",
            "ZENML_DEFAULT_USER_PASSWORD": self.password,
            "ZENML_ANALYTICS_OPT_IN": "false",
        }
        app = "zenml.zen_server.zen_server_api:app"
        words = ["--host", self.address, "--port", str(port), "--log-level", "warning"]
        service = Service("zenml", [sys.executable, "-m", "uvicorn", app, *words], env, self.folder)
        self.running.append(service)

        def answers() -> bool:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as reply:
                return reply.status == 200

        service.wait_for(answers)

    def client_environment(self) -> dict[str, str]:
        """Of a ZenML client that has a configuration of its own, and of no other server."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("ZENML_")},
            "ZENML_CONFIG_PATH": str(self.folder / "client"),
            "ZENML_STORE_URL": self.url,
            "ZENML_STORE_USERNAME": "default",
            "ZENML_STORE_PASSWORD": self.password,
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_LOGGING_COLORS_DISABLED": "true",
        }
