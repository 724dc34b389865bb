"""The commands that look at stacks and edit them: with ZenML's words, on files that people write by hand too."""

import json
import os
import pathlib
import subprocess

import workshop
from workshop import Workshop

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: here
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts:
- {name: here, context: {cluster: c, user: u}}
- {name: my-cluster, context: {cluster: c, user: u}}
"""


class StackCommands(Workshop):
    def setUp(self):
        super().setUp()
        self.configuration = self.place / ".config" / "stepop"
        self.env["STEPOP_PLUGIN_PATH"] = str(workshop.PLUGINS)
        self.env["KUBECONFIG"] = self.write("kubeconfig", KUBECONFIG)

    def good(self, *arguments, **env) -> str:
        done = self.stepop(*arguments, **env)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def bad(self, *arguments, **env) -> str:
        done = self.stepop(*arguments, **env)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        return done.stderr.replace(str(self.place) + "/", "")

    def document(self, *arguments):
        return json.loads(self.good(*arguments, "-o", "json"))

    def file(self, name="default") -> pathlib.Path:
        return self.configuration / "stacks" / f"{name}.yaml"


class ThePage(StackCommands):
    """The commands of ZenML's page on its Kubernetes step operator, in the page's order, with stepop for zenml."""

    def test_its_commands_work_in_its_order(self):
        self.assertIn("kubernetes is here: ", self.good("integration", "install", "kubernetes"))
        # "Using a Service Connector": registered without a context.
        self.good("step-operator", "register", "connected", "--flavor", "kubernetes")
        # "Using the local Kubernetes kubectl client".
        self.good("step-operator", "register", "k8s", "--flavor=kubernetes", "--kubernetes_context=my-cluster")
        # "We can then use the registered step operator in our active stack".
        self.good("stack", "update", "-s", "k8s")
        self.assertEqual(self.file().read_text(), """\
name: default
step_operators:
  connected:
    flavor: kubernetes
  k8s:
    flavor: kubernetes
    configuration:
      kubernetes_context: my-cluster
