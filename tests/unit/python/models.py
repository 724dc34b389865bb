"""Pure parts: what becomes JSON, what waits in the inbox, what an exception says."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any

from local import raised, use  # noqa: F401

import stepop
from stepop import Event, Kind, State
from stepop._inbox import MOST_OTHERS, Inbox
from stepop._plain import encoded, identifier, plain


class Toleration:
    """As a model of the Kubernetes client has it."""

    attribute_map = {"effect": "effect", "toleration_seconds": "tolerationSeconds", "key": "key"}  # noqa: RUF012

    def __init__(self, **given: Any) -> None:
        self.effect = given.get("effect")
        self.toleration_seconds = given.get("toleration_seconds")
        self.key = given.get("key")

    def to_dict(self) -> dict[str, Any]:
        raise AssertionError("its attribute_map has Kubernetes' own names")


class Settings:
    """As a pydantic model has it."""

    def model_dump(self) -> dict[str, Any]:
        return {"tolerations": [Toleration(key="gpu", toleration_seconds=0)]}


class Effect(str, enum.Enum):
    NO_SCHEDULE = "NoSchedule"


def kubernetes_models_become_what_kubernetes_calls_them() -> None:
    assert plain({"tolerations": (Toleration(key="gpu", effect=Effect.NO_SCHEDULE, toleration_seconds=5),)}) == {
        "tolerations": [{"key": "gpu", "effect": "NoSchedule", "tolerationSeconds": 5}]
    }


def models_may_hold_models() -> None:
    assert plain(Settings()) == {"tolerations": [{"key": "gpu", "tolerationSeconds": 0}]}


def paths_become_texts() -> None:
    assert plain({"kubeconfig": Path("/a/b")}) == {"kubeconfig": "/a/b"}


def what_has_no_json_is_named_by_its_place() -> None:
    error = raised(stepop.InvalidInput, encoded, {"settings": {"a": [1, {2}]}}, "request")
    assert error.path == "settings.a[1]" and "set" in str(error), error
    error = raised(stepop.InvalidInput, encoded, {"a": float("nan")}, "request")
    assert error.path == "a" and "nan" in str(error), error
    error = raised(stepop.InvalidInput, encoded, {"a": {1: 2}}, "request")
    assert error.path == "a" and error.reason == "InvalidKey", error
    error = raised(stepop.InvalidInput, encoded, ["a"], "request")
    assert "found list, expected a dictionary" in str(error), error


def what_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["a"] = loop
    assert "deep" in str(raised(stepop.InvalidInput, encoded, loop, "request"))


def an_id_that_would_be_cut_is_refused() -> None:
    for wrong in ("a\0b", "\ud800", 3, None):
        assert raised(stepop.InvalidInput, identifier, wrong, "step_run_id").path == "step_run_id"


def event(sequence: int, kind: Kind = Kind.STATE, state: State = State.NONE, step: str = "a", ticket: int = 0) -> Event:
    return Event(kind, state, state >= State.SUCCEEDED, 0, sequence, 0, ticket, step, "{}")


def unread_states_of_a_step_coalesce() -> None:
    inbox = Inbox()
    inbox.take_in([event(1, state=State.ACCEPTED), event(2, state=State.PENDING, step="b")])
    inbox.take_in([event(3, state=State.SUCCEEDED)])
    assert [e.sequence for e in (inbox.next(), inbox.next()) if e] == [2, 3] and inbox.next() is None


def unread_warnings_are_bounded_and_states_are_not_lost() -> None:
    inbox = Inbox()
    inbox.take_in([event(1, state=State.SUCCEEDED)])
    inbox.take_in([event(i, Kind.WARNING, step="") for i in range(2, MOST_OTHERS + 12)])
    first = inbox.next()
    assert first and first.state is State.SUCCEEDED and inbox.dropped == 10, inbox.dropped
    second = inbox.next()
    assert second and second.sequence == 12, second


def word_of_a_log_is_heard_once_and_is_no_event() -> None:
    inbox = Inbox()
    inbox.take_in([event(1, Kind.LOG_READY, ticket=7), event(2, Kind.LOG_READY, ticket=7)])
    assert inbox.next() is None
    assert inbox.log_is_ready(7) and not inbox.log_is_ready(7) and not inbox.log_is_ready(8)


def a_failed_step_says_why_and_what_to_do() -> None:
    detail = {"reason": "OutOfMemory", "message": "killed", "hint": "raise the limit", "exit_code": 137}
    ended = Event(Kind.STATE, State.FAILED, True, 0, 1, 0, 0, "train", json.dumps(detail))
    failed = raised(stepop.StepFailed, ended.raise_for_state)
    assert failed.reason == "OutOfMemory" and failed.hint == "raise the limit", failed
    assert str(failed) == "step train failed (exit code 137): OutOfMemory: killed (raise the limit)", failed


def one_finding_is_told_once() -> None:
    for message, found in (("no file at /a", "no file at /a"), ("kubeconfig: no file", "no file"), ("no", "no: make it")):
        error = stepop.InvalidInput(message, [stepop.Finding("error", "NoFile", "", found)])
        assert str(error) == max(message, found, key=len), str(error)
    two = [stepop.Finding("error", "C", "", text) for text in ("one", "two")]
    assert str(stepop.InvalidInput("two mistakes", two)) == "two mistakes\n  one\n  two"


TESTS = [
    kubernetes_models_become_what_kubernetes_calls_them,
    models_may_hold_models,
    paths_become_texts,
    what_has_no_json_is_named_by_its_place,
    what_holds_itself_is_refused,
    an_id_that_would_be_cut_is_refused,
    unread_states_of_a_step_coalesce,
    unread_warnings_are_bounded_and_states_are_not_lost,
    word_of_a_log_is_heard_once_and_is_no_event,
    a_failed_step_says_why_and_what_to_do,
    one_finding_is_told_once,
]
