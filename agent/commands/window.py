"""`python -m agent.commands.window`: the process of the dashboard's window; `live`, `dashboard`, `demo` start it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent.commands.signals import on_end
from agent.dashboard.window import picture, show
from agent.edge.errors import EdgeError
from agent.edge.settings import Settings
from protocol.errors import ProtocolError
from protocol.wire.snapshot import decode_snapshot

DEFAULTS = Settings()


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 well, 2 a fault that is named on standard error.

    Raises:
        SystemExit: the arguments are not those of the usage.
    """
    parser = argparse.ArgumentParser(prog="python -m agent.commands.window")
    parser.add_argument("--snapshots", default=DEFAULTS.snapshots)
    parser.add_argument("--commands", default=DEFAULTS.commands)
    parser.add_argument("--picture", nargs=2, type=Path, metavar=("SNAPSHOT", "PNG"))
    options = parser.parse_args(arguments)
    try:
        if not options.picture:
            return show(options.snapshots, options.commands, on_end)
        source, png = options.picture
        if not picture(decode_snapshot(source.read_bytes())).save(str(png)):
            raise EdgeError(f"cannot write {png}")
    except (EdgeError, ProtocolError, OSError) as error:
        sys.stderr.write(f"beamside dashboard: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
