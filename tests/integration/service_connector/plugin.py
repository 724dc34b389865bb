"""stepop.connectors/1 of the built plugin, by ctypes."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path


class Text(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("kind", ctypes.c_uint32), ("data", ctypes.c_char_p),
                ("length", ctypes.c_size_t)]


class Failure(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("kind", ctypes.c_uint32), ("code", ctypes.c_int32),
                ("reserved", ctypes.c_uint32), ("message", ctypes.c_char_p), ("message_size", ctypes.c_size_t),
                ("findings", ctypes.c_char_p), ("findings_size", ctypes.c_size_t)]


OUT = [ctypes.POINTER(ctypes.POINTER(Text)), ctypes.POINTER(ctypes.POINTER(Failure))]
WORD = ctypes.c_char_p
NAMES = {"types": [], "validate": [WORD], "verify": [WORD, ctypes.c_int64],
         "list_resources": [WORD, WORD, ctypes.c_int64], "describe_resource": [WORD, WORD, ctypes.c_int64],
         "access": [WORD, WORD, ctypes.c_int64]}


class Refused(Exception):
    """A call failed; `str` is all that was said: the message and every finding."""


class Connectors:
    def __init__(self, build: Path) -> None:
        self.library = ctypes.CDLL(str(build / "plugins" / "libstepop_kubernetes.so"))
        entry = self.library.stepop_plugin_entry
        entry.restype, entry.argtypes = ctypes.c_void_p, [ctypes.c_uint32]
        plugin = entry(1)
        # stepop_plugin: size, version, name, version, then 17 functions, of which the last two are these.
        slots = ctypes.cast(plugin + 24, ctypes.POINTER(ctypes.c_void_p))
        count = (ctypes.cast(plugin, ctypes.POINTER(ctypes.c_uint32))[0] - 24) // 8
        get = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_char_p)(slots[count - 1])
        self.release = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(slots[count - 2])
        functions = ctypes.cast(get(b"stepop.connectors/1") + 8, ctypes.POINTER(ctypes.c_void_p))
        self.functions = {}
        for number, (name, arguments) in enumerate(NAMES.items()):
            outs = OUT[1:] if name == "validate" else OUT
            self.functions[name] = ctypes.CFUNCTYPE(ctypes.c_int32, *arguments, *outs)(functions[number])

    def call(self, name: str, *arguments: object) -> object:
        text, failure = ctypes.POINTER(Text)(), ctypes.POINTER(Failure)()
        outs = [ctypes.byref(failure)] if name == "validate" else [ctypes.byref(text), ctypes.byref(failure)]
        code = self.functions[name](*arguments, *outs)
        if code:
            said = f"{code} {failure.contents.message.decode()} {failure.contents.findings.decode()}"
            self.release(ctypes.cast(failure, ctypes.c_void_p))
            raise Refused(said)
        if name == "validate":
            return None
        said = json.loads(text.contents.data)
        self.release(ctypes.cast(text, ctypes.c_void_p))
        return said

    def verify(self, connector: dict, timeout: int = 20000) -> dict:
        return self.call("verify", json.dumps(connector).encode(), timeout)

    def list(self, connector: dict, timeout: int = 20000) -> list:
        return self.call("list_resources", json.dumps(connector).encode(), b"kubernetes-cluster", timeout)

    def describe(self, connector: dict, cluster: str, timeout: int = 20000) -> dict:
        return self.call("describe_resource", json.dumps(connector).encode(), cluster.encode(), timeout)

    def access(self, connector: dict, cluster: str, timeout: int = 20000) -> dict:
        return self.call("access", json.dumps(connector).encode(), cluster.encode(), timeout)
