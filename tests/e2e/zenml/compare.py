"""The five steps with ZenML's own Kubernetes step operator and with stepop's, in turn, on one cluster; and what a user
sees of the same mishaps with each.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diagnosis.recorder import main_status
from ends import Exits, Shown
from project import Ended

if TYPE_CHECKING:
    from proxy import FaultProxy
    from stack import Stack

# The pipeline's steps in pods.
IN_PODS = ("features", "blob", "trainer")
ROWS = {
    "delay": "s from a container's end to ZenML knowing it",
    "share": "s of these from the end's arrival in the API to ZenML knowing it",
    "requests": "API requests a step",
    "cpu": "s of the client's CPU a step",
}


@dataclass(frozen=True)
class Flavor:
    name: str
    operator: str
    """As it is registered."""
    proxy: FaultProxy
    """By which its requests go, and are counted."""

    def environment(self) -> dict[str, str]:
        return {"ZENML_TEST_OPERATOR": self.operator, "KUBECONFIG": str(self.proxy.kubeconfig)}


@dataclass
class Measured:
    """Of one flavor, over all of its runs."""

    values: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in ROWS})
    tells: dict[str, str] = field(default_factory=dict)
    """What a user sees, by mishap."""

    def add(self, ended: Ended, pods: dict[str, Any], exits: Exits, shown: Shown, requests: int) -> None:
        for name in IN_PODS:
            note, pod = ended.known(name), pods[name]
            assert main_status(pod)["state"]["terminated"]["exitCode"] == 0, pod
            first = shown.first_end(note["step_run_id"], pod["metadata"]["uid"])
            assert first is not None, "the end was not seen in the API"
            self.values["delay"].append(note["known"] - exits.of(pod))
            self.values["share"].append(note["known"] - first)
            self.values["cpu"].append(note["cpu"])
        self.values["requests"].append(requests / len(IN_PODS))


def runs(stack: Stack, flavors: list[Flavor], exits: Exits, count: int) -> dict[str, Measured]:
    """Each flavor in turn, so many times."""
    measured = {flavor.name: Measured() for flavor in flavors}
    shown = Shown(stack.cluster)
    for _ in range(count):
        for flavor in flavors:
            stack.clear()
            before = len(flavor.proxy.ledger.all)
            ended = stack.project.run(**flavor.environment())
            assert ended.code == 0, ended.text
            requests = len(flavor.proxy.ledger.all) - before
            measured[flavor.name].add(ended, stack.pods(), exits, shown, requests)
    return measured


def mishaps_of(stack: Stack, flavors: list[Flavor], named: dict[str, Callable[[Stack, Flavor], str]]) -> dict[str, Any]:
    """What each flavor tells of each."""
    told: dict[str, dict[str, str]] = {flavor.name: {} for flavor in flavors}
    for name, mishap in named.items():
        for flavor in flavors:
            stack.clear()
            told[flavor.name][name] = mishap(stack, flavor)
            print(f"        {name}, {flavor.name}: {told[flavor.name][name]}", flush=True)
    return told


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def ratio(of: list[float], to: list[float]) -> float:
    return statistics.median(of) / statistics.median(to)


def table(theirs: Measured, ours: Measured) -> str:
    """For people, and as Markdown has it: medians, with the least and the most."""
    lines = ["| | ZenML's own `kubernetes` | stepop | ratio |", "|---|---|---|---|"]
    for name, title in ROWS.items():
        a, b = theirs.values[name], ours.values[name]
        lines.append(f"| {title} | {spread(a)} | {spread(b)} | {ratio(b, a):.2f} |")
    for name in theirs.tells:
        lines.append(f"| {name} | {theirs.tells[name]} | {ours.tells[name]} | |")
    return "\n".join(lines)


def write(file: Path, measured: dict[str, Measured]) -> None:
    file.write_text(json.dumps({name: vars(found) for name, found in measured.items()}, indent=1) + "\n")
