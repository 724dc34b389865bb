"""A process forks, ends, is interrupted; and the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from local import PATIENCE, config, folder, library, opened, shell, step, until, use  # noqa: F401

import stepop
from stepop import State

SOURCE = Path(stepop.__file__).resolve().parents[1]


def python(*words: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ, PYTHONPATH=str(SOURCE))
    command = [sys.executable, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=env, check=False)


def program(text: str, *words: str) -> subprocess.CompletedProcess[str]:
    begin = "import json, os, signal, sys, threading, stepop\n"
    return python("-c", begin + textwrap.dedent(text), str(library()), *words)


def a_forked_child_is_told_to_open_its_own() -> None:
    done = program(
        """
        operator = stepop.open("local", json.loads(sys.argv[2]), plugin=sys.argv[1])
        threading.Thread(target=lambda: list(operator.events()), daemon=True).start()
        child = os.fork()
        if child == 0:
            for call in (lambda: operator.status("a"), operator.next_event, lambda: operator.wait("a"), operator.check):
                try:
                    call()
                    os._exit(3)
                except stepop.Forked as error:
                    assert "open one of its own" in str(error)
            operator.close()
            with stepop.open("local", json.loads(sys.argv[2]), plugin=sys.argv[1]) as own:
                own.run({"step_run_id": "child", "command": ["true"]}, timeout=30)
            sys.exit(0)
        _, status = os.waitpid(child, 0)
        operator.run({"step_run_id": "parent", "command": ["true"]}, timeout=30)
        print("child", status)
        """,
        json.dumps(config()),
    )
    assert done.returncode == 0 and done.stdout == "child 0\n", (done.stdout, done.stderr)


def an_interpreter_that_exits_leaves_its_steps_running_and_the_next_takes_them_up() -> None:
    shared = config()
    gate = folder() / "gate"
    request = shell(f"while [ ! -e {gate} ]; do sleep 0.02; done; echo 5 > $STEPOP_RESULT_PATH")
    done = program(
        """
        operator = stepop.open("local", json.loads(sys.argv[2]), plugin=sys.argv[1])
        request = json.loads(sys.argv[3])
        operator.submit(request)
        threading.Thread(target=operator.wait, args=(request["step_run_id"],), daemon=True).start()
        threading.Thread(target=lambda: list(operator.events()), daemon=True).start()
        """,
        json.dumps(shared),
        json.dumps(request),
    )
    assert done.returncode == 0, done.stderr
    gate.touch()
    with stepop.open("local", shared, plugin=library()) as operator:
        operator.submit(request)
        ended = operator.wait(request["step_run_id"], PATIENCE)
        assert ended.state is State.SUCCEEDED and ended.result == 5, ended


def an_operator_that_nobody_holds_is_closed() -> None:
    operator = opened()
    handle = operator._handle
    del operator
    assert handle.closed


def ctrl_c_ends_a_wait_without_end() -> None:
    done = program(
        """
        # A shell without job control starts what it puts into the background deaf to Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        operator = stepop.open("local", json.loads(sys.argv[2]), plugin=sys.argv[1])
        operator.submit({"step_run_id": "long", "command": ["sleep", "600"]})
        for call in (lambda: operator.wait("long"), lambda: list(operator.events())):
            try:
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                call()
            except KeyboardInterrupt:
                print("interrupted")
        operator.cancel("long", grace=0)
        operator.wait("long", 30)
        """,
        json.dumps(config()),
    )
    assert done.stdout == "interrupted\ninterrupted\n", (done.stdout, done.stderr)


def doctor_tells_what_is_here_and_whether_it_works() -> None:
    words = ("--plugin-directory", str(library().parent), "--flavor", "local")
    done = python("-m", "stepop", "doctor", *words, "--config", json.dumps(config()))
    assert done.returncode == 0 and "stepop_local" in done.stdout and "error" not in done.stdout, done
    done = python("-m", "stepop", "doctor", *words, "--config", '{"owmer": 1}', "-o", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 1 and not document["healthy"], done
    assert any(finding["path"] == "owmer" for finding in document["checks"]["local"]), document


def doctor_says_when_there_is_no_plugin_and_when_its_input_is_bad() -> None:
    done = python("-m", "stepop", "doctor", "--plugin-directory", "/no/such/directory")
    assert done.returncode == 1 and "/no/such/directory" in done.stdout and "no plugin was found" in done.stdout, done
    for wrong in ("{", "/no/such/file", "[]"):
        done = python("-m", "stepop", "doctor", "--config", wrong)
        assert done.returncode == 2 and done.stderr.startswith("error: --config"), done


TESTS = [
    a_forked_child_is_told_to_open_its_own,
    an_interpreter_that_exits_leaves_its_steps_running_and_the_next_takes_them_up,
    an_operator_that_nobody_holds_is_closed,
    ctrl_c_ends_a_wait_without_end,
    doctor_tells_what_is_here_and_whether_it_works,
    doctor_says_when_there_is_no_plugin_and_when_its_input_is_bad,
]
