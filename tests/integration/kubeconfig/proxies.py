"""Proxies on loopback: HTTP's CONNECT and SOCKS5, each with a name and a password or without. They count tunnels."""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import socket
import ssl
import struct
import threading
from pathlib import Path
from urllib.parse import urlsplit

NAME = "proxy-user"


class Refused(Exception):
    pass


class Proxy:
    def __init__(self, kind: str, password: str = "") -> None:
        self.kind = kind
        self.password = password
        self.tunnels = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=[self.listener.accept()[0]], daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, Refused, struct.error, ValueError):
            host, port = self.ask_http(client) if self.kind == "http" else self.ask_socks(client)
            with socket.create_connection((host, port), 10) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if self.kind == "http" else b"\5\0\0\1\0\0\0\0\0\0")
                self.tunnels += 1
                back = threading.Thread(target=pump, args=[server, client], daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def ask_http(self, client: socket.socket) -> tuple[str, int]:
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(4096)
            if not more:
                raise Refused
            head += more
        first, *lines = head.decode().split("\r\n")
        wanted = "Basic " + base64.b64encode(f"{NAME}:{self.password}".encode()).decode()
        shown = [line.partition(": ")[2] for line in lines if line.lower().startswith("proxy-authorization:")]
        if self.password and shown != [wanted]:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            raise Refused
        method, target, _ = first.split(" ")
        if method != "CONNECT":
            raise Refused
        host, _, port = target.rpartition(":")
        return host.strip("[]"), int(port)

    def ask_socks(self, client: socket.socket) -> tuple[str, int]:
        def read(size: int) -> bytes:
            got = b""
            while len(got) < size:
                more = client.recv(size - len(got))
                if not more:
                    raise Refused
                got += more
            return got

        _, count = read(2)
        methods = read(count)
        if self.password:
            if 2 not in methods:
                client.sendall(b"\5\xff")
                raise Refused
            client.sendall(b"\5\2")
            name = read(read(2)[1]).decode()
            password = read(read(1)[0]).decode()
            good = (name, password) == (NAME, self.password)
            client.sendall(b"\1\0" if good else b"\1\1")
            if not good:
                raise Refused
        else:
            client.sendall(b"\5\0")
        kind = read(4)[3]
        host = {1: lambda: socket.inet_ntoa(read(4)), 3: lambda: read(read(1)[0]).decode(),
                4: lambda: socket.inet_ntop(socket.AF_INET6, read(16))}[kind]()
        return host, struct.unpack(">H", read(2))[0]

    def url(self, password: str = "") -> str:
        login = f"{NAME}:{password}@" if password else ""
        return f"{'http' if self.kind == 'http' else 'socks5'}://{login}127.0.0.1:{self.port}"


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def behind_prefix(prefix: str, server: str, ca_file: str, certificate: tuple[Path, Path] | None = None) -> str:
    """The URL of a server that stands before the API server and takes the prefix off, as gateways do; of plain HTTP
    without a certificate and key."""
    url = urlsplit(server)
    tls = ssl.create_default_context(cafile=ca_file)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if not self.path.startswith(prefix + "/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "accept-encoding")}
            behind = http.client.HTTPSConnection(str(url.hostname), url.port, context=tls, timeout=30)
            behind.request("POST", self.path.removeprefix(prefix), body, headers)
            answer = behind.getresponse()
            said = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            behind.close()

        def log_message(self, *_: object) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    return f"{'https' if certificate else 'http'}://127.0.0.1:{listening.server_address[1]}{prefix}"
