"""Whether a file is a library that the loader may look at: it dies of one that is cut off, or another machine's."""

from __future__ import annotations

import platform
import struct
from pathlib import Path

_MACHINES = {"x86_64": 62, "aarch64": 183}  # elf.h: EM_X86_64, EM_AARCH64
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SHARED, _LOAD = 3, 1


def fault(file: Path) -> str:
    """What is wrong with it; "" when nothing is. Raises OSError when it cannot be read."""
    size = file.stat().st_size
    with file.open("rb") as content:
        head = content.read(_HEADER.size)
        if head[:4] != b"\x7fELF":
            return "is no shared library"
        if len(head) < _HEADER.size:
            return "is cut off"
        ident, kind, machine, _, _, segments, _, _, _, each, count, *_ = _HEADER.unpack(head)
        ours = _MACHINES.get(platform.machine())
        if ident[4:6] != b"\x02\x01" or (ours is not None and machine != ours):
            return "is a library for another kind of machine"
        if kind != _SHARED or each != _SEGMENT.size:
            return "is no shared library"
        content.seek(segments)
        table = content.read(each * count)
        if len(table) < each * count:
            return "is cut off"
        for type_, _, offset, _, _, stored, _, _ in _SEGMENT.iter_unpack(table):
            if type_ == _LOAD and offset + stored > size:
                return "is cut off"
    return ""
