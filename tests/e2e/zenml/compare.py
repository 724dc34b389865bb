"""The five steps with ZenML's own Kubernetes step operator and with stepop's, in turn, on one cluster."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

IN_PODS = ("features", "blob", "trainer")


@dataclass
class Measured:
    """Of one flavor, over all of its runs: a value a step."""

    delays: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    memory_says: str = ""

    def row(self, name: str) -> str:
        return f"{name:<12}{spread(self.delays)}{spread(self.requests)}{spread(self.cpu)}  {self.memory_says}"

    def add(self, notes: list[dict[str, Any]], finished: dict[str, float], requests: int) -> None:
        for note in notes:
            if note.get("step") in finished:
                self.delays.append(note["known"] - finished[note["step"]])
                self.cpu.append(note["cpu"])
        self.requests.append(requests / len(IN_PODS))


def spread(values: list[float]) -> str:
    if not values:
        return f"{'-':>22}"
    return f"{statistics.median(values):>8.2f} ({min(values):.2f}..{max(values):.2f})".ljust(24)


def table(measured: dict[str, Measured]) -> str:
    columns = ("s from end to known", "API requests a step", "client CPU s a step")
    head = f"{'flavor':<12}{''.join(f'{column:<24}' for column in columns)}  out of memory"
    return "\n".join([head, *(found.row(name) for name, found in measured.items())])
