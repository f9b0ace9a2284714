"""The one word that stands where no class is named."""

UNKNOWN = "unknown"
"""The answer when the likeliest class is not likely enough."""
