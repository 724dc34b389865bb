"""The package says what types it has (py.typed), and that is true."""

from __future__ import annotations

from pathlib import Path

from packages import type_errors

import stepop


def use(*_: object) -> None:
    """Needs no plugin."""


def the_types_hold_for_the_oldest_python() -> None:
    errors = type_errors(Path(stepop.__file__).resolve().parent, "--python-version", "3.9")
    assert not errors, errors


TESTS = [the_types_hold_for_the_oldest_python]