default_step_operator: k8s
""")
        # The page's own names of settings, at registration.
        self.good("step-operator", "update", "k8s", "--kubernetes_namespace=ml-pipelines",
                  "--pod_settings", '{"node_selectors": {"kubernetes.io/arch": "amd64"}}')
        described = self.document("step-operator", "describe", "k8s")
        self.assertEqual(described["configuration"], {
            "kubernetes_context": "my-cluster", "kubernetes_namespace": "ml-pipelines",
            "pod_settings": {"node_selectors": {"kubernetes.io/arch": "amd64"}}})
        self.assertEqual(described["default"], True)

    def test_a_registered_step_operator_runs_a_pipeline(self):
        self.good("step-operator", "register", "here", "--flavor", "local",
                  "--state_directory", self.place / "local")
        self.good("stack", "update", "-s", "here")
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps:\n  train:\n    command: [sh, -c, 'echo ran >> $NOTES']\n")
        self.good("run", pipeline)
        self.assertEqual(self.notes(), ["ran"])


class Register(StackCommands):
    def test_a_mistake_leaves_no_file(self):
        error = self.bad("step-operator", "register", "k8s", "--flavor", "kubernetes",
                         "--kubernetes_contxt", "my-cluster", "--startup_timeout_seconds", "soon",
                         "--pod_settings", '{"node_selectors": 5, "lables": {}}')
        self.assertRegex(error, r"error: --kubernetes_contxt: .*did you mean `kubernetes_context`\?")
        self.assertRegex(error, r"error: --startup_timeout_seconds: ")
        self.assertRegex(error, r"error: --pod_settings.node_selectors: ")
        self.assertRegex(error, r"error: --pod_settings.lables: .*did you mean `labels`\?")
        self.assertFalse(self.file().exists())

    def test_a_context_that_is_not_in_the_kubeconfig_is_refused(self):
        error = self.bad("step-operator", "register", "k8s", "--flavor", "kubernetes", "--kubernetes_context", "my-clster")
        self.assertIn("--kubernetes_context: ", error)
        self.assertIn("my-cluster", error)

    def test_a_cluster_that_cannot_be_reached_yet_is_no_mistake(self):
        """As on ZenML's page, where a step operator is registered first and connected later."""
        del self.env["KUBECONFIG"]
        done = self.stepop("step-operator", "register", "k8s", "--flavor", "kubernetes", "--kubernetes_namespace", "ml")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^warning: .*step_operators\.k8s\.configuration\.kubeconfig: found no file at "
                                      r".*/\.kube/config, expected a kubeconfig file; ")
        self.assertIn("kubernetes_namespace: ml\n", self.file().read_text())
        done = self.stepop("step-operator", "update", "k8s", "--incluster", "true")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"^warning: --incluster: found no KUBERNETES_SERVICE_HOST in the environment")
        # What the plugin can judge without a cluster, it does.
        self.assertIn("--cleanup", self.bad("step-operator", "update", "k8s", "--cleanup", "nevr"))

    def test_a_kubeconfig_that_is_named_must_be_there(self):
        self.assertIn("error: --kubeconfig: found no file at /nope",
                      self.bad("step-operator", "register", "k8s", "--flavor", "kubernetes", "--kubeconfig", "/nope"))
        self.assertFalse(self.file().exists())

    def test_a_flavor_that_no_plugin_has_is_refused(self):
        error = self.bad("step-operator", "register", "k8s", "--flavor", "kubernets")
        self.assertIn('error: no plugin has the flavor "kubernets"; did you mean "kubernetes"? found kubernetes (from ',
                      error)
        self.assertFalse(self.file().exists())

    def test_a_name_that_is_taken_is_refused(self):
        self.good("step-operator", "register", "here", "--flavor", "local")
        before = self.file().read_text()
        error = self.bad("step-operator", "register", "here", "--flavor", "local")
        self.assertEqual(error, 'error: the stack default (.config/stepop/stacks/default.yaml) has a step operator "here" '
                                'already; change it with: stepop step-operator update here --KEY VALUE\n')
        self.assertEqual(self.file().read_text(), before)

    def test_a_name_that_is_not_usable_is_refused(self):
        self.assertIn("the name \"a b\" is not usable", self.bad("step-operator", "register", "a b", "--flavor", "local"))
        self.assertFalse(self.file().exists())

    def test_a_value_is_what_the_flavors_schema_says(self):
        self.good("step-operator", "register", "k8s", "--flavor", "kubernetes", "--kubernetes_namespace", "2024",
                  "--lost_after_seconds", "60", "--fail_on_container_waiting_reasons", "[ErrImagePull]")
        configuration = self.document("step-operator", "describe", "k8s")["configuration"]
        self.assertEqual(configuration, {"kubernetes_namespace": "2024", "lost_after_seconds": 60,
                                         "fail_on_container_waiting_reasons": ["ErrImagePull"]})

    def test_a_new_file_is_begun_and_a_name_that_is_not_there_is_not(self):
        self.assertIn("in the stack mine.yaml, a new one\n",
                      self.good("step-operator", "register", "here", "--flavor", "local", "--stack", "mine.yaml"))
        self.assertTrue((self.place / "mine.yaml").exists())
        error = self.bad("step-operator", "register", "here", "--flavor", "local", "--stack", "prod")
        self.assertIn('--stack: there is no file "prod", and there is no stack "prod" in ', error)
        self.assertIn("`stepop stack register prod` makes it", error)

    def test_the_file_is_its_users_alone(self):
        self.good("step-operator", "register", "here", "--flavor", "local")
        self.assertEqual(os.stat(self.file()).st_mode & 0o777, 0o600)


