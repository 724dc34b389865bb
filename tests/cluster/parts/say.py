"""What the commands tell the person who runs them: on standard error, one line a stage, with its duration."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# Enough to hold a stack of Go's log lines, few enough to read.
TAIL_LINES = 25


class Failure(Exception):
    """Something that the person is told in one line, with the end of a log below it where there is one."""

    def __init__(self, message: str, log: Path | None = None, code: int = 1) -> None:
        super().__init__(message)
        self.log = log
        self.code = code


def line(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def stage(text: str) -> Iterator[None]:
    print(f"  {text} ...", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(f" failed after {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
        raise
    print(f" {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)


def guarded(work: Callable[[], int]) -> int:
    """The whole of a command: its exit code, with failures explained."""
    try:
        return work()
    except Failure as failure:
        explain(failure)
        return failure.code
    except KeyboardInterrupt:
        line("interrupted")
        return 130


def explain(failure: Failure) -> None:
    line(f"cluster: {failure}")
    if failure.log and failure.log.exists():
        line(f"the end of {failure.log}:")
        for text in failure.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]:
            line(f"  | {text}")
