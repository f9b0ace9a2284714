"""Sockets, and the supervisor."""
