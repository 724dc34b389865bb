"""Runs the faults: what is only between plugin and API server several at once, what the cluster suffers one by one."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from parts.cluster import Cluster, wait_until

from .cases import CASES, SHORT
from .cluster_faults import ROUND_FAULTS, STREAM_FAULTS, RoundFault, StreamFault, World
from .flows import Flow, wait_while_it_goes
from .proxy_faults import PROXY_FAULTS, ProxyFault
from .spare_node import SpareNode
from .table import Row, print_table

# The proxy faults that go on together, and the steps of one run that do.
FAULTS_AT_ONCE = 3
STEPS_AT_ONCE = 12
# Of all steps of a fault, one in so many is cancelled.
CANCELLED = 8
# Steps of one round; they all start before anything happens to them.
ROUND = 40
LATE = 3
# A step takes some seconds, and a fault may hold a call up for half a minute and a silent watch for one and a half.
LEAST_SECONDS = 300.0
SECONDS_A_STEP = 8.0


class Trials:
    def __init__(self, cluster: Cluster, build: Path, steps: int, seed: int, wanted: Sequence[str]) -> None:
        # Named faults are all done, all others but the slow ones when there are few steps.
        self.is_short = steps <= SHORT and "all" in wanted
        self.cluster = cluster
        self.build = build
        self.steps = steps
        self.seed = seed
        self.wanted = wanted
        self.rows: list[Row] = []
        self.lock = threading.Lock()

    def wants(self, name: str) -> bool:
        return any(word == "all" or word in name for word in self.wanted)

    def run(self) -> int:
        proxied = [fault for fault in PROXY_FAULTS if self.wants(fault.name) and not (fault.slow and self.is_short)]
        with ThreadPoolExecutor(FAULTS_AT_ONCE) as pool:
            for done in [pool.submit(self.one, fault.name, self.proxy_fault(fault)) for fault in proxied]:
                done.result()
        for stream in STREAM_FAULTS:
            if self.wants(stream.name) and not (stream.slow and self.is_short):
                self.one(stream.name, self.stream_fault(stream))
        rounds = [fault for fault in ROUND_FAULTS if self.wants(fault.name) and not (fault.slow and self.is_short)]
        if rounds:
            with self.spare_node() as spare:
                for fault in rounds:
                    self.one(fault.name, self.round_fault(fault, spare))
        order = [fault.name for fault in [*PROXY_FAULTS, *STREAM_FAULTS, *ROUND_FAULTS]]
        self.rows.sort(key=lambda row: order.index(row.fault))
        if self.rows:
            print_table(self.rows)
        passed = sum(row.clean() for row in self.rows)
        print(f"{passed} passed, {len(self.rows) - passed} failed", flush=True)
        return 0 if self.rows and passed == len(self.rows) else 1

    def one(self, name: str, work: Callable[[Row, random.Random], None]) -> None:
        """One row; what goes wrong with the test itself makes it unclean, too."""
        row = Row(name)
        began = time.monotonic()
        try:
            work(row, random.Random(f"{self.seed} {name}"))
        except Exception:
            row.troubles += traceback.format_exc().splitlines()
        row.seconds = time.monotonic() - began
        with self.lock:
            self.rows.append(row)
            told = f"{row.steps} steps, injected {row.injected} times ({row.seconds:.0f} s)"
            print(f"{'ok     ' if row.clean() else 'FAILED '} {name}: {told}", flush=True)
            for line in row.troubles:
                print(f"        {line}")
            if not row.injected:
                print("        it was never injected")

    @contextmanager
    def spare_node(self) -> Iterator[SpareNode]:
        spare = SpareNode(self.cluster)
        spare.start()
        try:
            yield spare
        finally:
            spare.stop()

    # ---- Steps that come and go -------------------------------------------------------------------------------------

    def flows(self, cases: Sequence[str], cancelled: Sequence[str], choose: random.Random) -> list[Flow]:
        count = max(len(cancelled), self.steps // CANCELLED)
        stopped = [cancelled[number % len(cancelled)] for number in range(count)]
        going = [cases[number % len(cases)] for number in range(max(len(cases), self.steps - count))]
        choose.shuffle(going)
        return [
            Flow(self.cluster, self.build, "going", going, STEPS_AT_ONCE, choose.randrange(1 << 32)),
            Flow(self.cluster, self.build, "cancelled", stopped, len(stopped), choose.randrange(1 << 32)),
        ]

    def proxy_fault(self, fault: ProxyFault) -> Callable[[Row, random.Random], None]:
        def work(row: Row, choose: random.Random) -> None:
            flows = self.flows(fault.cases(), fault.cancelled(), choose)

            def arm(flow: Flow) -> None:
                flow.counted = fault.arm(flow.proxy, choose)

            strikes = (lambda flow: flow.strikes()) if fault.loses_place else None
            self.through(row, flows, arm, lambda: 0, strikes, fault.loses_place)

        return work

    def stream_fault(self, fault: StreamFault) -> Callable[[Row, random.Random], None]:
        def work(row: Row, choose: random.Random) -> None:
            flows = self.flows(fault.cases(), fault.cancelled(), choose)
            struck = 0
            calm_until = 0.0

            def strike() -> int:
                nonlocal struck, calm_until
                # A host that cannot reach its cluster when it begins says so, and creates nothing.
                if time.monotonic() < calm_until or not all(flow.rows() for flow in flows):
                    return 0
                count = fault.strike(flows, choose)
                calm_until = time.monotonic() + choose.uniform(*fault.calm)
                struck += count
                return count

            self.through(row, flows, lambda flow: None, strike, lambda flow: struck, fault.loses_place)

        return work

    def through(
        self,
        row: Row,
        flows: list[Flow],
        arm: Callable[[Flow], None],
        strike: Callable[[], int],
        strikes: Callable[[Flow], int] | None,
        blinds: bool,
    ) -> None:
        """From the start of the flows to the end of all, or of the time that they have. With `strikes`, the fault has
        to come once more before the cancel, when the steps are where they are to be met; else it meets the cancel.

        One that `blinds` stepop pauses for the cancel: a pod that stops and is removed while nobody can see it is
        rightly called lost (design: deletion alone confirms nothing), and whether that happens is a matter of moments.
        """
        going, cancelled = flows
        try:
            for flow in flows:
                arm(flow)
                flow.start()
            deadline = time.monotonic() + LEAST_SECONDS + SECONDS_A_STEP * self.steps
            while time.monotonic() < deadline and not all(flow.ended() for flow in flows):
                if not (blinds and cancelled.cancel_wanted and not cancelled.ended()):
                    row.injected += strike()
                if cancelled.cancel_wanted:
                    cancelled.cancel()
                elif cancelled.in_stage_at is not None:
                    if not strikes or (strikes(cancelled) > cancelled.in_stage_at and cancelled.watches()):
                        if blinds:
                            cancelled.proxy.clear()
                        cancelled.cancel()
                elif not cancelled.ended() and cancelled.in_stage():
                    cancelled.in_stage_at = strikes(cancelled) if strikes else 0
                wait_while_it_goes(0.1, flows)
            row.injected += sum(flow.strikes() for flow in flows)
            for flow in flows:
                self.judge(row, flow)
        finally:
            for flow in flows:
                flow.close()

    def judge(self, row: Row, flow: Flow) -> None:
        if not flow.ended() and flow.process:
            row.troubles.append(f"{flow.part}: `stepop run` did not end\n{flow.process}")
            flow.process.kill()
        elif flow.process and not flow.claims():
            row.troubles.append(f"{flow.part}: `stepop run` made nothing\n{flow.process}")
        flow.proxy.clear()
        row.troubles += [f"the proxy failed: {failure}" for failure in flow.proxy.failures]
        row.judge(flow)

    # ---- Steps that are met in the midst of their life --------------------------------------------------------------

    def round_fault(self, fault: RoundFault, spare: SpareNode) -> Callable[[Row, random.Random], None]:
        def work(row: Row, choose: random.Random) -> None:
            late = LATE if fault.late else 0
            while row.steps < self.steps:
                count = min(ROUND, self.steps - row.steps)
                met = [fault.met[number % len(fault.met)] for number in range(max(len(fault.met), count - late))]
                # What waits for its image comes last, since it waits only for a while.
                met.sort(key=lambda case: CASES[case].stage == "waiting")
                self.one_round(row, fault, met, late, spare, choose)

        return work

    def one_round(
        self, row: Row, fault: RoundFault, met: list[str], late: int, spare: SpareNode, choose: random.Random
    ) -> None:
        flows = [Flow(self.cluster, self.build, "met", met, len(met), choose.randrange(1 << 32))]
        world = World(self.cluster, flows[0], choose, spare)
        deadline = time.monotonic() + LEAST_SECONDS + SECONDS_A_STEP * len(met)
        try:
            fault.prepare(world)
            flows[0].start()
            wait_until("all steps are where they are to be met", flows[0].in_stage, LEAST_SECONDS)
            row.injected += fault.strike(world)
            if late:
                flows.append(Flow(self.cluster, self.build, "late", ["late"] * late, late, choose.randrange(1 << 32)))
                flows[1].start()
                wait_until("the late steps have begun", lambda: is_submitted(flows[1]))
            self.put_right(world)
            while time.monotonic() < deadline and not all(flow.ended() for flow in flows):
                wait_while_it_goes(0.5, flows)
            for flow in flows:
                self.judge(row, flow)
        finally:
            self.put_right(world)
            for flow in flows:
                flow.close()

    def put_right(self, world: World) -> None:
        while world.undo:
            world.undo.pop()()


def is_submitted(flow: Flow) -> bool:
    rows = flow.rows()
    return bool(rows) and all(row["state"] != "waiting" for row in rows.values())
