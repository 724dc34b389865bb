"""A real registry on loopback, and one in front of it that does what registries do under load.

A repository's first name says how it is served: `limited/…` with 429, `private/…` with 401, `stalled/…` not
before it is released; everything else as it is. containerd speaks plain HTTP to loopback.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from parts.cluster import PATIENCE, TOOLS, wait_until

PROGRAM = Path("/usr/bin/docker-registry")
LIMITED = {"errors": [{"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}]}
PRIVATE = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}


def install() -> None:
    """As the cluster installs its own packages: no daemon is started by it."""
    if not PROGRAM.exists():
        words = "from parts import packages; packages.install(['docker-registry'])"
        subprocess.run([sys.executable, "-c", words], cwd=TOOLS, check=True, stdout=sys.stderr)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Stall:
    """A repository that is not served yet."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def until_asked(self) -> None:
        assert self.asked.wait(PATIENCE), "nobody asked for the image"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_GET(self) -> None:
        words = self.path.split("?")[0].split("/")  # /v2/NAME/NAME/manifests/TAG
        kind = words[2] if len(words) > 2 else ""
        if kind == "limited":
            return self.answer(429, {"Content-Type": "application/json", "Retry-After": "60"}, LIMITED)
        if kind == "private":
            asks = {"Content-Type": "application/json", "WWW-Authenticate": 'Basic realm="registry"'}
            return self.answer(401, asks, PRIVATE)
        if kind == "stalled":
            stall = self.server.stall("/".join(words[2:4]))
            stall.asked.set()
            if not stall.released.wait(10 * PATIENCE):
                return None
        return self.forward()

    do_HEAD = do_GET

    def forward(self) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.registry_port, timeout=PATIENCE)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            upstream.request(self.command, self.path, headers=headers)
            answer = upstream.getresponse()
            self.answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            upstream.close()

    def answer(self, code: int, headers: dict[str, str], body: object) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self.send_response_only(code)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding") or (
                    self.command == "HEAD" and name.lower() == "content-length"
                ):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the client did not wait

    def log_message(self, format: str, *args: object) -> None:
        """containerd tells what it was answered."""


class Front(ThreadingHTTPServer):
    daemon_threads = True
    registry_port = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.stalls: dict[str, Stall] = {}

    def stall(self, repository: str) -> Stall:
        with self.lock:
            return self.stalls.setdefault(repository, Stall())


class Registry:
    def __init__(self, folder: Path, image: str) -> None:
        install()
        self.local_image = image
        self.front = Front()
        self.port = self.front.registry_port = free_port()
        self.address = f"127.0.0.1:{self.front.server_address[1]}"
        folder.mkdir()
        config = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
        }
        (folder / "config.yml").write_text(json.dumps(config))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", folder / "config.yml"], stdout=log, stderr=log)
        threading.Thread(target=self.front.serve_forever, daemon=True).start()
        try:
            wait_until("the registry answers", self.answers)
        except BaseException:
            self.close()
            raise

    def answers(self) -> bool:
        assert self.process.poll() is None, "the registry has ended"
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def name(self, repository: str) -> str:
        return f"{self.address}/{repository}:1"

    def push(self, repository: str) -> str:
        """The test image under this name too; what to write into a pod."""
        self.ctr("images", "push", "--plain-http", f"127.0.0.1:{self.port}/{repository}:1", self.local_image)
        return self.name(repository)

    def stall(self, repository: str) -> Stall:
        return self.front.stall(repository)

    @staticmethod
    def ctr(*words: str) -> str:
        socket_file = Path(os.environ["STEPOP_CLUSTER_DIR"]) / "containerd.sock"
        command = ["ctr", "--address", str(socket_file), "--namespace", "k8s.io", *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def close(self) -> None:
        for stall in self.front.stalls.values():
            stall.released.set()
        self.front.shutdown()
        self.front.server_close()
        self.process.terminate()
        self.process.wait()
        if ours := self.pulled():
            self.ctr("images", "rm", *ours)

    def pulled(self) -> list[str]:
        """What containerd has from here; also by the images' own digests, which it calls them by too."""
        addresses = (f"{self.address}/", f"127.0.0.1:{self.port}/")
        rows = [line.split() for line in self.ctr("images", "ls").splitlines()[1:]]
        digests = {row[0]: row[2] for row in rows if len(row) > 2}  # the image's name, its type, its digest
        ours = [name for name in digests if name.startswith(addresses)]
        others = {digest for name, digest in digests.items() if not name.startswith((*addresses, "sha256:"))}
        unnamed = {digests[name] for name in ours} - others
        return ours + [name for name in digests if name.startswith("sha256:") and digests[name] in unnamed]
