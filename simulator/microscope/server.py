"""A virtual microscope: `python -m simulator.microscope.server` plays a session over Karabo Bridge 2.2. Needs no torch.

The session's fields are clean; drift, shot noise and the camera are made afresh for every frame, so that the stream
never repeats.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import zmq

from protocol.frame import Frame
from protocol.wire.karabo import encode_frame
from simulator.imaging.camera import Camera, expose
from simulator.microscope.session_file import LEVELS, SESSION, Session, load_session

CAMERA = Camera(mtf="scintillator", gain_counts_per_e=8.0, readout_counts=1.5, offset_counts=60.0, hot_share=1e-5)
RIM_PX = 24
"""The fields' rim, whose fringes are an artefact, is never shown."""
DRIFT_PX = 40
"""Largest drift to either side."""
FRAMES_PER_FIELD = 60


def corner_px(number: int) -> tuple[int, int]:
    """Upper left corner of the camera in the field at a frame: a slow wander."""
    t = number / FRAMES_PER_FIELD
    y, x = np.sin(2 * np.pi * 0.37 * t), np.cos(2 * np.pi * 0.29 * t)
    return RIM_PX + round(DRIFT_PX * (1 + y)), RIM_PX + round(DRIFT_PX * (1 + x))


def frames(session: Session, dose_e_per_a2: float, seed: int) -> Iterator[Frame]:
    """An endless stream; frame n depends on the seed and n alone, but for its time stamp."""
    count, height, width = session.fields.shape
    side_px = min(height, width) - 2 * RIM_PX - 2 * DRIFT_PX
    number = 0
    while True:
        field = number // FRAMES_PER_FIELD % count
        top, left = corner_px(number)
        clean = session.fields[field, top : top + side_px, left : left + side_px].astype(np.float32) / LEVELS
        counts = expose(clean, session.pixel_size_nm, dose_e_per_a2, CAMERA, np.random.default_rng([seed, number]))
        yield Frame(
            pixels=counts,
            source="virtual microscope",
            sequence=number,
            camera_time_s=time.time(),
            exposure_s=0.1,
            pixel_size_nm=session.pixel_size_nm,
            pixel_size_provenance="metadata",
            energy_kev=session.energy_kev,
            defocus_nm=float(session.defocus_nm[field]),
            dose_e_per_a2=dose_e_per_a2,
        )
        number += 1


def serve(stream: Iterator[Frame], endpoint: str, rate_per_s: float, stop: threading.Event) -> int:
    """Publish frames at a rate until asked to stop; returns how many were sent."""
    context = zmq.Context()
    socket = context.socket(zmq.PUB)
    sent = 0
    try:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.SNDHWM, 4)
        socket.bind(endpoint)
        start_s = time.monotonic()
        while not stop.wait(max(0.0, start_s + sent / rate_per_s - time.monotonic())):
            socket.send_multipart(encode_frame(next(stream)))
            sent += 1
    finally:
        socket.close(linger=0)
        context.term()
    return sent


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m simulator.microscope.server", description=__doc__)
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:45010")
    parser.add_argument("--session", type=Path, default=SESSION)
    parser.add_argument("--rate", type=float, default=5.0, help="frames a second")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--dose", type=float, default=800.0, help="electrons per square angstrom and frame")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if options.seconds:
        timer = threading.Timer(options.seconds, stop.set)
        timer.daemon = True
        timer.start()
    try:
        serve(frames(load_session(options.session), options.dose, options.seed), options.endpoint, options.rate, stop)
    except (OSError, zmq.ZMQError) as error:
        print(f"simulator.microscope.server: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
