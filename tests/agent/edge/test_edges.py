"""Sockets, the slot, settings, files, models: each fault is one clear line."""

from __future__ import annotations

import threading
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
import zmq
from PIL import Image

from agent.edge.errors import EdgeError
from agent.edge.files.readers import read_frames
from agent.edge.inference.backend import load_engine
from agent.edge.session.latest import Latest
from agent.edge.settings import MODELS, load_settings
from agent.edge.transport.commands import CommandServer, send_command
from agent.edge.transport.frame_source import KaraboSource
from agent.edge.transport.snapshot_publisher import SnapshotPublisher
from agent.edge.transport.snapshot_subscriber import SnapshotSubscriber
from agent.edge.transport.systemd import notify
from protocol.command import Command
from protocol.wire.karabo import decode_frame
from protocol.wire.snapshot import encode_snapshot
from tests.examples import snapshot
from tests.fakes import field, parts

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
IMAGE = np.random.default_rng(1).integers(0, 4000, (80, 90)).astype(np.uint16)


def test_the_newest_wins_and_the_replaced_are_counted() -> None:
    slot: Latest[int] = Latest()
    for n in range(5):
        slot.put(n)
    assert (slot.take(0), slot.replaced, slot.take(0)) == (4, 4, None)
    slot.put(9)
    slot.close()
    assert not slot.ended
    assert slot.take(0) == 9
    assert slot.ended


@pytest.mark.parametrize(("ours", "theirs"), [("PULL", zmq.PUSH), ("REQ", zmq.REP), ("SUB", zmq.PUB)])
def test_frames_come_through_every_kind_of_socket(ours: str, theirs: int) -> None:
    context = zmq.Context()
    sender = context.socket(theirs)
    try:
        port = sender.bind_to_random_port("tcp://127.0.0.1")
        with KaraboSource(f"tcp://127.0.0.1:{port}", ours) as source:
            got = None
            for _ in range(100):  # a subscription takes a moment to arrive
                if ours == "REQ":
                    source.receive(0)
                    assert sender.recv() == b"next"
                sender.send_multipart(parts(field(3)))
                got = source.receive(0.2)
                if got:
                    break
            assert got is not None
            assert decode_frame(got).sequence == 3
    finally:
        sender.close(linger=0)
        context.term()


def test_an_impossible_endpoint_is_named() -> None:
    with pytest.raises(EdgeError, match="nonsense"):
        KaraboSource("nonsense")
    with pytest.raises(EdgeError, match="socket must be one of"):
        KaraboSource("tcp://127.0.0.1:1", "PAIR")


def test_a_taken_port_is_named() -> None:
    with SnapshotPublisher("tcp://127.0.0.1:*") as first, pytest.raises(EdgeError, match="is another agent running"):
        SnapshotPublisher(first.endpoint)


def test_the_newest_snapshot_reaches_the_reader() -> None:
    with SnapshotPublisher("tcp://127.0.0.1:*") as publisher, SnapshotSubscriber(publisher.endpoint) as subscriber:
        got = None
        for _ in range(100):
            publisher.send(encode_snapshot(snapshot()))
            got = subscriber.newest(0.1)
            if got:
                break
        assert got is not None
        assert got.number == 5


def test_a_command_is_asked_answered_and_obeyed_once() -> None:
    with CommandServer("tcp://127.0.0.1:*") as server:
        done = threading.Event()
        seen: list[Command] = []

        def poll() -> None:
            while not done.is_set():
                if (command := server.poll()) is not None:
                    seen.append(command)
                    return

        thread = threading.Thread(target=poll)
        thread.start()
        send_command(server.endpoint, Command(action="set_threshold", value=0.6), timeout_s=10)
        done.set()
        thread.join()
        assert seen == [Command(action="set_threshold", value=0.6)]


