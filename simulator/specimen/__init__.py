"""What is in the beam: particles and films, as atoms."""
