"""The pictures of simulator/README.md, drawn from recipes/task.toml by one command: beamside-simulate pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simulator.exit_waves.simulate import FilmWave, ParticleWave, film_wave, particle_wave
from simulator.figures.contact_sheet import contact_sheet
from simulator.figures.style import caption, key, label, picture, row_name, save, scale_bar, sheet, title
from simulator.imaging.aberrations import Optics
from simulator.imaging.camera import Camera, expose
from simulator.propagation.grid import Grid
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from simulator.scenes.composition import FieldOfView, clean_image, compose
from simulator.scenes.placement import Placement, scatter

TASK = Path(__file__).parents[1] / "recipes" / "task.toml"
SEED = 1
ENERGY_KEV = 300.0
CAMERA_PIXEL_NM = 0.04
ROUNDS = 8
"""Of the classes, among which the particles nearest to a zone axis are shown."""
DEFOCI_NM = (-20.0, -12.0, -6.0, 0.0, 6.0, 12.0, 20.0)
DOSES_E_PER_A2 = (20.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
FILMS_NM = (1.0, 2.0, 4.0, 6.0)
FRAME_PX, FRAME_PARTICLES, FRAME_DOSE_E_PER_A2 = 1280, 26, 2000.0
COLOUR_OF = ("#e4572e", "#4c9be8", "#f3a712", "#3bb273", "#b07cd8", "#17becf", "#d65db1", "#8d99ae")
LENS = Optics(
    energy_kev=ENERGY_KEV,
    c1_nm=-8.0,
    c3_nm=-5000.0,
    a1_nm=0.5j,
    b2_nm=20.0,
    a2_nm=15.0j,
    focal_spread_nm=2.5,
    convergence_mrad=0.15,
    blur_nm=0.03,
)
DIRECT = Camera(mtf="direct", gain_counts_per_e=8.0, readout_counts=1.0, offset_counts=60.0)
SCINTILLATOR = replace(DIRECT, mtf="scintillator")


def make_all(folder: Path, device: torch.device) -> list[Path]:
    """Draw every picture into a folder, about a minute; the same bytes for the same code and machine."""
    recipe = replace(read_waves(TASK), energies_kev=(ENERGY_KEV,))
    shown = near_a_zone(recipe, device)
    film = film_wave(replace(recipe, film_nm=(2.5, 2.5), film_width_px=shown[-1].wave.shape[0]), 0, device)
    figures = {
        "exit_waves": exit_waves(shown, recipe.pixel_size_nm),
        "focal_series": focal_series(shown, film, recipe.pixel_size_nm),
        "dose_series": dose_series(shown[-1], film, recipe.pixel_size_nm),
        "film": films(recipe, device),
        "full_frame": full_frame(recipe, device),
        "sheet": contact_sheet(read_waves(TASK), read_envelope(TASK), samples=4, seed=SEED, device=device),
    }
    for name, figure in figures.items():
        save(figure, folder / f"{name}.png")
    return [folder / f"{name}.png" for name in figures]


def near_a_zone(recipe: WaveRecipe, device: torch.device) -> list[ParticleWave]:
    """Of each shape that of the first `ROUNDS` particles whose low-index axis is nearest to the beam."""
    shapes = len(recipe.shapes)
    waves = [particle_wave(recipe, n, device) for n in range(ROUNDS * shapes)]
    return [min(waves[row::shapes], key=lambda wave: wave.zone_angle_deg) for row in range(shapes)]


def exit_waves(shown: list[ParticleWave], pixel_size_nm: float) -> Figure:
    """Modulus and phase of a wave of each shape."""
    figure, axes = sheet(2, len(shown), 1.72, below_inch=0.22, left_inch=0.42)
    title(figure, "Exit waves in vacuum", f"{ENERGY_KEV:.0f} kV; modulus 0.5 to 1.3, phase −π to π")
    row_name(axes[0, 0], "modulus")
    row_name(axes[1, 0], "phase")
    for column, wave in enumerate(shown):
        picture(axes[0, column], np.abs(wave.wave), pixel_size_nm, limits=(0.5, 1.3))
        picture(axes[1, column], np.angle(wave.wave), pixel_size_nm, limits=(-np.pi, np.pi), colours="twilight")
        label(axes[0, column], wave.shape.replace("_", " "))
        scale_bar(axes[0, column])
        scale_bar(axes[1, column])
        caption(axes[1, column], [f"{wave.element} {wave.diameter_nm:.1f} nm, {wave.zone_angle_deg:.0f}° off a zone"])
    return figure


def focal_series(shown: list[ParticleWave], film: FilmWave, pixel_size_nm: float) -> Figure:
    """One particle on carbon through focus, without and with the noise of 2000 electrons."""
    field = on_film(shown[-1], film, pixel_size_nm)
    figure, axes = sheet(2, len(DEFOCI_NM), 1.45, below_inch=0.22, left_inch=0.42)
    title(figure, "Through focus", about(field, "C1 > 0 is overfocus; the upper row is of one scale of grey"))
    row_name(axes[0, 0], "without noise")
    row_name(axes[1, 0], "2000 e/Å²")
    for column, c1_nm in enumerate(DEFOCI_NM):
        clean, camera_nm = seen(field, replace(LENS, c1_nm=c1_nm))
        picture(axes[0, column], clean, camera_nm, limits=(0.4, 1.6))
        counts = expose(clean, camera_nm, 2000.0, DIRECT, np.random.default_rng(SEED))
        picture(axes[1, column], counts, camera_nm)
        label(axes[0, column], f"{c1_nm:+.0f} nm".replace("-", "−") if c1_nm else "in focus")
        scale_bar(axes[1, column])
    return figure


def dose_series(wave: ParticleWave, film: FilmWave, pixel_size_nm: float) -> Figure:
    """One image with ever more electrons, on both kinds of camera."""
    field = on_film(wave, film, pixel_size_nm)
    clean, camera_nm = seen(field, LENS)
    figure, axes = sheet(2, len(DOSES_E_PER_A2), 1.6, below_inch=0.14, left_inch=0.42)
    title(figure, "Ever more electrons", about(field, f"C1 −8 nm, {camera_nm:.3f} nm/px"))
    for row, (name, camera) in enumerate((("direct", DIRECT), ("scintillator", SCINTILLATOR))):
        row_name(axes[row, 0], name)
        for column, dose in enumerate(DOSES_E_PER_A2):
            counts = expose(clean, camera_nm, dose, camera, np.random.default_rng(SEED))
            picture(axes[row, column], counts, camera_nm)
            label(axes[row, column], f"{dose:.0f} e/Å²")
            scale_bar(axes[row, column])
    return figure


def films(recipe: WaveRecipe, device: torch.device) -> Figure:
    """Amorphous carbon of four thicknesses: phase, image, and the rings of its spectrum out of focus."""
    figure, axes = sheet(3, len(FILMS_NM), 1.9, below_inch=0.14, left_inch=0.42)
    title(figure, "The film", "amorphous carbon, 300 kV; phase −0.1 to 0.7 rad, spectra to 8 nm⁻¹")
    for row, name in enumerate(("phase", "image, C1 −8 nm", "spectrum, C1 −60 nm")):
        row_name(axes[row, 0], name)
    grid = Grid(size_px=recipe.film_width_px, pixel_size_nm=recipe.pixel_size_nm)
    for column, thickness_nm in enumerate(FILMS_NM):
        film = film_wave(replace(recipe, film_nm=(thickness_nm, thickness_nm)), 0, device)
        field = compose(film, [], grid, ENERGY_KEV)
        clean, camera_nm = seen(field, LENS)
        picture(axes[0, column], np.angle(film.wave), grid.pixel_size_nm, limits=(-0.1, 0.7), colours="magma")
        picture(axes[1, column], clean, camera_nm, limits=(0.75, 1.25))
        rings = spectrum(seen(field, replace(LENS, c1_nm=-60.0, b2_nm=0j, a2_nm=0j, a1_nm=0j))[0])
        picture(axes[2, column], rings, 1.0)
        label(axes[0, column], f"{thickness_nm:.0f} nm")
        scale_bar(axes[0, column])
        scale_bar(axes[1, column])
    return figure


def full_frame(recipe: WaveRecipe, device: torch.device) -> Figure:
    """A wide field of particles on one film, and the truth that comes with it."""
    rng = np.random.default_rng(SEED)
    grid = Grid(size_px=FRAME_PX, pixel_size_nm=recipe.pixel_size_nm)
    film = film_wave(replace(recipe, film_nm=(2.5, 2.5), film_width_px=FRAME_PX), 0, device)
    pool = [particle_wave(recipe, 1000 + n, device) for n in range(FRAME_PARTICLES)]
    field = compose(film, scatter(pool, grid, rng, touching_share=0.2), grid, ENERGY_KEV)
    clean, camera_nm = seen(field, LENS)
    counts = expose(clean, camera_nm, FRAME_DOSE_E_PER_A2, SCINTILLATOR, rng)
    figure, axes = sheet(1, 2, 5.3, below_inch=0.3, left_inch=0.12)
    title(figure, "A frame and its truth", about(field, f"C1 −8 nm, {FRAME_DOSE_E_PER_A2:.0f} e/Å², scintillator"))
    for column in (0, 1):
        picture(axes[0, column], counts, camera_nm)
    scale_bar(axes[0, 0])
    for number, placement in enumerate(field.placements, start=1):
        colour = COLOUR_OF[recipe.shapes.index(placement.particle.shape)]
        at_nm = np.arange(FRAME_PX) * grid.pixel_size_nm
        axes[0, 1].contour(at_nm, at_nm, field.labels == number, levels=[0.5], colors=[colour], linewidths=1.8)
    key(axes[0, 1], [(shape.replace("_", " "), COLOUR_OF[n]) for n, shape in enumerate(recipe.shapes)])
    return figure


def on_film(wave: ParticleWave, film: FilmWave, pixel_size_nm: float) -> FieldOfView:
    """A particle in the middle of a film as wide as its wave."""
    grid = Grid(size_px=film.wave.shape[0], pixel_size_nm=pixel_size_nm)
    middle = grid.size_px // 2
    return compose(film, [Placement(particle=wave, y_px=middle, x_px=middle)], grid, ENERGY_KEV)


def seen(field: FieldOfView, lens: Optics) -> tuple[NDArray[np.float32], float]:
    """Clean image on about `CAMERA_PIXEL_NM`, and its pixel size."""
    camera_px = round(field.grid.width_nm / CAMERA_PIXEL_NM)
    return clean_image(field, lens, camera_px), field.grid.width_nm / camera_px


def spectrum(clean: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the power up to 8 / nm, zero in the middle; the mean is left out."""
    side_px = clean.shape[0]
    power = np.fft.fftshift(np.abs(np.fft.fft2(clean - clean.mean())) ** 2)
    half = round(8 * side_px * CAMERA_PIXEL_NM)
    middle = slice(side_px // 2 - half, side_px // 2 + half + 1)
    return np.asarray(np.log10(power[middle, middle] + 1.0), dtype=np.float64)


def about(field: FieldOfView, more: str) -> str:
    """A line on what a picture shows."""
    return f"{field.energy_kev:.0f} kV, film of {field.film_nm:.1f} nm; {more}"
