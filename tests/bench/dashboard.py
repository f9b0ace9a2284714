"""Time of one update of the window as a ratio to drawing the image alone: `python -m tests.bench.dashboard`.

Each time includes the painting itself. No screen is needed; give QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from protocol.snapshot import Snapshot
from protocol.snapshot_wire import decode_snapshot, encode_snapshot
from tests.examples import snapshot

UPDATES = 40
SIZE_PX = (1366, 700)


def stream(particles: int) -> list[Snapshot]:
    """Snapshots whose image, particles and statistics all differ from one to the next."""
    source = snapshot(particles)
    assert source.frame is not None
    rng = np.random.default_rng(1)
    made = []
    for n in range(UPDATES):
        image = rng.integers(0, 255, (768, 768), dtype=np.uint8)
        frame = replace(source.frame, sequence=n, image=image, scale=1024 / 768)
        made.append(replace(source, number=n, frame=frame, health=replace(source.health, analysed=n)))
    return made


def median_ms(actions: list[Callable[[], None]]) -> float:
    """Of the actions, each once, the first few left out."""
    spent = []
    for action in actions:
        start_s = time.perf_counter()
        action()
        spent.append(1e3 * (time.perf_counter() - start_s))
    return float(np.median(spent[3:]))


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg

    from agent.dashboard.window import Window, application, dispose

    app = application()

    def alone() -> float:
        bare = pg.GraphicsLayoutWidget()
        view = bare.addViewBox(lockAspect=True, invertY=True)
        item = pg.ImageItem(axisOrder="row-major")
        view.addItem(item)
        bare.resize(*SIZE_PX)
        bare.show()
        app.processEvents()

        def draw(image: np.ndarray) -> Callable[[], None]:
            def act() -> None:
                item.setImage(image, autoLevels=False, levels=(0, 255))
                bare.viewport().repaint()

            return act

        spent = median_ms([draw(s.frame.image) for s in stream(1) if s.frame is not None])
        dispose(bare, app)
        return spent

    def whole(snapshots: list[Snapshot]) -> float:
        queue: list[Snapshot] = []
        with ThreadPoolExecutor(1) as executor:
            window = Window(lambda: queue.pop() if queue else None, lambda command: None, "", executor)
            window.timer.stop()
            window.resize(*SIZE_PX)
            window.show()
            app.processEvents()

            def update(one: Snapshot) -> Callable[[], None]:
                def act() -> None:
                    queue.append(one)
                    window.pull()
                    window.frame.graphics.viewport().repaint()
                    app.processEvents()

                return act

            spent = median_ms([update(s) for s in snapshots])
            dispose(window, app)
        return spent

    image_ms = alone()
    print(f"image alone {image_ms:.1f} ms")
    for particles in (0, 10, 60):
        spent = whole(stream(particles))
        print(f"window with {particles:2d} particles {spent:5.1f} ms = {spent / image_ms:.1f} × image alone")
    same = stream(60)[:1] * UPDATES
    spent = whole(same)
    print(f"the same snapshot again  {spent:5.1f} ms = {spent / image_ms:.1f} × image alone")
    part = encode_snapshot(same[0])
    spent = median_ms([lambda: decode_snapshot(part) and None] * UPDATES)
    print(f"decoding {len(part) / 1e6:.1f} MB          {spent:5.1f} ms = {spent / image_ms:.1f} × image alone")


if __name__ == "__main__":
    main()
