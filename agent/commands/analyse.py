"""`beamside analyse`: files to lines of JSON, one line a frame."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from agent.commands.networks import open_networks
from agent.commands.options import settings_of
from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.results import FrameResult, NoPixelSize, UnusableFrame
from agent.edge.errors import EdgeError
from agent.edge.files.playback import read_frames


def main(options: argparse.Namespace, tell: Callable[[str], None]) -> int:
    """Analyse every file into one; 2 when a file or a frame was at fault, each of which is told in a line.

    Raises:
        EdgeError: the settings, the networks or the file of results are at fault.
    """
    settings = settings_of(options)
    # Everything that can be refused is asked before the first file is read.
    networks = open_networks(settings)
    try:
        out = options.out.open("w", encoding="utf-8")
    except OSError as error:
        raise EdgeError(f"cannot write {options.out}: {error.strerror}") from error
    code = 0
    with out:
        for path, written, problem in analyse_files(options.files, networks, settings.analysis(), out):
            sys.stderr.write(f"{path}: {written} frames\n")
            if problem:
                sys.stderr.write(f"beamside: {problem}\n")
                code = 2
    return code


def analyse_files(
    paths: Sequence[Path], networks: Networks, config: AnalysisConfig, out: TextIO
) -> Iterator[tuple[Path, int, str]]:
    """Write the frames of each file; yields (file, frames written, what went wrong or empty) after each file.

    A bad frame is told and left out, a bad file does not stop the others, and what was written before a fault stays.

    Raises:
        OSError: the file of results does not take a line. What is wrong with a file that is read is never raised.
    """
    for path in paths:
        # Whatever a file does wrong is kept as a text, so that the next one has its turn.
        written, faults = 0, list[str]()
        try:
            for number, frame in enumerate(read_frames(path, config.pixel_size_nm)):
                try:
                    result = analyse(frame, networks, config)
                except NoPixelSize as error:  # of one file's frames, all have it or none
                    raise EdgeError(f"{path}: {error}") from error
                except UnusableFrame as error:
                    faults.append(f"{path}, frame {number}: {error}")
                    continue
                out.write(json.dumps(frame_record(path, number, result, networks)) + "\n")
                written += 1
        except EdgeError as error:
            faults.append(str(error))
        out.flush()
        yield path, written, _in_one_line(faults)


def _in_one_line(faults: Sequence[str]) -> str:
    """The first fault, how many more there are, and the last; empty without any."""
    if len(faults) < 2:
        return "".join(faults)
    return f"{faults[0]}; {len(faults) - 1} more faults, the last: {faults[-1]}"


def frame_record(path: Path, number: int, result: FrameResult, networks: Networks) -> dict[str, Any]:
    """The JSON object of one frame, with what computed it."""
    # What computed it stands in every line: lines of several runs may be put together.
    classes = networks.classifier_card.classes
    return {
        "file": str(path),
        "frame": number,
        "pixel_size_nm": result.pixel_size_nm,
        "model": networks.model,
        "backend": networks.backend,
        "model_warnings": list(networks.warnings),
        "particles": [
            {
                "y_px": round(p.y_px, 2),
                "x_px": round(p.x_px, 2),
                "diameter_nm": round(p.diameter_nm, 3),
                "touches_border": p.touches_border,
                "shape": p.shape,
                "confidence": round(p.confidence, 4),
                "probabilities": {c: round(float(v), 4) for c, v in zip(classes, p.probabilities, strict=True)},
            }
            for p in result.particles
        ],
    }
