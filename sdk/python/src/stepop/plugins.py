"""Plugins: loading one, and finding the one that has a flavor."""

from __future__ import annotations

import ctypes as c
import difflib
import json
import os
import re
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from . import _abi, _elf
from ._plain import encoded, identifier
from .errors import Conflict, Finding, LoadError, NotFound, StepopError, Unsupported, of_code

# What a plugin must have, or nothing can be done with it.
_VITAL = ("describe", "open", "destroy", "release")


class Plugin:
    """A loaded plugin. It stays loaded as long as the process lives; loading the same file again gives the same one.

    Safe with threads, and after ``fork``: a child may open operators of its own.
    """

    def __init__(self, file: Path, library: c.CDLL, raw: _abi.Plugin) -> None:
        self.file = file
        self._library = library
        self._raw = raw
        self._size = raw.struct_size
        self.name: str = raw.name.decode(errors="replace")
        self.version: str = raw.version.decode(errors="replace")
        missing = [name for name in _VITAL if not self.has(name)]
        if missing:
            raise LoadError(str(file), f"lacks {', '.join(missing)}", "report it to its author")
        try:
            self.description: dict[str, Any] = self.take_text(self.out("describe"))
            self.flavors: tuple[str, ...] = tuple(flavor["name"] for flavor in self.description["flavors"])
        except (StepopError, ValueError, LookupError, TypeError) as wrong:
            raise LoadError(str(file), f"does not describe itself: {wrong}", "report it to its author") from None

    @classmethod
    def load(cls, file: str | os.PathLike[str]) -> Plugin:
        """Raises LoadError, which says why a file is no plugin that works here."""
        path = Path(file).absolute()
        known = os.path.realpath(path)
        with _loading:
            if known not in _loaded:
                _loaded[known] = _load(path)
            return _loaded[known]

    def flavor(self, name: str) -> dict[str, Any]:
        """What the plugin says of a flavor: its description and JSON Schemas. Raises NotFound."""
        for flavor in self.description["flavors"]:
            if flavor["name"] == name:
                return dict(flavor)
        raise NotFound(
            f'the plugin {self.name} has no flavor "{name}"{_did_you_mean(name, self.flavors)}', (), _abi.NOT_FOUND
        )

    def open_raw(self, flavor: str, config: Any) -> int:
        """An operator's address; for `stepop.Operator`, which owns it from here."""
        return self.out("open", identifier(flavor, "flavor"), encoded(config, "config"))

    def has(self, name: str) -> bool:
        """Whether the plugin is new enough to have this function, and does."""
        field = getattr(_abi.Plugin, name)
        return field.offset + field.size <= self._size and bool(getattr(self._raw, name))

    def function(self, name: str) -> Any:
        if not self.has(name):
            raise Unsupported(f"the plugin {self.name} does not have {name}", (), _abi.UNSUPPORTED)
        return getattr(self._raw, name)

    def render_extension(self) -> Any:
        found = self.function("get_extension")(_abi.RENDER) if self.has("get_extension") else None
        if not found or _abi.Render.from_address(found).struct_size < c.sizeof(_abi.Render):
            raise Unsupported(f"the plugin {self.name} does not have {_abi.RENDER.decode()}", (), _abi.UNSUPPORTED)
        return _abi.Render.from_address(found).render

    def do(self, function: str | Any, *arguments: Any) -> None:
        """Calls, and raises what the plugin reports."""
        call = self.function(function) if isinstance(function, str) else function
        error = c.POINTER(_abi.Error)()
        code = call(*arguments, c.byref(error))
        if code != _abi.OK:
            raise self._failure(code, error, function if isinstance(function, str) else "the call")

    def out(self, function: str | Any, *arguments: Any) -> int:
        """Calls, and returns the address of what comes out; the caller gives it back with `release`."""
        found = c.c_void_p()
        self.do(function, *arguments, c.byref(found))
        if found.value is None:
            raise StepopError(f"the plugin {self.name} said OK, and handed nothing out")
        return found.value

    def release(self, address: int) -> None:
        self._raw.release(address)

    def take_text(self, address: int) -> Any:
        """The JSON of a stepop_text, which is given back."""
        try:
            raw = _abi.Text.from_address(address)
            return json.loads(_abi.text(raw.data, raw.size))
        finally:
            self.release(address)

    def _failure(self, code: int, error: Any, function: str) -> StepopError:
        if not error:
            return of_code(code, f"{function} failed: {_abi.CODE_NAMES[code] if code < len(_abi.CODE_NAMES) else code}")
        raw = error.contents
        message = _abi.text(raw.message, raw.message_size)
        findings = _abi.text(raw.findings, raw.findings_size)
        self.release(c.cast(error, c.c_void_p).value or 0)
        try:
            read = [Finding.read(found) for found in json.loads(findings or "[]")]
        except (ValueError, TypeError):
            read = []
        return of_code(code, message, read)

    def __repr__(self) -> str:
        return f"<Plugin {self.name} {self.version} from {self.file}>"


_loading = threading.Lock()
_loaded: dict[str, Plugin] = {}


# Held over a fork by the thread that forks, so that the child does not find it held by one that is not there.
os.register_at_fork(before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release)


