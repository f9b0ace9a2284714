"""What foci and source points cost in truth, % of the image's standard deviation: `python -m tests.bench.lens`."""

from __future__ import annotations

import numpy as np
import torch

from simulator.imaging.aberrations import Optics, angles_rad
from simulator.imaging.image_formation import intensity
from simulator.imaging.source_size import source_points_for
from simulator.propagation.grid import Grid
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms
from simulator.specimen import carbon_film as carbon
from simulator.specimen import particle as particles

GRID = Grid(size_px=256, pixel_size_nm=0.0274)
UNCORRECTED: tuple[dict[str, complex], ...] = ({"c1_nm": -80.0, "c3_nm": 0.5e6}, {"c1_nm": -150.0, "c3_nm": 1.2e6})
CORNERS: tuple[dict[str, complex], ...] = (
    {"c1_nm": 20.0, "c3_nm": 15e3, "b2_nm": 100, "a2_nm": 100j, "a1_nm": 3},
    {"c1_nm": -20.0, "c3_nm": -15e3, "b2_nm": 100, "a2_nm": 100j, "a1_nm": 3},
    {"c1_nm": -8.0, "c3_nm": -5e3},
    {"c1_nm": 0.0},
)


def wave(energy_kev: float) -> torch.Tensor:
    """A gold particle of 4.5 nm on 2 nm of carbon."""
    rng = np.random.default_rng(5)
    gold = particles.build("truncated_octahedron", "Au", 4.5, rng)
    film = carbon.film(2.0, GRID.width_nm, rng).astype(np.float64)
    at_nm = gold.positions_nm.astype(np.float64)
    at_nm += [GRID.width_nm / 2, GRID.width_nm / 2, film[:, 2].max() + 0.1 - at_nm[:, 2].min()]
    numbers = np.repeat([6, 79], [len(film), len(at_nm)])
    atoms = Atoms(positions_nm=np.concatenate([film, at_nm]), numbers=numbers)
    return exit_waves([atoms], GRID, energy_kev, 0.2, torch.device("cpu"), absorption=0.06)[0]


def per_cent(image: torch.Tensor, truth: torch.Tensor) -> float:
    return 100 * float((image - truth).std() / truth.std())


def main() -> None:
    torch.set_num_threads(1)
    for energy_kev in (200.0, 300.0):
        exit_wave = wave(energy_kev)
        for number, corner in enumerate(CORNERS):
            for spread_nm in (1.0, 3.0, 5.0):
                lens = Optics(energy_kev=energy_kev, focal_spread_nm=spread_nm, blur_nm=0.01, **corner)  # type: ignore[arg-type]
                truth = intensity(exit_wave, GRID, lens, foci=41)
                cells = [f"{per_cent(intensity(exit_wave, GRID, lens, foci=n), truth):8.3f}" for n in (None, 5, 9)]
                print(
                    f"{energy_kev:4.0f} keV corner {number} spread {spread_nm} nm; foci chosen, 5, 9:{''.join(cells)}"
                )
            for angle_mrad in (0.05, 0.2, 0.5):
                print(source_row(exit_wave, energy_kev, f"corner {number}", corner, angle_mrad), flush=True)
        for number, corner in enumerate(UNCORRECTED):
            for angle_mrad in (0.05, 0.2, 0.5):
                print(source_row(exit_wave, energy_kev, f"uncorrected {number}", corner, angle_mrad), flush=True)


def source_row(
    exit_wave: torch.Tensor, energy_kev: float, name: str, corner: dict[str, complex], angle_mrad: float
) -> str:
    lens = Optics(energy_kev=energy_kev, focal_spread_nm=1.0, convergence_mrad=angle_mrad, blur_nm=0.025, **corner)  # type: ignore[arg-type]
    chosen = source_points_for(torch.fft.fft2(exit_wave), angles_rad(GRID, energy_kev, exit_wave.device), lens)
    truth = intensity(exit_wave, GRID, lens, source_points=2 * chosen + 4)
    cells = [f"{per_cent(intensity(exit_wave, GRID, lens, source_points=n), truth):8.3f}" for n in (None, 1, 2, 3)]
    return f"{energy_kev:4.0f} keV {name} {angle_mrad} mrad; {chosen} points chosen, envelope, 2, 3:{''.join(cells)}"


if __name__ == "__main__":
    main()
