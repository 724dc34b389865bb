"""Running a command and waiting for a condition."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from .say import Failure

# Short beside what is waited for (a process start), long beside what one look costs.
POLL_SECONDS = 0.05

T = TypeVar("T")


def run(
    command: Sequence[str | Path],
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    text_in: str | None = None,
) -> str:
    """Runs the command to its end and returns its output. A failure shows the log, or else what the command said."""
    words = [str(word) for word in command]
    full_env = {**os.environ, **env} if env else None
    if log:
        with log.open("a") as out:
            code = subprocess.call(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=full_env, cwd=cwd)
        if code:
            raise Failure(f"`{' '.join(words[:3])} …` ended with {code}", log)
        return ""
    done = subprocess.run(
        words,
        input=text_in or "",
        capture_output=True,
        text=True,
        env=full_env,
        cwd=cwd,
        check=False,
    )
    if done.returncode:
        raise Failure(f"`{' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def wait_for(what: str, look: Callable[[], T], seconds: float, log: Path | None = None) -> T:
    """Looks until the answer is true, at most this long."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:.0f} s", log)
        time.sleep(POLL_SECONDS)
