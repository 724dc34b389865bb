"""The reference host's commands: `stepop service-connector ...` and `stepop step-operator connect`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from cloud import Cloud
from score import Score, environment

SECRET = "command-secret-key"


def judge(score: Score, cloud: Cloud, build: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, environment(
            AWS_ENDPOINT_URL=cloud.url, XDG_CONFIG_HOME=folder, STEPOP_STATE_DIR=f"{folder}/state",
            STEPOP_PLUGIN_PATH=str(build / "plugins"), MY_SECRET=SECRET):
        stack = Path(folder) / "stack.yaml"
        stack.write_text("# mine\nname: s\nstep_operators:\n  cluster: { flavor: kubernetes }\n")
        stack.chmod(0o644)

        def stepop(*arguments: str, code: int = 0) -> str:
            ran = subprocess.run([build / "bin" / "stepop", *arguments, "--stack", str(stack)], capture_output=True,
                                 text=True, check=False)
            said = ran.stdout + ran.stderr
            score.true(f"stepop {' '.join(arguments[:2])}: its exit status", ran.returncode == code, said)
            score.true(f"stepop {' '.join(arguments[:2])}: no secret", SECRET not in said, said)
            return said

        def says(said: str, *words: str) -> None:
            for word in words:
                score.true(f"it says {word!r}", word in said, said)

        aws = ["--type", "aws", "--auth-method", "secret-key", "--aws_access_key_id=AKIAGIVEN"]
        says(stepop("service-connector", "list-types"), "aws", "gcp", "azure", "kubernetes", "federation-token",
             "kubernetes-cluster")
        says(stepop("service-connector", "register", "prod", *aws, "--regoin=eu-central-1", code=2), "--regoin",
             'did you mean "region"?', "--aws_secret_access_key")
        says(stepop("service-connector", "register", "prod", *aws, "--region=eu-central-1",
                    "--aws_secret_access_key=${env:MY_SECRT}", code=2), "MY_SECRT")
        score.true("nothing is written for a mistake", "prod" not in stack.read_text())
        says(stepop("service-connector", "register", "prod", *aws, "--region=eu-central-1",
                    "--aws_secret_access_key=${env:MY_SECRET}"), "RESOURCE NAME", "blue", "green")
        says(stack.read_text(), "# mine", "${env:MY_SECRET}")
        score.check("a file that we write credentials into is its owner's", stack.stat().st_mode & 0o777, 0o600)
        says(stepop("service-connector", "list"), "prod", "aws", "secret-key", "kubernetes-cluster")
        says(stepop("service-connector", "describe", "prod"), "${env:MY_SECRET}", "[HIDDEN]")
        says(stepop("service-connector", "verify", "prod"), "arn:aws:sts::123456789012", "blue")
        says(stepop("service-connector", "list-resources", "--resource-type", "kubernetes-cluster"), "prod", "green")
        told = json.loads(stepop("service-connector", "list-resources", "-o", "json"))
        score.check("as JSON", [one["resource_id"] for one in told[0]["resources"]], ["blue", "green"])
        says(stepop("service-connector", "describe", "prd", code=2), 'did you mean "prod"?')
        stepop("service-connector", "register", "plain", *aws, "--region=eu-central-1",
               f"--aws_secret_access_key={SECRET}", "--no-verify")
        says(stepop("service-connector", "describe", "plain"), "[HIDDEN]")
        stack.chmod(0o644)
        says(stepop("service-connector", "verify", "plain"), "is a plain secret in a file that others may read")
        says(stepop("step-operator", "connect", "cluster", "--connector", "prod", code=2), "say which with --resource-id")
        says(stepop("step-operator", "connect", "cluster", "--connector", "prod", "--resource-id", "bleu", code=2),
             "bleu")
        says(stepop("step-operator", "connect", "cluster", "--connector", "prod", "--resource-id", "blue"),
             "connected the step operator cluster")
        says(stack.read_text(), "connector: prod", "connector_resource_id: blue")
        says(stepop("service-connector", "delete", "prod", code=2), "the step operator cluster",
             "stepop step-operator disconnect cluster")
        says(stepop("step-operator", "list"), "CONNECTOR", "prod, cluster blue")
        told = json.loads(stepop("step-operator", "describe", "cluster", "-o", "json"))
        score.check("the connector is described", [told["connector"], told["connector_resource_id"]], ["prod", "blue"])
        before = stack.read_text()
        stepop("step-operator", "disconnect", "cluster")
        score.true("nothing is left of the connection", "connector: " not in stack.read_text(), stack.read_text())
        stepop("step-operator", "disconnect", "cluster", code=2)
        stepop("step-operator", "connect", "cluster", "--connector", "prod", "--resource-id", "blue")
        score.check("and it is there again", stack.read_text(), before)
        listed = json.loads(stepop("service-connector", "list", "-o", "json"))[0]["configuration"]
        score.check("only what is secret is hidden", [listed["region"], listed["aws_access_key_id"]],
                    ["eu-central-1", "[HIDDEN]"])
        register = ["step-operator", "register", "at-once", "--flavor", "kubernetes"]
        says(stepop(*register, "--connector", "prod", code=2), "say which with --resource-id")
        says(stepop(*register, "--resource-id", "green", code=2), "--connector")
        says(stepop(*register, "--connector", "prod", "--resource-id", "blue"), "registered the step operator at-once")
        score.check("both are connected", stack.read_text().count("connector_resource_id: blue"), 2)
        says(stepop("step-operator", "update", "at-once", "--kubernetes_context", "mine", code=2),
             "one way to the cluster")
        stepop("step-operator", "delete", "at-once")
        stepop("service-connector", "delete", "plain")
        score.true("it is gone", "plain" not in stack.read_text())
        os.environ.pop("MY_SECRET")
        says(stepop("service-connector", "verify", "prod", code=2), "MY_SECRET", "service_connectors.prod")
        stack.write_text("name: s\nservice_connectors:\n  plain:\n    type: kubernetes\n    auth_method: token\n    configuration: "
                         f"{{ server: 'https://127.0.0.1:1', cluster_name: here, token: {SECRET} }}\n"
                         "step_operators:\n  cluster: { flavor: kubernetes, connector: plain }\n")
        pipeline = Path(folder) / "pipeline.yaml"
        pipeline.write_text('pipeline: p\nimage: i\nsteps: { one: { step_operator: cluster, command: ["true"] } }\n')
        says(stepop("run", str(pipeline), "--dry-run", code=2),
             "service_connectors.plain.configuration.token is a plain secret in a file that others may read",
             "cannot connect to https://127.0.0.1:1")
