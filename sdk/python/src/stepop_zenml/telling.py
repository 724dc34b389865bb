"""What a ZenML user reads: in the log of whoever runs the pipeline, and at the step in the dashboard."""

from __future__ import annotations

import re

from zenml.logger import get_logger
from zenml.models import ExceptionInfo

from stepop import Event, Kind, State

logger = get_logger(__name__)

# What a terminal takes for colours, titles and places (ECMA-48): sequences that begin with ESC.
_FOR_TERMINALS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\x1b\\|\x07|$)|[ -/]*[0-~])", re.DOTALL)

_told: dict[str, str] = {}


def _sentences(event: Event) -> str:
    said = f"{event.reason}: {event.message}" if event.reason and event.message else event.reason or event.message
    return f"{said.rstrip('.')}. {event.hint}".strip() if event.hint else said


def event(event: Event, step_name: str) -> None:
    """Warnings, and why a step waits: each once."""
    if event.kind is Kind.WARNING:
        about = f"Step `{step_name}`: " if event.step_run_id else ""
        logger.warning("%s%s", about, _sentences(event))
    elif event.kind is Kind.STATE and not event.terminal and event.reason:
        words = _sentences(event)
        if _told.get(event.step_run_id) != words:
            _told[event.step_run_id] = words
            logger.info("Step `%s` is %s: %s", step_name, event.state.name.lower(), words)
    elif event.kind is Kind.STATE and event.terminal:
        _told.pop(event.step_run_id, None)


def failure(event: Event, step_name: str) -> ExceptionInfo:
    """Of a step whose own code could not say why it ended. Its message is what the pipeline raises."""
    code = "" if event.exit_code is None else f" (exit code {event.exit_code})"
    ended = {State.CANCELLED: "was stopped", State.LOST: "is lost"}.get(event.state, "failed")
    message = f"Step `{step_name}` {ended}{code}. {_sentences(event)}".rstrip()
    where = event.workload
    lines = [message]
    if where.get("name"):
        node = f" on {where['node']}" if where.get("node") else ""
        lines.append(f"It ran in {where.get('kind', 'pod')} {where.get('namespace', '')}/{where['name']}{node}.")
    if event.log_tail:
        lines += ["The end of its log:", _FOR_TERMINALS.sub("", event.log_tail).rstrip("\n")]
    return ExceptionInfo(traceback="\n".join(lines), message=message)
