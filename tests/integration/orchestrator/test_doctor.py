"""`stepop doctor`: each check a line, with its remedy."""

import json

import workshop
from workshop import Workshop


class Doctor(Workshop):
    def write_two(self, second: str) -> str:
        """NOWHERE is a place that nobody can write to: below a file."""
        self.write("file", "")
        second = second.replace("NOWHERE", f"{self.place}/file/below")
        return self.write("two.yaml", f"""\
name: two
plugin_directories: [{workshop.PLUGINS}]
step_operators:
  here: {{ flavor: local, configuration: {{ state_directory: {self.place}/local }} }}
  other: {second}
""")

    def test_a_healthy_stack(self):
        done = self.stepop("doctor", "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^here: local \(.*/libstepop_local\.so\)$")
        self.assertRegex(done.stdout, r"(?m)^  ok       .*writable")
        self.assertNotIn("remedy", done.stdout)

    def test_what_is_wrong_is_told_with_its_remedy(self):
        stack = self.write_two('{ flavor: local, configuration: { state_directory: NOWHERE } }')
        done = self.stepop("doctor", "--stack", stack)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^  error    .*is not writable\n           remedy: give another state_directory$")
        self.assertIn("1 of 2 step operators cannot run steps\n", done.stdout)

    def test_one_step_operator_can_be_named(self):
        stack = self.write_two('{ flavor: local, configuration: { state_directory: NOWHERE } }')
        self.assertEqual(self.stepop("doctor", "here", "--stack", stack).returncode, 0)
        self.assertEqual(self.stepop("doctor", "other", "--stack", stack).returncode, 1)
        done = self.stepop("doctor", "her", "--stack", stack)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('did you mean "here"?', done.stderr)

    def test_a_configuration_with_a_mistake_does_not_hide_the_others(self):
        stack = self.write_two("{ flavor: local, configuration: { cleanup: sometimes } }")
        done = self.stepop("doctor", "--stack", stack, "-o", "json")
        self.assertEqual(done.returncode, 1)
        document = json.loads(done.stdout)
        self.assertEqual([entry["healthy"] for entry in document["step_operators"]], [True, False])
        self.assertEqual(document["healthy"], False)
        check = document["step_operators"][1]["checks"][0]
        self.assertEqual((check["level"], check["path"]), ("error", "step_operators.other.configuration.cleanup"))

    def test_a_server_that_is_not_there_is_an_error(self):
        kubeconfig = self.write("kubeconfig", """
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: here, context: {cluster: c, user: u}}]
""")
        stack = self.write_two(f"{{ flavor: kubernetes, configuration: {{ kubeconfig: {kubeconfig} }} }}")
        done = self.stepop("doctor", "other", "--stack", stack)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("  error    ", done.stdout)
        self.assertIn("1 of 1 step operator cannot run steps\n", done.stdout)

    def test_yaml_is_for_programs_too(self):
        done = self.stepop("doctor", "--stack", self.stack, "-o", "yaml")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^stack: test\n")


class DryRun(Workshop):
    """`stepop run --dry-run` where nothing can be shown; with manifests it is tested on a cluster (tests/e2e)."""

    def test_a_flavor_without_manifests_says_so_and_nothing_runs(self):
        pipeline = self.write_pipeline({"a": self.noted("a"), "b": self.noted("b", needs=["a"])})
        done = self.stepop("run", pipeline, "--stack", self.stack, "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "# step a on here (local): this flavor has nothing to show before the step runs\n"
                                      "# step b on here (local): this flavor has nothing to show before the step runs\n")
        self.assertEqual(self.notes(), [])
        self.assertEqual(self.runs(), [])

    def test_a_step_that_shows_nothing_is_checked(self):
        pipeline = self.write_pipeline({"a": self.step(settings={"pod_settings": {}})})
        done = self.stepop("run", pipeline, "--stack", self.stack, "--dry-run")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stderr, r"^error: .*demo\.yaml:\d+:\d+: steps\.a\.settings\.pod_settings: there is no such key")
        self.assertEqual(done.stdout, "# step a on here (local): refused\n")

    def test_without_the_server_there_are_still_manifests(self):
        self.write("kubeconfig", json.dumps({
            "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": "t"}}]}))
        stack = self.write("k8s.yaml", json.dumps({
            "name": "k8s", "plugin_directories": [str(workshop.PLUGINS)],
            "step_operators": {"here": {"flavor": "kubernetes",
                                        "configuration": {"kubeconfig": str(self.place / "kubeconfig")}}}}))
        pipeline = self.write_pipeline({"a": self.step(image="busybox")})
        done = self.stepop("run", pipeline, "--stack", stack, "--dry-run")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stdout, r"^# step a on here \(kubernetes\): not asked about, the server did not answer")
        self.assertIn("\nkind: Pod\n", done.stdout)
        self.assertRegex(done.stderr, r"^error: step a: cannot connect to https://127\.0\.0\.1:1: Connection refused")
        answered = json.loads(self.stepop("run", pipeline, "--stack", stack, "--dry-run", "-o", "json").stdout)[0]
        self.assertEqual([answered["answered"], answered["refused"], len(answered["manifests"])], [False, True, 1])

    def test_json_has_every_step(self):
        pipeline = self.write_pipeline({
            "a": self.noted("a"),
            "b": self.noted("b", needs=["a"], environment={"N": "${steps.a.result.n}"})})
        done = self.stepop("run", pipeline, "--stack", self.stack, "--dry-run", "-o", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        steps = {entry["step"]: entry for entry in json.loads(done.stdout)}
        self.assertEqual((steps["a"]["supported"], steps["a"]["refused"]), (False, False))
        self.assertEqual(steps["b"]["unresolved"], ["${steps.a.result.n}"])
