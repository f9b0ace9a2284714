"""Images to a model file."""
