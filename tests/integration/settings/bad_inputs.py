"""The bad inputs of tests/unit/request/bad_inputs.jsonl, as bad_input_test.cpp says what its members mean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).resolve().parents[2] / "unit" / "request" / "bad_inputs.jsonl"


class BadInput(NamedTuple):
    name: str
    schema: str  # that it is held against: config, request
    text: str
    beyond_schema: str | None


def expanded(text: str) -> str:
    """`<x*80>` is 80 times x."""
    return re.sub(r"<(.)\*(\d+)>", lambda found: found[1] * int(found[2]), text)


def text_of(line: dict[str, Any]) -> str:
    least = {"step_run_id": "a", "image": "i"}
    for place in ("config_text", "text"):
        if place in line:
            return str(line[place])
    if "config" in line:
        whole = {"owner": "me", **line["config"]}
    elif "request" in line:
        whole = {**least, **line["request"]}
    elif "settings" in line:
        whole = {**least, "settings": line["settings"]}
    else:
        whole = {**least, "settings": {"pod_settings": line["pod_settings"]}}
    return json.dumps(whole)


def bad_inputs() -> Iterator[BadInput]:
    for line in map(json.loads, FILE.read_text().splitlines()):
        schema = "config" if line.keys() & {"config", "config_text"} else "request"
        yield BadInput(line["name"], schema, expanded(text_of(line)), line.get("beyond_schema"))
