"""What a user hands over, as JSON: dictionaries, and the objects of libraries that know how to become one."""

from __future__ import annotations

import enum
import json
import math
import os
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from .errors import invalid

# JSON this deep is a mistake, such as a list that holds itself; the plugins draw their own line before.
DEEPEST = 100


def plain(value: Any, path: str = "", depth: int = 0) -> Any:
    """`value` as JSON has it. Models of the Kubernetes client keep Kubernetes' own names; pydantic's their fields.

    Raises InvalidInput with the place of what is neither.
    """
    if depth > DEEPEST:
        raise invalid(path, f"is nested more than {DEEPEST} deep")
    if isinstance(value, enum.Enum):
        return plain(value.value, path, depth)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise invalid(path, f"found {value}, expected a number that JSON has")
        return value
    if isinstance(value, Mapping):
        return _mapping(value, path, depth)
    if isinstance(value, (list, tuple)):
        return [plain(element, f"{path}[{i}]", depth + 1) for i, element in enumerate(value)]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return plain(os.fspath(value), path, depth)
    names = getattr(value, "attribute_map", None)
    if isinstance(names, Mapping):  # a model of the Kubernetes client: attribute -> Kubernetes' name
        members = {name: getattr(value, attribute) for attribute, name in names.items()}
        return _mapping({name: member for name, member in members.items() if member is not None}, path, depth)
    for become in ("model_dump", "to_dict"):  # pydantic's, and many others'
        method = getattr(value, become, None)
        if callable(method) and not isinstance(value, type):
            return plain(method(), path, depth + 1)
    raise invalid(path, f"found a {type(value).__name__}, expected what JSON has, or a model of the Kubernetes client")


def _mapping(value: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
    found = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise invalid(path, f"found the key {key!r}, expected a text", reason="InvalidKey")
        found[key] = plain(member, f"{path}.{key}" if path else key, depth + 1)
    return found


def encoded(value: Any, what: str) -> bytes:
    """A JSON object for the plugin."""
    found = plain(value)
    if not isinstance(found, dict):
        raise invalid("", f"{what}: found {type(value).__name__}, expected a dictionary")
    return json.dumps(found, allow_nan=False).encode()  # only ASCII: whatever a str may hold


def identifier(value: Any, what: str) -> bytes:
    """A text for the plugin. It ends at a NUL there, so that one which holds a NUL would be another text."""
    if not isinstance(value, str):
        raise invalid(what, f"found {type(value).__name__}, expected a text")
    if "\0" in value:
        raise invalid(what, "holds a NUL character")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise invalid(what, "is no Unicode text: it holds half of a surrogate pair") from None
