"""Operators of the flavor `local` for tests, each with an owner of its own."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import stepop

PATIENCE = 60.0
E_ = TypeVar("E_", bound=BaseException)

_library = Path()
_folder = Path()


def use(library: Path, folder: Path) -> None:
    global _library, _folder
    _library, _folder = library, folder


def library() -> Path:
    return _library


def folder() -> Path:
    return _folder


def config(**changes: Any) -> dict[str, Any]:
    return {"owner": f"t-{uuid.uuid4().hex[:12]}", "state_directory": str(_folder / "state"), **changes}


def opened(**changes: Any) -> stepop.Operator:
    return stepop.open("local", config(**changes), plugin=_library)


def opened_async(**changes: Any) -> stepop.aio.Opening:
    return stepop.aio.open("local", config(**changes), plugin=_library)


def step(*command: str, **changes: Any) -> dict[str, Any]:
    return {"step_run_id": f"python/{uuid.uuid4().hex[:12]}", "command": list(command), **changes}


def shell(script: str, **changes: Any) -> dict[str, Any]:
    return step("sh", "-c", script, **changes)


def raised(expected: type[E_], call: Callable[..., Any], *arguments: Any, **words: Any) -> E_:
    try:
        call(*arguments, **words)
    except expected as error:
        return error
    raise AssertionError(f"{call} raised nothing, {expected.__name__} was expected")


def until(what: str, look: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return seen
