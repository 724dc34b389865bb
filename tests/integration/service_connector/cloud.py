"""A server that answers as EKS and STS do by their published descriptions."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable

@dataclass
class Asked:
    """One request, taken apart. `form` is a body of application/x-www-form-urlencoded, `body` any other."""

    method: str
    path: str
    query: dict
    headers: dict  # by lower-case name
    raw_query: str
    raw_body: bytes
    form: dict = field(default_factory=dict)
    body: object = None

    def of(self) -> str:
        return f"{self.method} {self.path}?{self.raw_query} {self.raw_body.decode(errors='replace')}"


@dataclass
class Said:
    status: int = 200
    body: object = ""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)


def sts(action: str) -> Said:
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    result = (f"<Credentials><AccessKeyId>ASIAMADE</AccessKeyId><SecretAccessKey>made-secret-key</SecretAccessKey>"
              f"<SessionToken>made-session-token</SessionToken><Expiration>{ends}</Expiration></Credentials>"
              "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><UserId>A</UserId><Account>123456789012</Account>")
    return Said(body=f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>{result}'
                     f"</{action}Result><ResponseMetadata/></{action}Response>", content_type="text/xml")


def eks_clusters(asked: Asked) -> Said:
    if asked.query.get("nextToken") == "page/2":
        return Said(body={"clusters": ["green"], "nextToken": None})
    return Said(body={"clusters": ["blue"], "nextToken": "page/2"})


ANSWERS: list[tuple[str, Callable[[Asked], Said]]] = [
    (r"Action=(\w+)", lambda asked: sts((asked.form or asked.query)["Action"])),
    (r"GET /clusters/blue", lambda _: Said(body={"cluster": {
        "name": "blue", "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/blue", "status": "ACTIVE",
        "version": "1.33", "endpoint": "https://blue.example", "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClkyRT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="}}})),
    (r"GET /clusters\?", eks_clusters),
]


class Cloud:
    """`with Cloud() as cloud:` listens on loopback."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path, _, query = self.path.partition("?")
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, path, dict(urllib.parse.parse_qsl(query)), headers, query, body)
                if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                    asked.form = dict(urllib.parse.parse_qsl(body.decode()))
                elif body:
                    asked.body = json.loads(body)
                said = next((make(asked) for pattern, make in ANSWERS if re.search(pattern, asked.of())),
                            Said(404, {"message": "nobody is here"}))
                text = said.body if isinstance(said.body, str) else json.dumps(said.body)
                self.send_response(said.status)
                self.send_header("Content-Type", said.content_type)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PUT = answer

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> "Cloud":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
