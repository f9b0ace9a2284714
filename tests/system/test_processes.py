"""Real processes over real sockets: the virtual microscope, the daemon, the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from agent.edge.files.recording import Recorder
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from protocol.wire.karabo import KARABO
from simulator.microscope.server import frames
from simulator.microscope.session_file import SESSION, load_session
from tests.fakes import field, parts

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="signals and datagram sockets of POSIX")


def beamside(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


@posix
def test_microscope_daemon_snapshot_and_a_clean_end() -> None:
    frames_port, snapshots_port, commands_port = free_ports(3)
    endpoint, snapshots = f"tcp://127.0.0.1:{frames_port}", f"tcp://127.0.0.1:{snapshots_port}"
    with tempfile.TemporaryDirectory() as folder:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        line.bind(f"{folder}/notify")
        line.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"}
        daemon = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "agent.cli",
                "daemon",
                "--endpoint",
                endpoint,
                "--snapshots",
                snapshots,
                "--commands",
                f"tcp://127.0.0.1:{commands_port}",
                "--record",
                f"{folder}/session.beamside",
            ],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        microscope = subprocess.Popen(
            [sys.executable, "-m", "simulator.microscope.server", "--endpoint", endpoint, "--rate", "3"], cwd=ROOT
        )
        try:
            assert line.recv(100) == b"READY=1"
            with SnapshotSubscriber(snapshots) as subscriber:
                found = None
                for _ in range(300):
                    seen = subscriber.newest(0.2)
                    if seen is not None and seen.health.analysed >= 2:
                        found = seen
                        break
            assert found is not None
            assert found.statistics.particles >= 5
            assert found.frame is not None
            assert found.health.backend.startswith("onnxruntime")
        finally:
            daemon.send_signal(signal.SIGTERM)
            microscope.send_signal(signal.SIGTERM)
            _, errors = daemon.communicate(timeout=60)
            assert microscope.wait(60) == 0
            line.close()
        assert daemon.returncode == 0
        events = [json.loads(text)["event"] for text in errors.splitlines()]
        assert [e for e in events if e in ("backend", "ready", "stopped")] == ["backend", "ready", "stopped"]
        again = beamside("replay", f"{folder}/session.beamside", "--snapshots", snapshots)
        assert again.returncode == 0, again.stderr
        assert "particles (each counted once)" in again.stdout


def test_the_virtual_microscope_is_seeded_and_never_repeats() -> None:
    session = load_session(SESSION)
    one, two = frames(session, 800.0, 1), frames(session, 800.0, 1)
    first, second = next(one), next(one)
    assert np.array_equal(first.pixels, next(two).pixels)
    assert not np.array_equal(first.pixels, second.pixels)
    assert set(session.truth) == {"field", "y_px", "x_px", "diameter_nm", "shape"}


def test_analyse_writes_a_line_a_frame_and_names_the_bad_file(tmp_path: Path) -> None:
    stack = np.stack([field(n).pixels for n in range(2)])
    tifffile.imwrite(tmp_path / "good.tif", stack, imagej=True, resolution=(20.0, 20.0), metadata={"unit": "nm"})
    (tmp_path / "bad.tif").write_bytes(b"II*\x00rubbish")
    out = tmp_path / "results.jsonl"
    done = beamside("analyse", tmp_path / "bad.tif", tmp_path / "good.tif", "--out", out)
    assert done.returncode == 2
    assert "bad.tif" in done.stderr
    assert "Traceback" not in done.stderr
    lines = [json.loads(text) for text in out.read_text(encoding="utf-8").splitlines()]
    assert [entry["frame"] for entry in lines] == [0, 1]
    assert lines[0]["pixel_size_nm"] == pytest.approx(0.05)
    names = {"y_px", "x_px", "diameter_nm", "shape", "confidence", "probabilities", "touches_border"}
    assert set(lines[0]["particles"][0]) == names


def bad_inputs(folder: Path) -> dict[str, tuple[list[str | Path], str]]:
    tifffile.imwrite(folder / "no_size.tif", field(0).pixels)
    tifffile.imwrite(folder / "zeros.tif", np.zeros((100, 100), np.uint16))
    tifffile.imwrite(folder / "nan.tif", np.full((100, 100), np.nan, np.float32))
    tifffile.imwrite(folder / "tiny.tif", np.ones((1, 1), np.uint16))
    (folder / "none.beamside").write_bytes(b"no such thing")
    out = folder / "out.jsonl"
    with_size: list[str | Path] = ["--out", out, "--pixel-size-nm", "0.05"]
    return {
        "no such file": (["analyse", folder / "x.tif", "--out", out], "no such file"),
        "pixel size missing": (["analyse", folder / "no_size.tif", "--out", out], "give it with --pixel-size-nm"),
        "pixel size zero": (["analyse", folder / "no_size.tif", "--out", out, "--pixel-size-nm", "0"], "0.001 to 1"),
        "all zero": (["analyse", folder / "zeros.tif", *with_size], "same value, 0"),
        "not numbers": (["analyse", folder / "nan.tif", *with_size], "not finite"),
        "one pixel": (["analyse", folder / "tiny.tif", *with_size], "got 1 x 1"),
        "no model": (["analyse", folder / "no_size.tif", *with_size, "--models", folder], "a model is"),
        "no recording": (["replay", folder / "none.beamside"], "no beamside recording"),
        "bad settings": (["daemon", "--config", folder / "none.toml"], "cannot read"),
        "bad speed": (["replay", folder / "no_size.tif", "--speed", "fast"], "a number or max"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "no such file",
        "pixel size missing",
        "pixel size zero",
        "all zero",
        "not numbers",
        "one pixel",
        "no model",
        "no recording",
        "bad settings",
        "bad speed",
    ],
)
def test_bad_input_is_one_clear_line_and_a_non_zero_exit(tmp_path: Path, name: str) -> None:
    arguments, message = bad_inputs(tmp_path)[name]
    done = beamside(*arguments)
    assert done.returncode == 2
    faults = [text for text in done.stderr.splitlines() if text.startswith("beamside: ")]
    assert len(faults) == 1
    assert message in faults[0]
    assert "Traceback" not in done.stderr


def test_a_frame_without_pixels_in_a_recording_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "s.beamside"
    with Recorder(path, KARABO) as recorder:
        recorder.append(parts(field(0))[:2], 0.0)
        recorder.append(parts(field(1)), 1.0)
    port = free_ports(1)[0]
    done = beamside("replay", path, "--snapshots", f"tcp://127.0.0.1:{port}")
    assert done.returncode == 0
    assert "protocol 1" in done.stdout
