"""Words that were given up, and what is said instead (`protocol/GLOSSARY.md`). `tests/test_walls.py` keeps them out.

A word is found between underscores and capitals: ``sights`` in ``draw_sights`` and in ``SightsPlan``, not in
``insights``. Names are those of modules, functions, classes, parameters, variables and attributes.
"""

from __future__ import annotations

GIVEN_UP = {
    # Data and training.
    "bank": "dataset",
    "stock": "exit-wave store, store",
    "feed": "loader",
    "deal": "sample, distribute",
    "dealt": "handled, distributed",
    "deck": "pool",
    "sight": "probe image, view",
    "sights": "probe images",
    "sighting": "detection",
    "sightings": "observations, detections",
    "strange": "out-of-distribution, unfamiliar; of a wire: unknown",
    "strangers": "out-of-distribution",
    "judge": "evaluate",
    "judged": "evaluated, predictions",
    "judgement": "Predictions",
    "honesty": "uncertainty",
    "lighter": "compressed",
    "lighten": "compress",
    "t1": "published_unets",
    "doubt": "confidence, uncertainty",
    "roughen": "noise, augment",
    "bent": "contrast",
    "excused": "ignored",
    "bodies": "instances",
    "thrown": "random packing",
    "studies": "controlled experiments",
    "study": "controlled experiment",
    # Simulation.
    "shoot": "expose",
    "wish": "FrameRequest",
    "gauge": "growth distance",
    "cis": "exp_i",
    "sweep": "remove_leftovers; of a condition: one_condition",
    "splat": "spread_atoms",
    "happens": "motion",
    # Live.
    "promise": "signature",
    "asking": "command sender",
    "intake": "receiver",
    "analyst": "processor",
    "obey": "apply",
    "usable": "check_pixels",
}
"""Word to what is said instead."""
