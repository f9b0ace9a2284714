"""Fields of view with many particles over a film, as frames and movies with their truth."""
