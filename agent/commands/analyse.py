"""Files to lines of JSON: one line a frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from agent.core.config import AnalysisConfig
from agent.core.networks import Engine
from agent.core.pipeline import analyse
from agent.core.results import FrameResult, NoPixelSize, UnusableFrame
from agent.edge.errors import EdgeError
from agent.edge.files.readers import read_frames


def analyse_files(
    paths: Sequence[Path], engine: Engine, config: AnalysisConfig, out: TextIO
) -> Iterator[tuple[Path, int, str]]:
    """Write the frames of each file; yields (file, frames written, what went wrong or empty) after each file.

    A bad frame is told and left out, a bad file does not stop the others, and what was written before a fault stays.
    """
    for path in paths:
        written, faults = 0, list[str]()
        try:
            for number, frame in enumerate(read_frames(path, config.pixel_size_nm)):
                try:
                    result = analyse(frame, engine, config)
                except NoPixelSize as error:  # of one file's frames, all have it or none
                    raise EdgeError(f"{path}: {error}") from error
                except UnusableFrame as error:
                    faults.append(f"{path}, frame {number}: {error}")
                    continue
                out.write(json.dumps(line(path, number, result, engine)) + "\n")
                written += 1
        except EdgeError as error:
            faults.append(str(error))
        out.flush()
        yield (
            path,
            written,
            "; ".join(faults[:1] + [f"{len(faults) - 1} more faults, the last: {f}" for f in faults[1:][-1:]]),
        )


def line(path: Path, number: int, result: FrameResult, engine: Engine) -> dict[str, Any]:
    """The JSON object of one frame, with what computed it."""
    classes = engine.classifier_card.classes
    return {
        "file": str(path),
        "frame": number,
        "pixel_size_nm": result.pixel_size_nm,
        "model": engine.model,
        "backend": engine.backend,
        "model_warnings": list(engine.warnings),
        "particles": [
            {
                "y_px": round(p.y_px, 2),
                "x_px": round(p.x_px, 2),
                "diameter_nm": round(p.diameter_nm, 3),
                "shape": p.shape,
                "confidence": round(p.confidence, 4),
                "probabilities": {c: round(float(v), 4) for c, v in zip(classes, p.probabilities, strict=True)},
            }
            for p in result.particles
        ],
    }
