"""Exit waves of particles and films: simulated once, stored, imaged many times."""
