"""Pictures of waves and frames for people."""
