"""What goes wrong, as exceptions: each carries the plugin's findings, and the first one's reason, path and hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi

if TYPE_CHECKING:
    from .events import Event


@dataclass(frozen=True)
class Finding:
    """One line of a check, or one mistake in what was handed over."""

    level: str
    """``ok``, ``warning`` or ``error``."""
    code: str
    """A word for programs, such as ``UnknownKey``."""
    path: str
    """Where in the input, such as ``settings.pod_settings.resorces``; "" when it is nowhere."""
    message: str
    hint: str = ""
    """What to do about it; may be empty."""
    retryable: bool = False

    @classmethod
    def read(cls, found: Any) -> Finding:
        """From a plugin's JSON; what is missing or of another type is as if it were empty."""
        found = found if isinstance(found, dict) else {}
        texts = {}
        for name in ("level", "code", "path", "message", "hint"):
            said = found.get(name)
            texts[name] = said if isinstance(said, str) else ""
        return cls(**texts, retryable=found.get("retryable") is True)

    def __str__(self) -> str:
        said = f"{self.path}: {self.message}" if self.path and self.path not in self.message else self.message
        return f"{said} ({self.hint})" if self.hint else said


class StepopError(Exception):
    """A call failed. The base of all errors of this package."""

    def __init__(self, message: str, findings: Sequence[Finding] = (), code: int = _abi.INTERNAL) -> None:
        super().__init__(message)
        self.message = message
        self.findings = tuple(findings)
        self.code = code
        """STEPOP_E_* of stepop.h."""

    @property
    def reason(self) -> str:
        """A word for programs, such as ``UnknownKey``."""
        return self.findings[0].code if self.findings else ""

    @property
    def path(self) -> str:
        """Where in the input the (first) mistake is; "" when it is nowhere."""
        return self.findings[0].path if self.findings else ""

    @property
    def hint(self) -> str:
        """What to do about it; may be empty."""
        return self.findings[0].hint if self.findings else ""

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        if len(lines) == 1 and (self.message in lines[0] or lines[0] in self.message):
            return max(lines[0], self.message, key=len)
        return "\n  ".join([self.message, *lines])


class InvalidInput(StepopError, ValueError):
    """What was handed over is wrong; ``findings`` name each mistake. Nothing was created."""


class NotFound(StepopError, LookupError):
    """No step, flavor or extension of that name here."""


class Conflict(StepopError):
    """The same step id is known with another request, or two plugins have the same flavor."""


class TimedOut(StepopError, TimeoutError):
    """The given time has passed. What was waited for goes on."""


class Closed(StepopError):
    """The operator, or this log, is closed."""


class Forked(StepopError):
    """This is a forked child, and the operator is its parent's: open one of its own."""


class Unsupported(StepopError, NotImplementedError):
    """This plugin does not have the function or the option."""


class Unavailable(StepopError, ConnectionError):
    """What runs the steps could not be reached; it may be later."""


class Forbidden(StepopError, PermissionError):
    """What runs the steps refused our credentials."""


class OutOfMemory(StepopError, MemoryError):
    """There was no memory for the call."""


class LoadError(StepopError, OSError):
    """A file is no plugin that can be loaded here; ``file`` says which."""

    def __init__(self, file: str, why: str, hint: str = "") -> None:
        super().__init__(f"{file}: {why}", [Finding("error", "Plugin", "", f"{file}: {why}", hint)], _abi.INVALID)
        self.file = file


class StepFailed(StepopError):
    """A step ended as failed, cancelled or lost. ``event`` is its terminal event."""

    def __init__(self, event: Event) -> None:
        said = f"{event.reason}: {event.message}" if event.reason else event.message
        exit_code = "" if event.exit_code is None else f" (exit code {event.exit_code})"
        message = f"step {event.step_run_id} {event.state.name.lower()}{exit_code}: {said}"
        super().__init__(message, [Finding("error", event.reason, "", message, event.hint, event.retryable)])
        self.event = event
        self.log_tail = event.log_tail


_BY_CODE: dict[int, type[StepopError]] = {
    _abi.INVALID: InvalidInput,
    _abi.NOT_FOUND: NotFound,
    _abi.CONFLICT: Conflict,
    _abi.WOULD_BLOCK: TimedOut,
    _abi.TIMEOUT: TimedOut,
    _abi.CLOSED: Closed,
    _abi.FORKED: Forked,
    _abi.UNSUPPORTED: Unsupported,
    _abi.UNAVAILABLE: Unavailable,
    _abi.FORBIDDEN: Forbidden,
    _abi.NO_MEMORY: OutOfMemory,
}


def of_code(code: int, message: str, findings: Sequence[Finding] = ()) -> StepopError:
    """The exception of a STEPOP_E_* code."""
    name = _abi.CODE_NAMES[code] if 0 <= code < len(_abi.CODE_NAMES) else str(code)
    return _BY_CODE.get(code, StepopError)(message or name, findings, code)


def invalid(path: str, message: str, hint: str = "", reason: str = "InvalidValue") -> InvalidInput:
    """One mistake, found before the plugin was asked."""
    finding = Finding("error", reason, path, message, hint)
    return InvalidInput(str(finding), [finding], _abi.INVALID)
