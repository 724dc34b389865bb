"""A proxy in front of the API server that does to chosen requests what networks and crashes do.

    with FaultProxy(folder, server, ca_file, token) as proxy:
        hold = proxy.on(HoldRequest(), method="POST", name="^train-")
        ...                       # run something with proxy.kubeconfig
        hold.wait(10)             # the request has arrived, and the API server has not seen it
        hold.drop()               # or hold.release()

`requests.py` is what has come by, `actions.py` what can be done to it, `server.py` the proxy.
"""

from .actions import (
    Action,
    Cut,
    CutAfterForwarding,
    Delay,
    EndStream,
    FreezeStream,
    HalfClose,
    Hold,
    HoldAnswer,
    HoldRequest,
    Refuse,
    Reset,
    Stall,
    Truncate,
    TruncatePiece,
    by_error_event,
    by_half_close,
    by_reset,
    by_silence,
    status_object,
)
from .requests import Ledger, Request
from .server import FaultProxy

__all__ = [
    "Action",
    "Cut",
    "CutAfterForwarding",
    "Delay",
    "EndStream",
    "FaultProxy",
    "FreezeStream",
    "HalfClose",
    "Hold",
    "HoldAnswer",
    "HoldRequest",
    "Ledger",
    "Refuse",
    "Request",
    "Reset",
    "Stall",
    "Truncate",
    "TruncatePiece",
    "by_error_event",
    "by_half_close",
    "by_reset",
    "by_silence",
    "status_object",
]
