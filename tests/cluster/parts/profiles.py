"""Kinds of cluster. A profile changes flags of components; tests of one behaviour name the profile that they need."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Profile:
    # Component name to flags, which replace the ones of the same name.
    flags: dict[str, dict[str, str]] = field(default_factory=dict)
    # Fields of the kubelet's configuration, which replace the ones of the same name.
    kubelet: dict[str, object] = field(default_factory=dict)


PROFILES = {
    "default": Profile(),
    # A node that does not answer is lost within seconds, where a cluster normally takes minutes.
    "faults": Profile(
        flags={
            "apiserver": {
                "--default-not-ready-toleration-seconds": "5",
                "--default-unreachable-toleration-seconds": "5",
            },
            "controller-manager": {"--node-monitor-grace-period": "12s", "--node-monitor-period": "2s"},
        },
        kubelet={"nodeStatusUpdateFrequency": "2s", "nodeLeaseDurationSeconds": 10},
    ),
}
