"""Telling systemd: sd_notify over its datagram socket; nothing happens where there is none."""

from __future__ import annotations

import os
import socket

import structlog

log = structlog.get_logger()


def notify(message: str) -> None:
    """Send ``READY=1``, ``WATCHDOG=1``, ``STATUS=…`` or ``STOPPING=1`` to $NOTIFY_SOCKET, if that is set.

    A supervisor that has gone, or does not listen, is a line in the log and no reason to end.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address or not hasattr(socket, "AF_UNIX"):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.setblocking(False)  # a supervisor that does not listen must not hold the analysis up
        try:
            line.sendto(message.encode(), address)
        except OSError as error:
            log.warning("the supervisor cannot be told", message=message, reason=error.strerror)
