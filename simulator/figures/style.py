"""How every picture looks: paper, type, scale bars, small files. Needs matplotlib, from the extra `train`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

PAPER, INK, FAINT = "#ffffff", "#1c1c1c", "#707070"
DPI = 110
GREYS, COLOURS = 48, 128
"""Of a file's palette: noise in 48 greys is a third as large as in full colour and looks the same."""
ROUND_NM = (0.5, 1, 2, 5, 10, 20, 50)


def sheet(
    rows: int, columns: int, cell_inch: float, *, below_inch: float, left_inch: float
) -> tuple[Figure, NDArray[Any]]:
    """A figure with square cells and room for text below each and left of each row; axes (rows, columns)."""
    gap, top, margin = 0.08, 0.55, 0.12
    width = left_inch + columns * (cell_inch + gap) + margin
    height = top + rows * (cell_inch + below_inch) + margin
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    axes: Any = np.empty((rows, columns), dtype=object)
    for row, column in np.ndindex(rows, columns):
        left = left_inch + column * (cell_inch + gap)
        bottom = height - top - row * (cell_inch + below_inch) - cell_inch
        axes[row, column] = figure.add_axes(
            (left / width, bottom / height, cell_inch / width, cell_inch / height), xticks=[], yticks=[]
        )
        axes[row, column].spines[:].set_visible(False)
    return figure, axes


def title(figure: Figure, text: str, detail: str) -> None:
    """A heading and, beside it, what the reader must know."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.13 / height, text, size=13, weight="bold", color=INK, va="top")
    figure.text(0.988, 1 - 0.17 / height, detail, size=8.5, color=FAINT, va="top", ha="right")


def picture(
    axes: Axes,
    values: NDArray[np.floating | np.integer],
    pixel_size_nm: float,
    *,
    limits: tuple[float, float] | None = None,
    colours: str = "gray",
) -> None:
    """An image in nm, y downwards; grey from the 0.5th to the 99.5th percentile unless `limits` are given."""
    height, width = values.shape
    low, high = limits if limits is not None else np.percentile(values, (0.5, 99.5))
    extent = (0, width * pixel_size_nm, height * pixel_size_nm, 0)
    axes.imshow(values, cmap=colours, vmin=low, vmax=high, extent=extent, interpolation="antialiased")


def scale_bar(axes: Axes) -> None:
    """A bar of a round length, about a fifth of the width, in the lower left corner."""
    width_nm, (low, high) = abs(np.subtract(*axes.get_xlim())), sorted(axes.get_ylim())
    bar_nm = max((n for n in ROUND_NM if n <= width_nm / 3.5), default=ROUND_NM[0])
    tall = (high - low) * 0.018
    x, y = width_nm * 0.05, high - (high - low) * 0.06
    axes.add_patch(Rectangle((x, y), bar_nm, tall, facecolor="white", edgecolor="black", linewidth=0.6))
    axes.text(
        x + bar_nm / 2,
        y - tall,
        f"{bar_nm:g} nm",
        size=7.5,
        weight="bold",
        color="white",
        ha="center",
        va="bottom",
        path_effects=_halo(),
    )


def label(axes: Axes, text: str) -> None:
    """A word in the upper left corner of an image."""
    axes.text(
        0.045, 0.955, text, size=8.5, weight="bold", color="white", va="top", transform=axes.transAxes,
        path_effects=_halo(),
    )  # fmt: skip


def caption(axes: Axes, lines: Sequence[str]) -> None:
    """Lines below an image."""
    for number, line in enumerate(lines):
        axes.annotate(
            line, (0, 0), (0, -4 - 10 * number), xycoords="axes fraction", textcoords="offset points", size=6.8,
            color=INK if number == 0 else FAINT, va="top", weight="bold" if number == 0 else "normal",
        )  # fmt: skip


def row_name(axes: Axes, text: str) -> None:
    """What a row holds, left of its first image and turned."""
    axes.annotate(
        text, (0, 0.5), (-9, 0), xycoords="axes fraction", textcoords="offset points", size=9.5, weight="bold",
        color=INK, ha="right", va="center", rotation=90,
    )  # fmt: skip


def key(axes: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Coloured names in one line below an image, as far apart as they are long."""
    letters = [len(name) + 4 for name, _ in names]
    for number, (name, colour) in enumerate(names):
        axes.annotate(
            name, (sum(letters[:number]) / sum(letters), 0), (0, -6), xycoords="axes fraction",
            textcoords="offset points", size=9, weight="bold", color=colour, va="top",
        )  # fmt: skip


def save(figure: Figure, path: Path) -> None:
    """A PNG of a palette, the same bytes for the same figure."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=DPI, facecolor=PAPER)
    path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(content) as image:
        with_palette(np.asarray(image.convert("RGB"))).save(path, format="png", optimize=True)


def with_palette(rgb: NDArray[np.uint8]) -> Image.Image:
    """An image (h, w, 3) in `GREYS` greys and the best `COLOURS` of its colours: greys get no tint of their company."""
    coloured = np.ptp(rgb, axis=-1) > 8
    grey = np.rint(rgb.mean(-1) * (GREYS - 1) / 255).astype(np.uint8)
    palette = np.repeat(np.rint(np.linspace(0, 255, GREYS)).astype(np.uint8), 3)
    if coloured.any():
        few = Image.fromarray(rgb[coloured][None]).quantize(COLOURS, dither=Image.Dither.NONE)
        grey[coloured] = np.asarray(few)[0] + GREYS
        palette = np.concatenate([palette, np.array(few.getpalette(), dtype=np.uint8)])
    image = Image.frombytes("P", grey.shape[::-1], grey.tobytes())
    image.putpalette(palette.tobytes())
    return image


def _halo() -> list[object]:
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=1.6, foreground="black")]
