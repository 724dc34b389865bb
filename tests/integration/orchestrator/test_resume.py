"""The host dies; the run goes on."""

import json
import random
import subprocess
import time

from workshop import PATIENCE, Workshop, states_of


class Resume(Workshop):
    def resume(self, run="demo-1", status=0):
        done = self.stepop("run", "--resume", run, "-o", "json")
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def test_a_running_step_lives_through_the_hosts_death(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({
            "a": self.noted("a", wait + '; echo 5 > "$STEPOP_RESULT_PATH"'),
            "b": self.noted("b", needs=["a"], environment={"N": "${steps.a.result}"}),
        })
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        host.kill()
        self.open_gate("a")
        document = self.resume()
        self.assertEqual(states_of(document), {"a": "succeeded", "b": "succeeded"})
        self.assert_ran_once("a", "b")

    def test_nothing_is_read_from_the_files_again(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.noted("a", wait), "b": self.noted("b", needs=["a"])})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        host.kill()
        self.write("demo.yaml", "this is no pipeline any more")
        self.write("stack.yaml", "nor a stack")
        self.open_gate("a")
        self.assertEqual(self.resume()["state"], "succeeded")
        self.assert_ran_once("a", "b")

    def test_kills_at_random_moments_run_nothing_twice_and_lose_nothing(self):
        seed = random.randrange(1 << 32)
        dice = random.Random(seed)
        names = [f"s{i}" for i in range(12)]
        steps = {name: self.noted(name, "sleep 0.05", needs=names[max(0, i - 2):i])
                 for i, name in enumerate(names)}
        pipeline = self.write_pipeline(steps)
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"s0: ")
        kills = 0
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and kills < 20:
            try:
                status = host.process.wait(dice.uniform(0.0, 0.15))
                host.end()
                self.assertEqual(status, 0, f"seed {seed}: {host.text}")
                break
            except subprocess.TimeoutExpired:
                host.kill()
            kills += 1
            host = self.start("run", "--resume", "demo-1")
        host.end()
        self.assertGreater(kills, 0)
        document = self.resume()
        self.assertEqual(document["state"], "succeeded", f"seed {seed}")
        self.assert_ran_once(*names)

    def test_a_finished_run_is_only_shown(self):
        pipeline = self.write_pipeline({"a": self.noted("a", "exit 4")})
        self.run_json(pipeline, status=1)
        self.assertEqual(states_of(self.resume(status=1)), {"a": "failed"})
        self.assert_ran_once("a")

    def test_two_processes_never_drive_one_run(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.noted("a", wait)})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        done = self.stepop("run", "--resume", "demo-1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("run demo-1 is going on in another process", done.stderr)
        self.open_gate("a")
        self.assertEqual(host.end(), 0)
        self.assert_ran_once("a")

    def test_the_log_is_whole_after_a_resume_and_repeats_nothing(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline(
            {"a": self.step(f"for i in 1 2 3; do echo line $i; done; {wait}; echo line 4")})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        follower = self.start("logs", "-f", "demo-1", "a")
        follower.wait_for("line 3\n")
        host.kill()
        self.open_gate("a")
        self.resume()
        self.assertEqual(self.stepop("logs", "demo-1", "a").stdout,
                         "line 1\nline 2\nline 3\nline 4\n")
