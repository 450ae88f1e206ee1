"""The texts of the screens, in one place: texts/en.toml, a table a screen."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from types import SimpleNamespace
from typing import Any


@cache
def texts() -> SimpleNamespace:
    """`t.desk.title` in a template. One that is missing is a fault that rendering tells."""
    written = resources.files("portopt.doors.console").joinpath("texts", "en.toml").read_text("utf-8")
    return _named(tomllib.loads(written))


def _named(found: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**{name: _named(value) if isinstance(value, dict) else value for name, value in found.items()})
