"""An exit wave to the counts of a camera."""
