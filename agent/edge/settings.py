"""Settings of an agent: frozen, bounded, from TOML or the command line. Unknown keys are refused."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.core.config import AnalysisConfig
from agent.edge.errors import EdgeError

MODELS = Path(__file__).parents[1] / "models"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every key of an agent.toml; deploy/agent.toml explains each."""

    endpoint: str = "tcp://127.0.0.1:45010"
    socket: str = "SUB"
    snapshots: str = "tcp://127.0.0.1:45011"
    commands: str = "tcp://127.0.0.1:45012"
    models: str = str(MODELS)
    backend: str = "auto"
    precision: str = "auto"
    threads: int = 0
    record: str = ""
    pixel_size_nm: float | None = None
    threshold: float | None = None
    run: str = "run"

    def analysis(self) -> AnalysisConfig:
        """The part that the core needs. Raises EdgeError when a number is out of bounds."""
        try:
            return AnalysisConfig(pixel_size_nm=self.pixel_size_nm, threshold=self.threshold)
        except ValueError as error:
            raise EdgeError(str(error)) from error


def load_settings(path: Path) -> Settings:
    """Settings of a TOML file.

    Raises:
        EdgeError: the file cannot be read, or a key is unknown or of the wrong kind.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EdgeError(f"{path}: {error}") from error
    return settings_from(values, str(path))


def settings_from(values: dict[str, Any], origin: str) -> Settings:
    """Settings of plain values; `origin` names them in errors. Raises EdgeError."""
    kinds = {f.name: str(f.type) for f in dataclasses.fields(Settings)}
    strange = sorted(values.keys() - kinds.keys())
    if strange:
        raise EdgeError(f"{origin}: unknown keys {', '.join(strange)}; known are {', '.join(kinds)}")
    for name, value in values.items():
        allowed: tuple[type, ...] = {"str": (str,), "int": (int,)}.get(kinds[name], (int, float, type(None)))
        if isinstance(value, bool) or not isinstance(value, allowed):
            raise EdgeError(f"{origin}: {name} must be {kinds[name]}, got {value!r}")
    settings = Settings(**values)
    settings.analysis()
    return settings
