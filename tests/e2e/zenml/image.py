"""The image that the pipeline's steps run in: Debian's Python and packages of PyPI, made without Docker, and pushed to
a registry.

Its base (a bare Debian with Python, and the packages of the Python that runs this) is kept in the cache; above it
lies a thin layer with stepop's own Python packages, as they are in this checkout.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import platform
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "integration" / "hosts"))

from bare_root import bare_root, cache  # noqa: E402

SDK = ROOT / "sdk" / "python" / "src"
# Debian 12's Python, and where it looks for packages that are not Debian's.
PYTHON = (3, 11)
PACKAGES = "usr/local/lib/python3.11/dist-packages"
# What no step reads.
LEFT_OUT = (
    "var/cache",
    "var/lib/apt",
    "var/log",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "dev",
    "proc",
    "sys",
)
CONFIG: dict[str, Any] = {
    "Cmd": ["python3"],
    "WorkingDir": "/app",
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1", "HOME=/root"],
}
READ = 1 << 20
TYPES = "application/vnd.oci.image."
# For an upload of some hundred MiB to a registry on this machine, which is busy.
ANSWERS_WITHIN = 120.0


def push(registry: str, repository: str, like: str = "") -> str:
    """Makes it, and pushes it to this registry, which speaks plain HTTP; its name there. What the repository `like` has
    is not sent again.
    """
    with tempfile.TemporaryDirectory(prefix="stepop-image-") as folder:
        own = Path(folder, "own.tar")
        # ZenML's entry point asks for `python`, which Debian leaves to its user.
        write_layer(own, {PACKAGES: SDK}, links={"usr/local/bin/python": "/usr/bin/python3"})
        return Push(registry, repository, like).image([base(), own])


def base() -> Path:
    """The layer below, which is made once for these packages."""
    assert sys.version_info[:2] == PYTHON, "packages of another Python than Debian 12's would not work in the image"
    packages = sorted(path.name for path in site_packages().glob("*.dist-info"))
    key = hashlib.sha256("\n".join(["compiled", *packages, *LEFT_OUT]).encode()).hexdigest()[:12]
    layer = cache() / f"zenml-image-{key}.tar"
    if not layer.exists():
        print("making the image of the steps (once)", file=sys.stderr, flush=True)
        with whole_or_not_at_all(layer) as unfinished:
            write_layer(unfinished, {"": bare_root("python3-venv"), PACKAGES: site_packages()}, folders=["app"])
    return layer


def site_packages() -> Path:
    return Path(sysconfig.get_path("purelib"))


@contextlib.contextmanager
def whole_or_not_at_all(file: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
    os.close(descriptor)
    try:
        yield Path(name)
        os.replace(name, file)
    finally:
        Path(name).unlink(missing_ok=True)


def write_layer(
    layer: Path, trees: dict[str, Path], folders: Sequence[str] = (), links: Mapping[str, str] | None = None
) -> None:
    """A tar of these trees, each below its folder of the image, of empty folders, and of symbolic links."""

    def kept(below: str) -> Callable[[tarfile.TarInfo], tarfile.TarInfo | None]:
        def look(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
            inside = entry.name.removeprefix("./")
            unwanted = not below and any(inside == left or inside.startswith(f"{left}/") for left in LEFT_OUT)
            return None if unwanted or entry.isdev() else entry

        return look

    with tarfile.open(layer, "w") as tar:
        for below, tree in trees.items():
            tar.add(tree, arcname=below or ".", filter=kept(below))
        for folder in folders:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for link, target in (links or {}).items():
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)


class Push:
    """OCI's "Distribution Specification": each blob, and then the manifest that names them."""

    def __init__(self, registry: str, repository: str, like: str = "") -> None:
        self.registry = registry
        self.repository = repository
        self.like = like

    def image(self, layers: list[Path]) -> str:
        described = [self.layer(file) for file in layers]
        rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in described]}
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
        config = document({"architecture": architecture, "os": "linux", "config": CONFIG, "rootfs": rootfs})
        digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
        self.blob(digest, config, len(config))
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{TYPES}manifest.v1+json",
            "config": {"mediaType": f"{TYPES}config.v1+json", "digest": digest, "size": len(config)},
            "layers": described,
        }
        headers = {"Content-Type": f"{TYPES}manifest.v1+json"}
        self.call("PUT", f"/v2/{self.repository}/manifests/1", (201,), document(manifest), headers)
        return f"{self.registry}/{self.repository}:1"

    def layer(self, file: Path) -> dict[str, Any]:
        digest, size = f"sha256:{digest_of(file)}", file.stat().st_size
        with file.open("rb") as content:
            self.blob(digest, content, size)
        return {"mediaType": f"{TYPES}layer.v1.tar", "digest": digest, "size": size}

    def blob(self, digest: str, content: bytes | BinaryIO, size: int) -> None:
        known = f"?mount={digest}&from={self.like}" if self.like else ""
        status, place = self.call("POST", f"/v2/{self.repository}/blobs/uploads/{known}", (201, 202))
        if status == 201:
            return  # it is there
        target = place.removeprefix(f"http://{self.registry}")
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self.call("PUT", f"{target}{'&' if '?' in target else '?'}digest={digest}", (201,), content, headers)

    def call(
        self,
        method: str,
        path: str,
        expected: Sequence[int],
        body: bytes | BinaryIO | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        """The answer's status and Location."""
        connection = http.client.HTTPConnection(self.registry, timeout=ANSWERS_WITHIN)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            assert answer.status in expected, f"{method} {path}: {answer.status} {answer.read(1000)!r}"
            return answer.status, answer.headers.get("Location", "")
        finally:
            connection.close()


def document(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def digest_of(file: Path) -> str:
    found = hashlib.sha256()
    with file.open("rb") as content:
        while part := content.read(READ):
            found.update(part)
    return found.hexdigest()
