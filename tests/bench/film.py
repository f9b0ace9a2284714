"""The shipped carbon beside published amorphous carbon: `python -m tests.bench.film [--published CSV]`.

Prints density, bonds, distances and angles of every shipped block and, given the tight-binding block of C. Ricolleau et
al., J. Appl. Phys. 114 (2013) 213504 (x, y, z in angstrom, a periodic 50 angstrom cube), of that one; then how far the
power spectra of film images are from the published block's, ours and a random fill's.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.grid import Grid
from simulator.propagation.potential import projected_slices
from simulator.specimen.carbon_film import blocks
from tests.simulator.slices import exit_wave
from tests.simulator.structure import bond_angles_deg, coordination_shares, density_g_per_cm3, pair_distribution

CPU = torch.device("cpu")
PUBLISHED_SIDE_NM = 5.0
SLAB_NM = 2.0
PIXEL_SIZE_NM = 0.035
LENS = Optics(energy_kev=300, c1_nm=-8, focal_spread_nm=3, convergence_mrad=0.2)
EDGES_PER_NM = np.arange(1.0, 7.1, 0.5)
"""Below 1/nm a 3.7 nm block has too few frequencies, beyond 7/nm the lens passes nothing."""

Atoms = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a block is judged by."""

    density_g_per_cm3: float
    three_fold: float
    first_nm: float
    second_nm: float
    """Places of the first two maxima of g(r)."""
    angle_deg: float
    angle_spread_deg: float


def read_published(path: Path) -> Atoms:
    """(n, 3) in nm."""
    rows = np.genfromtxt(path, delimiter=",")
    return np.asarray(rows[np.isfinite(rows).all(1)][:, :3] / 10)


def measure(at_nm: NDArray[np.floating], side_nm: float) -> Measured:
    """Of a periodic cube."""
    r_nm, g = pair_distribution(at_nm, side_nm, step_nm=0.0025)
    g = np.convolve(g, np.ones(3) / 3, mode="same")
    angles = bond_angles_deg(at_nm, side_nm)
    return Measured(
        density_g_per_cm3=density_g_per_cm3(len(at_nm), side_nm),
        three_fold=float(coordination_shares(at_nm, side_nm)[3]),
        first_nm=float(r_nm[np.argmax(np.where(r_nm < 0.18, g, 0))]),
        second_nm=float(r_nm[np.argmax(np.where((r_nm > 0.2) & (r_nm < 0.3), g, 0))]),
        angle_deg=float(angles.mean()),
        angle_spread_deg=float(angles.std()),
    )


def random_fill(side_nm: float, rng: np.random.Generator, nearest_nm: float = 0.14, per_nm3: float = 110.3) -> Atoms:
    """The common substitute: random atoms at 2.2 g/cm3, none nearer than 1.4 angstrom to another."""
    kept = np.empty((0, 3))
    wanted = round(per_nm3 * side_nm**3)
    while len(kept) < wanted:
        tried = np.vstack([kept, rng.uniform(0, side_nm, (wanted, 3))])
        pairs = cKDTree(tried, boxsize=side_nm).query_pairs(nearest_nm, output_type="ndarray")
        # Of two that are too near the later one goes; a few go for one that went, and come again.
        kept = np.delete(tried, np.unique(pairs.max(1)), axis=0)[:wanted]
    return kept


def image_spectrum(at_nm: NDArray[np.floating], side_nm: float) -> NDArray[np.float64]:
    """Radial power of images of slabs of a periodic cube, mean over its axes and depths, per area: (bins,) in nm2."""
    size_px = round(side_nm / PIXEL_SIZE_NM)
    grid = Grid(size_px=size_px, pixel_size_nm=side_nm / size_px)
    g = np.fft.fftfreq(size_px, grid.pixel_size_nm)
    radius = np.hypot(g[:, None], g[None, :])
    counts = np.histogram(radius, EDGES_PER_NM)[0]
    total = np.zeros(len(counts))
    depths = np.arange(0, side_nm - SLAB_NM + 1e-9, SLAB_NM)
    orders = list(permutations(range(3)))[::2]
    for order in orders:
        turned = np.asarray(np.mod(at_nm, side_nm)[:, order], dtype=np.float64)
        for depth_nm in depths:
            slab = turned[(turned[:, 2] >= depth_nm) & (turned[:, 2] < depth_nm + SLAB_NM)]
            wave = exit_wave(projected_slices(slab, 6, grid, 0.2, CPU), grid, 300.0, 0.2, absorption=0.03)
            seen = intensity(wave, grid, LENS).numpy()
            power = np.abs(np.fft.fft2(seen / seen.mean() - 1)) ** 2 * side_nm**2 / size_px**4
            total += np.histogram(radius, EDGES_PER_NM, weights=power)[0] / counts
    return total / (len(depths) * len(orders))


def spectrum_error(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Difference of two power spectra, weighted by power as an image shows it: sum |a - b| over sum b."""
    middle = (EDGES_PER_NM[1:] + EDGES_PER_NM[:-1]) / 2
    return float((np.abs(ours - theirs) * middle).sum() / (theirs * middle).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path)
    options = parser.parse_args()
    print(f"{'':22s}{'g/cm3':>7s}{'3-fold %':>10s}{'g(r) peaks, angstrom':>22s}{'angle, deg':>16s}")
    rows = [(f"{len(b.positions_nm)} atoms, {b.side_nm:.2f} nm", b.positions_nm, b.side_nm) for b in blocks()]
    rows.append(("random fill", random_fill(4.0, np.random.default_rng(1)), 4.0))
    if options.published:
        rows.append(("published", read_published(options.published), PUBLISHED_SIDE_NM))
    for name, at_nm, side_nm in rows:
        m = measure(at_nm, side_nm)
        peaks = f"{10 * m.first_nm:.2f}  {10 * m.second_nm:.2f}"
        angle = f"{m.angle_deg:.1f} +- {m.angle_spread_deg:.1f}"
        print(f"{name:22s}{m.density_g_per_cm3:7.2f}{100 * m.three_fold:10.1f}{peaks:>22s}{angle:>16s}")
    if options.published:
        reference = image_spectrum(rows[-1][1], PUBLISHED_SIDE_NM)
        print(f"\npower spectrum of the image of {SLAB_NM:g} nm of it, difference from the published block's:")
        for name, at_nm, side_nm in rows[:-1]:
            print(f"{name:22s}{100 * spectrum_error(image_spectrum(at_nm, side_nm), reference):6.1f} %")


if __name__ == "__main__":
    main()
