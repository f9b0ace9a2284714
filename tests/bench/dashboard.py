"""Time of one update of the window as a ratio to drawing the image alone: `python -m tests.bench.dashboard`.

Each time is the shortest of some and includes the painting itself, into a picture of the same size. Needs no screen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from protocol.snapshot import Snapshot
from protocol.wire.snapshot import decode_snapshot, encode_snapshot
from tests.examples import snapshot

UPDATES = 30
SIZE_PX = (1366, 700)


def stream(particles: int) -> list[Snapshot]:
    """Snapshots whose image and statistics differ from one to the next."""
    source = snapshot(particles)
    assert source.frame is not None
    rng = np.random.default_rng(1)
    made = []
    for n in range(UPDATES):
        image = rng.integers(0, 255, (768, 768), dtype=np.uint8)
        frame = replace(source.frame, sequence=n, image=image, scale=1024 / 768)
        made.append(replace(source, number=n, frame=frame, health=replace(source.health, analysed=n)))
    return made


def best_ms(actions: list[Callable[[], object]]) -> float:
    """The shortest of the actions, each done once."""
    spent = []
    for action in actions:
        start_s = time.perf_counter()
        action()
        spent.append(1e3 * (time.perf_counter() - start_s))
    return min(spent)


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg

    from agent.dashboard.window import Window, application, dispose

    app = application()
    now_s = [0.0]
    queue: list[Snapshot] = []

    def pulled(window: Window, one: Snapshot, charts: bool) -> None:
        queue.append(one)
        # The charts are drawn once a second: the clock decides whether this is the time.
        now_s[0] += 10.0 if charts else 0.0
        window.pull()
        (window.charts if charts else window.frame.graphics).grab()

    with ThreadPoolExecutor(1) as executor:
        window = Window(lambda: queue.pop() if queue else None, lambda command: None, "", executor, lambda: now_s[0])
        window.timer.stop()
        window.resize(*SIZE_PX)
        window.show()
        pulled(window, stream(1)[0], True)
        app.processEvents()
        bare = pg.GraphicsLayoutWidget()
        view, item = bare.addViewBox(lockAspect=True, invertY=True), pg.ImageItem(axisOrder="row-major")
        view.addItem(item)
        bare.resize(window.frame.graphics.size())
        bare.show()
        app.processEvents()

        def alone(one: Snapshot) -> None:
            assert one.frame is not None
            item.setImage(one.frame.image, autoLevels=False, levels=(0, 255))
            bare.grab()

        image_ms = best_ms([lambda s=s: alone(s) for s in stream(1)])
        print(f"image alone                  {image_ms:6.1f} ms")

        def line(name: str, spent_ms: float) -> None:
            print(f"{name:28s} {spent_ms:6.1f} ms = {spent_ms / image_ms:4.1f} × image alone")

        for particles in (0, 10, 60):
            spent_ms = best_ms([lambda s=s: pulled(window, s, False) for s in stream(particles)])
            line(f"new frame, {particles:2d} particles", spent_ms)
        line("all charts, once a second", best_ms([lambda s=s: pulled(window, s, True) for s in stream(0)]))
        same = stream(60)[0]
        queue.append(same)
        window.pull()
        line("no news", best_ms([window.pull] * UPDATES))
        part = encode_snapshot(same)
        line(f"decoding {len(part) / 1e6:.1f} MB", best_ms([lambda: decode_snapshot(part)] * UPDATES))
        dispose(bare, app)
        dispose(window, app)


if __name__ == "__main__":
    main()
