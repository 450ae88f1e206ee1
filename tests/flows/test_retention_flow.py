"""What is past its days, as a flow: as it stands it says what would go, and deletes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_book
from reporting import reporting

from portopt.runtime import Runtime


@pytest.fixture
def home(tmp_path: Path, prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    for name, value in (("HOME", str(tmp_path)), ("REPORTS_DAYS", "1")):
        monkeypatch.setenv(f"PORTOPT_{name}", value)
    yield from reporting(prefect_server)


def test_it_tells_and_deletes_only_when_it_is_told_to(home: Runtime) -> None:
    from os import utime

    from flows.retention import retention

    run_id = small_book.rebalance(home).run_id
    page = home.settings.reports_path / f"{run_id}.html"
    utime(page, (0, 0))
    told = asyncio.run(retention())
    assert (told["done"], told["going"]["report"]["names"]) == (False, [run_id])
    assert page.exists()
    told = asyncio.run(retention(dry_run=False))
    assert (told["done"], told["going"]["report"]["names"]) == (True, [run_id])
    assert not page.exists()
