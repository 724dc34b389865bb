"""The pipelines of the tests: five steps, three of them in pods; and one step alone. What they are told comes from the
environment:

ZENML_TEST_PIPELINE   `one_step`, else the five
ZENML_TEST_OPERATOR   the step operator's name; empty: all steps run here
ZENML_TEST_SETTINGS   JSON: settings of the steps that run in pods
ZENML_TEST_IMAGE      their image
ZENML_TEST_FAIL       `memory`: the trainer takes more than its limit
ZENML_TEST_SECONDS    how long the step alone works
ZENML_TEST_CACHE      1: what was computed in an earlier run is taken from there
ZENML_TEST_OUT        a file: a JSON line each time that ZenML knows of a step's end, and one at the end of the run
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from zenml import pipeline, step
from zenml.config import DockerSettings, ResourceSettings

OPERATOR = os.environ.get("ZENML_TEST_OPERATOR", "cluster") or None
SETTINGS: dict[str, Any] = json.loads(os.environ.get("ZENML_TEST_SETTINGS", "{}"))
# Inside a pod nothing of this is said, and nothing of it matters: the module is imported for the step's function.
IMAGE = os.environ.get("ZENML_TEST_IMAGE", "of-the-runner")
FAIL = os.environ.get("ZENML_TEST_FAIL", "")
SECONDS = float(os.environ.get("ZENML_TEST_SECONDS", "0"))
CACHE = os.environ.get("ZENML_TEST_CACHE", "") == "1"
# More than a step's Python takes with all that it imports.
LIMIT = "1Gi"
LARGE = 20 << 20
ROWS = 1000

docker = DockerSettings(parent_image=IMAGE, skip_build=True)
in_a_pod = {"step_operator": OPERATOR, "settings": {"step_operator": SETTINGS, "docker": docker}}


def limited(memory: str) -> dict[str, Any]:
    """The same with a limit of memory."""
    pod = {
        **SETTINGS.get("pod_settings", {}),
        "resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": memory}},
    }
    return {**in_a_pod, "settings": {"step_operator": {**SETTINGS, "pod_settings": pod}, "docker": docker}}


@step(enable_cache=CACHE)
def prepare() -> Annotated[list[int], "rows"]:
    return list(range(ROWS))


@step(
    enable_cache=CACHE,
    step_operator=OPERATOR,
    settings={
        "step_operator": SETTINGS,
        "docker": docker,
        "resources": ResourceSettings(cpu_count=0.1, memory="300MiB"),
    },
)
def features(rows: list[int]) -> Annotated[dict[str, int], "features"]:
    print(f"features of {len(rows)} rows")
    return {"total": sum(rows), "largest": max(rows)}


@step(enable_cache=CACHE, **in_a_pod)
def blob(rows: list[int]) -> Annotated[bytes, "blob"]:
    print("a large artifact")
    return bytes(len(rows) % 256 for _ in range(1)) * LARGE


@step(enable_cache=CACHE, **(limited(LIMIT) if FAIL == "memory" else in_a_pod))
def trainer(features: dict[str, int], blob: bytes, fail: str) -> Annotated[dict[str, int], "model"]:
    print("training", flush=True)
    if fail == "memory":
        hoard = []
        while True:
            hoard.append(b"x" * (16 << 20))
    return {"score": features["total"] + len(blob)}


@step(enable_cache=CACHE)
def report(model: dict[str, int]) -> Annotated[int, "score"]:
    print("score", model["score"])
    return model["score"]


@pipeline(enable_cache=CACHE, settings={"docker": docker})
def five_steps() -> None:
    rows = prepare()
    report(trainer(features(rows), blob(rows), FAIL))


@step(enable_cache=False, **in_a_pod)
def alone(seconds: float) -> Annotated[float, "seconds"]:
    print("working", flush=True)
    time.sleep(seconds)
    return seconds


@pipeline(enable_cache=False, settings={"docker": docker})
def one_step() -> None:
    alone(SECONDS)


def note(**line: Any) -> None:
    if out := os.environ.get("ZENML_TEST_OUT"):
        with Path(out).open("a") as file:
            file.write(json.dumps(line) + "\n")


def watch() -> None:
    """Notes when ZenML's launcher learns that a step in a pod has ended, and what it cost this process till then."""
    from zenml.orchestrators.step_launcher import StepLauncher

    launched = StepLauncher._run_step_with_step_operator
    ended = StepLauncher._finalize_remote_step
    began: dict[str, float] = {}

    def launch(self: Any, **words: Any) -> Any:
        began[str(words["step_run_info"].step_run_id)] = time.process_time()
        return launched(self, **words)

    def end(self: Any, status: Any, step_run_info: Any) -> Any:
        step_run = str(step_run_info.step_run_id)
        cpu = time.process_time() - began[step_run]
        name = step_run_info.pipeline_step_name
        note(step=name, step_run_id=step_run, known=time.time(), status=str(status), cpu=cpu)
        return ended(self, status=status, step_run_info=step_run_info)

    StepLauncher._run_step_with_step_operator = launch
    StepLauncher._finalize_remote_step = end


if __name__ == "__main__":
    watch()
    raised = ""
    chosen = one_step if os.environ.get("ZENML_TEST_PIPELINE") == "one_step" else five_steps
    try:
        chosen()
    except BaseException as error:
        raised = f"{type(error).__name__}: {error}"
    usage = resource.getrusage(resource.RUSAGE_SELF)
    note(run=chosen.name, raised=raised, cpu=usage.ru_utime + usage.ru_stime)
    sys.exit(1 if raised else 0)
