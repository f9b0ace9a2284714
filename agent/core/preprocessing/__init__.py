"""Counts to the inputs of the networks; training and the microscope share these very functions."""
