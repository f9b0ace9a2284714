"""What a network does on samples that it has not seen."""
