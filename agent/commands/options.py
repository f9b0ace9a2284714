"""Options of the command line to settings: the file first, then what was typed."""

from __future__ import annotations

import argparse
import dataclasses

from agent.edge.settings import Settings, changed, load_settings


def settings_of(options: argparse.Namespace) -> Settings:
    """Every option that is named as a setting and was given replaces it.

    Raises:
        EdgeError: the file cannot be read, or a value is unknown, of the wrong kind or out of bounds.
    """
    config = getattr(options, "config", None)
    settings = load_settings(config) if config else Settings()
    names = {f.name for f in dataclasses.fields(Settings)}
    return changed(settings, {k: v for k, v in vars(options).items() if k in names and v is not None})
