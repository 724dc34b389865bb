"""What was decided when the cluster was made; kept beside it, so that every later command sees the same."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from . import network, paths
from .profiles import PROFILES, Profile

FILE = paths.STATE / "plan.json"


@dataclass(frozen=True)
class Plan:
    binary: str
    version: str
    profile: str
    bridge: str
    pods: str
    services: str
    ports: dict[str, int]

    @property
    def gateway(self) -> str:
        return network.first_address(self.pods)

    @property
    def router(self) -> str:
        return network.router_address(self.pods)

    @property
    def service_address(self) -> str:
        return network.first_address(self.services)

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports['apiserver']}"

    @property
    def server_for_pods(self) -> str:
        return f"https://{self.gateway}:{self.ports['apiserver']}"

    @property
    def truth_url(self) -> str:
        return f"http://{self.gateway}:{self.ports['truth']}"

    @property
    def settings(self) -> Profile:
        return PROFILES[self.profile]

    def save(self) -> None:
        FILE.write_text(json.dumps(asdict(self), indent=2))


def load() -> Plan | None:
    try:
        return Plan(**json.loads(FILE.read_text()))
    except (FileNotFoundError, TypeError):
        # None, or one of another version of these scripts, which can only be taken down.
        return None
