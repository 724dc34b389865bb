"""`stepop run --config`: what is different about one run, and whose word counts."""

import json

from workshop import Workshop, steps_of


class RuntimeConfig(Workshop):
    def setUp(self):
        super().setUp()
        for name in ("pipeline", "step", "run", "run-step"):
            (self.place / name).mkdir()
        self.pipeline = self.write("demo.yaml", f"""\
pipeline: demo
settings: {{ working_directory: {self.place}/pipeline }}
steps:
  one: {{ step_operator: here, command: [sh, -c, 'basename "$PWD" >> "$NOTES"'] }}
  two:
    step_operator: here
    needs: [one]
    command: [sh, -c, 'basename "$PWD" >> "$NOTES"']
    settings: {{ working_directory: {self.place}/step }}
""")

    def run_with(self, config: str) -> list:
        done = self.stepop("run", self.pipeline, "--stack", self.stack, "--config", self.write("runtime.yaml", config))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return self.notes()

    def refused(self, config: str) -> str:
        done = self.stepop("run", self.pipeline, "--stack", self.stack, "--config", self.write("runtime.yaml", config))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(self.notes(), [])
        self.assertEqual(self.runs(), [])
        return done.stderr.replace(str(self.place) + "/", "")

    def test_without_it_the_step_wins_over_the_pipeline(self):
        self.assertEqual(self.run_with("{}"), ["pipeline", "step"])

    def test_it_wins_over_the_pipeline_file(self):
        self.assertEqual(self.run_with(f"""\
settings:
  step_operator: {{ working_directory: {self.place}/run }}
steps:
  two: {{ settings: {{ "step_operator.local": {{ working_directory: {self.place}/run-step }} }} }}
"""), ["run", "run-step"])

    def test_it_names_the_run_and_gives_variables(self):
        pipeline = self.write_pipeline({"a": self.step('echo "$WHO" >> "$NOTES"', environment={"WHO": "pipeline"})})
        config = self.write("runtime.yaml", "run_name: mine\nsteps: {a: {environment: {WHO: config}}}\n")
        self.assertEqual(self.run_json(pipeline, "--config", config)["run"], "mine")
        self.assertEqual(self.notes(), ["config"])
        self.assertEqual(self.run_json(pipeline, "--config", config, "--run-name", "other")["run"], "other")

    def test_a_step_that_is_not_there_is_named(self):
        self.assertEqual(self.refused("steps: { on: { settings: {} } }\n"),
                         'error: runtime.yaml:1:10: steps.on: "on" is no step of the pipeline demo (demo.yaml); did you '
                         'mean "one"?\n')

    def test_mistakes_of_all_three_files_come_together(self):
        self.stack = self.write("bad.yaml", "name: x\nstep_operator: {}\n")
        self.pipeline = self.write("demo.yaml", "pipeline: demo\nstep: {}\n")
        error = self.refused("setting: {}\n")
        for line in ("bad.yaml:2:1: step_operator: ", "demo.yaml:2:1: step: ", "runtime.yaml:1:1: setting: "):
            self.assertIn(line, error)

    def test_a_plugins_complaint_has_its_place_in_it(self):
        self.assertRegex(
            self.refused("settings:\n  step_operator.local:\n    working_directry: /tmp\n"),
            r'^error: runtime.yaml:3:5: settings."step_operator.local".working_directry: .*working_directory')

    def test_yaml_that_means_something_else_than_it_looks_is_explained(self):
        for written, what in (("no", "no is a string in YAML 1.2; write false, or quote it"),
                              ("1_000", "1_000 is a string in YAML 1.2; write 1000"),
                              ("0777", "0777 is a string in YAML 1.2, because it could be octal or decimal; "
                                       "write 0o777 or 777"),
                              ("12:30:00", "12:30:00 is a string in YAML 1.2, not a number of seconds; "
                                           "write the number"),
                              ("2026-01-01", "2026-01-01 is a string in YAML 1.2, not a date")):
            with self.subTest(written):
                error = self.refused(f"steps: {{ two: {{ settings: {{ step_operator: "
                                     f"{{ termination_grace_seconds: {written} }} }} }} }}\n")
                self.assertRegex(error, r"^error: runtime.yaml:1:46: "
                                        r"steps.two.settings.step_operator.termination_grace_seconds: .*number")
                self.assertIn(what, error)

    def test_numbers_are_those_of_the_core_schema(self):
        for written in ("1e1", ".5", "0x0A", "0o12"):
            with self.subTest(written):
                self.run_with(f"settings: {{ step_operator: {{ termination_grace_seconds: {written} }} }}\n")

    def test_nothing_null_twice_or_without_end_is_a_surprise(self):
        grace = "termination_grace_seconds"
        for config, error in (
                (f"settings: {{step_operator: {{{grace}: ~}}}}\n", rf"runtime.yaml:1:28: settings.step_operator.{grace}: "),
                (f"settings: {{step_operator: {{{grace}: null}}}}\n", rf"settings.step_operator.{grace}: "),
                (f"settings: {{step_operator: {{{grace}: 1, {grace}: 2}}}}\n",
                 rf"runtime.yaml:1:58: settings.step_operator.{grace}: duplicate key; it is already at line 1"),
                ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
                    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
                 "runtime.yaml: its aliases expand to more than a million values")):
            with self.subTest(config[:60]):
                self.assertRegex(self.refused(config), error)

    def test_a_resumed_run_goes_on_as_it_was_configured(self):
        config = self.write("runtime.yaml", "{}\n")
        done = self.stepop("run", "--resume", "demo-1", "--config", config)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--config cannot be given with --resume", done.stderr)


class KeyedSettings(Workshop):
    """ZenML's keys in a pipeline file."""

    def test_settings_of_a_flavor_are_for_its_step_operators(self):
        (self.place / "elsewhere").mkdir()
        pipeline = self.write("demo.yaml", f"""\
pipeline: demo
settings:
  step_operator.local: {{ working_directory: {self.place}/elsewhere }}
  step_operator.sagemaker: {{ instance_type: ml.m5 }}
steps:
  a: {{ step_operator: here, command: [sh, -c, 'basename "$PWD" >> "$NOTES"'] }}
""")
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["elsewhere"])
        self.assertIn('demo.yaml:4:3: settings."step_operator.sagemaker": no step operator of the stack test', done.stderr)
        self.assertIn("these settings are not used", done.stderr)
