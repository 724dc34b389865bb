"""A suite: functions whose names are sentences, run in order; the last line counts them."""

from __future__ import annotations

import argparse
import fnmatch
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Test = Callable[[], None]


def arguments(description: str | None, *more: Callable[[argparse.ArgumentParser], object]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, required=True, metavar="DIR", help="a build directory of the project")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="only tests whose name matches")
    for add in more:
        add(parser)
    chosen = parser.parse_args()
    chosen.build = chosen.build.resolve()
    return chosen


def name_of(test: Test) -> str:
    return test.__name__.strip("_").replace("_", " ")


class Suite:
    def __init__(self, only: str = "*") -> None:
        self.only = only
        self.passed = 0
        self.failed = 0
        self.lock = threading.Lock()

    def wants(self, name: str) -> bool:
        return fnmatch.fnmatch(name, self.only) or self.only in name

    def run(self, test: Test, name: str = "") -> bool:
        """True also for one that is not wanted."""
        name = name or name_of(test)
        if not self.wants(name):
            return True
        began = time.monotonic()
        try:
            test()
        except KeyboardInterrupt:
            raise
        except BaseException:
            told = "".join(f"        {line}\n" for line in traceback.format_exc().splitlines())
            with self.lock:
                self.failed += 1
                print(f"FAILED  {name} ({time.monotonic() - began:.1f} s)\n{told}", end="", flush=True)
            return False
        with self.lock:
            self.passed += 1
            print(f"ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
        return True

    def run_all(self, tests: list[Test]) -> None:
        for test in tests:
            self.run(test)

    def run_at_once(self, tests: list[tuple[str, Test]], most: int) -> None:
        """Tests that have nothing in common, so many at a time."""
        with ThreadPoolExecutor(most) as pool:
            # Asked for one by one, so that what a test raises here (an interrupt) is not lost.
            for done in [pool.submit(self.run, test, name) for name, test in tests]:
                done.result()

    def end(self) -> int:
        """The last line, and the exit status."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
