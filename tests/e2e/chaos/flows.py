"""One `stepop run` of many steps, each of one case, through a fault proxy of its own."""

from __future__ import annotations

import json
import signal
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parts.cluster import NAMESPACE, Cluster
from parts.host import Host, Process, cluster_operator
from proxy import FaultProxy

from .cases import CASES

ENDED = ("succeeded", "failed", "cancelled", "lost", "skipped")


class Flow:
    """`names`: the cases, one a step."""

    def __init__(
        self, cluster: Cluster, build: Path, part: str, names: Sequence[str], parallel: int, seed: int
    ) -> None:
        self.cluster = cluster
        self.part = part
        self.folder = tempfile.TemporaryDirectory(prefix="stepop-chaos-")
        path = Path(self.folder.name)
        self.host = Host(build, path)
        self.proxy = FaultProxy(path, cluster.server, cluster.ca_file, cluster.account.token, NAMESPACE, seed)
        self.cases = {f"{case}-{number}": case for number, case in enumerate(names)}
        steps = {name: CASES[case].step(cluster.image) for name, case in self.cases.items()}
        self.pipeline = self.host.file("pipeline.yaml", {"pipeline": "chaos", "image": cluster.image, "steps": steps})
        self.stack = self.host.stack({"cluster": cluster_operator(self.proxy.kubeconfig)})
        self.parallel = parallel
        self.process: Process | None = None
        self.lives = 0
        self.cancel_wanted = False
        self.signalled = 0  # the life that was told
        self.counted: list[Any] = []  # the proxy's actions whose counts are the fault's
        self.in_stage_at: int | None = None  # strikes when all steps were where the fault is to meet them

    def start(self) -> None:
        words = ("run", self.pipeline, "--stack", self.stack, "--run-name", "it", "-o", "json")
        self.process = self.host.start(*words, "--max-parallel", str(self.parallel))
        self.lives += 1

    def kill_and_resume(self) -> bool:
        """False when it had ended before, or has not begun."""
        assert self.process
        if self.ended() or not self.rows():
            return False
        self.process.kill()
        self.process = self.host.start("run", "--resume", "it", "-o", "json")
        self.lives += 1
        return True

    def cancel(self) -> None:
        """By Ctrl-C: once in each life, until one has journalled it. To be called again as long as the flow goes on."""
        assert self.process
        self.cancel_wanted = True
        hears = "run it" in self.process.stderr  # before that a signal only ends it
        if hears and self.signalled != self.lives and not self.ended() and not self.cancel_is_journalled():
            self.signalled = self.lives
            self.process.signal(signal.SIGINT)

    def cancel_is_journalled(self) -> bool:
        connection = self.host.journal()
        try:
            return bool(connection.execute("SELECT cancel_asked FROM runs").fetchone()["cancel_asked"])
        finally:
            connection.close()

    def ended(self) -> bool:
        return self.process is not None and self.process.ended()

    def watches(self) -> bool:
        """Whether it sees what happens now."""
        return any(watch.status == 200 for watch in self.proxy.ledger.open_watches())

    def strikes(self) -> int:
        return sum(action.count for action in self.counted)

    def rows(self) -> dict[str, dict[str, Any]]:
        """Its steps, as they are journalled; nothing while the journal is only being made."""
        if not (self.host.state_directory / "journal.db").exists():
            return {}
        connection = self.host.journal()
        try:
            query = "SELECT name, state, attempt, detail, run_id FROM steps ORDER BY position"
            return {row["name"]: dict(row) for row in connection.execute(query)}
        except sqlite3.OperationalError:
            return {}
        finally:
            connection.close()

    def in_stage(self) -> bool:
        """Whether each step is where its case is to be met."""
        rows = self.rows()
        if not rows or not all(is_at(CASES[case].stage, rows[name]) for name, case in self.cases.items()):
            return False
        told = self.truth()
        return all(
            any(line["kind"] == "ready" for line in told[name])
            for name, case in self.cases.items()
            if CASES[case].stage == "running"
        )

    def run_id(self) -> str:
        for row in self.rows().values():
            return str(row["run_id"])
        return ""

    def claims(self) -> dict[str, dict[str, Any]]:
        """What stepop says of each step: from the document at its end, or else from the journal."""
        if self.process and self.process.ended() and self.process.stdout:
            return {step["name"]: step for step in self.process.json["steps"]}
        claims = {}
        for name, row in self.rows().items():
            claims[name] = {**json.loads(row["detail"]), "state": row["state"], "attempt": row["attempt"]}
        return claims

    def log(self, name: str) -> list[str]:
        return self.host.call("logs", "it", name).stdout.splitlines()

    def truth(self) -> dict[str, list[dict[str, Any]]]:
        """What the code of each step told, by the step's name."""
        told: dict[str, list[dict[str, Any]]] = {name: [] for name in self.cases}
        run_id = self.run_id()
        if run_id:
            for line in self.cluster.truth(run_id + "/"):
                told[line["step"].split("/", 1)[1]].append(line)
        return told

    def pod_status(self, name: str) -> str:
        """The step's pod as the API has it now, for who looks into a wrong end."""
        try:
            pods = self.cluster.pods(f"run_id={self.run_id()},step_name={name}")
        except (OSError, ValueError, AssertionError) as error:
            return f"does not answer: {error}"
        told = []
        for pod in pods:
            status = pod["status"]
            states = [container["state"] for container in status.get("containerStatuses", [])]
            told.append(f"{status.get('phase')} {status.get('reason')} {status.get('message')} {json.dumps(states)}")
        return "; ".join(told)

    def close(self) -> None:
        if self.process and not self.process.ended():
            self.process.kill()
        if run_id := self.run_id():
            self.cluster.delete_pods(f"run_id={run_id}")
        self.proxy.close()
        self.folder.cleanup()


def is_at(stage: str, row: dict[str, Any]) -> bool:
    if not stage:
        return True
    if row["state"] in ENDED:
        raise AssertionError(f"{row['name']} ended before it was met: {row['state']} {row['detail']}")
    if stage == "running":
        return bool(row["state"] == "running")
    return row["state"] == "pending" and json.loads(row["detail"]).get("reason") == "ImagePull"


def wait_while_it_goes(seconds: float, flows: Sequence[Flow]) -> None:
    """So long, or until all flows have ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not all(flow.ended() for flow in flows):
        time.sleep(0.05)
