"""A run from its beginning to its end."""

import json
import os
import shutil
import subprocess

import workshop
from workshop import Workshop, states_of, steps_of


class Run(Workshop):
    def test_a_result_is_used_by_a_later_step(self):
        pipeline = self.write_pipeline({
            "prepare": self.step('echo "{\\"rows\\": 7, \\"name\\": \\"a b\\"}" > "$STEPOP_RESULT_PATH"'),
            "use": self.step('echo "[$ROWS, \\"$NAME\\", $1]" > "$STEPOP_RESULT_PATH"', ["prepare"],
                             environment={"ROWS": "${steps.prepare.result.rows}",
                                          "NAME": "${steps.prepare.result.name}"},
                             args=["sh", "${steps.prepare.result}"]),
        })
        steps = steps_of(self.run_json(pipeline))
        self.assertEqual(steps["prepare"]["result"], {"rows": 7, "name": "a b"})
        self.assertEqual(steps["use"]["result"], [7, "a b", {"rows": 7, "name": "a b"}])

    def test_a_step_says_what_happened_to_it(self):
        document = self.run_json(self.write_pipeline({"only": self.step("exit 0")}))
        self.assertEqual(document["state"], "succeeded")
        step = document["steps"][0]
        self.assertEqual((step["name"], step["step_operator"], step["exit_code"]), ("only", "here", 0))
        self.assertEqual((step["pod"], step["node"]), (None, None))
        self.assertEqual(step["user_code_ran"], "yes")
        self.assertRegex(step["started_at"], r"^\d{4}-\d\d-\d\dT")
        self.assertLessEqual(step["started_at"], step["finished_at"])

    def test_steps_whose_needs_are_met_run_in_parallel(self):
        # Each waits for the other: one after the other they would never end.
        a, b = self.place / "a", self.place / "b"
        os.mkfifo(a)
        os.mkfifo(b)
        pipeline = self.write_pipeline({
            "first": self.step(f'read other < "{a}"; echo here > "{b}"'),
            "second": self.step(f'echo here > "{a}"; read other < "{b}"'),
        })
        self.assertEqual(self.run_json(pipeline)["state"], "succeeded")

    def test_max_parallel_keeps_steps_apart(self):
        pipeline = self.write_pipeline({f"s{i}": self.noted(f"s{i}") for i in range(4)})
        self.run_json(pipeline, "--max-parallel", "1")
        notes = self.notes()
        self.assertEqual(len(notes), 8)
        for start, end in zip(notes[::2], notes[1::2]):
            self.assertEqual(start.replace("start", "end"), end)

    def test_what_needs_a_failed_step_is_skipped_and_the_rest_goes_on(self):
        pipeline = self.write_pipeline({
            "bad": self.noted("bad", "exit 3"),
            "after": self.noted("after", needs=["bad"]),
            "later": self.noted("later", needs=["after"]),
            "other": self.noted("other"),
        })
        document = self.run_json(pipeline, status=1)
        self.assertEqual(states_of(document), {"bad": "failed", "after": "skipped",
                                               "later": "skipped", "other": "succeeded"})
        self.assertEqual(document["state"], "failed")
        steps = steps_of(document)
        self.assertEqual((steps["bad"]["exit_code"], steps["bad"]["reason"]), (3, "NonZeroExit"))
        self.assertEqual(steps["after"]["message"], "it needs bad, which failed")
        self.assertNotIn("start after", self.notes())

    def test_fail_fast_stops_everything(self):
        wait = self.gate("never")
        pipeline = self.write_pipeline({
            "long": self.step(wait),
            "bad": self.step("exit 1"),
            "next": self.noted("next", needs=["long"]),
        })
        states = states_of(self.run_json(pipeline, "--fail-fast", status=1))
        self.assertEqual(states, {"long": "cancelled", "bad": "failed", "next": "skipped"})

    def test_a_result_that_is_not_there_fails_the_step_that_wants_it(self):
        pipeline = self.write_pipeline({
            "prepare": self.step('echo "{\\"rows\\": 1}" > "$STEPOP_RESULT_PATH"'),
            "use": self.noted("use", needs=["prepare"],
                              environment={"N": "${steps.prepare.result.row}"}),
        })
        step = steps_of(self.run_json(pipeline, status=1))["use"]
        self.assertEqual((step["state"], step["reason"]), ("failed", "InvalidRequest"))
        self.assertEqual(step["message"], '${steps.prepare.result.row}: the result has no "row"; '
                                          'did you mean "rows"?')
        self.assertEqual(self.notes(), [])

    def test_a_hundred_steps_each_run_once(self):
        names = [f"s{i}" for i in range(100)]
        pipeline = self.write_pipeline({name: self.noted(name) for name in names})
        self.assertEqual(self.run_json(pipeline, "--max-parallel", "20")["state"], "succeeded")
        self.assert_ran_once(*names)

    def test_the_steps_environment_has_what_the_files_took_of_ours(self):
        self.stack = self.write_stack()
        pipeline = self.write("demo.yaml", """
pipeline: demo
steps:
  a:
    step_operator: ${env:WHERE:-here}
    command: [sh, -c, 'echo "\\"$GREETING\\"" > "$STEPOP_RESULT_PATH"']
    environment: { GREETING: "${env:GREETING} $${env:GREETING}" }
""")
        self.env["GREETING"] = "hello"
        steps = steps_of(self.run_json(pipeline))
        self.assertEqual(steps["a"]["result"], "hello ${env:GREETING}")

    def test_runs_are_named_and_listed_newest_first(self):
        pipeline = self.write_pipeline({"a": self.step()})
        self.run_json(pipeline)
        self.run_json(pipeline, "--run-name", "mine")
        self.run_json(pipeline)
        self.assertEqual([run["run"] for run in self.runs()], ["demo-3", "mine", "demo-1"])

    def test_a_run_name_that_is_taken_is_refused(self):
        pipeline = self.write_pipeline({"a": self.noted("a")})
        self.run_json(pipeline, "--run-name", "mine")
        done = self.stepop("run", pipeline, "--stack", self.stack, "--run-name", "mine")
        self.assertEqual(done.returncode, 2)
        self.assertIn('there is already a run named "mine"', done.stderr)
        self.assert_ran_once("a")


