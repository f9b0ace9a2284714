"""What a camera sees of a field of view, in the camera's own pixels: the one place where truth is computed.

Frames, movies, sessions, training samples, controlled experiments and the report all take it from here. Indices are
(y, x), and (0, 0) is the centre of the camera's first pixel; the change of grids is `protocol.coordinates`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.coordinates import distance_from_corner, index_on_grid
from simulator.exit_waves.simulate import ParticleWave
from simulator.scenes.composition import FieldOfView
from simulator.scenes.placement import Placement, overlaps


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Which part of a field a camera sees, and with what pixels."""

    corner_px: tuple[int, int]
    """(y, x): how many of the camera's pixels its upper left corner lies inside the field's."""
    shape_px: tuple[int, int]
    """(h, w) of the camera."""
    pixel_size_nm: float
    """Of the camera."""
    field_pixel_size_nm: float
    """Of the field's grid."""

    @property
    def corner_nm(self) -> NDArray[np.float64]:
        """(2,): `corner_px` as a length."""
        return np.array(self.corner_px) * self.pixel_size_nm

    def field_indices(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(rows (h,), columns (w,)) of the camera's pixels as indices of the field, not whole."""
        rows, columns = (
            index_on_grid(np.arange(pixels), self.pixel_size_nm, self.field_pixel_size_nm, shift=float(corner_nm))
            for pixels, corner_nm in zip(self.shape_px, self.corner_nm, strict=True)
        )
        return rows, columns

    def from_corner(self, field_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Indices (n, 2) of the field to distances from the camera's corner, camera pixels: inside from 0 to (h, w)."""
        return distance_from_corner(field_px, self.field_pixel_size_nm, self.pixel_size_nm, shift=-self.corner_nm)

    def camera_indices(self, field_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Indices (n, 2) of the field to indices of the camera."""
        return index_on_grid(field_px, self.field_pixel_size_nm, self.pixel_size_nm, shift=-self.corner_nm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrueParticle:
    """One particle of which the camera sees something."""

    identity: int
    """Its number in `FrameTruth.labels`, and the same in every frame of a movie; from 1."""
    y_px: float
    """Row of the centre of what is seen of it, camera pixels."""
    x_px: float
    """Its column."""
    seen_share: float
    """Share of its projection inside the frame, 1 at most."""
    touches_border: bool
    """Some of it lies on the frame's outermost pixels or beyond; of thinned-out truth, within one step of them."""
    overlaps: bool
    """Another particle lies over or under some of it."""
    wave: ParticleWave
    """What it was composed of; holds all that is known about it."""

    @property
    def shape(self) -> str:
        """Name of its shape."""
        return self.wave.shape

    @property
    def element(self) -> str:
        """Symbol of its metal."""
        return self.wave.element

    @property
    def diameter_nm(self) -> float:
        """Of the sphere of equal volume, whole."""
        return self.wave.diameter_nm

    @property
    def quaternion(self) -> NDArray[np.float64]:
        """(4,): w, x, y, z of the rotation from the shape's own frame."""
        return self.wave.quaternion

    @property
    def zone_angle_deg(self) -> float:
        """Between the beam and the nearest low-index axis of any grain."""
        return self.wave.zone_angle_deg


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """All particles of a frame that lie over one another, taken for a single one."""

    y_px: float
    """Row of the centre of them all, camera pixels; it may lie outside the frame."""
    x_px: float
    """Its column."""
    seen_share: float
    """Share of their visible projections inside the frame."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldLabels:
    """Labels of the whole field, which reaches beyond the frame: what distances between particles are measured on."""

    labels: NDArray[np.int32]
    """(m, m): every `step_px`-th pixel of the field; 0, or the particle's position in the field plus one."""
    pixel_size_nm: float
    """Of `labels`: `step_px` pixels of the field."""
    step_px: int
    """1: every pixel of the field."""
    field_px: int
    """Pixels a side of the field."""
    corner_nm: tuple[float, float]
    """(y, x): how far the camera's corner lies inside the field's."""

    def indices_of(self, shape: tuple[int, int], pixel_size_nm: float) -> list[NDArray[np.float64]]:
        """[(h, w), (h, w)]: rows and columns of these labels, not whole, for a grid of other pixels on the frame."""
        axes = [
            index_on_grid(np.arange(pixels), pixel_size_nm, self.pixel_size_nm, shift=corner_nm)
            for pixels, corner_nm in zip(shape, self.corner_nm, strict=True)
        ]
        return list(np.meshgrid(*axes, indexing="ij"))

    def points_px(self, number: int | None = None) -> NDArray[np.float64]:
        """(n, 2): indices in the field of the pixels that carry this label, or any where it is None."""
        return (
            np.argwhere(self.labels > 0 if number is None else self.labels == number).astype(np.float64) * self.step_px
            + self.step_px // 2
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameTruth:
    """What lies in one camera frame, in the camera's pixels."""

    labels: NDArray[np.int32]
    """(h, w): 0 where there is no particle, else its identity."""
    particles: tuple[TrueParticle, ...]
    """Those of which something is seen, in the order of their placement."""
    overlap: Overlap | None
    """None where no particle lies over another."""
    waves: tuple[ParticleWave, ...]
    """Of every particle of the field in the order of placement, be it seen or not."""
    view: View
    """Where the camera lies in the field."""
    field_labels: FieldLabels
    """What lies around the frame."""

    def point_without_particle(self, clear_nm: float, rng: np.random.Generator) -> NDArray[np.float64] | None:
        """(y, x) from the frame's corner in camera pixels, so far from every particle and away from the field's rim.

        None when five tries find none.
        """
        taken = self.field_labels.points_px()
        clear_px = clear_nm / self.view.field_pixel_size_nm
        for _ in range(5):
            point_px = rng.uniform(0.15, 0.85, 2) * self.field_labels.field_px
            if not len(taken) or np.hypot(*(taken - point_px).T).min() > clear_px:
                # Drawn as a distance from the field's corner, which is half a pixel more than an index.
                return self.view.from_corner(point_px - 0.5)
        return None


def frame_truth(
    field: FieldOfView, view: View, *, identities: Sequence[int] | None = None, step_px: int | None = None
) -> FrameTruth:
    """The truth of a camera's frame; `identities` are the placements' numbers, from 1 on where they are not given.

    Labels are those of the field's pixel that is nearest to each of the camera's. Centres and shares are counted on
    the camera's pixels, or, where `step_px` is given, on every `step_px`-th pixel of the field: less exact, and much
    faster where the camera has many pixels.
    """
    numbers = list(range(1, len(field.placements) + 1)) if identities is None else list(identities)
    # The nearest pixel of the field; the camera's last ones may reach half a pixel beyond its end.
    rows, columns = (
        np.clip(np.floor(indices + 0.5).astype(int), 0, field.grid.size_px - 1) for indices in view.field_indices()
    )
    positions = field.labels[rows[:, None], columns[None, :]]
    labels = np.append(0, numbers).astype(np.int32)[positions]
    # The field's own labels, thinned out.
    step = 1 if step_px is None else step_px
    field_labels = FieldLabels(
        labels=field.labels[step // 2 :: step, step // 2 :: step],
        pixel_size_nm=step * field.grid.pixel_size_nm,
        step_px=step,
        field_px=field.grid.size_px,
        corner_nm=(float(view.corner_nm[0]), float(view.corner_nm[1])),
    )
    covered = overlaps(field.placements, field.grid.size_px)
    if step_px is None:
        seen = _seen_by_the_camera(field, view, labels, numbers, covered)
    else:
        seen = _seen_on_the_field(field, view, field_labels, numbers, covered)
    return FrameTruth(
        labels=labels,
        particles=tuple(seen),
        overlap=_overlap(view, field_labels, covered),
        waves=tuple(item.particle for item in field.placements),
        view=view,
        field_labels=field_labels,
    )


def _seen_by_the_camera(
    field: FieldOfView, view: View, labels: NDArray[np.int32], numbers: Sequence[int], covered: Sequence[bool]
) -> Iterator[TrueParticle]:
    """Counted on the camera's pixels."""
    area_ratio = (field.grid.pixel_size_nm / view.pixel_size_nm) ** 2
    for item, number, overlapping in zip(field.placements, numbers, covered, strict=True):
        mask = labels == number
        if mask.any():
            y_px, x_px = np.nonzero(mask)
            on_edge = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
            yield TrueParticle(
                identity=number,
                y_px=float(y_px.mean()),
                x_px=float(x_px.mean()),
                seen_share=min(1.0, float(mask.sum() / (item.particle.mask.sum() * area_ratio))),
                touches_border=bool(on_edge),
                overlaps=overlapping,
                wave=item.particle,
            )


def _seen_on_the_field(
    field: FieldOfView, view: View, field_labels: FieldLabels, numbers: Sequence[int], covered: Sequence[bool]
) -> Iterator[TrueParticle]:
    """Counted on some of the field's pixels."""
    # What lies between the last of these pixels and the frame's edge is not known.
    margin_px = max(1.0, field_labels.pixel_size_nm / view.pixel_size_nm)
    for position, (item, number, overlapping) in enumerate(
        zip(field.placements, numbers, covered, strict=True), start=1
    ):
        at_px = view.from_corner(field_labels.points_px(position))
        inside = _inside(at_px, view)
        if inside.any():
            centre_px = at_px[inside].mean(0) - 0.5
            yield TrueParticle(
                identity=number,
                y_px=float(centre_px[0]),
                x_px=float(centre_px[1]),
                seen_share=min(1.0, int(inside.sum()) / (_area_px(item) / field_labels.step_px**2)),
                touches_border=not bool(_inside(at_px, view, margin_px).all()),
                overlaps=overlapping,
                wave=item.particle,
            )


def _overlap(view: View, field_labels: FieldLabels, covered: Sequence[bool]) -> Overlap | None:
    points = [field_labels.points_px(position) for position, over in enumerate(covered, start=1) if over]
    if not points:
        return None
    at_px = view.from_corner(np.concatenate(points))
    centre_px = at_px.mean(0) - 0.5
    return Overlap(y_px=float(centre_px[0]), x_px=float(centre_px[1]), seen_share=float(_inside(at_px, view).mean()))


def _inside(at_px: NDArray[np.float64], view: View, margin_px: float = 0.0) -> NDArray[np.bool_]:
    """(n,): which distances (n, 2) from the camera's corner lie on the camera, its outer margin left out."""
    return np.asarray(((at_px >= margin_px) & (at_px < np.array(view.shape_px) - margin_px)).all(1))


def _area_px(item: Placement) -> int:
    """Pixels of the field that the whole projection covers."""
    return int(item.particle.mask.sum())
