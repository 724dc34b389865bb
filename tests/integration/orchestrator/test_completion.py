"""Shell completion, in real shells."""

import os
import shutil
import subprocess

import workshop
from workshop import Workshop

# Sets the shell up as a person's would be, completes one command line, and prints what it offers.
BASH = r"""
source <(stepop completion bash) || exit 9
COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
words() {
  # As readline splits: at blanks and at "=".
  local line=${COMP_LINE//=/ = }
  read -ra COMP_WORDS <<< "$line"
  [[ $COMP_LINE == *[\ =] ]] && COMP_WORDS+=("")
  COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
}
words
compopt() { echo "compopt $*"; }
_stepop
printf '%s\n' "${COMPREPLY[@]}"
"""

class Completion(Workshop):
    def setUp(self):
        super().setUp()
        bin_ = self.place / "bin"
        bin_.mkdir()
        os.symlink(workshop.STEPOP, bin_ / "stepop")
        self.env["PATH"] = f"{bin_}:{self.env['PATH']}"
        self.env["STEPOP_PLUGIN_PATH"] = str(workshop.PLUGINS)
        self.env["STEPOP_STACK"] = self.stack

    def bash(self, line: str) -> list:
        done = subprocess.run(["bash", "--norc", "-c", BASH, "bash", line], env=self.env, cwd=self.place,
                              capture_output=True, text=True, timeout=workshop.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(done.stdout.split("\n")[:-1])

    def test_bash_completes_verbs_at_every_depth(self):
        self.assertEqual(self.bash("stepop st"), ["stack", "step-operator"])
        self.assertEqual(self.bash("stepop step-operator "),
                         ["connect", "delete", "describe", "disconnect", "flavor", "list", "register", "update"])
        self.assertEqual(self.bash("stepop step-operator flavor "), ["describe", "list"])

    def test_bash_completes_options(self):
        self.assertEqual(self.bash("stepop run --sta"), ["--stack", "--state-dir"])
        self.assertNotIn("--stack", self.bash("stepop run --stack x --s"))

    def test_bash_completes_values_of_options_in_both_forms(self):
        self.assertEqual(self.bash("stepop stack list -o "), ["json", "yaml"])
        self.assertEqual(self.bash("stepop stack list --output="), ["json", "yaml"])
        self.assertEqual(self.bash("stepop stack list --output=y"), ["yaml"])
        self.assertEqual(self.bash("stepop completion "), ["bash", "zsh"])

    def test_bash_completes_step_operators_stacks_and_flavors(self):
        for name in ("one", "other"):
            self.stepop("stack", "register", name)
        self.assertEqual(self.bash("stepop step-operator describe h"), ["here"])
        self.assertEqual(self.bash("stepop doctor "), ["here"])
        self.assertEqual(self.bash("stepop stack set o"), ["one", "other"])
        self.assertEqual(self.bash("stepop run p.yaml --stack on"), ["compopt -o default", "one"])
        self.assertEqual(self.bash("stepop step-operator register x --flavor "), ["kubernetes", "local"])
        self.assertEqual(self.bash("stepop step-operator register x --flavor local --cle"), ["--cleanup"])
        self.assertEqual(self.bash("stepop step-operator describe --stack one "), [""])

    def test_bash_completes_settings_and_their_values(self):
        register = "stepop step-operator register x --flavor local "
        self.assertEqual(self.bash(register + "--cleanup "), ["always", "never", "on_success"])
        self.assertEqual(self.bash("stepop step-operator update here --working"), ["--working_directory"])
        self.assertEqual(self.bash("stepop step-operator update here --remove "), ["state_directory"])
        self.assertNotIn("--owner", self.bash("stepop step-operator update here --"))
        self.assertEqual(self.bash("stepop step-operator register x --flavor kubernetes --incluster "), ["false", "true"])
        self.assertEqual(self.bash(register + "--working_directory "), ["", "compopt -o default"])

    def test_bash_completes_service_connectors(self):
        self.assertEqual(self.bash("stepop service-connector register x --type a"), ["aws", "azure"])
        aws = "stepop service-connector register x --type aws --auth-method "
        self.assertIn("iam-role", self.bash(aws))
        self.assertEqual(self.bash(aws + "secret-key --aws_s"), ["--aws_secret_access_key"])
        self.write("stack.yaml", f"name: x\nplugin_directories: [{workshop.PLUGINS}]\n"
                                 "step_operators: {here: {flavor: local}}\n"
                                 "service_connectors: {prod: {type: kubernetes, auth_method: token, configuration: {}}}\n")
        self.assertEqual(self.bash("stepop service-connector describe "), ["prod"])
        self.assertEqual(self.bash("stepop step-operator connect here --connector "), ["prod"])

    def test_bash_completes_runs_and_steps(self):
        self.run_json(self.write_pipeline({"prepare": self.step(), "train": self.step()}))
        self.assertEqual(self.bash("stepop logs de"), ["demo-1"])
        self.assertEqual(self.bash("stepop logs demo-1 "), ["prepare", "train"])
        self.assertEqual(self.bash("stepop logs -f demo-1 t"), ["train"])
        self.assertEqual(self.bash("stepop run --resume "), ["demo-1"])

    def test_bash_offers_files_and_directories_where_they_belong(self):
        self.assertEqual(self.bash("stepop run "), ["", "compopt -o default"])
        self.assertEqual(self.bash("stepop ps --state-dir "), ["", "compopt -o dirnames"])

    def test_what_cannot_be_found_out_is_no_error(self):
        self.env["STEPOP_STACK"] = "/nowhere.yaml"
        self.assertEqual(self.bash("stepop doctor "), [""])
        self.assertEqual(self.bash("stepop logs nope "), [""])
        self.assertFalse(self.state.exists())

    def test_bash_knows_the_function_as_stepops(self):
        done = subprocess.run(["bash", "--norc", "-c", "source <(stepop completion bash); complete -p stepop"], env=self.env,
                              capture_output=True, text=True, timeout=workshop.PATIENCE)
        self.assertEqual(done.stdout, "complete -F _stepop stepop\n")

    def test_zsh_completes(self):
        self.assertIsNotNone(shutil.which("zsh"), "zsh is not installed (packaging/deps/install installs it)")
        self.run_json(self.write_pipeline({"prepare": self.step(), "train": self.step()}))
        for line, completed in (("stepop step-op", "stepop step-operator "),
                                ("stepop step-operator flavor des", "stepop step-operator flavor describe "),
                                ("stepop doctor h", "stepop doctor here "),
                                ("stepop logs demo-1 tr", "stepop logs demo-1 train "),
                                ("stepop stack list --output=y", "stepop stack list --output=yaml "),
                                ("stepop run stac", "stepop run stack.yaml ")):
            with self.subTest(line):
                self.assertEqual(self.zsh(line), completed)

    def zsh(self, line: str) -> str:
        """The command line after a tab, as zsh's own line editor has it."""
        # What is waited for must not stand in what is typed: a terminal echoes that.
        script = f"""
zmodload zsh/zpty
zpty it zsh -f -i
zpty -w it 'PS1= PS2= RPS1=; autoload -Uz compinit; compinit -u -D; source <(stepop completion zsh)'
zpty -w it 'show() {{ print -r -- "[$BUFFER]" > buffer; print sho""wn }}; zle -N show; bindkey "^X" show; print rea""dy'
zpty -r it out '*ready*'
zpty -n -w it {line!r}$'\\t\\x18'
zpty -r it out '*shown*'
zpty -d it
"""
        (self.place / "buffer").unlink(missing_ok=True)
        subprocess.run(["zsh", "-f", "-c", script], env={**self.env, "TERM": "xterm"}, cwd=self.place,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=workshop.PATIENCE)
        return (self.place / "buffer").read_text().strip("\n")[1:-1]
