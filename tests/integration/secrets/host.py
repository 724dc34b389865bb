#!/usr/bin/env python3
"""A host that can be killed: opens LIBRARY with the config, and submits the request, that come as one JSON line each on
standard input; then prints each event as a line."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugin"))

import abi  # noqa: E402

op = abi.Plugin(sys.argv[1]).open(json.loads(sys.stdin.readline()))
op.submit(json.loads(sys.stdin.readline()))
while True:
    for event in op.next_events(timeout_ms=-1):
        print(json.dumps(dataclasses.asdict(event)), flush=True)