class ByHand(StackCommands):
    """A stack file that a person wrote stays theirs."""

    STACK = """\
# Ours.
name: mine   # short

plugin_directories: [PLUGINS]

step_operators:
  # Cheap.
  here: { flavor: local }   # this machine

  cluster:
    flavor: kubernetes
    configuration:          # for all its steps
      kubernetes_context: ${env:CONTEXT}   # set it

# The end.
"""

    def setUp(self):
        super().setUp()
        del self.env["STEPOP_PLUGIN_PATH"]
        self.env["CONTEXT"] = "my-cluster"
        self.mine = self.write("mine.yaml", self.STACK.replace("PLUGINS", str(workshop.PLUGINS)))

    def text(self) -> str:
        return pathlib.Path(self.mine).read_text().replace(str(workshop.PLUGINS), "PLUGINS")

    def test_an_update_changes_its_line_alone(self):
        os.chmod(self.mine, 0o640)
        self.good("step-operator", "update", "cluster", "--cleanup", "never", "--stack", self.mine)
        self.assertEqual(self.text(), self.STACK.replace("# set it\n", "# set it\n      cleanup: never\n"))
        self.assertEqual(os.stat(self.mine).st_mode & 0o777, 0o640)
        self.good("step-operator", "update", "cluster", "--cleanup=always", "--stack", self.mine)
        self.good("step-operator", "update", "cluster", "--remove", "cleanup", "--stack", self.mine)
        self.assertEqual(self.text(), self.STACK)

    def test_a_reference_stays_one(self):
        document = self.document("step-operator", "describe", "cluster", "--stack", self.mine)
        self.assertEqual(document["configuration"], {"kubernetes_context": "${env:CONTEXT}"})

    def test_what_another_step_operator_needs_is_not_asked_for(self):
        del self.env["CONTEXT"]
        self.good("step-operator", "register", "there", "--flavor", "local", "--stack", self.mine)
        self.assertIn("  there:\n    flavor: local\n", self.text())
        error = self.bad("step-operator", "update", "cluster", "--cleanup", "never", "--stack", self.mine)
        self.assertIn("step_operators.cluster.configuration.kubernetes_context: the environment variable CONTEXT is not "
                      "set", error)

    def test_a_refused_update_leaves_the_file_alone(self):
        error = self.bad("step-operator", "update", "cluster", "--cleanup", "sometimes", "--stack", self.mine)
        self.assertIn("error: --cleanup: ", error)
        self.assertEqual(self.text(), self.STACK)

    def test_what_is_not_there_cannot_be_updated_or_removed(self):
        self.assertIn('there is no step operator "clster" in the stack mine.yaml; did you mean "cluster"?',
                      self.bad("step-operator", "update", "clster", "--cleanup", "never", "--stack", self.mine))
        self.assertIn('the step operator cluster has no "kubernetes_contxt"; did you mean "kubernetes_context"?',
                      self.bad("step-operator", "update", "cluster", "--remove", "kubernetes_contxt", "--stack", self.mine))
        self.assertIn("there is nothing to update", self.bad("step-operator", "update", "cluster", "--stack", self.mine))
        self.assertEqual(self.text(), self.STACK)

    def test_delete_takes_the_entry_and_no_comment_above_it(self):
        self.good("step-operator", "delete", "here", "--stack", self.mine)
        self.assertEqual(self.text(), self.STACK.replace("  here: { flavor: local }   # this machine\n", ""))

    def test_a_deleted_default_is_no_default_any_more(self):
        self.good("stack", "update", "-s", "here", "--stack", self.mine)
        self.assertIn("\ndefault_step_operator: here\n", self.text())
        self.assertIn("which was the default", self.good("step-operator", "delete", "here", "--stack", self.mine))
        self.assertNotIn("default_step_operator", self.text())

    def test_an_alias_is_not_reached_through(self):
        mine = self.write("alias.yaml", f"name: x\nplugin_directories: [{workshop.PLUGINS}]\nstep_operators:\n"
                                        "  a: &a { flavor: local, configuration: { cleanup: never } }\n  b: *a\n")
        before = pathlib.Path(mine).read_text()
        error = self.bad("step-operator", "update", "a", "--cleanup", "always", "--stack", mine)
        self.assertIn("with this change it would say something else than was meant; nothing was changed", error)
        self.assertEqual(pathlib.Path(mine).read_text(), before)

    def test_a_file_that_is_read_only_is_not_edited(self):
        self.place.chmod(0o777)
        for name in (".config", ".config/stepop", "state"):
            (self.place / name).mkdir(exist_ok=True)
            (self.place / name).chmod(0o777)
        mine = pathlib.Path(self.write("locked.yaml", "name: x\nstep_operators: {here: {flavor: local}}\n"))
        mine.chmod(0o444)
        done = subprocess.run([workshop.STEPOP, "step-operator", "delete", "here", "--stack", mine], env=self.env,
                              cwd=self.place, user=65534, capture_output=True, text=True, timeout=workshop.PATIENCE)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("locked.yaml: Permission denied", done.stderr)
        self.assertIn("here", mine.read_text())

    def test_a_link_stays_a_link_also_to_a_file_that_is_not_there_yet(self):
        link = self.place / "link.yaml"
        link.symlink_to("dotfiles.yaml")
        self.good("step-operator", "register", "there", "--flavor", "local", "--stack", link)
        self.assertTrue(link.is_symlink())
        self.assertIn("there:", (self.place / "dotfiles.yaml").read_text())

    def test_only_what_makes_something_begins_a_file(self):
        for arguments in (["update", "here", "--cleanup", "never"], ["delete", "here"]):
            self.assertIn("error: none.yaml: cannot read the file: No such file or directory",
                          self.bad("step-operator", *arguments, "--stack", "none.yaml"))

    def test_a_file_with_a_mistake_is_not_edited(self):
        mine = self.write("bad.yaml", "name: x\nstep_operatrs: {}\n")
        error = self.bad("step-operator", "register", "here", "--flavor", "local", "--stack", mine)
        self.assertIn('bad.yaml:2:1: step_operatrs: unknown key; did you mean "step_operators"?', error)


