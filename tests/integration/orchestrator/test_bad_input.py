"""Bad input: one clear error that names the place and what to do; nothing has run, and no run is listed."""

import json
import os
import subprocess

import workshop
from workshop import Workshop

# A plugin's entry that fits no host, as one that was built for another version of the ABI returns.
OTHER_ABI = """
#include <stdint.h>
const void *stepop_plugin_entry(uint32_t host) { (void)host; return 0; }
"""


class BadInput(Workshop):
    def refused(self, pipeline=None, *options, stack=None):
        """Runs it, checks that nothing came of it, and returns the error."""
        pipeline = pipeline or self.write_pipeline({"a": self.noted("a")})
        done = self.stepop("run", pipeline, "--stack", stack or self.stack, *options)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.notes(), [])
        self.assertEqual(self.runs(), [])
        return done.stderr.replace(str(self.place) + "/", "")

    def test_a_cycle_is_shown(self):
        error = self.refused(self.write_pipeline({
            "a": self.noted("a", needs=["b"]), "b": self.noted("b", needs=["c"]),
            "c": self.noted("c", needs=["a"])}))
        self.assertIn("demo.yaml:1:", error)
        self.assertIn("steps.a.needs: these steps need one another in a cycle: a -> b -> c -> a", error)

    def test_an_unknown_step_operator_is_named(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps:\n  a:\n"
                                           "    step_operator: heer\n    command: [\"true\"]\n")
        self.assertEqual(
            self.refused(pipeline),
            'error: demo.yaml:4:20: steps.a.step_operator: "heer" is no step operator of the stack '
            'test (stack.yaml); did you mean "here"?\n')

    def test_mistakes_of_both_files_come_together(self):
        stack = self.write("bad.yaml", "name: x\nstep_operator: {}\n")
        pipeline = self.write("demo.yaml", "pipeline: demo\nstep: {}\n")
        error = self.refused(pipeline, stack=stack)
        self.assertIn('bad.yaml:2:1: step_operator: unknown key; did you mean "step_operators"?', error)
        self.assertIn('demo.yaml:2:1: step: unknown key; did you mean "steps"?', error)

    def test_yaml_that_does_not_parse_shows_its_line(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps: [a, b\n")
        self.assertRegex(self.refused(pipeline), r"^error: demo.yaml:\d+:\d+: this is not YAML: ")

    def test_a_file_that_is_not_there_is_named(self):
        self.assertEqual(self.refused("nowhere.yaml"),
                         "error: nowhere.yaml: cannot read the file: No such file or directory\n")

    def test_a_flavor_that_no_plugin_has_is_named_with_what_was_found(self):
        error = self.refused(stack=self.write_stack(flavor="locl"))
        self.assertIn('stack.yaml:1:', error)
        self.assertIn('step_operators.here.flavor: no plugin has the flavor "locl"; did you mean '
                      '"local"?', error)
        self.assertIn(f'local (from {workshop.PLUGINS}/libstepop_local.so)', error)

    def test_a_file_that_is_no_plugin_is_named(self):
        directory = self.place / "plugins"
        directory.mkdir()
        (directory / "libnotes.so").write_text("shopping list")
        error = self.refused(stack=self.write_stack([directory]))
        self.assertIn('no plugin has the flavor "local"; no plugin was found', error)
        self.assertIn("error: plugins/libnotes.so: ", error)

    def test_a_file_that_is_no_plugin_does_not_stop_the_others(self):
        directory = self.place / "plugins"
        directory.mkdir()
        (directory / "libnotes.so").write_text("shopping list")
        self.stack = self.write_stack([directory, workshop.PLUGINS])
        done = self.stepop("run", self.write_pipeline({"a": self.noted("a")}), "--stack", self.stack)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"warning: {directory}/libnotes.so: ", done.stderr)

    def test_a_plugin_of_another_abi_version_is_named(self):
        directory = self.place / "plugins"
        directory.mkdir()
        source = self.write("other.c", OTHER_ABI)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(directory / "libother.so"), source],
                       check=True)
        error = self.refused(stack=self.write_stack([directory]))
        self.assertRegex(error, r"error: plugins/libother.so: .*(version|ABI)")

    def test_a_plugin_directory_that_is_not_there_is_named(self):
        error = self.refused(stack=self.write_stack(["/nowhere/plugins"]))
        self.assertIn("error: /nowhere/plugins: ", error)

    def test_a_plugins_complaint_on_its_configuration_has_a_place(self):
        stack = self.write("bad.yaml", f"name: x\nplugin_directories: [{workshop.PLUGINS}]\n"
                                       "step_operators:\n  here:\n    flavor: local\n"
                                       "    configuration:\n      cleanup: never\n"
                                       "      state_directry: /tmp/x\n")
        error = self.refused(stack=stack)
        self.assertIn("error: bad.yaml:8:7: step_operators.here.configuration.state_directry: ", error)
        self.assertIn("state_directory", error)

    def test_a_configuration_that_means_something_else_than_it_looks_is_explained(self):
        stack = self.write("bad.yaml", f"name: x\nplugin_directories: [{workshop.PLUGINS}]\nstep_operators:\n"
                                       "  here: { flavor: local, configuration: { termination_grace_seconds: off } }\n")
        error = self.refused(stack=stack)
        self.assertIn("error: bad.yaml:4:43: step_operators.here.configuration.termination_grace_seconds: ", error)
        self.assertIn("off is a string in YAML 1.2; write false, or quote it", error)

    def test_a_plugins_complaint_on_a_steps_settings_has_a_place(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps:\n  a:\n    step_operator: here\n"
                                           "    command: [\"true\"]\n    settings:\n"
                                           "      working_directry: /tmp\n")
        error = self.refused(pipeline)
        self.assertIn("error: demo.yaml:7:7: steps.a.settings.working_directry: ", error)

    def test_a_plugins_complaint_on_shared_settings_has_their_place(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nsettings:\n  working_directry: /tmp\n"
                                           "steps:\n  a:\n    step_operator: here\n"
                                           "    command: [\"true\"]\n")
        self.assertIn("error: demo.yaml:3:3: settings.working_directry: ", self.refused(pipeline))

    def test_a_variable_that_is_not_set_is_named(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nimage: ${env:NO_SUCH}\nsteps:\n"
                                           "  a: {step_operator: here, command: [\"true\"]}\n")
        self.assertIn("error: demo.yaml:2:8: image: the environment variable NO_SUCH is not set",
                      self.refused(pipeline))

    def test_a_state_directory_that_cannot_be_made_is_named(self):
        self.write("file", "")
        done = self.stepop("ps", "--state-dir", "file/below")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot make the state directory", done.stderr)

    def test_an_unknown_run_is_named(self):
        for arguments in (["run", "--resume", "nope"], ["logs", "nope", "a"], ["cancel", "nope"]):
            done = self.stepop(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr,
                             'error: there is no run "nope"; `stepop ps` lists the runs\n')

    def test_the_owner_is_kept_and_private(self):
        self.run_json(self.write_pipeline({"a": self.step()}))
        owner = self.state / "owner"
        self.assertEqual(os.stat(owner).st_mode & 0o777, 0o600)
        before = owner.read_text()
        self.run_json(self.write_pipeline({"a": self.step()}))
        self.assertEqual(owner.read_text(), before)
        self.assertEqual(len(json.loads(self.stepop("ps", "-o", "json").stdout)), 2)
