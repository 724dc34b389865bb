"""The images, written as OCI archives from busybox alone: no registry, no image builder."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
from pathlib import Path

from . import packages, paths
from .run import run

TEST = "stepop.local/test:1"
PAUSE = "stepop.local/pause:1"

USERS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n"
GROUPS = "root:x:0:\nnogroup:x:65534:\nuser:x:1000:\n"


def load(truth_url: str) -> None:
    busybox = packages.busybox()
    assert busybox, "packages.ensure() has seen it"
    test: dict[str, object] = {
        "Cmd": ["/bin/sh"],
        "WorkingDir": "/",
        "Env": ["PATH=/bin", f"STEPOP_TRUTH_URL={truth_url}"],
    }
    # Holds a pod's namespaces open, and is ended by SIGKILL.
    pause: dict[str, object] = {"Entrypoint": ["/bin/busybox", "sleep", "2147483647"]}
    layer = tree(busybox)
    for name, config in ((TEST, test), (PAUSE, pause)):
        archive = paths.STATE / f"{name.split('/')[1].split(':')[0]}.tar"
        write_archive(archive, name, layer, config)
        ctr("images", "import", str(archive))
        archive.unlink()


def ctr(*arguments: str) -> str:
    return run(["ctr", "--address", paths.CONTAINERD_SOCKET, "--namespace", "k8s.io", *arguments])


def tree(busybox: Path) -> bytes:
    """The file system of both images."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, mode in (("bin", 0o755), ("etc", 0o755), ("root", 0o700), ("tmp", 0o1777), ("var", 0o755)):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            tar.addfile(folder)
        add(tar, "bin/busybox", busybox.read_bytes(), 0o755)
        add(tar, "bin/witness", (paths.HERE / "image" / "witness").read_bytes(), 0o755)
        add(tar, "etc/passwd", USERS.encode(), 0o644)
        add(tar, "etc/group", GROUPS.encode(), 0o644)
        applets = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
    return out.getvalue()


def add(tar: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def write_archive(file: Path, name: str, layer: bytes, config: dict[str, object]) -> None:
    blobs: dict[str, bytes] = {}

    def blob(kind: str, content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    def document(value: object) -> bytes:
        return json.dumps(value, sort_keys=True).encode()

    layer_blob = blob("layer.v1.tar", layer)
    rootfs = {"type": "layers", "diff_ids": [layer_blob["digest"]]}
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(run(["uname", "-m"]).strip(), "amd64")
    image = {"architecture": architecture, "os": "linux", "config": config, "rootfs": rootfs}
    config_blob = blob("config.v1+json", document(image))
    manifest = {"schemaVersion": 2, "config": config_blob, "layers": [layer_blob]}
    manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
    manifest_blob = blob("manifest.v1+json", document(manifest))
    manifest_blob["annotations"] = {"io.containerd.image.name": name}
    with tarfile.open(file, "w") as tar:
        add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}', 0o644)
        add(tar, "index.json", document({"schemaVersion": 2, "manifests": [manifest_blob]}), 0o644)
        for place, content in blobs.items():
            add(tar, place, content, 0o644)
