"""What the report says about its tables, before each."""

from __future__ import annotations

INTRODUCTION = """
Everything here is printed by one command; nothing is typed in. No public set of HRTEM images is labelled by 3D shape,
so all that is said of shapes rests on simulation; what is said of finding rests on real frames too.
"""
BASIS = """
Splits are by structure and by film, never by image: no structure and no film below was trained on. One half of the
held-out structures sets temperature and threshold, the other half is measured. Intervals are Wilson's at 95 %, with the
number of structures for the number of draws: views of one structure are not independent. Where a table does not say
otherwise, the microscope has a corrector and the dose is 300 to 12,000 e/Å².

"""
CONFUSION = "\nImages by true shape and answer, at the shipped threshold; below it the answer is `unknown`.\n\n"
CONDITIONS = "\nWithout `unknown`: every image is answered. The dose has no lower limit in the table of doses.\n\n"
CONTROLLED = """
Six conditions. Film, resolution (pixel size, aperture), focus and dose: the same particles on the same places with the
same draws of everything else, so that the lines of a table differ in the one condition only. Size and orientation: the
test split of the dataset. A film `filled at random` has carbon's density, no two atoms nearer than 0.14 nm, and no
structure; the network has never seen one, nor a pixel size over 0.06 nm or an aperture under 5 1/nm.

"""
VIEWS = """
On the half and the doses that the calibration error above is measured on; by dose without a lower limit, though under
100 e/Å² no temperature is set. A plus: too sure. Few images make a calibration error of their own, the next column.

"""
UNKNOWN = """
The rule: the likeliest class is named when its calibrated probability reaches the threshold, the smallest at which the
answers' error is under the error level with 95 % trust (*Learn then Test*; bets on structures, not on images). Set on
the envelope of the shapes: 100 e/Å² and more, with a corrector.

"""
OUT_OF_DISTRIBUTION = """
No class is the right answer to any of these but the last, whose class can hardly be seen with so few electrons. The
rule promises nothing for them; background, overlapping pairs, and other particles of the shapes marked so are in
training as what has no class. Cut at the true place, as if the detector had found them.

"""
POPULATION = """
From counted answers to fractions, corrected for the confusion matrix, with intervals that state 95 %. From 100 e/Å².
`Held`: share of the class fractions that lie in their intervals; absent classes apart, for an interval that begins at
nothing holds them easily.

"""
FUSED = "\nFused as the agent fuses the detections of a track: mean of the logarithms of the probabilities.\n\n"
LADDER = """
The same particles at the same places. What is wrong in the last lines is not for want of electrons, focus or pixels: in
that view the network finds no answer. It has seen few such images in training, so this bounds the best possible from
below.

"""
COMPOSED_FRAMES = """
41 nm wide, 680 to 2,050 pixels, 0 to 16 particles, through the agent's own pipeline. A match is a centre within half
the true diameter (of the projection). Particles with less than half of their projection in the frame are neither
counted nor held against it.

"""
REAL_FRAMES = """
Never trained on. The pixel size of the frames with hand masks is inferred (0.059 nm), that of the vacuum is not known.
Instances of a mask under 200 pixels are specks, neither counted nor held against it; the masks merge touching
particles, which costs us a false one and overlap for each that is parted.

"""
PUBLISHED = """
Segmentation of particles on carbon by U-Nets of 14 M weights, one network per dose (source and recipe:
trainer/evaluation/published_unets.py). Same: energy, pixel size, field, film thickness, focal spread, defocus, doses,
number of spheres, score. Different: our carbon has carbon's structure; C3 is 0 and the sign of their defocus is taken
to be ours; frozen phonons are one, not eight; our detector was not trained on this recipe, answers on 0.24 nm pixels
(interpolated for the score) and was taught another mask (discs of 0.17 nm about the atoms), so both masks are scored,
and what its pixels alone cost.

"""
WITHOUT_CORRECTOR = "\nOutside the envelope that temperature and threshold are set for: a stretch.\n\n"
REFERENCE_SIMULATOR = """
Particles of ASE, the published tight-binding carbon, abTEM's multislice with finite projection, another lens and camera
(tests/reference_simulator). Temperature and threshold are those set on our own images. Every structure counts: none
was trained on.

"""
