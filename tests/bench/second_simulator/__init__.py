"""The old name of `tests.reference_simulator`; the command is kept."""
