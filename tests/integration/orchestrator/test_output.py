"""What people see: a table on a terminal, lines in a pipe, a document for programs."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time

import workshop
from workshop import PATIENCE, Workshop


class Output(Workshop):
    def on_a_terminal(self, *arguments, **env):
        """Runs stepop with a terminal of 100 columns; returns its status and all it wrote."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        process = subprocess.Popen([str(workshop.STEPOP), *arguments],
                                   env={**self.env, "TERM": "xterm", **env}, cwd=self.place,
                                   stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = b""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], deadline - time.monotonic())
            if not ready:
                break
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        return process.wait(PATIENCE), text.decode()

    def pipeline(self):
        return self.write_pipeline({
            "good": self.step('echo "{\\"rows\\":3}" > "$STEPOP_RESULT_PATH"'),
            "bad": self.step("echo this went wrong; exit 3"),
            "after": self.step(needs=["bad"]),
        })

    def test_a_pipe_gets_plain_lines_with_times(self):
        done = self.stepop("run", self.pipeline(), "--stack", self.stack)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^\d\d:\d\d:\d\d good: succeeded \(here\)")
        self.assertRegex(done.stdout, r"(?m)^\d\d:\d\d:\d\d after: skipped \(here\): it needs bad, which failed$")
        self.assertRegex(done.stdout, r'(?m)^good +here +succeeded .*\{"rows":3\}$')

    def test_a_failed_step_shows_why_and_the_end_of_its_log(self):
        done = self.stepop("run", self.pipeline(), "--stack", self.stack)
        screen = done.stdout[done.stdout.index("step bad failed"):]
        self.assertIn("NonZeroExit (exit code 3)", screen.split("\n")[0])
        self.assertIn("stepop logs demo-1 bad", screen)
        self.assertIn("    this went wrong\n", screen)
        self.assertNotIn("step after", screen)

    def test_a_terminal_gets_a_table_that_is_drawn_in_place(self):
        status, text = self.on_a_terminal("run", self.pipeline(), "--stack", self.stack)
        self.assertEqual(status, 1)
        self.assertIn("STEP", text)
        self.assertRegex(text, r"\x1b\[\dA")   # goes up, to draw again
        self.assertIn("\x1b[32msucceeded\x1b[0m", text)
        self.assertIn("\x1b[31mfailed\x1b[0m", text)
        self.assertIn('{"rows":3}', text)

    def test_no_color_is_honoured(self):
        status, text = self.on_a_terminal("run", self.pipeline(), "--stack", self.stack, NO_COLOR="1")
        self.assertEqual(status, 1)
        self.assertNotRegex(text, r"\x1b\[\d+m")

    def test_yaml_says_what_json_says(self):
        pipeline = self.write_pipeline({"a": self.step("echo '[1, \"x\"]' > $STEPOP_RESULT_PATH")})
        done = self.stepop("run", pipeline, "--stack", self.stack, "-o", "yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)\Arun: demo-1$[^\0]*^    result: \[1, x\]$")
        self.assertEqual(self.stepop("run", "--resume", "demo-1", "-o", "yaml").stdout, done.stdout)

    def test_json_is_one_document_and_progress_goes_to_stderr(self):
        done = self.stepop("run", self.pipeline(), "--stack", self.stack, "-o", "json")
        document = json.loads(done.stdout)
        self.assertEqual(document["run"], "demo-1")
        self.assertEqual(
            sorted(document["steps"][0]),
            ["attempt", "exit_code", "finished_at", "hint", "message", "name", "node", "pod",
             "reason", "result", "started_at", "state", "step_operator", "user_code_ran",
             "workload"])
        self.assertIn("good: succeeded", done.stderr)

    def test_a_reader_that_goes_away_does_not_stop_the_run(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(wait), "b": self.noted("b", needs=["a"])})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        host.process.stdout.close()
        self.open_gate("a")
        self.assertEqual(host.process.wait(PATIENCE), 0)
        self.assert_ran_once("b")

    def test_ps_shows_runs_and_their_steps(self):
        self.stepop("run", self.pipeline(), "--stack", self.stack)
        text = self.stepop("ps").stdout
        self.assertRegex(text, r"(?m)^demo-1 +failed ")
        self.assertRegex(text, r"(?m)^ +good +here +succeeded ")

    def test_ps_shows_a_run_that_goes_on(self):
        wait = self.gate("a")
        host = self.start("run", self.write_pipeline({"a": self.step(wait)}), "--stack", self.stack)
        host.wait_for(r"a: running")
        self.assertRegex(self.stepop("ps").stdout, r"(?m)^ +a +here +running ")

    def test_each_verb_has_help(self):
        for verb in ("run", "logs", "ps", "cancel", "doctor", "completion", "version"):
            done = self.stepop(verb, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"Usage: stepop {verb}", done.stdout)

    def test_an_unknown_verb_or_option_is_named_with_the_nearest(self):
        for arguments, message in (
                (["rnu"], 'there is no command `stepop rnu`; did you mean "run"?'),
                (["step-operator", "lst"], 'there is no command `stepop step-operator lst`; did you mean "list"?'),
                (["run", "--stak", "x"], "--stak: `stepop run` has no such option; did you mean --stack?"),
                (["stack", "set", "a", "b"], "The following argument was not expected: b; `stepop stack set --help` shows "
                                             "how to call it"),
                (["step-operator"], "a command is missing; `stepop step-operator --help` shows how to call it"),
                ([], "a command is missing; `stepop --help` shows how to call it")):
            done = self.stepop(*arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", f"error: {message}\n"))

    def test_the_version_is_told_in_every_form(self):
        line = self.stepop("--version").stdout
        self.assertRegex(line, r"^stepop [\d.]+ \(plugin ABI [\d.]+\)\n$")
        self.assertEqual(self.stepop("version").stdout, line)
        self.assertRegex(self.stepop("version", "-o", "yaml").stdout, r'^version: "?[\d.]+"?\nabi: "?[\d.]+"?\n$')

    def test_a_document_that_could_not_be_written_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([workshop.STEPOP, "ps", "-o", "json"], env=self.env, stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (3, "error: cannot write to stdout: No space left on device\n"))

    def test_a_flavors_settings_can_be_read_on_a_terminal(self):
        status, text = self.on_a_terminal("step-operator", "flavor", "describe", "local", "--stack", self.stack,
                                          NO_COLOR="1")
        self.assertEqual(status, 0)
        self.assertIn("termination_grace_seconds  number, default 30\r\n"
                      "    How long a command may take to stop after SIGTERM.\r\n", text)
        self.assertLessEqual(max(len(line) for line in text.split("\r\n")[3:]), 100)
