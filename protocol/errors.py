"""The one exception that decoding may raise."""


class ProtocolError(ValueError):
    """A message broke the wire's promise; the text says what was promised and what came."""
