"""stepop: run the steps of a workflow in Kubernetes pods, or wherever a step-operator plugin runs them.

    import stepop

    with stepop.open("kubernetes", owner="me", kubernetes_namespace="zenml") as operator:
        event = operator.run({
            "step_run_id": "train-1",
            "image": "busybox:1.36",
            "command": ["sh", "-c", "echo 42 > $STEPOP_RESULT_PATH"],
        })
        print(event.result)

`stepop.aio` is the same for asyncio. A plugin is found in the wheel, in ``$STEPOP_PLUGIN_PATH``, or where you say.
All times are in seconds, but those whose names end in ``_us`` or ``_ms``. Only ctypes stands between this package and
the plugin's C ABI (stepop.h), which says more on each call.
"""

from __future__ import annotations

from . import aio
from .errors import (
    Closed,
    Conflict,
    Finding,
    Forbidden,
    Forked,
    InvalidInput,
    LoadError,
    NotFound,
    OutOfMemory,
    StepFailed,
    StepopError,
    TimedOut,
    Unavailable,
    Unsupported,
)
from .events import Event, Kind, LogRecord, State
from .operator import Operator
from .operator import open_operator as open  # noqa: A004 - stepop.open reads as it is meant
from .plugins import Plugin, find_plugin, plugin_directories

__version__ = "0.1.0"

__all__ = [
    "Closed",
    "Conflict",
    "Event",
    "Finding",
    "Forbidden",
    "Forked",
    "InvalidInput",
    "Kind",
    "LoadError",
    "LogRecord",
    "NotFound",
    "Operator",
    "OutOfMemory",
    "Plugin",
    "State",
    "StepFailed",
    "StepopError",
    "TimedOut",
    "Unavailable",
    "Unsupported",
    "aio",
    "find_plugin",
    "open",
    "plugin_directories",
]
