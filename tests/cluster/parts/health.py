"""Is a component well? Asked of its own health endpoint, with TLS verified where it speaks TLS."""

from __future__ import annotations

import socket
import ssl
import urllib.error
import urllib.request

from . import paths, process
from .process import Component
from .run import wait_for
from .say import Failure

# An endpoint on this machine that is well answers in milliseconds; under load, in some hundreds.
ANSWER_SECONDS = 2.0


def trouble(component: Component) -> str:
    """What is wrong with it, or nothing."""
    pid = process.pid_of(component)
    if pid is None:
        return "not running"
    if process.paused(pid):
        return "paused"
    return answer(component.health)


def answer(health: dict[str, str]) -> str:
    try:
        if "socket" in health:
            with socket.socket(socket.AF_UNIX) as end:
                end.settimeout(ANSWER_SECONDS)
                end.connect(health["socket"])
            return ""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls())
        with opener.open(health["url"], timeout=ANSWER_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        return f"{health['url']} answered {error.code}"
    except OSError as error:
        return str(getattr(error, "reason", error))


def tls() -> urllib.request.HTTPSHandler:
    context = ssl.create_default_context()
    if (paths.PKI / "ca.crt").exists():
        context.load_verify_locations(paths.PKI / "ca.crt")
    return urllib.request.HTTPSHandler(context=context)


def wait(component: Component, seconds: float) -> None:
    def look() -> bool:
        if process.pid_of(component) is None:
            raise Failure(f"{component.name} ended at once", component.log)
        return not trouble(component)

    wait_for(component.name, look, seconds, component.log)
