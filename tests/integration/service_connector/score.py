"""Counting, and an environment of one's own."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

# Whatever a machine has for credentials must not be found by a test.
FOREIGN = ("AWS_", "GOOGLE_", "AZURE_", "GCE_", "CLOUDSDK_", "IDENTITY_", "MSI_")


class Score:
    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, what: str, ours: object, theirs: object) -> None:
        if ours == theirs:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED  {what}:\n    ours   {ours}\n    theirs {theirs}", flush=True)

    def true(self, what: str, holds: object, shown: object = "") -> None:
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED  {what}: {shown}", flush=True)


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """These variables and none of a cloud's others."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

