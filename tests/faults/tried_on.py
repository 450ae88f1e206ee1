"""On which databases a fault is tried: by the gate on one of them, and on both by whoever asks for many of it."""

from __future__ import annotations

import os

import pytest

SQLITE, POSTGRESQL = pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)
KILLS = "PORTOPT_KILLS"
ALL_KILLS = KILLS in os.environ


def stores(variable: str, *, gate: object) -> list[object]:
    """variable: says how many, where somebody asks. What a database promises by itself, the store's contract asks of both."""
    return [SQLITE, POSTGRESQL] if variable in os.environ else [gate]
