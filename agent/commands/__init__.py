"""The verbs of `beamside`, one file each; the only place that starts processes and listens to signals."""
