"""beamside: live, daemon, replay, dashboard, record, analyse, demo, build-engine."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent.edge.errors import EdgeError
from agent.edge.settings import Settings, load_settings

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

    def add(name: str, text: str, command: object, *, model: bool = True) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
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
    again.add_argument("--snapshots")
    again.add_argument("--commands")
    board = add("dashboard", "the window alone, for an agent elsewhere", _dashboard, model=False)
    board.add_argument("--snapshots", default=DEFAULTS.snapshots)
    board.add_argument("--commands", default=DEFAULTS.commands)
    record = add("record", "record what a microscope sends, without analysis", _record, model=False)
    record.add_argument("out", type=Path)
    record.add_argument("--endpoint", default=DEFAULTS.endpoint)
    record.add_argument("--socket", default=DEFAULTS.socket)
    record.add_argument("--seconds", type=float)
    files = add("analyse", "images, stacks and recordings to JSON lines", _analyse)
    files.add_argument("files", type=Path, nargs="+")
    files.add_argument("--out", type=Path, required=True)
    demo = add("demo", "the whole thing with a virtual microscope", _demo)
    demo.add_argument("--seconds", type=float, default=120.0)
    demo.add_argument("--rate", type=float, default=5.0)
    demo.add_argument("--headless", action="store_true")
    demo.add_argument("--png", type=Path, default=Path("demo.png"), help="picture of the dashboard when headless")
    plans = add("build-engine", "make the TensorRT plans before the session", _build_engine, model=False)
    plans.add_argument("--models", type=Path, default=Path(DEFAULTS.models), help="folder with detector and classifier")
    plans.add_argument("--backend", help="tensorrt or tensorrt-rtx; default: the first that is installed")
    plans.add_argument("--precision", default="auto", help="auto, fp32 or fp16")
    plans.add_argument("--frame", help="HEIGHTxWIDTH in pixels: a plan for exactly these frames; with --pixel-size-nm")
    plans.add_argument("--pixel-size-nm", type=float)
    plans.add_argument("--target", default="this", help="this: the GPU here; any: only show that the networks build")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    config = getattr(options, "config", None)
    settings = load_settings(config) if config else Settings()
    names = Settings.__dataclass_fields__
    given = {k: v for k, v in vars(options).items() if k in names and v is not None}
    settings = replace(settings, **given)
    settings.analysis()
    return settings


@contextlib.contextmanager
def _stopping(seconds: float | None = None) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM, or the time sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    timer = threading.Timer(seconds, stop.set) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield stop
    finally:
        if timer:
            timer.cancel()


def _live(options: argparse.Namespace) -> int:
    from agent.commands.dashboard import window
    from agent.commands.live import run_live

    settings = _settings(options)
    with _stopping() as stop, window(settings.snapshots, settings.commands, stop):
        last = run_live(settings, stop)
    print(f"{last.health.analysed} of {last.health.received} frames, {last.statistics.particles} particles")
    return 0


def _daemon(options: argparse.Namespace) -> int:
    from agent.commands.daemon import run_daemon

    return run_daemon(_settings(options))


def _replay(options: argparse.Namespace) -> int:
    from agent.commands.live import warmed_engine
    from agent.commands.text_table import table
    from agent.edge.session.replay import replay
    from agent.edge.transport.snapshot_publisher import SnapshotPublisher
    from protocol.wire.snapshot import encode_snapshot

    settings = _settings(options)
    try:
        speed = None if options.speed == "max" else float(options.speed)
    except ValueError as error:
        raise EdgeError(f"--speed is a number or max, got {options.speed!r}") from error
    if speed is not None and not speed > 0:
        raise EdgeError(f"--speed must be positive, got {speed}")
    engine = warmed_engine(settings)
    with _stopping() as stop, SnapshotPublisher(settings.snapshots) as publisher:
        last = replay(
            options.recording,
            engine,
            settings.analysis(),
            lambda s: publisher.send(encode_snapshot(s)),
            stop,
            speed=speed,
            as_seen=options.as_seen,
        )
    print(table(last))
    if last.health.received and not last.health.analysed:
        raise EdgeError(f"{options.recording}: no frame could be analysed; the last: {last.health.last_problem}")
    return 0


def _dashboard(options: argparse.Namespace) -> int:
    from agent.commands.dashboard import run_window

    return run_window(options.snapshots, options.commands)


def _record(options: argparse.Namespace) -> int:
    from agent.edge.files.recording import Recorder
    from agent.edge.transport.frame_source import KaraboSource

    count = 0
    with (
        _stopping(options.seconds) as stop,
        Recorder(options.out) as recorder,
        KaraboSource(options.endpoint, options.socket) as source,
    ):
        while not stop.is_set():
            parts = source.receive(0.1)
            if parts is not None:
                try:
                    recorder.append(parts, time.time())
                except OSError as error:
                    raise EdgeError(f"{options.out}: stopped after {count} messages: {error.strerror}") from error
                count += 1
    print(f"{count} messages in {options.out}")
    return 0


def _analyse(options: argparse.Namespace) -> int:
    from agent.commands.analyse import analyse_files
    from agent.edge.inference.backend import load_engine

    settings = _settings(options)
    engine = load_engine(
        Path(settings.models), prefer=settings.backend, precision=settings.precision, threads=settings.threads
    )
    code = 0
    try:
        out = options.out.open("w", encoding="utf-8")
    except OSError as error:
        raise EdgeError(f"cannot write {options.out}: {error.strerror}") from error
    with out:
        for path, written, problem in analyse_files(options.files, engine, settings.analysis(), out):
            print(f"{path}: {written} frames", file=sys.stderr)
            if problem:
                print(f"beamside: {problem}", file=sys.stderr)
                code = 2
    return code


def _demo(options: argparse.Namespace) -> int:
    from agent.commands.demo import run_demo

    settings = _settings(options)
    with _stopping(options.seconds) as stop:
        return run_demo(settings, stop, rate_per_s=options.rate, headless=options.headless, png=options.png, tell=print)


def _build_engine(options: argparse.Namespace) -> int:
    from agent.commands.build_plans import build_engines, frame_tier
    from agent.edge.inference.hardware import look

    build_engines(
        options.models,
        look(),
        print,
        backend=options.backend,
        precision=options.precision,
        tier=frame_tier(options.frame, options.pixel_size_nm),
        target=options.target,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
