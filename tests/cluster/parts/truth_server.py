"""The truth server: what ran, and when, as the steps' own code tells it. Independent of Kubernetes and of stepop.

  /start?step=ID&attempt=N&pod=NAME           a step's code is about to run
  /ready?step=ID&attempt=N&pod=NAME           it is where a test is to meet it
  /end?step=ID&attempt=N&pod=NAME&exit=CODE   it has ended
                     …&run=ANY                the same report, made again, is one line
  /lines[?since=N]                            all lines, or those after the first N: one JSON object each
  /count[?step=ID]                            {"start": …, "ready": …, "end": …}
  POST /reset, DELETE /lines                  forget all lines
  /health

Reports may be GET or POST, as a shell's wget makes them. One is answered once its line is on the disk.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KINDS = ("start", "ready", "end")


class Lines:
    """The log: in memory for reading, on the disk for good."""

    def __init__(self, file: str) -> None:
        self.lock = threading.Lock()
        self.file = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        with open(file, encoding="utf-8") as earlier:
            # A last line without its end was being written when the server died, and was never answered.
            self.lines = [json.loads(line) for line in earlier if line.endswith("\n")]
        self.reports = {(line["kind"], line["run"]) for line in self.lines if "run" in line}
        os.ftruncate(self.file, sum(len(encode(line)) for line in self.lines))

    def add(self, line: dict[str, object]) -> None:
        with self.lock:
            report = (line["kind"], line.get("run"))
            if report in self.reports:
                return
            if "run" in line:
                self.reports.add(report)
            line["time"] = time.time()
            os.write(self.file, encode(line))
            self.lines.append(line)
        os.fdatasync(self.file)

    def since(self, count: int) -> list[dict[str, object]]:
        with self.lock:
            return self.lines[count:]

    def reset(self) -> None:
        with self.lock:
            os.ftruncate(self.file, 0)
            self.lines, self.reports = [], set()


def encode(line: dict[str, object]) -> bytes:
    return json.dumps(line).encode() + b"\n"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        lines = self.server.lines
        name = url.path.strip("/")
        if name in KINDS:
            self.report(name, query)
        elif name == "lines":
            since = query.get("since", "0")
            if since.isdigit():
                self.answer(200, b"".join(encode(line) for line in lines.since(int(since))))
            else:
                self.answer(400, b"since is a count of lines\n")
        elif name == "count":
            step = query.get("step")
            seen = [line["kind"] for line in lines.since(0) if step is None or line["step"] == step]
            self.answer(200, json.dumps({kind: seen.count(kind) for kind in KINDS}).encode() + b"\n")
        elif name == "health":
            self.answer(200, b"ok\n")
        else:
            self.answer(404, b"no such page\n")

    def do_POST(self) -> None:
        # What a report says is in its query; a body is read so that the connection can go on.
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if urlsplit(self.path).path == "/reset":
            self.do_DELETE()
        else:
            self.do_GET()

    def do_DELETE(self) -> None:
        self.server.lines.reset()
        self.answer(200, b"ok\n")

    def report(self, kind: str, query: dict[str, str]) -> None:
        if not query.get("step"):
            self.answer(400, b"a report names its step\n")
            return
        line: dict[str, object] = {"time": 0.0, "kind": kind}
        line.update({name: query.get(name, "") for name in ("step", "attempt", "pod")})
        if query.get("run"):
            line["run"] = query["run"]
        if kind == "end":
            line["exit"] = int(query["exit"]) if query.get("exit", "").isdigit() else None
        self.server.lines.add(line)
        self.answer(200, b"ok\n")

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Not a line for each request: the lines are the log."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # All the pods of a node may report at the same moment.
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], lines: Lines) -> None:
        super().__init__(address, Handler)
        self.lines = lines


if __name__ == "__main__":
    host, port, log = sys.argv[1:]
    Server((host, int(port)), Lines(log)).serve_forever()
