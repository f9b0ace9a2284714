"""The one exception of this package: a value or a message is not what was promised."""


class ProtocolError(ValueError):
    """A message broke the wire's promise, or a value its own; the text says what was promised and what came."""
