"""Python packages for a script: in a virtual environment of its own, kept outside the checkout."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = ROOT / "tests" / "cluster"
# What `enter` needs for ZenML's own manifest functions.
ZENML = (["zenml==0.98.0", "kubernetes==34.1.0"], "from zenml.integrations.kubernetes import manifest_utils")
# The clouds' own libraries, and what their stand-ins need.
CLOUDS = (["botocore==1.44.8", "google-auth==2.63.0", "requests==2.34.2", "azure-identity==1.27.0", "cryptography==50.0.2",
           "PyYAML==6.0.4", "moto[server]==5.2.5"],
          "import botocore, google.auth, requests, azure.identity, moto.server, yaml")


def cache() -> Path:
    """Where it may be kept; a folder of this run alone where that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("STEPOP_CACHE") or home / "stepop") / "python"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        print(f"{folder} cannot be used ({error}): installing for this run alone", file=sys.stderr)
        return Path(tempfile.mkdtemp(prefix="stepop-python-"))


def works(python: Path, imports: str) -> bool:
    try:
        return subprocess.run([python, "-c", imports], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make(folder: Path, requirements: list[str]) -> None:
    print(f"installing {' '.join(requirements)}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True, check=False).returncode:
        words = "from parts import packages; packages.install(['python3-venv'])"
        subprocess.run([sys.executable, "-c", words], cwd=CLUSTER, check=True, stdout=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, stdout=sys.stderr)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True, stdout=sys.stderr)


def python_with(requirements: list[str], imports: str) -> Path:
    """A Python that has the packages; a cache that is broken is made anew. `imports` shows that they work."""
    key = hashlib.sha256("\n".join([sys.version, *sorted(requirements)]).encode()).hexdigest()[:12]
    folder = cache() / key
    python = folder / "bin" / "python"
    with (folder.parent / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not works(python, imports):
            make(folder, requirements)
            if not works(python, imports):
                sys.exit(f"installed, and still not to be imported: {' '.join(requirements)}\n0 passed, 1 failed")
    return python


def type_errors(package: Path, *words: str) -> str:
    """What mypy, with the settings of the package's pyproject.toml, finds in it; "" when that is nothing. Its own notes
    are kept in the cache: the second time it looks at what has changed.
    """
    python = python_with(["mypy==1.18.2"], "import mypy")
    settings = next(folder / "pyproject.toml" for folder in package.parents if (folder / "pyproject.toml").exists())
    kept = ["--config-file", settings, "--cache-dir", cache() / f"mypy-{package.name}"]
    # From where imports are found, so that a package beside it is known too.
    command: list[str | Path] = [python, "-m", "mypy", *kept, *words, package.name]
    done = subprocess.run(
        command, cwd=package.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout if done.returncode else ""


def enter(requirements: list[str], imports: str) -> None:
    """Goes on in `python_with` them."""
    if os.environ.get("STEPOP_IN_VENV") == " ".join(requirements):
        return
    python = python_with(requirements, imports)
    environment = dict(os.environ, STEPOP_IN_VENV=" ".join(requirements), PYTHONDONTWRITEBYTECODE="1")
    os.execve(python, [str(python), *sys.argv], environment)
