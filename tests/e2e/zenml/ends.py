"""When the steps' containers really ended, and when the API server first showed it: two witnesses that are no flavor."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from diagnosis.recorder import Recorder, View, main_status
from parts.cluster import Cluster, wait_until

# As `ctr events` prints it: the time, in nanoseconds and UTC, the namespace, the topic, and what it tells.
EXIT = re.compile(r'(\S+ [\d:]+)(\.\d+)? \+0000 UTC \S+ /tasks/exit \{.*"container_id":"([^"]+)","id":"\3"')


class Exits:
    """What containerd says of containers' ends, to the millisecond; the API has whole seconds."""

    def __init__(self) -> None:
        address = Path(os.environ["STEPOP_CLUSTER_DIR"]) / "containerd.sock"
        command = ["ctr", "--address", str(address), "--namespace", "k8s.io", "events"]
        self.at: dict[str, float] = {}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if found := EXIT.match(line):
                whole = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
                self.at[found[3]] = whole.timestamp() + float(found[2] or 0)

    def of(self, pod: dict[str, Any]) -> float:
        """When the pod's main container was gone."""
        container = main_status(pod)["state"]["terminated"]["containerID"].split("//")[1]
        return wait_until("containerd has told of the container's end", lambda: self.at.get(container))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


class Shown(Recorder):
    """What a watch of an administrator's shows of the pods of ZenML's steps, whichever flavor made them."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster, "step_run_id")

    def note(self, view: View) -> None:
        step = view.pod.get("metadata", {}).get("labels", {}).get("step_run_id")
        if step:
            with self.lock:
                self.views.setdefault(step, []).append(view)