def test_silence_is_told_after_the_time_out() -> None:
    with pytest.raises(EdgeError, match="did not answer"):
        send_command("tcp://127.0.0.1:9", Command(action="pause"), timeout_s=0.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown keys colour"),
        ("endpoint = 5", "endpoint must be str"),
        ("pixel_size_nm = -1.0", "0.001 to 1"),
        ("threshold = 'x'", "threshold must be"),
        ("endpoint =", "Invalid value"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EdgeError, match=message):
        load_settings(path)


def test_the_shipped_settings_are_settings() -> None:
    assert load_settings(Path(__file__).parents[3] / "deploy" / "agent.toml").socket == "SUB"


def test_tiff_mrc_png_and_hdf5_keep_pixels_and_pixel_size(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.stack([IMAGE, IMAGE]), imagej=True, resolution=(20.0, 20.0), metadata={"unit": "nm"}
    )
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(IMAGE)
        file.voxel_size = 0.5
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = IMAGE[None]
        file["images"].attrs["pixel_size_nm"] = 0.05
    for name, count, size_nm in (("a.tif", 2, 0.05), ("a.mrc", 1, 0.05), ("a.png", 1, None), ("a.h5", 1, 0.05)):
        frames = list(read_frames(tmp_path / name))
        assert len(frames) == count
        assert np.array_equal(frames[-1].pixels, IMAGE)
        assert frames[-1].pixel_size_nm == (None if size_nm is None else pytest.approx(size_nm))
        assert next(read_frames(tmp_path / name, 0.03)).pixel_size_nm == 0.03


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tif", b"II*\x00garbage", "cannot be read as .tif"),
        ("a.png", b"not a png", "cannot be read as .png"),
        ("a.mrc", b"short", "cannot be read as .mrc"),
        ("a.h5", b"\x89HDF nope", "cannot be read as .h5"),
        ("a.xyz", b"", "unknown kind of file"),
        ("a.beamside", b"junk", "no beamside recording"),
        ("a.dm4", b"junk", "a.dm4"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EdgeError, match=message):
        list(read_frames(tmp_path / name))


def test_a_truncated_stack_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([IMAGE] * 4), photometric="minisblack")
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(EdgeError, match=r"a\.tif"):
        list(read_frames(tmp_path / "a.tif"))


@pytest.mark.skipif(not SHARED.exists(), reason="the sample files are not part of the repository")
@pytest.mark.parametrize(
    ("name", "size_nm"),
    [
        ("16_STOimage_1.ser", 0.010013),
        ("fei_example_tem_stack.emd", 0.0081729),
        ("multi_signal.dm3", 0.0177516),
    ],
)
def test_microscopes_own_formats_are_read_with_their_calibration(name: str, size_nm: float) -> None:
    pytest.importorskip("rsciio")
    assert next(read_frames(SHARED / "formats" / name)).pixel_size_nm == pytest.approx(size_nm, rel=1e-3)


@pytest.mark.skipif(not SHARED.exists(), reason="the sample files are not part of the repository")
def test_a_negative_pixel_size_in_a_real_file_is_refused() -> None:
    with pytest.raises(EdgeError, match=r"pixel size is -1\.0 nm, which is not positive; give it with --pixel-size-nm"):
        list(read_frames(SHARED / "formats" / "Custom_movie.mrc"))


def test_the_shipped_engine_opens_and_its_cards_match() -> None:
    engine = load_engine(MODELS, prefer="onnxruntime-cpu", threads=1)
    assert engine.detect(np.zeros((2, 64, 72), np.float32)).shape == (3, 64, 72)
    assert engine.classify(np.zeros((2, 1, 128, 128), np.float32)).shape == (2, len(engine.classifier_card.classes))


def test_a_card_that_is_not_the_networks_is_refused(tmp_path: Path) -> None:
    for path in MODELS.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "detector.onnx").write_bytes((MODELS / "classifier.onnx").read_bytes())
    with pytest.raises(EdgeError, match="the network beside it is"):
        load_engine(tmp_path, prefer="onnxruntime-cpu", precision="fp32")
    (tmp_path / "detector.int8.onnx").write_bytes((MODELS / "classifier.onnx").read_bytes())
    with pytest.raises(EdgeError, match="the network beside it is"):
        load_engine(tmp_path, prefer="onnxruntime-cpu", precision="int8")
    card = (MODELS / "classifier.json").read_text(encoding="utf-8").replace('"patch_px": 128', '"patch_px": 96')
    (tmp_path / "detector.onnx").write_bytes((MODELS / "detector.onnx").read_bytes())
    (tmp_path / "classifier.json").write_text(card, encoding="utf-8")
    with pytest.raises(EdgeError, match=r"the card promises inputs of \[1, 96, 96\]"):
        load_engine(tmp_path, prefer="onnxruntime-cpu", precision="fp32")
    with pytest.raises(EdgeError, match=r"a model is a \.onnx file and a \.json card"):
        load_engine(tmp_path / "nowhere", prefer="onnxruntime-cpu")


def test_a_backend_that_cannot_run_is_not_silently_replaced() -> None:
    with pytest.raises(EdgeError, match="backend must be one of"):
        load_engine(MODELS, prefer="abacus")


def test_without_a_supervisor_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
