"""Secrets reach the step's code and nothing else: no journal, log, event, error, file of ours."""

import os
import pathlib

import workshop
from workshop import Workshop, states_of

SECRET = "correct-horse-battery-staple"


class Secrets(Workshop):
    def setUp(self):
        super().setUp()
        self.env["TOKEN"] = SECRET
        # Says whether it has the secret without saying the secret.
        self.expected = self.place / "expected"
        self.expected.write_text(SECRET + "\n")
        self.has_it = f'test "$API_TOKEN" = "$(cat {self.expected})" && echo has-it >> "$NOTES"'

    def traces(self, *more) -> list:
        """Files of ours, and texts, in which the secret stands."""
        found = [str(file) for file in self.place.rglob("*")
                 if file.is_file() and file not in (self.expected, self.place / "demo.yaml")
                 and SECRET.encode() in file.read_bytes()]
        return found + [text for text in more if SECRET in text]

    def test_a_secret_of_the_environment_reaches_the_step_alone(self):
        done = self.stepop("run", self.write_pipeline({
            "a": self.step(self.has_it, secrets={"API_TOKEN": "${env:TOKEN}"})}), "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["has-it"])
        self.assertEqual(self.traces(done.stdout, done.stderr, self.stepop("ps", "-o", "json").stdout), [])

    def test_a_secret_of_a_file_is_found_beside_the_pipeline(self):
        pipeline = self.write_pipeline({"a": self.step(self.has_it, secrets={"API_TOKEN": "${file:expected}"})})
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["has-it"])
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_plain_secret_is_a_warning_where_others_can_read_it(self):
        pipeline = self.write_pipeline({"a": self.step(self.has_it, secrets={"API_TOKEN": SECRET})})
        os.chmod(pipeline, 0o644)
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["has-it"])
        self.assertIn("steps.a.secrets.API_TOKEN: this secret stands in a file that others can read; chmod 600 ",
                      done.stderr)
        self.assertEqual(self.traces(done.stdout, done.stderr), [])
        os.chmod(pipeline, 0o600)
        self.assertNotIn("warning", self.stepop("run", pipeline, "--stack", self.stack).stderr)

    def test_secrets_in_settings_are_no_less_secret(self):
        config = self.write("runtime.yaml", "settings: { step_operator: { secrets: { API_TOKEN: '${env:TOKEN}' } } }\n")
        pipeline = self.write_pipeline({"a": self.step(self.has_it, settings={"secrets": {"OTHER": SECRET}})})
        os.chmod(pipeline, 0o600)
        done = self.stepop("run", pipeline, "--stack", self.stack, "--config", config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["has-it"])
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_variable_that_is_a_secret_too_is_refused(self):
        pipeline = self.write_pipeline({
            "a": self.step(environment={"API_TOKEN": "x"}, secrets={"API_TOKEN": "${env:TOKEN}"})})
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"demo.yaml:1:\d+: steps.a.secrets.API_TOKEN: is a variable of environment too")
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_failed_step_does_not_tell(self):
        done = self.stepop("run", self.write_pipeline({
            "a": self.step("exit 3", secrets={"API_TOKEN": "${env:TOKEN}"})}), "--stack", self.stack, "-o", "json")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_mistake_beside_it_does_not_tell(self):
        pipeline = self.write("demo.yaml", f"pipeline: demo\nsteps:\n  a:\n    step_operator: here\n"
                                           f"    command: [\"true\"]\n    secrets: {{ \"A=B\": {SECRET}, C: [{SECRET}] }}\n")
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 2)
        self.assertIn("steps.a.secrets.C: found a list, expected a string", done.stderr)
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_secret_that_is_not_set_stops_the_run_before_it_begins(self):
        del self.env["TOKEN"]
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps:\n  a:\n    step_operator: here\n    command: [\"true\"]\n"
                                           "    secrets:\n      A: ${env:TOKEN}\n      B: ${file:nowhere}\n")
        done = self.stepop("run", pipeline, "--stack", self.stack)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.replace(str(self.place) + "/", ""),
                         "error: demo.yaml:7:7: steps.a.secrets.A: the environment variable TOKEN is not set; set it, or "
                         "give a default: ${env:TOKEN:-...}\n"
                         "error: demo.yaml:8:7: steps.a.secrets.B: cannot read nowhere: No such file or directory\n")
        self.assertEqual(self.runs(), [])

    def test_a_resumed_run_asks_for_them_again(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({
            "a": self.step(wait, secrets={"API_TOKEN": "${env:TOKEN}"}),
            "b": self.step(self.has_it, needs=["a"], secrets={"API_TOKEN": "${env:TOKEN}"})})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        host.kill()
        # Nothing is called failed because of what is missing here.
        environment, self.env = self.env, {k: v for k, v in self.env.items() if k != "TOKEN"}
        done = self.stepop("run", "--resume", "demo-1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("steps.a.settings.secrets.API_TOKEN: the environment variable TOKEN is not set", done.stderr)
        self.assertEqual(states_of(self.runs()[0]), {"a": "running", "b": "waiting"})
        self.env = environment
        self.open_gate("a")
        done = self.stepop("run", "--resume", "demo-1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.notes(), ["has-it"])
        self.assertEqual(self.traces(done.stdout, done.stderr), [])

    def test_a_renewed_secret_is_the_same_step(self):
        wait = self.gate("a")
        pipeline = self.write_pipeline({"a": self.step(wait, secrets={"API_TOKEN": "${env:TOKEN}"})})
        host = self.start("run", pipeline, "--stack", self.stack)
        host.wait_for(r"a: running")
        host.kill()
        self.env["TOKEN"] = "another"
        self.open_gate("a")
        self.assertEqual(self.stepop("run", "--resume", "demo-1").returncode, 0)

    def test_a_configuration_is_journalled_with_its_references(self):
        self.env["WHERE"] = str(self.place / "local")
        self.env["MARK"] = SECRET
        (self.place / SECRET).mkdir()
        self.stack = self.write("refs.yaml", f"""\
name: test
plugin_directories: [{workshop.PLUGINS}]
step_operators:
  here:
    flavor: local
    configuration: {{ state_directory: "${{env:WHERE}}", working_directory: "{self.place}/${{env:MARK}}" }}
""")
        done = self.stepop("run", self.write_pipeline({"a": self.step('basename "$PWD" > /dev/null')}),
                           "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        journal = b"".join(file.read_bytes() for file in pathlib.Path(self.state).glob("journal.db*"))
        self.assertIn(b"${env:MARK}", journal)
        self.assertNotIn(SECRET.encode(), journal)
