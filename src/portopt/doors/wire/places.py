"""Where an operation stands, for headers and links."""

from __future__ import annotations

from urllib.parse import quote

from portopt.doors.wire.operations import OPERATIONS

BASE = "/api/v1"


def place_of(operation: str, **names: str) -> str:
    """The path of an operation with these names in it."""
    return BASE + OPERATIONS[operation].path.format(**{name: quote(value, safe="") for name, value in names.items()})
