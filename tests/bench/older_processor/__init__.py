"""An older processor, played by a newer one: which code runs, and how fast, where instruction sets are missing."""