class Stacks(StackCommands):
    def test_a_stack_takes_step_operators_of_others(self):
        self.good("step-operator", "register", "here", "--flavor", "local", "--cleanup", "never")
        self.good("stack", "register", "prod", "-s", "here", "--set")
        self.assertEqual(self.file("prod").read_text(), """\
name: prod
step_operators:
  here:
    flavor: local
    configuration:
      cleanup: never
default_step_operator: here
""")
        stacks = {stack["name"]: stack for stack in self.document("stack", "list")}
        self.assertEqual({name: stack["active"] for name, stack in stacks.items()}, {"default": False, "prod": True})
        self.assertEqual(stacks["prod"]["step_operators"], ["here"])

    def test_a_step_operator_that_no_stack_has_is_refused(self):
        self.good("step-operator", "register", "here", "--flavor", "local")
        self.assertIn('there is no step operator "her" in any stack; did you mean "here"?',
                      self.bad("stack", "register", "prod", "-s", "her"))
        self.assertFalse(self.file("prod").exists())

    def test_set_chooses_the_stack_that_commands_use(self):
        self.good("stack", "register", "a")
        self.good("stack", "register", "b")
        self.good("stack", "set", "b")
        self.good("step-operator", "register", "here", "--flavor", "local")
        self.assertIn("here:", self.file("b").read_text())
        self.assertNotIn("here:", self.file("a").read_text())
        self.assertEqual(self.document("stack", "describe")["name"], "b")
        self.assertIn('there is no stack "c"', self.bad("stack", "set", "c"))

    def test_the_option_comes_before_the_environment_before_the_active_stack(self):
        for name in ("active", "environment", "option"):
            self.good("stack", "register", name)
            self.good("step-operator", "register", name, "--flavor", "local", "--stack", name)
        self.good("stack", "set", "active")
        names = lambda *arguments, **env: [entry["name"] for entry in json.loads(
            self.good("step-operator", "list", "-o", "json", *arguments, **env))]
        self.assertEqual(names(), ["active"])
        self.assertEqual(names(STEPOP_STACK="environment"), ["environment"])
        self.assertEqual(names(STEPOP_STACK=self.file("environment")), ["environment"])
        self.assertEqual(names("--stack", "option", STEPOP_STACK="environment"), ["option"])

    def test_a_run_needs_a_stack(self):
        pipeline = self.write_pipeline({"a": self.noted("a")})
        error = self.bad("run", pipeline)
        self.assertIn('no stack is given, and the active stack "default" is not there', error)
        self.assertIn('--stack: there is no file "nope"', self.bad("run", pipeline, "--stack", "nope"))

    def test_a_step_without_a_step_operator_needs_a_default(self):
        pipeline = self.write("demo.yaml", "pipeline: demo\nsteps: {a: {command: [\"true\"]}}\n")
        error = self.bad("run", pipeline, "--stack", self.stack)
        self.assertIn('demo.yaml:2:9: steps.a: "step_operator" is missing, and the stack test (stack.yaml) has no '
                      "default_step_operator", error)

    def test_the_active_stack_cannot_be_deleted(self):
        self.good("stack", "register", "a", "--set")
        self.good("stack", "register", "b")
        self.assertIn("is the active one", self.bad("stack", "delete", "a", "--yes"))
        self.assertIn("give --yes", self.bad("stack", "delete", "b"))
        self.good("stack", "delete", "b", "-y")
        self.assertEqual([stack["name"] for stack in self.document("stack", "list")], ["a"])

    def test_where_its_plugins_are_is_written_into_it(self):
        del self.env["STEPOP_PLUGIN_PATH"]
        self.good("stack", "register", "a", "--set", "--plugin-dir", workshop.PLUGINS)
        self.good("step-operator", "register", "here", "--flavor", "local")
        self.assertEqual(self.document("stack", "describe")["plugin_directories"], [str(workshop.PLUGINS)])


