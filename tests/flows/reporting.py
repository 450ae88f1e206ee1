"""The installation that the environment names, its flows reporting to a real server."""

from __future__ import annotations

from collections.abc import Iterator

from prefect.settings import PREFECT_API_URL, temporary_settings

import portopt.runtime as runtime_module
from portopt.runtime import Runtime


def reporting(api: str) -> Iterator[Runtime]:
    """For a fixture to yield from, once it has set PORTOPT_HOME and whatever else its tests need."""
    runtime_module.runtime.cache_clear()
    with temporary_settings({PREFECT_API_URL: api}):
        yield runtime_module.runtime()
    runtime_module.runtime.cache_clear()
