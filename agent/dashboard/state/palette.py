"""How each class looks everywhere: a colour that colour-blind people can tell apart, a short name, a dash. No Qt.

Colours: M. Okabe and K. Ito, Color Universal Design (2008). Colour is never the only cue: outlines carry the short
name, lines a dash and the short name at their end.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.labels import UNKNOWN

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2")
DASHES: tuple[tuple[float, ...], ...] = ((), (6, 2), (2, 2), (8, 2, 2, 2), (4, 4), (1, 2), (10, 3))
"""Lengths of stroke and gap in widths of the line; empty: solid."""
UNKNOWN_COLOUR = "#B8BCC0"
BACKGROUND = "#14171A"
PANEL = "#1D2125"
TEXT = "#E8E8E8"
FAINT = "#9AA0A6"
GOOD = "#56B4E9"
WARNING = "#FFB000"
BAD = "#FF6B5E"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassStyle:
    """One class, or ``unknown``."""

    name: str
    """As the model has it."""
    text: str
    """As people write it."""
    short: str
    """At most seven letters; ``?`` for ``unknown``."""
    colour: str
    """As #RRGGBB."""
    dash: tuple[float, ...]
    """One of `DASHES`."""


def class_styles(classes: tuple[str, ...]) -> dict[str, ClassStyle]:
    """Style of each class and of ``unknown``; from the eighth class on colours come again with another dash."""
    shorts = short_names(classes)
    styles = {
        name: ClassStyle(
            name=name,
            text=pretty(name),
            short=shorts[n],
            colour=OKABE_ITO[n % len(OKABE_ITO)],
            dash=DASHES[(n + n // len(OKABE_ITO)) % len(DASHES)],
        )
        for n, name in enumerate(classes)
    }
    styles[UNKNOWN] = ClassStyle(name=UNKNOWN, text=UNKNOWN, short="?", colour=UNKNOWN_COLOUR, dash=(2, 3))
    return styles


def pretty(name: str) -> str:
    """A class as people write it."""
    return name.replace("_", " ")


def short_names(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Four letters (``truncated_octahedron``: ``t-octa``); what would then be alike is written in full."""
    short = [_short(name) for name in classes]
    return tuple(s if short.count(s) == 1 else pretty(name) for s, name in zip(short, classes, strict=True))


def _short(name: str) -> str:
    *before, last = pretty(name).split()
    return "".join(f"{word[0]}-" for word in before) + last[:4]