class Looking(StackCommands):
    def test_flavors_are_listed_with_their_plugins(self):
        flavors = {flavor["name"]: flavor for flavor in self.document("step-operator", "flavor", "list")}
        self.assertEqual(sorted(flavors), ["kubernetes", "local"])
        self.assertEqual(flavors["local"]["file"], str(workshop.PLUGINS / "libstepop_local.so"))
        self.assertRegex(self.good("step-operator", "flavor", "list"), r"(?m)^FLAVOR +PLUGIN +VERSION +DESCRIPTION$")

    def test_a_flavor_is_described_setting_by_setting(self):
        text = self.good("step-operator", "flavor", "describe", "kubernetes")
        self.assertRegex(text, r"(?m)^kubernetes_namespace +string +zenml ")
        self.assertRegex(text, r"(?m)^pod_settings\.resources\.requests ")
        self.assertRegex(text, r"(?m)^pod_settings\.tolerations +list of Toleration ")
        self.assertRegex(text, r"(?m)^cleanup +on_success\|never\|always ")
        self.assertNotRegex(text, r"(?m)^owner ")
        # Kubernetes' own fields, each in two spellings, are described by Kubernetes.
        self.assertNotRegex(text, r"(?m)^pod_settings\.additional_pod_spec_args\.")
        self.assertIn('did you mean "kubernetes"?', self.bad("step-operator", "flavor", "describe", "kubernets"))

    def test_a_flavors_schemas_are_json_schemas(self):
        for arguments in ([], ["configuration"], ["settings"], ["request"]):
            schema = json.loads(self.good("step-operator", "flavor", "describe", "kubernetes", "--schema", *arguments))
            self.assertEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
            self.assertEqual(schema["type"], "object")

    def test_integrations_are_the_plugins_that_were_found(self):
        (self.place / "more").mkdir()
        (self.place / "more" / "libnotes.so").write_text("shopping list")
        found = self.document("integration", "list", "--plugin-dir", self.place / "more")
        by_file = {pathlib.Path(entry["file"]).name: entry for entry in found}
        self.assertEqual(by_file["libstepop_kubernetes.so"]["flavors"], ["kubernetes"])
        self.assertRegex(by_file["libstepop_kubernetes.so"]["abi"], r"^\d+\.\d+$")
        self.assertEqual(by_file["libnotes.so"]["loaded"], False)
        text = self.stepop("integration", "list", "--plugin-dir", self.place / "more")
        self.assertRegex(text.stdout, r"(?m)^PLUGIN +VERSION +ABI +FLAVORS +FILE$")
        self.assertIn("not loaded: ", text.stderr)

    def test_an_integration_that_is_not_there_is_refused(self):
        error = self.bad("integration", "install", "kubeflow")
        self.assertIn('no plugin has the flavor "kubeflow"; copy its library into a plugin directory: ', error)

    def test_every_list_is_a_table_json_and_yaml(self):
        self.good("step-operator", "register", "here", "--flavor", "local", "--termination_grace_seconds", "5")
        self.good("stack", "update", "-s", "here")
        self.assertEqual(self.good("step-operator", "list"),
                         "DEFAULT  NAME  FLAVOR  CONFIGURATION\n"
                         "*        here  local   {termination_grace_seconds: 5}\n")
        self.assertEqual(self.good("step-operator", "list", "-o", "yaml"),
                         "- name: here\n  flavor: local\n  default: true\n  configuration:\n"
                         "    termination_grace_seconds: 5\n")
        self.assertEqual(self.document("step-operator", "list"), [
            {"name": "here", "flavor": "local", "default": True, "configuration": {"termination_grace_seconds": 5}}])
        for verb in (["stack", "list"], ["stack", "describe"], ["step-operator", "describe", "here"],
                     ["step-operator", "flavor", "list"], ["step-operator", "flavor", "describe", "local"],
                     ["integration", "list"]):
            self.document(*verb)
            self.assertRegex(self.good(*verb, "-o", "yaml"), r"^(- )?\w+:")
            self.good(*verb)

    def test_each_verb_has_help(self):
        for verb in ("step-operator register", "step-operator list", "step-operator describe", "step-operator update",
                     "step-operator delete", "step-operator flavor list", "step-operator flavor describe",
                     "stack register", "stack list", "stack describe", "stack set", "stack update", "stack delete",
                     "integration list", "integration install"):
            self.assertIn(f"Usage: stepop {verb}", self.good(*verb.split(), "--help"))