class PluginSearch(Workshop):
    """Where plugins are found, besides the stack's own directories."""

    def setUp(self):
        super().setUp()
        self.stack = self.write("bare.yaml", json.dumps({"name": "bare", "step_operators": {
            "here": {"flavor": "local", "configuration": {"state_directory": str(self.place / "local")}}}}))
        self.pipeline = self.write_pipeline({"a": self.noted("a")})

    def test_without_any_directory_a_build_has_its_own(self):
        self.run_json(self.pipeline)
        self.assert_ran_once("a")

    def test_what_to_do_is_said_where_none_is_found(self):
        (self.place / "none").mkdir()
        done = self.stepop("run", self.pipeline, "--stack", self.stack, STEPOP_PLUGIN_PATH=self.place / "none")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no plugin was found; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH", done.stderr)

    def test_the_commands_directories(self):
        self.run_json(self.pipeline, "--plugin-dir", str(workshop.PLUGINS))
        self.assert_ran_once("a")

    def test_the_environments_directories(self):
        self.env["STEPOP_PLUGIN_PATH"] = f"/nowhere:{workshop.PLUGINS}"
        self.run_json(self.pipeline)
        self.assert_ran_once("a")

    def test_those_beside_an_installed_stepop(self):
        plugins = self.place / "prefix" / "lib" / "stepop" / "plugins"
        shutil.copytree(workshop.PLUGINS, plugins)
        (self.place / "prefix" / "bin").mkdir()
        installed = shutil.copy(workshop.STEPOP, self.place / "prefix" / "bin")
        done = subprocess.run([installed, "run", self.pipeline, "--stack", self.stack], env=self.env,
                              capture_output=True, text=True, timeout=workshop.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_ran_once("a")
