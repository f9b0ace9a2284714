"""beamside: the parser of live, daemon, replay, dashboard, record, analyse, demo, build-plans; nothing else is here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from agent.edge.errors import EdgeError
from agent.edge.settings import Settings

DEFAULTS = Settings()


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the console script; returns the exit code: 0 well, 2 a fault that is named on standard error."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except EdgeError as error:
        print(f"beamside: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="beamside", description="Reads particle shapes beside the microscope.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str,
        text: str,
        command: Callable[[argparse.Namespace], int],
        *,
        model: bool = True,
        aliases: tuple[str, ...] = (),
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, aliases=aliases)
        one.set_defaults(command=command)
        if model:
            one.add_argument("--models", help="folder with detector and classifier")
            one.add_argument("--backend", help="auto, tensorrt, tensorrt-rtx, onnxruntime-cuda or onnxruntime-cpu")
            one.add_argument("--precision", help="auto, fp32, fp16 or int8; auto is the fastest that costs no accuracy")
            one.add_argument("--threads", type=int, help="threads of the networks, 0: as ONNX Runtime likes")
            one.add_argument("--pixel-size-nm", type=float, help="overrides what the frames say")
            one.add_argument("--threshold", type=float, help="confidence below which the answer is unknown")
        return one

    def sockets(one: argparse.ArgumentParser) -> None:
        one.add_argument("--endpoint", help="where the frames come from, e.g. tcp://microscope-pc:45010")
        one.add_argument("--socket", help="SUB, PULL or REQ, as the sender needs")
        one.add_argument("--wire", help="what the sender speaks: karabo-bridge-2.2")
        one.add_argument("--snapshots", help="where the dashboard listens")
        one.add_argument("--commands", help="where the dashboard asks")
        one.add_argument("--record", help="record the session to this .beamside file")

    live = add("live", "analyse a live microscope, with the dashboard", _live)
    sockets(live)
    daemon = add("daemon", "analyse without a screen", _daemon)
    sockets(daemon)
    daemon.add_argument("--config", type=Path, help="agent.toml")
    again = add("replay", "analyse a recording, with the same results as live", _replay)
    again.add_argument("recording", type=Path, help="a .beamside recording, or a stack of images")
    again.add_argument("--speed", default="max", help="times the recorded pace, or max")
    again.add_argument("--as-seen", action="store_true", help="only the frames that were analysed live")
    again.add_argument("--snapshots", help="where the dashboard listens")
    again.add_argument("--commands", help="where the dashboard may ask for a pause or a threshold; else nobody may")
    board = add("dashboard", "the window alone, for an agent elsewhere", _dashboard, model=False)
    board.add_argument("--snapshots", default=DEFAULTS.snapshots)
    board.add_argument("--commands", default=DEFAULTS.commands)
    record = add("record", "record what a microscope sends, without analysis", _record, model=False)
    record.add_argument("out", type=Path)
    record.add_argument("--endpoint", default=DEFAULTS.endpoint)
    record.add_argument("--socket", default=DEFAULTS.socket)
    record.add_argument("--wire", default=DEFAULTS.wire)
    record.add_argument("--seconds", type=float)
    files = add("analyse", "images, stacks and recordings to JSON lines", _analyse)
    files.add_argument("files", type=Path, nargs="+")
    files.add_argument("--out", type=Path, required=True)
    demo = add("demo", "the whole thing with a virtual microscope", _demo)
    demo.add_argument("--seconds", type=float, default=120.0)
    demo.add_argument("--rate", type=float, default=5.0)
    demo.add_argument("--headless", action="store_true")
    demo.add_argument("--png", type=Path, default=Path("demo.png"), help="picture of the dashboard when headless")
    plans = add(
        "build-plans",
        "make the TensorRT plans before the session",
        _build_plans,
        model=False,
        aliases=("build-engine",),  # the name of the first releases
    )
    plans.add_argument("--models", type=Path, default=Path(DEFAULTS.models), help="folder with detector and classifier")
    plans.add_argument("--backend", help="tensorrt or tensorrt-rtx; default: the first that is installed")
    plans.add_argument("--precision", default="auto", help="auto, fp32 or fp16")
    plans.add_argument("--frame", help="HEIGHTxWIDTH in pixels: a plan for exactly these frames; with --pixel-size-nm")
    plans.add_argument("--pixel-size-nm", type=float)
    plans.add_argument("--target", default="this", help="this: the GPU here; any: only show that the networks build")
    return parser


# Each verb is imported when it is called: `beamside --help` needs no networks and no sockets.


def _live(options: argparse.Namespace) -> int:
    from agent.commands.live import main

    return main(options, print)


def _daemon(options: argparse.Namespace) -> int:
    from agent.commands.daemon import main

    return main(options, print)


def _replay(options: argparse.Namespace) -> int:
    from agent.commands.replay import main

    return main(options, print)


def _dashboard(options: argparse.Namespace) -> int:
    from agent.commands.dashboard import main

    return main(options, print)


def _record(options: argparse.Namespace) -> int:
    from agent.commands.record import main

    return main(options, print)


def _analyse(options: argparse.Namespace) -> int:
    from agent.commands.analyse import main

    return main(options, print)


def _demo(options: argparse.Namespace) -> int:
    from agent.commands.demo import main

    return main(options, print)


def _build_plans(options: argparse.Namespace) -> int:
    from agent.commands.build_plans import main

    return main(options, print)


if __name__ == "__main__":
    sys.exit(main())
