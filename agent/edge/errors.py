"""Failures that the user can mend: one line, exit code 2."""


class EdgeError(RuntimeError):
    """A file, socket, model or setting is at fault; the text names it and says what was expected."""
