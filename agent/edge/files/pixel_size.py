"""The pixel size that a file states, in nm, and the one rule of when pixels are square. Pure."""

from __future__ import annotations

from dataclasses import dataclass

UNEQUAL = 0.01
"""Sides that differ by more than this part of one another make no square pixel."""
UNITS_NM = {
    "nm": 1.0,
    "nanometer": 1.0,
    "nanometers": 1.0,
    "um": 1e3,
    "µm": 1e3,
    "μm": 1e3,
    "micron": 1e3,
    "microns": 1e3,
    "\\u00b5m": 1e3,
    "a": 0.1,
    "å": 0.1,
    "angstrom": 0.1,
    "angstroms": 0.1,
    "pm": 1e-3,
    "m": 1e9,
    "cm": 1e7,
    "mm": 1e6,
}
"""In lower case; ``\\u00b5m`` is what ImageJ writes for a micrometre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelSize:
    """What a file says of its pixels."""

    nm: float | None = None
    """Side of a pixel; None when the file does not say it. It may be zero or negative, as the file has it."""
    fault: str = ""
    """Why what the file says is no pixel size; empty when it is one, or when nothing is said."""


def in_nm(number: float, unit: str | None) -> float | None:
    """A length in nm; None in a unit that is no length."""
    factor = UNITS_NM.get(str(unit or "").strip("\0 ").lower())
    return None if factor is None else float(number) * factor


def square(y_nm: float | None, x_nm: float | None) -> PixelSize:
    """The pixel size of both sides, if they agree."""
    if y_nm is None or x_nm is None:
        return PixelSize()
    if y_nm > 0 and x_nm > 0 and abs(y_nm / x_nm - 1) > UNEQUAL:
        return PixelSize(fault=f"the pixels are not square: {x_nm:g} x {y_nm:g} nm")
    return PixelSize(nm=x_nm)
