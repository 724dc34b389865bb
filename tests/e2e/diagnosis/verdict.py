"""Runs one case, and compares what stepop said with what was written beforehand, with the API and with the truth."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import abi
from case import AS_THE_API_SAYS, Case, End
from parts.cluster import wait_until
from recorder import has_ended, main_status
from stage import Stage
from step import Step

NAMES = ("", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost")
# What is later than this, and is no grace that was set, is worth a look.
SLOW = 2.0


@dataclass
class Delay:
    case: str
    seconds: float


def exit_code_of(pod: dict[str, Any]) -> int | None:
    ended: dict[str, Any] = main_status(pod).get("state", {}).get("terminated", {})
    return None if ended.get("reason") == "ContainerStatusUnknown" else ended.get("exitCode")


def differences(end: End, event: abi.Event, stage: Stage) -> list[str]:
    detail = event.detail
    code = end.exit_code
    if code == AS_THE_API_SAYS:
        # stepop may have heard of it a moment before.
        step = event.step_run_id
        wait_until("the API shows its end", lambda: any(has_ended(view) for view in stage.recorder.of(step)))
        code = exit_code_of(stage.recorder.pods(step)[-1])
    found = [
        ("state", NAMES[end.state], NAMES[event.state]),
        ("reason", end.reason, detail.get("reason")),
        ("exit_code", code, detail.get("exit_code")),
        ("user_code_ran", end.ran, detail["user_code_ran"]),
        ("attempt", end.attempt, event.attempt),
    ]
    if end.state != abi.SUCCEEDED:
        found.append(("retryable", end.retryable, detail.get("retryable")))
    wrong = [f"{what}: {said!r}, and {right!r} is right" for what, right, said in found if right != said]
    for what, pattern in (("message", end.message), ("hint", end.hint)):
        text = detail.get(what, "")
        if not re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            wrong.append(f"{what}: {text!r} does not say /{pattern}/")
    return wrong


def run(stage: Stage, case: Case, delays: list[Delay]) -> None:
    step = stage.submit(case)
    try:
        if case.do:
            case.do(stage, step)
        end = step.end()
        wrong = differences(case.end, end, stage) + course(case, step) + truth(stage, case, step)
        assert not wrong, "\n".join(wrong)
        note_delay(stage, step, end, delays)
    except BaseException:
        keep_account(stage, case, step)
        raise
    finally:
        stage.clear(step)


def course(case: Case, step: Step) -> list[str]:
    """The way to the end, as events told it."""
    states = step.states()
    wrong = []
    order = [(event.attempt, event.state) for event in states]
    if order != sorted(order):
        wrong.append(f"states went back: {order}")
    if sum(event.terminal for event in states) != 1:
        wrong.append("not one terminal event")
    told = {event.detail.get("reason") for event in states if event.state < abi.RUNNING}
    wrong += [f"before it ran it never said {reason}: {told}" for reason in case.progress if reason not in told]
    attempts = {event.attempt for event in states}
    wrong += [f"no event of attempt {n}" for n in range(case.end.attempt + 1) if n not in attempts]
    return wrong


def truth(stage: Stage, case: Case, step: Step) -> list[str]:
    """What the code told, and what the API showed."""
    wrong = []
    if step.starts() != case.expected_starts:
        wrong.append(f"its code started {step.starts()} times, and {case.expected_starts} is right")
    pods = stage.recorder.pods(step.id)
    labels = [pod["metadata"]["labels"]["stepop.dev/attempt"] for pod in pods]
    if labels != [str(n) for n in range(case.pods)]:
        wrong.append(f"pods of attempts {labels}, and there are {case.pods}")
    if not case.leaves_running:
        wait_until(f"no pod of {step.id} runs on", lambda: not left_running(stage, step))
    return wrong


def left_running(stage: Stage, step: Step) -> list[str]:
    there = []
    for pod in stage.recorder.pods(step.id):
        meta = pod["metadata"]
        code, now = stage.cluster.call("GET", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}")
        ended = code == 404 or now["metadata"]["uid"] != meta["uid"] or now["status"].get("phase") in END_PHASES
        if not ended:
            there.append(meta["name"])
    return there


END_PHASES = ("Succeeded", "Failed")


def note_delay(stage: Stage, step: Step, end: abi.Event, delays: list[Delay]) -> None:
    """From the API's first view of the end to stepop's event."""
    pods = stage.recorder.pods(step.id)
    over = stage.recorder.first_end(step.id, pods[-1]["metadata"]["uid"]) if pods else None
    if over is not None and end.time_us / 1e6 - over > SLOW:
        delays.append(Delay(step.id.split("/")[0], end.time_us / 1e6 - over))


def keep_account(stage: Stage, case: Case, step: Step) -> None:
    """All that was seen, where somebody asked for it."""
    folder = os.environ.get("STEPOP_DIAGNOSIS_ACCOUNTS")
    text = "".join(
        f"{event.time_us / 1e6:.3f} stepop: attempt {event.attempt} {NAMES[event.state]} {event.detail}\n"
        for event in step.states()
    )
    text += stage.recorder.account(step.id)
    text += "".join(f"{line['time']:.3f} its code: {line}\n" for line in stage.cluster.truth(step.id))
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "-".join(case.name.split()) + ".txt").write_text(text)
    else:
        print("\n".join(line[:600] for line in text.splitlines()), flush=True)
