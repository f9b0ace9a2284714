"""Settings of an agent: frozen, bounded, from TOML or the command line. Unknown keys are refused."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from agent.core.config import LARGEST_PIXEL_NM, SMALLEST_PIXEL_NM, AnalysisConfig
from agent.edge.errors import EdgeError
from protocol.errors import ProtocolError
from protocol.wire.karabo import KARABO
from protocol.wire.typed import Within, check_bounds, from_plain

MODELS = Path(__file__).parents[1] / "models"

SocketKind = Literal["SUB", "PULL", "REQ"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every key of an agent.toml; deploy/agent.toml explains each, and a test compares the two."""

    endpoint: str = "tcp://127.0.0.1:45010"
    """Where the frames come from."""
    socket: SocketKind = "SUB"
    """As the sender needs: SUB for PUB, PULL for PUSH, REQ for REP."""
    wire: str = KARABO
    """Name of the camera's wire, one of `protocol.wire.wires.WIRES`."""
    snapshots: str = "tcp://127.0.0.1:45011"
    """Where dashboards listen."""
    commands: str = "tcp://127.0.0.1:45012"
    """Where dashboards ask."""
    models: str = str(MODELS)
    """Folder with detector and classifier."""
    backend: str = "auto"
    """What computes; ``auto``: the best that runs here."""
    precision: str = "auto"
    """Of the networks' numbers; ``auto``: the fastest that costs no accuracy."""
    threads: Annotated[int, Within(0, 1024)] = 0
    """Of the networks; 0: as ONNX Runtime likes."""
    record: str = ""
    """Path of a new recording; empty: none is made."""
    pixel_size_nm: Annotated[float | None, Within(SMALLEST_PIXEL_NM, LARGEST_PIXEL_NM)] = None
    """Overrides what the frames say."""
    threshold: Annotated[float | None, Within(0, 1)] = None
    """Confidence below which the answer is unknown; None: as the model's card says."""
    run: str = "run"
    """Name of the run in every snapshot and CSV."""

    def __post_init__(self) -> None:
        check_bounds(self)

    def analysis(self) -> AnalysisConfig:
        """The part that the core needs."""
        return AnalysisConfig(pixel_size_nm=self.pixel_size_nm, threshold=self.threshold)


def load_settings(path: Path) -> Settings:
    """Settings of a TOML file.

    Raises:
        EdgeError: the file cannot be read, or a key is unknown, of the wrong kind or out of bounds.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EdgeError(f"{path}: {error}") from error
    try:
        return from_plain(Settings, values, str(path))
    except ProtocolError as error:
        raise EdgeError(str(error)) from error


def changed(settings: Settings, given: dict[str, Any]) -> Settings:
    """Settings with what the command line gives. Raises EdgeError as `load_settings`."""
    fields = {f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)}
    try:
        return from_plain(Settings, fields | given, "command line")
    except ProtocolError as error:
        raise EdgeError(str(error)) from error
