"""The newest board for everybody who listens, as server-sent events.

An event is put together once, whoever listens. A listener holds no queue: it waits for the next
board, and one that was slow gets the newest and misses those between.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

#: Seconds between comments that keep proxies from closing a silent connection.
PING_SECONDS: Final = 15
#: A listener that takes nothing for so long is cut off.
SEND_SECONDS: Final = 30.0


@dataclass
class Newest:
    """The newest event in each form, and who waits for the next.

    Attributes:
        id: of the event; empty: there is none yet.
        listeners: how many listen.
    """

    id: str = ""
    listeners: int = 0
    _forms: Mapping[str, bytes] = field(default_factory=dict)
    _next: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: bool = False

    def publish(self, name: str, event_id: str, forms: Mapping[str, str]) -> None:
        """Replace the event.

        Args:
            name: of its kind.
            event_id: tells it from others; printable ASCII.
            forms: its data by form, each one line.
        """
        head = f"event: {name}\r\nid: {event_id}\r\ndata: "
        self._forms = {form: f"{head}{data}\r\n\r\n".encode() for form, data in forms.items()}
        self.id = event_id
        self._wake()

    def close(self) -> None:
        """Let all listeners go."""
        self._is_over = True
        self._wake()

    def _wake(self) -> None:
        before, self._next = self._next, asyncio.Event()
        before.set()

    async def events(self, form: str, seen: str) -> AsyncIterator[bytes]:
        """The events from now on in one form, without the one that was seen already."""
        self.listeners += 1
        try:
            while not self._is_over:
                following = self._next
                if self.id != seen and self.id:
                    seen = self.id
                    yield self._forms[form]
                await following.wait()
        finally:
            self.listeners -= 1
