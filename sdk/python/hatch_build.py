"""Puts the plugins of the folder ``$STEPOP_WHEEL_PLUGINS`` into the wheel, for the platform ``$STEPOP_WHEEL_PLATFORM``.

Without them it is a wheel for any machine, whose plugins are found in a plugin directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WITH_THEM = ("stepop-local-supervisor",)


class Plugins(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        folder = os.environ.get("STEPOP_WHEEL_PLUGINS")
        if not folder:
            return
        files = [*Path(folder).glob("*.so"), *(Path(folder, name) for name in WITH_THEM if Path(folder, name).exists())]
        build_data["force_include"].update({str(file): f"stepop/plugins/{file.name}" for file in files})
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{os.environ['STEPOP_WHEEL_PLATFORM']}"
