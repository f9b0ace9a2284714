"""How far waves and images are from finer sampling and thinner slices, %: `python -m tests.bench.convergence`.

Of what is scattered for the wave, of the standard deviation for the intensity at the exit and for an image (300 keV,
C1 = -5 nm, focal spread 3 nm, blur 30 pm, aperture 12 / nm), compared within the band of 0.04 nm pixels. A grid keeps
what is scattered up to its 2/3 limit, which each row names; the reference keeps it up to 40 / nm. Stocks of the shipped
recipes are made at 27.4 pm.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from simulator.imaging.aberrations import Optics
from simulator.imaging.image_formation import intensity
from simulator.propagation.grid import Grid, resample_spectrum
from simulator.propagation.multislice import MARGIN_NM, exit_waves
from simulator.propagation.potential import Atoms
from simulator.specimen import carbon_film as carbon
from simulator.specimen import particle as particles

WIDTH_NM = 8.0
COMMON_PX = 200
LENS = Optics(energy_kev=300, c1_nm=-5, focal_spread_nm=3, blur_nm=0.03, aperture_per_nm=12)
Seen = tuple[torch.Tensor, torch.Tensor]


def scene() -> Atoms:
    """A gold particle of 3.5 nm on 1 nm of carbon; 4.8 nm deep whatever the slices."""
    rng = np.random.default_rng(5)
    gold = particles.build("truncated_octahedron", "Au", 3.5, rng)
    film = carbon.film(1.0, WIDTH_NM, rng).astype(np.float64)
    at_nm = gold.positions_nm.astype(np.float64)
    at_nm += [WIDTH_NM / 2, WIDTH_NM / 2, film[:, 2].max() + 0.1 - at_nm[:, 2].min()]
    ends_nm = np.array([[0.1, 0.1, film[:, 2].min()], [0.1, 0.1, film[:, 2].min() + 4.7999]])
    numbers = np.repeat([6, 6, 79], [2, len(film), len(at_nm)])
    return Atoms(positions_nm=np.concatenate([ends_nm, film, at_nm]), numbers=numbers)


def seen(atoms: Atoms, size_px: int, slice_nm: float, margin_nm: float = MARGIN_NM) -> Seen:
    """(exit wave, image) on the common pixels."""
    grid = Grid(size_px=size_px, pixel_size_nm=WIDTH_NM / size_px)
    wave = exit_waves([atoms], grid, 300.0, slice_nm, torch.device("cpu"), margin_nm=margin_nm)[0]
    image = intensity(wave, grid, LENS)
    small = [torch.fft.ifft2(resample_spectrum(torch.fft.fft2(x), COMMON_PX)) for x in (wave, image)]
    return small[0], small[1].real


def row(name: str, ours: Seen, truth: Seen) -> str:
    scattered = (truth[0] - truth[0].mean()).abs().square().mean().sqrt()
    wave = (ours[0] - truth[0]).abs().square().mean().sqrt() / scattered
    at_exit = (ours[0].abs() ** 2 - truth[0].abs() ** 2).std() / (truth[0].abs() ** 2).std()
    image = (ours[1] - truth[1]).std() / truth[1].std()
    return f"{name:34s} wave {100 * wave:6.2f}   exit intensity {100 * at_exit:6.2f}   image {100 * image:6.2f}"


def main() -> None:
    torch.set_num_threads(1)
    atoms = scene()
    fine = seen(atoms, 960, 0.2)
    for size_px in (640, 480, 320, 292, 266, 250):
        for margin_nm in (math.inf, MARGIN_NM):
            band_per_nm = Grid(size_px=size_px, pixel_size_nm=WIDTH_NM / size_px).band_limit_per_nm
            name = f"{1e3 * WIDTH_NM / size_px:.1f} pm, to {band_per_nm:.1f} / nm, margin {margin_nm} nm"
            print(row(name, seen(atoms, size_px, 0.2, margin_nm), fine), flush=True)
    thin = seen(atoms, 320, 0.025)
    for slice_nm in (0.4, 0.2, 0.1, 0.05):
        print(row(f"{slice_nm} nm slices", seen(atoms, 320, slice_nm), thin), flush=True)


if __name__ == "__main__":
    main()
