"""Values for tests that need a whole one."""

from __future__ import annotations

import numpy as np

from protocol.snapshot import FrameView, Health, ParticleView, RecordingState, ShapeStatistics, Snapshot, Statistics

CLASSES = ("cube", "octahedron", "truncated_octahedron", "decahedron", "icosahedron")


def snapshot(particles: int = 6) -> Snapshot:
    """A snapshot in mid-run, with a frame of noise and some round particles."""
    rng = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    views = []
    for n in range(particles):
        y, x, r = (*rng.uniform(80, 940, 2), rng.uniform(40, 70))
        p = rng.dirichlet(np.full(5, 0.3))
        best = int(p.argmax())
        views.append(
            ParticleView(
                track=n,
                y_px=float(y),
                x_px=float(x),
                diameter_nm=float(r * 0.1),
                shape=CLASSES[best] if p[best] > 0.7 else "unknown",
                confidence=float(p[best]),
                probabilities=tuple(float(v) for v in p),
                outline_px=np.stack([y + r * np.sin(angle), x + r * np.cos(angle)], 1).astype(np.float32),
            )
        )
    edges = np.arange(2.0, 10.5, 0.5)
    shapes = tuple(
        ShapeStatistics(
            shape=name,
            count=10 + 5 * n,
            fraction=0.2,
            fraction_low=0.12,
            fraction_high=0.3,
            diameter_counts=rng.integers(0, 9, len(edges) - 1),
        )
        for n, name in enumerate((*CLASSES, "unknown"))
    )
    return Snapshot(
        run="test",
        number=5,
        created_time_s=1.7e9,
        classes=CLASSES,
        threshold=0.7,
        frame=FrameView(
            sequence=41,
            camera_time_s=1.7e9 - 0.1,
            image=rng.integers(0, 255, (512, 512), dtype=np.uint8),
            scale=2.0,
            shape_px=(1024, 1024),
            pixel_size_nm=0.05,
            pixel_size_provenance="metadata",
            particles=tuple(views),
        ),
        statistics=Statistics(
            particles=120,
            detections=900,
            cut=7,
            frames=88,
            shapes=shapes,
            diameter_edges_nm=edges,
            history_time_s=1.7e9 + np.arange(50.0),
            history_fraction=rng.dirichlet(np.ones(5), 50).astype(np.float32),
        ),
        health=Health(
            messages=100,
            received=100,
            analysed=90,
            not_analysed={"replaced": 9},
            sequence_gaps=1,
            received_per_s=10.0,
            analysed_per_s=9.0,
            latency_p50_ms=80.0,
            latency_p99_ms=150.0,
            backend="onnxruntime-cpu",
            model="first",
            recording=RecordingState(),
            last_problem="",
        ),
    )
