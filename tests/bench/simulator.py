"""Exit waves and images a second, of ours, of abTEM and of the bare transforms: `python -m tests.bench.simulator`.

One thread; on the CPU the clock is the processor's time, so that a busy machine matters less, and each figure is the
least of some runs. Both codes see the same atoms, grid, slices and single precision; abTEM projects infinitely, its
faster way.
`--device cuda` runs ours and the transforms alone (it has not been run by us).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import abtem
import ase
import dask
import numpy as np
import torch

from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera, expose
from simulator.imaging.image_formation import intensity
from simulator.propagation.grid import Grid
from simulator.propagation.multislice import exit_waves
from simulator.propagation.potential import Atoms, slice_numbers
from simulator.specimen import carbon_film as carbon
from simulator.specimen import particle as particles
from tests.simulator.slices import batch_size, peak_bytes

WIDTH_NM = 10.0
ENERGY_KEV = 300.0


def scene() -> Atoms:
    """A gold particle of 5.8 nm on 3 nm of carbon."""
    rng = np.random.default_rng(5)
    film = carbon.film(3.0, WIDTH_NM, rng).astype(np.float64)
    film[:, 2] -= film[:, 2].min()
    gold = particles.build("truncated_octahedron", "Au", 5.8, rng)
    at_nm = gold.positions_nm.astype(np.float64)
    at_nm += [WIDTH_NM / 2, WIDTH_NM / 2, film[:, 2].max() + 0.2 - at_nm[:, 2].min()]
    numbers = np.repeat([6, gold.atomic_number], [len(film), len(at_nm)])
    return Atoms(positions_nm=np.concatenate([film, at_nm]), numbers=numbers)


def least_s(action: Callable[[], object], device: torch.device, repeats: int) -> float:
    """The shortest of some runs after one to warm up."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    spent = []
    for _ in range(repeats + 1):
        start_s = clock()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize()
        spent.append(clock() - start_s)
    return min(spent[1:])


def bare(grid: Grid, slices: int, batch: int, device: torch.device) -> None:
    """The two transforms of every slice and nothing else."""
    wave = torch.ones(batch, grid.size_px, grid.size_px, dtype=torch.complex64, device=device)
    for _ in range(slices):
        torch.fft.ifft2(torch.fft.fft2(wave))


def abtem_wave(atoms: Atoms, grid: Grid, slice_nm: float, slices: int) -> None:
    """The same exit wave by abTEM."""
    cell = [10 * WIDTH_NM, 10 * WIDTH_NM, 10 * slices * slice_nm]
    solid = ase.Atoms(numbers=atoms.numbers, positions=10 * atoms.positions_nm, cell=cell, pbc=True)
    potential = abtem.Potential(
        solid, gpts=grid.size_px, slice_thickness=10 * slice_nm, projection="infinite", parametrization="lobato"
    )
    with dask.config.set(scheduler="synchronous"):
        abtem.PlaneWave(energy=1e3 * ENERGY_KEV).multislice(potential, lazy=False)


def wave_row(atoms: Atoms, size_px: int, slice_nm: float, device: torch.device, repeats: int) -> str:
    grid = Grid(size_px=size_px, pixel_size_nm=WIDTH_NM / size_px)
    slices = slice_numbers(atoms.positions_nm[:, 2], slice_nm)[1]
    batch = min(batch_size(grid, torch.cuda.mem_get_info()[0]), 64) if device.type == "cuda" else 1
    ours_s = least_s(lambda: exit_waves([atoms] * batch, grid, ENERGY_KEV, slice_nm, device), device, repeats) / batch
    bare_s = least_s(lambda: bare(grid, slices, batch, device), device, repeats) / batch
    row = f"{size_px:5d}{slice_nm:6.1f}{slices:5d}{batch:6d}{1 / ours_s:9.2f}{1 / bare_s:9.2f}{ours_s / bare_s:11.2f}"
    if device.type == "cuda":
        return row
    theirs_s = least_s(lambda: abtem_wave(atoms, grid, slice_nm, slices), device, repeats)
    return f"{row}{1 / theirs_s:9.2f}{theirs_s / ours_s:9.2f}"


def image_row(atoms: Atoms, device: torch.device, repeats: int) -> str:
    grid = Grid(size_px=400, pixel_size_nm=WIDTH_NM / 400)
    wave = exit_waves([atoms], grid, ENERGY_KEV, 0.2, device)[0]
    lens = Optics(energy_kev=ENERGY_KEV, c1_nm=-6, c3_nm=-5e3, focal_spread_nm=3, convergence_mrad=0.2, blur_nm=0.03)
    rng = np.random.default_rng(1)
    seen = intensity(wave, grid, lens, source_points=1).cpu().numpy()
    cells = [
        ("images a second by the envelope", lambda: intensity(wave, grid, lens, source_points=1)),
        ("with 2 x 2 source points", lambda: intensity(wave, grid, lens, source_points=2)),
        ("exposures a second", lambda: expose(seen, 0.025, 1000.0, Camera(mtf="scintillator"), rng)),
    ]
    return "   ".join(f"{name} {1 / least_s(action, device, repeats):.1f}" for name, action in cells)


def memory_row(few: int, many: int) -> str:
    """What one wave more adds to the peak of a fresh process, against what is stated for it."""
    code = (
        "import sys, resource, torch; from tests.bench.simulator import scene, Grid, exit_waves, WIDTH_NM\n"
        "grid = Grid(size_px=400, pixel_size_nm=WIDTH_NM / 400); torch.set_num_threads(1)\n"
        "exit_waves([scene()] * int(sys.argv[1]), grid, 300.0, 0.2, torch.device('cpu'))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks_kib = [
        int(subprocess.run([sys.executable, "-c", code, str(b)], capture_output=True, text=True, check=True).stdout)
        for b in (few, many)
    ]
    grid = Grid(size_px=400, pixel_size_nm=WIDTH_NM / 400)
    stated = (peak_bytes(grid, many) - peak_bytes(grid, few)) / (many - few)
    taken = 1024 * (peaks_kib[1] - peaks_kib[0]) / (many - few)
    return f"a wave more takes {1e-6 * taken:.1f} MB, stated {1e-6 * stated:.1f} MB (batches of {few} and {many})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    abtem.config.set({"precision": "float32", "diagnostics.progress_bar": False})
    atoms = scene()
    print(f"{(atoms.numbers == 79).sum()} Au, {(atoms.numbers == 6).sum()} C; waves a second, {device}")
    print("   px    dz    n batch     ours     bare  ours/bare    abTEM  faster by")
    for size_px in (400, 512):
        for slice_nm in (0.1, 0.2):
            print(wave_row(atoms, size_px, slice_nm, device, options.repeats), flush=True)
    print(image_row(atoms, device, options.repeats))
    if device.type == "cpu":
        print(memory_row(1, 17))


if __name__ == "__main__":
    main()
