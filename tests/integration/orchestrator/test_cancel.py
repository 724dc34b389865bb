"""Stopping a run: from its terminal, from another process, and when its own process is gone."""

import signal

from workshop import Workshop, states_of


class Cancel(Workshop):
    def start_waiting(self, *options):
        wait = self.gate("a")
        pipeline = self.write_pipeline({
            "a": self.noted("a", wait),
            "b": self.noted("b", needs=["a"]),
        })
        host = self.start("run", pipeline, "--stack", self.stack, *options)
        host.wait_for(r"a: running")
        return host

    def test_another_process_cancels_a_run(self):
        host = self.start_waiting()
        done = self.stepop("cancel", "demo-1")
        self.assertEqual((done.returncode, done.stdout), (0, "run demo-1 cancelled\n"), done.stderr)
        self.assertEqual(host.end(), 1)
        self.assertEqual(states_of(self.runs()[0]), {"a": "cancelled", "b": "skipped"})
        self.assertNotIn("start b", self.notes())

    def test_a_run_whose_process_is_gone_is_cancelled_too(self):
        host = self.start_waiting()
        host.kill()
        done = self.stepop("cancel", "demo-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("run demo-1 cancelled", done.stdout)
        self.assertEqual(states_of(self.runs()[0]), {"a": "cancelled", "b": "skipped"})
        self.assert_ran_once("a")

    def test_an_ended_run_stays_as_it_is(self):
        self.run_json(self.write_pipeline({"a": self.step()}))
        done = self.stepop("cancel", "demo-1")
        self.assertEqual((done.returncode, done.stdout),
                         (0, "run demo-1 has ended already: succeeded\n"))

    def test_an_interrupt_cancels_and_waits_for_the_end(self):
        host = self.start_waiting()
        host.signal(signal.SIGINT)
        self.assertEqual(host.end(), 1)
        self.assertIn("all steps are being cancelled", host.text)
        self.assertEqual(states_of(self.runs()[0]), {"a": "cancelled", "b": "skipped"})

    def test_a_second_interrupt_leaves_and_says_how_to_go_on(self):
        # Its step does not heed SIGTERM, so that it is still there at the second one.
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(f"trap '' TERM; echo ready; {wait}")})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        self.start("logs", "-f", "demo-1", "a").wait_for("ready")
        host.signal(signal.SIGINT)
        host.wait_for("all steps are being cancelled")
        host.signal(signal.SIGINT)
        self.assertEqual(host.end(), 130)
        self.assertIn("go on with: stepop run --resume demo-1", host.text)
        self.open_gate("a")
        done = self.stepop("run", "--resume", "demo-1")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(states_of(self.runs()[0]), {"a": "cancelled"})
