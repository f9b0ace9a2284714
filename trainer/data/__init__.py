"""Exit waves to training samples."""
