"""Values to bytes and back, one wire format a file."""
