"""One run, from the messages of the camera to snapshots; live and from a file."""
