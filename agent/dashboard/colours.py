"""A colour for every class that colour-blind people can tell apart: Okabe and Ito (2008). No Qt."""

from __future__ import annotations

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2")
UNKNOWN_COLOUR = "#A0A0A0"
BACKGROUND = "#14171A"
TEXT = "#E8E8E8"
WARNING = "#FFB000"
BAD = "#FF6B5E"


def class_colours(classes: tuple[str, ...]) -> dict[str, str]:
    """Colour of each class and of ``unknown``; an eighth class begins anew."""
    colours = {name: OKABE_ITO[n % len(OKABE_ITO)] for n, name in enumerate(classes)}
    return {**colours, "unknown": UNKNOWN_COLOUR}
