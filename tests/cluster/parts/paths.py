"""Where the cluster keeps things: nothing of it is in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

# Everything that is gone after `down`. Another folder is another cluster, which can run beside this one.
STATE = Path(os.environ.get("STEPOP_CLUSTER_DIR") or "/var/lib/stepop-cluster")

# What the machine knows the cluster by, outside its folder.
NAME = STATE.name

PKI = STATE / "pki"
LOGS = STATE / "logs"
COMPONENTS = STATE / "components"
CONFIG = STATE / "config"
BIN = STATE / "bin"
USERS = STATE / "users"
KUBECONFIG = STATE / "kubeconfig"
CONTAINERD_SOCKET = STATE / "containerd.sock"
TRUTH_LOG = STATE / "truth.jsonl"


def cache() -> Path:
    """What is kept between clusters, and may be deleted at any time."""
    chosen = os.environ.get("STEPOP_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or "/root") / ".cache"
    return Path(base) / "stepop"
