"""What several tests of flows share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from reporting import reporting

from portopt.runtime import Runtime


@pytest.fixture
def home(tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    """An empty installation whose flows report to the real server."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    yield from reporting(prefect_server)