def _load(file: Path) -> Plugin:
    if not file.is_file():
        why = "is not a file" if file.exists() else "is not there"
        raise LoadError(str(file), why, "give a plugin (a file *.so), or a plugin directory")
    try:
        fault = _elf.fault(file)
    except OSError as error:
        raise LoadError(str(file), f"cannot be read: {error.strerror}", "make it readable for this user") from None
    if fault:
        raise LoadError(str(file), fault, "remove it from the plugin directory, or copy it there again")
    try:
        library = c.CDLL(str(file), mode=os.RTLD_NOW | os.RTLD_LOCAL)
    except OSError as error:
        raise LoadError(str(file), f"cannot be loaded: {error}", _loader_hint(str(error))) from None
    entry = getattr(library, _abi.ENTRY_SYMBOL, None)
    if entry is None:
        raise LoadError(str(file), f"is no step-operator plugin: it does not export {_abi.ENTRY_SYMBOL}", "remove it")
    entry.restype, entry.argtypes = c.c_void_p, [c.c_uint32]
    address = entry(_abi.ABI_VERSION)
    ours = f"{_abi.ABI_MAJOR}.{_abi.ABI_MINOR}"
    same = "install the plugin and this package from the same release"
    if not address:
        raise LoadError(str(file), f"does not work with ABI {ours}", same)
    raw = _abi.Plugin.from_address(address)
    # stepop.h: while the major version is 0 the minor ones must be equal too.
    theirs = raw.abi_version
    if theirs != _abi.ABI_VERSION if _abi.ABI_MAJOR == 0 else theirs >> 16 != _abi.ABI_MAJOR:
        raise LoadError(str(file), f"was built for ABI {theirs >> 16}.{theirs & 0xFFFF}, this package for {ours}", same)
    if raw.struct_size < _abi.Plugin.describe.offset or not raw.name or not raw.version:
        raise LoadError(str(file), "does not say its name and version", "report it to its author")
    return Plugin(file, library, raw)


def _loader_hint(said: str) -> str:
    needed = re.search(r"version [`'](GLIBC_[0-9.]+)' not found", said)
    if needed:
        have = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
        here = f"this machine has {have}" if have else "this machine has another C library"
        newer = f"it needs {needed[1].replace('_', ' ').lower()}, and {here}"
        return f"{newer}: use a newer system, or a plugin built on this one"
    return "see what it needs with `ldd`, and whether it is for this machine"


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), 1)
    return f'; did you mean "{near[0]}"?' if near else ""


def plugin_directories(directories: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """Where plugins are looked for: these, then those of ``$STEPOP_PLUGIN_PATH`` (``:`` between them), then
    ``lib/stepop/plugins`` of this Python's prefix. What this package brings itself comes after all of them.
    """
    found = [Path(directory).absolute() for directory in directories]
    found += [Path(part).absolute() for part in os.environ.get("STEPOP_PLUGIN_PATH", "").split(":") if part]
    installed = Path(sys.prefix, "lib", "stepop", "plugins")
    if installed.is_dir():
        found.append(installed)
    return list(dict.fromkeys(found))


def bundled_directory() -> Path:
    """The plugins inside the wheel; it may not be there."""
    return Path(__file__).with_name("plugins")


def load_directories(directories: Iterable[str | os.PathLike[str]]) -> tuple[list[Plugin], list[LoadError]]:
    """All plugins of these directories, in order, and why each other ``*.so`` is none."""
    plugins: dict[str, Plugin] = {}
    problems = []
    for directory in map(Path, directories):
        try:
            files = sorted(file for file in directory.iterdir() if file.suffix == ".so")
        except OSError as error:
            hint = "give a directory that holds plugins (*.so)"
            problems.append(LoadError(str(directory), f"is no plugin directory: {error.strerror}", hint))
            continue
        for file in files:
            try:
                plugins.setdefault(os.path.realpath(file), Plugin.load(file))
            except LoadError as problem:
                problems.append(problem)
    return list(plugins.values()), problems


def find_plugin(flavor: str, directories: Iterable[str | os.PathLike[str]] = ()) -> Plugin:
    """The plugin with this flavor, from `plugin_directories`; what the wheel brings is taken when none of them has it.

    Raises NotFound, which tells of files that could not be loaded, or Conflict when two have it.
    """
    plugins, problems = load_directories(plugin_directories(directories))
    found = [plugin for plugin in plugins if flavor in plugin.flavors]
    if not found and bundled_directory().is_dir():
        bundled, more = load_directories([bundled_directory()])
        plugins, problems = plugins + bundled, problems + more
        found = [plugin for plugin in bundled if flavor in plugin.flavors]
    if len(found) > 1:
        message = f'two plugins have the flavor "{flavor}": {found[0].file} and {found[1].file}'
        finding = Finding("error", "AmbiguousFlavor", "", message, "remove one of them from the plugin directories")
        raise Conflict(message, [finding], _abi.CONFLICT)
    if found:
        return found[0]
    message = f'no plugin has the flavor "{flavor}"{_did_you_mean(flavor, [n for p in plugins for n in p.flavors])}'
    hint = "; ".join(f"not loaded: {problem}" for problem in problems)
    if not plugins and not problems:
        hint = "no plugin was found: name a plugin directory, or set STEPOP_PLUGIN_PATH"
    raise NotFound(message, [Finding("error", "UnknownFlavor", "", message, hint)], _abi.NOT_FOUND)
