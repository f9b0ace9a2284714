"""What a classifier reaches that sees no lattice: `python -m tests.bench.shortcuts [--particles N]`.

Two shortcuts are closed by the way particles are made (simulator/specimen/shapes), and this says how well: the size
alone (diameter of equal volume, number of atoms, projected area) and the outline alone (Hu's moments and area,
perimeter and axis ratios of the projection). Split by structure; nearest neighbours of standardised features, the best
of some k on the training half. Chance is one over the number of classes.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import binom
from skimage.measure import moments_central, moments_hu, moments_normalized, regionprops

from simulator.exit_waves.simulate import projection_mask
from simulator.specimen.particle import build

SHAPES = ("cube", "octahedron", "truncated_octahedron", "decahedron", "icosahedron")
DIAMETER_NM = (4.0, 8.0)
PIXEL_SIZE_NM = 0.06
SIDE_PX = 256
NEIGHBOURS = (5, 15, 45)

Features = NDArray[np.float64]


def size_features(diameter_nm: float) -> Features:
    """(1,): all that a size says."""
    return np.array([diameter_nm])


def outline_features(mask: NDArray[np.bool_]) -> Features:
    """(12,): area, Hu's seven moments (logarithms with sign), four ratios of the outline; turns do not change them."""
    one = regionprops(mask.astype(np.uint8))[0]
    hu = moments_hu(moments_normalized(moments_central(mask.astype(np.float64))))
    ratios = [
        one.axis_minor_length / one.axis_major_length,
        one.solidity,
        4 * np.pi * one.area / one.perimeter**2,
        one.feret_diameter_max / one.equivalent_diameter_area,
    ]
    return np.array([np.log(one.area), *(np.sign(hu) * np.log(np.abs(hu) + 1e-12)), *ratios])


def sample(
    number: int, seed: int, diameter_nm: tuple[float, float] = DIAMETER_NM
) -> tuple[NDArray[np.int64], Features, Features]:
    """(class, size features, outline features) of particles of every class in turn."""
    labels, sizes, outlines = [], [], []
    for index in range(number):
        rng = np.random.default_rng([seed, index])
        label = index % len(SHAPES)
        particle = build(SHAPES[label], "Au", float(rng.uniform(*diameter_nm)), rng)
        at_nm = particle.positions_nm.astype(np.float64) + SIDE_PX // 2 * PIXEL_SIZE_NM
        labels.append(label)
        sizes.append(size_features(particle.diameter_nm))
        outlines.append(outline_features(projection_mask(at_nm, SIDE_PX, PIXEL_SIZE_NM)))
    return np.array(labels), np.array(sizes), np.array(outlines)


def nearest(train: Features, labels: NDArray[np.int64], asked: Features, k: int, *, itself: bool) -> NDArray[np.int64]:
    """The commonest label of the k nearest; `itself`: the asked are the trained, each without its own vote."""
    centre, spread = train.mean(0), train.std(0) + 1e-12
    _, found = cKDTree((train - centre) / spread).query((asked - centre) / spread, k=k + itself)
    votes = labels[found[:, int(itself) :]]
    return np.array([np.bincount(row).argmax() for row in votes])


def accuracy(labels: NDArray[np.int64], features: Features) -> tuple[float, int]:
    """(accuracy on the second half of the particles, how many there are); k is chosen on the first half."""
    half = len(labels) // 2
    train, test = features[:half], features[half:]
    scores = {k: (nearest(train, labels[:half], train, k, itself=True) == labels[:half]).mean() for k in NEIGHBOURS}
    k = max(scores, key=lambda n: scores[n])
    said = nearest(train, labels[:half], test, k, itself=False)
    return float((said == labels[half:]).mean()), len(test)


def bounds(chance: float, number: int) -> tuple[float, float]:
    """Where 99.9 % of the accuracies of a guesser lie."""
    low, high = binom.interval(0.999, number, chance)
    return float(low / number), float(high / number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    labels, sizes, outlines = sample(options.particles, options.seed)
    low, high = bounds(1 / len(SHAPES), len(labels) - len(labels) // 2)
    print(
        f"{options.particles} gold particles of {DIAMETER_NM[0]:g} to {DIAMETER_NM[1]:g} nm, half of them for training"
    )
    print(f"chance              {100 / len(SHAPES):5.1f} %   (a guesser reaches {100 * low:.1f} to {100 * high:.1f} %)")
    print(f"size alone          {100 * accuracy(labels, sizes)[0]:5.1f} %")
    print(f"projected area      {100 * accuracy(labels, outlines[:, :1])[0]:5.1f} %")
    print(f"outline's moments   {100 * accuracy(labels, outlines)[0]:5.1f} %")


if __name__ == "__main__":
    main()
