"""One file per verb of `beamside-train`: what a verb does, without its command line."""
