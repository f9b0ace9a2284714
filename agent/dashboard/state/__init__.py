"""A snapshot to what the window shows, as frozen values; no Qt."""
