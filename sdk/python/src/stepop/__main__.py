"""python -m stepop doctor: what is here, and whether it can run steps."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from . import __version__, _abi
from .errors import Finding, LoadError, StepopError
from .operator import open_operator
from .plugins import bundled_directory, load_directories, plugin_directories

GOOD, ILL, BAD_INPUT = 0, 1, 2


def config_of(text: str) -> dict[str, Any]:
    """A JSON object, or a file that holds one."""
    try:
        found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except OSError as error:
        raise SystemExit(fail(f"--config: {text}: {error.strerror}")) from None
    except ValueError as error:
        raise SystemExit(fail(f"--config: {error}")) from None
    if not isinstance(found, dict):
        raise SystemExit(fail(f"--config: found a {type(found).__name__}, expected an object"))
    return found


def fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return BAD_INPUT


def examine(flavor: str, config: dict[str, Any], directories: list[str], seconds: float) -> list[Finding]:
    """What a flavor's own checks find."""
    try:
        with open_operator(flavor, {"owner": "doctor", **config}, plugin_directories=directories) as operator:
            return operator.check(timeout=seconds)
    except StepopError as error:
        return list(error.findings) or [Finding("error", type(error).__name__, "", error.message)]


def found_here(directories: list[str]) -> tuple[list[Finding], list[str]]:
    """The plugins, as findings, and their flavors."""
    where = plugin_directories(directories)
    if bundled_directory().is_dir():
        where.append(bundled_directory())
    plugins, problems = load_directories(where)
    findings = [
        Finding("ok", "Plugin", "", f"{plugin.name} {plugin.version} ({', '.join(plugin.flavors)}): {plugin.file}")
        for plugin in plugins
    ]
    findings += [finding for problem in problems if isinstance(problem, LoadError) for finding in problem.findings]
    if not plugins:
        looked = ", ".join(map(str, where)) or "nowhere"
        hint = "name a plugin directory with --plugin-directory, or set STEPOP_PLUGIN_PATH"
        findings.append(Finding("error", "NoPlugin", "", f"no plugin was found (looked in: {looked})", hint))
    return findings, list(dict.fromkeys(name for plugin in plugins for name in plugin.flavors))


def show(title: str, findings: list[Finding]) -> None:
    print(title)
    for finding in findings:
        named = finding.path and finding.path not in finding.message
        print(f"  {finding.level or 'error':<7}  {finding.path + ': ' if named else ''}{finding.message}")
        if finding.hint:
            print(f"           remedy: {finding.hint}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m stepop", description="stepop for Python")
    parser.add_argument("--version", action="version", version=f"stepop {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="whether the plugins that are found here can run steps")
    doctor.add_argument("--flavor", help="only this one; without it, all that are found")
    doctor.add_argument("--config", default="{}", help="its configuration: a JSON object, or a file that holds one")
    doctor.add_argument("--plugin-directory", action="append", default=[], metavar="DIR")
    doctor.add_argument("--timeout", type=float, default=20.0, metavar="SECONDS")
    doctor.add_argument("-o", "--output", choices=("text", "json"), default="text")
    chosen = parser.parse_args(arguments)

    config = config_of(chosen.config)
    plugins, flavors = found_here(chosen.plugin_directory)
    parts = {"plugins": plugins}
    for flavor in [chosen.flavor] if chosen.flavor else flavors:
        parts[flavor] = examine(flavor, config, chosen.plugin_directory, chosen.timeout)
    libc = os.confstr("CS_GNU_LIBC_VERSION") or "another C library"
    here = f"stepop {__version__}, ABI {_abi.ABI_MAJOR}.{_abi.ABI_MINOR}, Python {platform.python_version()}, {libc}"
    healthy = not any(finding.level == "error" for findings in parts.values() for finding in findings)
    if chosen.output == "json":
        document = {name: [vars(finding) for finding in findings] for name, findings in parts.items()}
        print(json.dumps({"here": here, "healthy": healthy, "checks": document}, indent=2))
    else:
        print(here)
        for name, findings in parts.items():
            show(name, findings)
    return GOOD if healthy else ILL


if __name__ == "__main__":
    sys.exit(main())
