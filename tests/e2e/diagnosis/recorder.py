"""Every view that the API gave of the steps' pods, as a witness that is neither stepop nor the steps."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from parts.cluster import Cluster

STEP_ID = "stepop.dev/step-run-id"


@dataclass(frozen=True)
class View:
    time: float
    kind: str
    pod: dict[str, Any]


def main_status(pod: dict[str, Any]) -> dict[str, Any]:
    statuses = pod["status"].get("containerStatuses", [])
    return next((status for status in statuses if status["name"] == "main"), {})


def has_ended(view: View) -> bool:
    return (
        view.kind == "DELETED"
        or view.pod["status"].get("phase") in ("Succeeded", "Failed")
        or "terminated" in main_status(view.pod).get("state", {})
    )


class Recorder:
    def __init__(self, cluster: Cluster, selector: str) -> None:
        self.cluster = cluster
        self.selector = selector
        self.lock = threading.Lock()
        self.views: dict[str, list[View]] = {}
        self.closing = False
        self.synced = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        assert self.synced.wait(30), "the watch of the steps' pods has not begun"

    def follow(self) -> None:
        while not self.closing:
            try:
                self.watch()
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(0.2)  # the API server is restarted by some cases

    def watch(self) -> None:
        url = urlsplit(self.cluster.server)
        query = urllib.parse.urlencode({"labelSelector": self.selector, "watch": "1"})
        connection = http.client.HTTPSConnection(str(url.hostname), url.port, context=self.cluster.tls, timeout=600)
        try:
            headers = {"Authorization": f"Bearer {self.cluster.token}"}
            connection.request("GET", f"/api/v1/pods?{query}", headers=headers)
            answer = connection.getresponse()
            self.synced.set()
            for line in answer:
                event = json.loads(line)
                self.note(View(time.time(), event["type"], event["object"]))
        finally:
            connection.close()

    def note(self, view: View) -> None:
        step = view.pod.get("metadata", {}).get("annotations", {}).get(STEP_ID)
        if step:
            with self.lock:
                self.views.setdefault(step, []).append(view)

    def of(self, step: str) -> list[View]:
        with self.lock:
            return list(self.views.get(step, []))

    def pods(self, step: str) -> list[dict[str, Any]]:
        """Each pod that there ever was, as it was seen last, in the order of their attempts."""
        last: dict[str, dict[str, Any]] = {}
        for view in self.of(step):
            last[view.pod["metadata"]["uid"]] = view.pod
        return sorted(last.values(), key=lambda pod: int(pod["metadata"]["labels"]["stepop.dev/attempt"]))

    def first_end(self, step: str, uid: str) -> float | None:
        """When the API first showed that this pod's main container was over."""
        times = [view.time for view in self.of(step) if view.pod["metadata"]["uid"] == uid and has_ended(view)]
        return min(times, default=None)

    def account(self, step: str) -> str:
        """All of it, to be read by people."""
        text = ""
        for view in self.of(step):
            meta, spec = view.pod["metadata"], view.pod["spec"]
            told = {
                "uid": meta["uid"][:8],
                "attempt": meta["labels"].get("stepop.dev/attempt"),
                "resourceVersion": meta["resourceVersion"],
                "deletion": [meta.get("deletionTimestamp"), meta.get("deletionGracePeriodSeconds")],
                "annotations": {k: v for k, v in meta["annotations"].items() if k in MARKS},
                "node": spec.get("nodeName"),
                "status": brief(view.pod["status"]),
            }
            text += f"{view.time:.3f} {view.kind} {json.dumps(told)}\n"
        return text


MARKS = ("stepop.dev/cancelled", "stepop.dev/given-up", "stepop.dev/replaced-by")


def brief(status: dict[str, Any]) -> dict[str, Any]:
    """Without what no decision is made by."""
    kept = {name: status[name] for name in ("phase", "reason", "message") if name in status}
    kept["conditions"] = [
        " ".join(str(c[word]) for word in ("type", "status", "reason", "message") if c.get(word))
        for c in status.get("conditions", [])
    ]
    for name in ("initContainerStatuses", "containerStatuses"):
        words = ("name", "state", "lastState", "restartCount", "containerID")
        kept[name] = [{word: c[word] for word in words if c.get(word)} for c in status.get(name, [])]
    return kept
