"""What came out of the queue and is not asked for yet. Pure: no I/O, no lock.

The plugin's queue has one consumer, and a host has several things to wait for: its events, and the logs that are
ready. Whoever reads the queue puts all of it here.
"""

from __future__ import annotations

from collections import OrderedDict

from .events import Event, Kind

# Like the plugin's own: what is not a state is dropped, oldest first, when nobody reads.
MOST_OTHERS = 1000


class Inbox:
    """Memory is O(steps): a step's unread states coalesce, as in the plugin's queue; a terminal one is never lost."""

    def __init__(self) -> None:
        self._unread: OrderedDict[object, Event] = OrderedDict()
        self._others = 0
        self._ready_logs: set[int] = set()
        self.dropped = 0
        """Warnings and lines of the plugin's log that nobody read in time."""

    def take_in(self, events: list[Event]) -> None:
        for event in events:
            if event.kind is Kind.LOG_READY:
                self._ready_logs.add(event.ticket)
            elif event.kind is Kind.STATE:
                self._unread.pop(event.step_run_id, None)
                self._unread[event.step_run_id] = event
            else:
                self._make_room()
                self._unread[event.sequence, event.kind] = event
                self._others += event.kind in (Kind.WARNING, Kind.PLUGIN_LOG)

    def _make_room(self) -> None:
        if self._others < MOST_OTHERS:
            return
        for key, event in self._unread.items():
            if event.kind in (Kind.WARNING, Kind.PLUGIN_LOG):
                del self._unread[key]
                self._others -= 1
                self.dropped += 1
                return

    def next(self) -> Event | None:
        """The oldest unread event."""
        if not self._unread:
            return None
        _, event = self._unread.popitem(last=False)
        self._others -= event.kind in (Kind.WARNING, Kind.PLUGIN_LOG)
        return event

    def log_is_ready(self, ticket: int) -> bool:
        """Whether there was word of this log since it was last asked."""
        if ticket in self._ready_logs:
            self._ready_logs.discard(ticket)
            return True
        return False
