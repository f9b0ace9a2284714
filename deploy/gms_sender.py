"""Send frames from the microscope's computer to beamside. One file; needs Python 3.7, numpy, pyzmq and msgpack only.

In GMS (DigitalMicrograph) the whole of a script that sends the front image, live, is:

    import sys, time
    sys.path.insert(0, r"C:\\beamside")
    import DigitalMicrograph as DM
    from gms_sender import Sender
    image = DM.GetFrontImage()
    origin, scale, unit = image.GetDimensionCalibration(0, 0)
    with Sender("tcp://*:45010", "GMS") as sender:
        while True:
            sender.send(image.GetNumArray(), pixel_size_nm=scale if unit == "nm" else None)
            time.sleep(0.1)

`send` copies the frame and returns at once. A thread of its own speaks to the network; when that is slow the newest
frame wins, and the sequence numbers show what was left out. The wire is Karabo Bridge 2.2 (protocol/WIRE.md).
"""

import math
import threading
import time

import msgpack
import numpy as np
import zmq

DTYPES = ("uint8", "uint16", "uint32", "int16", "int32", "float32")


class Sender:
    """Binds a PUB socket; a context manager. `endpoint` is what beamside's --endpoint connects to."""

    def __init__(self, endpoint, source):
        self.source = source
        self.replaced = 0
        self._sequence = 0
        self._waiting = None
        self._ended = False
        self._changed = threading.Condition()
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 2)
        try:
            self._socket.bind(endpoint)
        except zmq.ZMQError:
            self._socket.close()
            self._context.term()
            raise
        self.endpoint = self._socket.getsockopt(zmq.LAST_ENDPOINT).decode().rstrip("\0")
        self._thread = threading.Thread(target=self._run, name="beamside sender", daemon=True)
        self._thread.start()

    def send(self, pixels, pixel_size_nm=None, **quantities):
        """Leave one frame (h, w) for sending; never waits for the network.

        `pixel_size_nm` is the side of a pixel at the specimen, None when not known. Other names, all optional:
        exposure_s, energy_kev, defocus_nm (positive is overfocus), dose_e_per_a2. Raises ValueError for pixels that
        beamside would refuse.
        """
        pixels = np.array(pixels, order="C")
        if pixels.dtype == np.float64:
            pixels = pixels.astype(np.float32)
        if pixels.dtype.name not in DTYPES or pixels.ndim != 2 or 0 in pixels.shape:
            raise ValueError(
                "a frame is (h, w) of %s, got %s of %s" % (", ".join(DTYPES), pixels.shape, pixels.dtype)  # noqa: UP031
            )
        pixels = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
        values = dict(quantities, pixel_size_nm=pixel_size_nm)
        with self._changed:
            self.replaced += self._waiting is not None
            self._waiting = (self._sequence, time.time(), pixels, values)
            self._sequence += 1
            self._changed.notify()

    def close(self):
        """Send what still waits, then end the thread and free the port."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()
        self._socket.close(linger=200)
        self._context.term()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._ended)
                frame, self._waiting = self._waiting, None
            if frame is None:
                return
            self._socket.send_multipart(parts(self.source, *frame), copy=False)


def parts(source, sequence, time_s, pixels, values):
    """One frame as the four parts of Karabo Bridge 2.2."""
    seconds = math.floor(time_s)
    stamp = {
        "source": source,
        "timestamp": time_s,
        "timestamp.sec": str(seconds),
        "timestamp.frac": "%018d" % int((time_s - seconds) * 10**18),  # noqa: UP031
        "timestamp.tid": sequence,
    }
    known = {"beamside." + name: float(value) for name, value in values.items() if value is not None}
    array = {
        "source": source,
        "content": "array",
        "path": "image.data",
        "dtype": pixels.dtype.name,
        "shape": list(pixels.shape),
    }
    return [
        msgpack.packb({"source": source, "content": "msgpack", "metadata": stamp}, use_bin_type=True),
        msgpack.packb(known, use_bin_type=True),
        msgpack.packb(array, use_bin_type=True),
        pixels.tobytes(),
    ]
