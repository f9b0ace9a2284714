"""A slot for one item between two threads: the newest wins, the replaced are counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """ZeroMQ cannot do this for multipart messages: CONFLATE drops their headers, high-water marks keep the oldest."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._replaced = 0

    def put(self, item: T) -> None:
        """Leave an item; one that nobody has taken is replaced and counted."""
        with self._changed:
            self._replaced += self._item is not None
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """The newest item, or None when none came in time or the slot was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """No more will come; a waiting taker wakes. An item that lies there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def ended(self) -> bool:
        """Closed and empty."""
        with self._changed:
            return self._closed and self._item is None

    @property
    def replaced(self) -> int:
        """Items that were replaced before anybody took them."""
        with self._changed:
            return self._replaced

    @property
    def waiting(self) -> int:
        """1 when an item lies there, else 0."""
        with self._changed:
            return int(self._item is not None)
