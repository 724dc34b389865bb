"""Each claim beside its expectation and what really ran; and one row a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .cases import CASES, End, expected
from .flows import ENDED, Flow

GAP = "[stepop: lines of this log were lost"


@dataclass
class Row:
    fault: str
    steps: int = 0
    lost: int = 0  # never ran although it should have, or is not told of
    twice: int = 0  # its code started more than once
    wrong: int = 0  # another end than the expected one, or one that the truth server contradicts
    stuck: int = 0  # not ended in time
    lines: int = 0  # log lines lost outside a reported gap
    injected: int = 0
    said_lost: int = 0
    said_maybe: int = 0
    seconds: float = 0
    troubles: list[str] = field(default_factory=list)

    def clean(self) -> bool:
        return bool(self.steps and self.injected) and not self.troubles and not self.faults()

    def faults(self) -> int:
        return self.lost + self.twice + self.wrong + self.stuck + self.lines

    def judge(self, flow: Flow) -> None:
        claims, truth = flow.claims(), flow.truth()
        for name, case in flow.cases.items():
            self.steps += 1
            end = expected(self.fault, case)
            found = self.judge_step(flow, name, case, end, claims.get(name), truth[name])
            if found:
                told = [f"{line['kind']}{' ' + str(line['exit']) if 'exit' in line else ''}" for line in truth[name]]
                claim = claims.get(name)
                self.troubles += [
                    f"{flow.part}/{name}: {'; '.join(found)}",
                    f"    expected {end}",
                    f"    claimed  {shown(claim) if claim else 'nothing'}",
                    f"    truth    {', '.join(told) or 'its code never started'}",
                    f"    the API  {flow.pod_status(name) or 'no such pod'}",
                ]

    def judge_step(
        self, flow: Flow, name: str, case: str, end: End, claim: dict[str, Any] | None, told: list[dict[str, Any]]
    ) -> list[str]:
        found = []
        starts = sum(line["kind"] == "start" for line in told)
        if starts > 1:
            self.twice += 1
            found.append(f"ran {starts} times")
        if claim is None:
            self.lost += 1
            return [*found, "nothing is said of it"]
        self.said_lost += claim["state"] == "lost"
        self.said_maybe += claim.get("user_code_ran") == "maybe"
        if claim["state"] not in ENDED:
            self.stuck += 1
            return [*found, "stuck"]
        if starts < end.starts:
            self.lost += 1
            found.append("never ran")
        wrong = wrong_claim(case, end, claim) + contradictions(claim, end, told)
        if wrong:
            self.wrong += 1
        lines = lines_wrong(flow.log(name), CASES[case].lines) if CASES[case].lines and not wrong else (0, "")
        self.lines += lines[0]
        if lines[1]:
            found.append(lines[1])
            self.wrong += not lines[0]
        return found + wrong


def shown(claim: dict[str, Any]) -> str:
    end = End(claim["state"], claim.get("reason"), claim.get("exit_code"), claim.get("user_code_ran", "?"))
    return f"{end} attempt={claim.get('attempt')} {claim.get('pod') or ''}: {claim.get('message')}"


def wrong_claim(case: str, end: End, claim: dict[str, Any]) -> list[str]:
    wanted = {
        "state": end.state,
        "reason": end.reason,
        "exit_code": end.exit_code,
        "user_code_ran": end.user_code_ran,
        "result": CASES[case].result if end.state == "succeeded" else None,
    }
    return [f"wrong {name}" for name, value in wanted.items() if claim.get(name) != value]


def contradictions(claim: dict[str, Any], end: End, told: list[dict[str, Any]]) -> list[str]:
    starts = [line for line in told if line["kind"] == "start"]
    ends = [line["exit"] for line in told if line["kind"] == "end"]
    found = []
    if claim.get("user_code_ran") == "no" and starts:
        found.append("it says that its code did not run")
    if claim.get("user_code_ran") == "yes" and not starts and end.starts:
        found.append("it says that its code ran")
    if starts and end.told is not None and ends != [end.told]:
        found.append(f"its code told the exit codes {ends}")
    return found




def lines_wrong(log: list[str], count: int) -> tuple[int, str]:
    """How many lines are missing where no gap is told, and what is wrong with the log."""
    numbers: list[int | None] = []  # None is a gap
    for line in log:
        if line.startswith(GAP):
            numbers.append(None)
        elif found := re.fullmatch(r"line (\d+)", line):
            numbers.append(int(found[1]))
        else:
            return 0, f"its log has a line of nobody: {line[:80]!r}"
    missing, last, gap = 0, 0, False
    for number in [*numbers, count + 1]:
        if number is None:
            gap = True
            continue
        if number <= last:
            return 0, f"its log repeats line {number}"
        if not gap:
            missing += number - last - 1
        last, gap = number, False
    return missing, f"{missing} lines of its log are lost, and no gap is told" if missing else ""


def print_table(rows: list[Row]) -> None:
    width = max(len(row.fault) for row in rows)
    heads = ("STEPS", "LOST", "TWICE", "WRONG", "STUCK", "LINES", "INJECTED", "SAID lost", "SAID maybe", "SECONDS")
    print(f"{'FAULT':{width}}  " + "  ".join(heads))
    total = Row("all")
    for row in [*rows, total]:
        values = (
            row.steps,
            row.lost,
            row.twice,
            row.wrong,
            row.stuck,
            row.lines,
            row.injected,
            row.said_lost,
            row.said_maybe,
            round(row.seconds),
        )
        cells = "  ".join(f"{value:>{len(head)}}" for head, value in zip(heads, values))
        print(f"{row.fault:{width}}  {cells}", flush=True)
        if row is not total:
            for name in ("steps", "lost", "twice", "wrong", "stuck", "lines", "injected", "said_lost", "said_maybe"):
                setattr(total, name, getattr(total, name) + getattr(row, name))
            total.seconds += row.seconds
