"""The example hosts in Go, Rust, Node and Java: each built by packaging/deps/hosts, and run with both plugins."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parts.cluster import ROOT, Cluster, wait_until

HOSTS = ROOT / "examples" / "hosts"
HERE = Path(__file__).resolve().parent
SOURCES = {"go": "go/stepop_run.go", "rust": "rust/stepop_run.rs", "node": "node/stepop_run.mjs",
           "java": "java/StepopRun.java"}
MOST_LINES = 150
SECONDS = 180
# Both wait for the other: only steps that run at once come to an end.
MEETING = "touch {own}; until test -e {other}; do sleep 0.05; done; echo met; echo '[\"{own}\"]' > $STEPOP_RESULT_PATH"
# Nothing of ours, and a kubeconfig that is not there: what a host cannot set in the C environment must come by its config.
STRANGE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "KUBECONFIG": "/nonexistent/kubeconfig", "LC_ALL": "C",
           "SSL_CERT_FILE": "/nonexistent/certificates"}

Test = Callable[[], None]


class Ended:
    """What a host printed: `ID STATE DETAIL` for each state, `ID log: LINE` for each line."""

    def __init__(self, command: list[str], env: dict[str, str] | None = None) -> None:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, env=env, check=False)
        self.code, self.out = done.returncode, done.stdout.decode(errors="replace")
        self.err = done.stderr.decode(errors="replace")

    def detail(self, step: str, state: str) -> Any:
        found = re.findall(rf"^{re.escape(step)} {state} (\{{.*\}})$", self.out, re.MULTILINE)
        assert len(found) == 1, self
        return json.loads(found[0])

    def log(self, step: str) -> list[str]:
        return re.findall(rf"^{re.escape(step)} log: (.*)$", self.out, re.MULTILINE)

    def __str__(self) -> str:
        return f"exit status {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Languages:
    def __init__(self, build: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self.local = build / "plugins" / "libstepop_local.so"
        self.kubernetes = build / "plugins" / "libstepop_kubernetes.so"
        script = ROOT / "packaging" / "deps" / "hosts"
        told = subprocess.run([script, build / "hosts"], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.commands = {name: command for name, *command in (line.split("\t") for line in told.splitlines())}
        assert self.commands.keys() == SOURCES.keys(), told

    # ---- Running

    def on_this_machine(self, language: str, scripts: dict[str, str], env: dict[str, str] | None = None) -> Ended:
        with tempfile.TemporaryDirectory() as state:
            config = json.dumps({"owner": "tests", "state_directory": state})
            requests = [json.dumps({"step_run_id": step, "command": ["sh", "-c", script]})
                        for step, script in scripts.items()]
            ended = Ended([*self.commands[language], str(self.local), "local", config, *requests], env)
            assert not any(Path(state).glob("*/end")) or ended.code, f"a step that succeeded is left: {ended}"
            return ended

    def on_the_cluster(self, language: str, scripts: dict[str, str], env: dict[str, str] | None = None) -> Ended:
        owner = f"tests-{uuid.uuid4().hex[:12]}"
        memory = {"resources": {"requests": {"memory": "4Mi"}}}
        config = json.dumps({"owner": owner, "kubeconfig": self.cluster.account.kubeconfig, "pod_settings": memory})
        requests = [json.dumps({"step_run_id": step, "step_name": "host", "image": self.cluster.image,
                                "command": ["sh", "-c", script]}) for step, script in scripts.items()]
        command = [*self.commands[language], str(self.kubernetes), "kubernetes", config, *requests]
        try:
            ended = Ended(command, env)
            if ended.code == 0:
                wait_until("its pods are gone", lambda: not self.cluster.pods(f"stepop.dev/owner={owner}"))
            return ended
        finally:
            self.cluster.delete_pods(f"stepop.dev/owner={owner}")

    # ---- What each of them does

    def is_small(self, language: str) -> None:
        lines = len((HOSTS / SOURCES[language]).read_text().splitlines())
        assert lines <= MOST_LINES, f"{lines} lines"

    def runs_two_steps_at_once_as_processes(self, language: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            one, two = f"{folder}/one", f"{folder}/two"
            scripts = {"one": MEETING.format(own=one, other=two), "two": MEETING.format(own=two, other=one)}
            ended = self.on_this_machine(language, scripts)
        assert ended.code == 0, ended
        for step, own in (("one", one), ("two", two)):
            assert ended.detail(step, "succeeded")["result"] == [own] and ended.log(step) == ["met"], ended

    def runs_two_steps_at_once_in_pods(self, language: str) -> None:
        one, two = f"hosts/{uuid.uuid4().hex[:8]}", f"hosts/{uuid.uuid4().hex[:8]}"
        # An environment that would lead astray whoever reads it.
        ended = self.on_the_cluster(language, {one: "echo first; echo 1 > $STEPOP_RESULT_PATH",
                                               two: "echo second; echo '{\"a\": 2}' > $STEPOP_RESULT_PATH"}, STRANGE)
        assert ended.code == 0, ended
        assert ended.detail(one, "succeeded")["result"] == 1 and ended.log(one) == ["first"], ended
        assert ended.detail(two, "succeeded")["result"] == {"a": 2} and ended.log(two) == ["second"], ended
        first_end = min(ended.out.index(f"{step} succeeded") for step in (one, two))
        assert all(ended.out.index(f"{step} accepted") < first_end for step in (one, two)), ended

    def tells_of_a_step_that_fails(self, language: str) -> None:
        ended = self.on_this_machine(language, {"good": "echo fine", "bad": "echo oh no; exit 3"})
        detail = ended.detail("bad", "failed")
        assert (ended.code, detail["reason"], detail["exit_code"]) == (1, "NonZeroExit", 3), ended
        assert ended.log("bad") == ["oh no"] and ended.log("good") == ["fine"], ended

    def tells_of_bad_input(self, language: str) -> None:
        command = self.commands[language]
        for words, expected in (
            ([self.local, "local", "{}", "{}"], "owner"),
            ([self.local, "loca", "{}", "{}"], "local"),
            ([self.local, "local", '{"owner":"tests"}', '{"step_run_id":"a","comand":[]}'], "comand"),
            (["/no/such/plugin.so", "local", "{}", "{}"], "/no/such/plugin.so"),
            ([], "usage"),
        ):
            ended = Ended([*command, *map(str, words)])
            assert ended.code == 2 and expected in ended.err, ended

    def passes_every_byte_on(self, language: str) -> None:
        # In a C locale, in which a language may take bytes for something else.
        script = "printf 'na\\303\\257ve \\342\\202\\254\\n'; printf '\"\\303\\274\"' > $STEPOP_RESULT_PATH"
        ended = self.on_this_machine(language, {"a": script}, STRANGE)
        assert ended.detail("a", "succeeded")["result"] == "ü" and ended.log("a") == ["naïve €"], ended

    # ---- Node's own traps

    def binds_to_nothing_of_nodes(self) -> None:
        """Node exports an OpenSSL of its own, and more that a plugin has too: each must keep to its own."""
        with tempfile.TemporaryDirectory() as folder:
            env = {**os.environ, "LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": f"{folder}/bindings"}
            ended = self.on_the_cluster("node", {f"hosts/{uuid.uuid4().hex[:8]}": "true"}, env)
            assert ended.code == 0, ended
            bindings = "\n".join(file.read_text(errors="replace") for file in Path(folder).iterdir())
        node = self.commands["node"][0]
        exported = subprocess.run(["nm", "-D", "--defined-only", os.path.realpath(node)], capture_output=True, text=True,
                                  check=True).stdout
        assert re.search(r"\bSSL_new$", exported, re.MULTILINE), "this Node has no OpenSSL that could be in the way"
        ours = re.findall(rf"binding file {re.escape(str(self.kubernetes))} \[0\] to (\S+) \[0\]: .* symbol `(\S+)'", bindings)
        assert ours, "the loader tells of no binding of the plugin"
        # Of libc's symbols, whoever refers to them first holds some for all (copies of objects, addresses of functions).
        libc = subprocess.run(["nm", "-D", "--defined-only", next(w for w, _ in ours if w.endswith("/libc.so.6"))],
                              capture_output=True, text=True, check=True).stdout
        of_libc = {line.split()[-1].split("@")[0] for line in libc.splitlines()}
        elsewhere = {(where, symbol) for where, symbol in ours if where != str(self.kubernetes)
                     and not re.match(r"lib[cm]\.so\.6$|ld-linux", Path(where).name) and symbol not in of_libc}
        assert not elsewhere, elsewhere
        theirs = re.findall(rf"binding file (\S+) \[0\] to {re.escape(str(self.kubernetes))} \[0\]", bindings)
        assert set(theirs) <= {str(self.kubernetes)}, f"bound to the plugin: {set(theirs)}"

    def children_of_the_host_and_steps_do_not_meet(self) -> None:
        """libuv waits for the children of its process; so does the plugin `local`, for its own."""
        with tempfile.TemporaryDirectory() as state:
            config = json.dumps({"owner": "tests", "state_directory": state})
            host = self.commands["node"][1]
            ended = Ended([self.commands["node"][0], str(HERE / "children.mjs"), host, str(self.local), config])
        assert ended.code == 0 and "20 steps and 100 children ended as they should" in ended.out, ended

    def tests(self) -> list[tuple[str, Test]]:
        def of(language: str, test: Callable[[str], None]) -> tuple[str, Test]:
            return f"the host in {language} {test.__name__.replace('_', ' ')}", lambda: test(language)

        each = [self.is_small, self.runs_two_steps_at_once_as_processes, self.runs_two_steps_at_once_in_pods,
                self.tells_of_a_step_that_fails, self.tells_of_bad_input, self.passes_every_byte_on]
        return [of(language, test) for language in SOURCES for test in each] + [
            ("in node the plugin binds to nothing of nodes", self.binds_to_nothing_of_nodes),
            ("in node children of the host and steps do not meet", self.children_of_the_host_and_steps_do_not_meet),
        ]
