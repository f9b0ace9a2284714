"""The shell of every ZeroMQ socket here: a context of its own, opened whole or not at all, closed once."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import zmq

from agent.edge.errors import EdgeError


class OpenSocket:
    """One socket that is bound or connected; nothing lingers when it closes. A context manager."""

    def __init__(
        self,
        kind: int,
        *,
        bind: str = "",
        connect: str = "",
        purpose: str,
        options: Mapping[int, int | bytes] | None = None,
    ) -> None:
        """Raises EdgeError, which begins "cannot PURPOSE ENDPOINT", when the endpoint is not to be had."""
        self._context = zmq.Context()
        self.raw: zmq.Socket[bytes] = self._context.socket(kind)
        """To send and receive with."""
        self.raw.set(zmq.LINGER, 0)
        # Options hold for what is bound or connected after they were set.
        for option, value in (options or {}).items():
            self.raw.set(option, value)
        # A bad address shows here, and then nothing may stay open.
        try:
            if bind:
                self.raw.bind(bind)
            else:
                self.raw.connect(connect)
        except zmq.ZMQError as error:
            self.close()
            hint = " (is another agent running?)" if bind else ""
            raise EdgeError(f"cannot {purpose} {bind or connect!r}: {error}{hint}") from error

    @property
    def endpoint(self) -> str:
        """Where it is bound, with the port that a wild card became."""
        return self.raw.get_string(zmq.LAST_ENDPOINT)

    def close(self) -> None:
        """Close the socket and its context; a second time does nothing."""
        if not self.raw.closed:
            self.raw.close(linger=0)
            self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
