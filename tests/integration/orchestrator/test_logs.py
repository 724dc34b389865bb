"""Logs: the host's copy, while it grows and when the step is long gone."""

import shutil

from workshop import Workshop


class Logs(Workshop):
    def test_a_log_is_there_when_what_ran_the_step_is_gone(self):
        self.run_json(self.write_pipeline({"a": self.step("echo out; echo err >&2; printf 'no newline'")}))
        shutil.rmtree(self.place / "local")
        self.assertEqual(self.stepop("logs", "demo-1", "a").stdout, "out\nerr\nno newline\n")

    def test_following_ends_when_the_log_is_complete(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(f"echo before; {wait}; echo after")})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        follower = self.start("logs", "-f", "demo-1", "a")
        follower.wait_for("before\n")
        self.open_gate("a")
        self.assertEqual(follower.end(), 0)
        self.assertEqual(follower.text, "before\nafter\n")
        self.assertEqual(host.end(), 0)

    def test_following_waits_for_a_step_that_has_not_begun(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(wait), "b": self.step("echo b ran", ["a"])})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        follower = self.start("logs", "-f", "demo-1", "b")
        self.open_gate("a")
        self.assertEqual(follower.end(), 0)
        self.assertEqual(follower.text, "b ran\n")

    def test_following_says_that_the_runs_process_is_gone(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(f"echo before; {wait}")})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        follower = self.start("logs", "-f", "demo-1", "a")
        follower.wait_for("before\n")
        host.kill()
        self.assertEqual(follower.end(), 0)
        self.assertIn("the process of run demo-1 is gone", follower.text)

    def test_a_torrent_of_lines_is_copied_whole(self):
        self.run_json(self.write_pipeline({"a": self.step("seq 200000")}))
        lines = self.stepop("logs", "demo-1", "a").stdout.split("\n")
        self.assertEqual(lines, [str(i) for i in range(1, 200001)] + [""])

    def test_bytes_that_are_no_text_are_kept(self):
        self.run_json(self.write_pipeline({"a": self.step(r"printf 'a\000\377\r\nb\n'")}))
        copies = list((self.state / "runs").glob("*/a.log"))
        self.assertEqual([copy.read_bytes() for copy in copies], [b"a\0\xff\r\nb\n"])

    def test_an_unknown_step_is_named(self):
        self.run_json(self.write_pipeline({"train": self.step()}))
        done = self.stepop("logs", "demo-1", "trian")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr,
                         'error: run demo-1 has no step "trian"; did you mean "train"?\n')
