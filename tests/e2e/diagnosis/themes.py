"""All cases: those that can run together, and those that disturb the node."""

from __future__ import annotations

import cancelling
import configuration
import deletion
import disruption
import ending
import gpu
import images
import memory
import nodes
import policies
import scheduling
from case import Case

# What takes longest comes first.
AT_ONCE: list[Case] = [
    *disruption.CASES,
    *images.CASES,
    *deletion.CASES,
    *memory.CASES,
    *scheduling.CASES,
    *gpu.CASES,
    *policies.CASES,
    *configuration.CASES,
    *cancelling.CASES,
    *ending.CASES,
]
ALONE: list[Case] = nodes.ALONE + nodes.SLOW
