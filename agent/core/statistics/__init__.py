"""Results to what is known of a population."""
