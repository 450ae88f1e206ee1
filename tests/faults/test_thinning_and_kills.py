"""kill -9 of whoever thins figures, between any two statements and renames: nothing is lost, and nothing is counted twice.

PORTOPT_KILLS says how many kills on each database, PORTOPT_KILLS=200 is the bar of the product.
The gate asks for eight on SQLite.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import warm
from faults.tried_on import SQLITE, stores
from integration.store.conftest import Databases, databases, postgres_url
from support import environment

from portopt.domain.watch import Figure, labels
from portopt.runs.watch.thinning import thin
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

__all__ = ["databases", "postgres_url"]  # fixtures of the store's tests
CHILD = Path(__file__).with_name("thinning_child.py")
KILLS = int(os.environ.get("PORTOPT_KILLS", "8"))
START = datetime(2026, 11, 2, tzinfo=UTC)
NOW = START + timedelta(days=9)
HALF_AN_HOUR = timedelta(minutes=30)
THINNED = "1d:6h,4d:1d"
NAMES, BOOKS = ("book_drift", "book_cash"), ("P1", "P2", "P3")


def made() -> list[Figure]:
    """Nine days, every half hour, some of it not measured."""
    chance = random.Random(3)
    return [
        Figure(name, labels(portfolio=book), START + k * HALF_AN_HOUR, chance.choice((None, round(chance.random(), 6))))
        for name in NAMES for book in BOOKS for k in range(9 * 48)
    ]  # fmt: skip


@dataclass
class Thinned:
    killed: Runtime
    undisturbed: Runtime
    exits: list[int]
    days: list[int]  # that were archived when each of them ended
    left: list[int]  # rows that were there then


@pytest.fixture(scope="module", params=stores("PORTOPT_KILLS", gate=SQLITE))
def thinned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thinned]:
    home = tmp_path_factory.mktemp("thinned")
    if request.param == "sqlite":
        yield _thinned(home, None)
        return
    found: Databases = request.getfixturevalue("databases")
    with found.one() as url:
        yield _thinned(home, url)


def _thinned(home: Path, url: str | None) -> Thinned:
    killed = open_runtime(Settings(home=home / "killed", database_url=url, figures_thinned=THINNED))
    undisturbed = open_runtime(Settings(home=home / "undisturbed", figures_thinned=THINNED))
    for runtime in (killed, undisturbed):
        runtime.figures.put(made())
    thin(undisturbed, NOW)
    variables = environment(home / "killed") | {"PORTOPT_FIGURES_THINNED": THINNED}
    variables |= {"PORTOPT_DATABASE_URL": url} if url else {}
    exits, days, left, chance = list[int](), list[int](), list[int](), random.Random(11)
    # Each goes on where the one before died, so that what is left becomes less: the later ones die sooner.
    while exits.count(-9) < KILLS and len(exits) < 4 * KILLS:
        at = str(chance.randint(1, 30))
        child = warm.run([sys.executable, str(CHILD), NOW.isoformat(), at], env=variables, timeout=300)
        exits.append(child.returncode)
        days.append(len(killed.figure_archive.kept()))
        left.append(len(rows(killed)))
    thin(killed, NOW)
    return Thinned(killed, undisturbed, exits, days, left)


def test_so_many_were_killed_and_no_one_failed_otherwise(thinned: Thinned) -> None:
    assert thinned.exits.count(-9) >= min(KILLS, 8)
    assert set(thinned.exits) <= {-9, 0}, thinned.exits
    assert 0 < thinned.days[0] < 9, "some died while days were archived"
    midway = {count for count in thinned.left if len(rows(thinned.killed)) < count < len(made())}
    assert len(midway) >= 3, "and some while steps were thinned"


def rows(runtime: Runtime) -> dict[tuple, tuple]:
    found = {}
    for name in NAMES:
        for f in runtime.figures.series(name, START - timedelta(days=1), NOW):
            s = f.spread
            mean = None if s is None or s.mean is None else pytest.approx(s.mean, abs=1e-12)
            of_step = None if s is None else (s.measured, s.lowest, s.highest, mean)
            found[f.name, f.subject, f.at] = (f.value, of_step)
    return found


def test_the_store_holds_what_it_holds_where_nobody_died(thinned: Thinned) -> None:
    assert rows(thinned.killed) == rows(thinned.undisturbed)
    assert len(rows(thinned.killed)) < len(made()) / 4


def test_of_every_value_that_was_measured_the_steps_count_one(thinned: Thinned) -> None:
    """The judge is the list of what was measured."""
    for name in NAMES:
        for book in BOOKS:
            values = [f.value for f in made() if f.name == name and f.portfolio_id == book and f.value is not None]
            found = thinned.killed.figures.series(name, START, among=frozenset({book}))
            weights = [(f.spread.measured, f.spread.mean or 0.0) if f.spread else (f.value is not None, f.value or 0.0)
                       for f in found]  # fmt: skip
            assert sum(count for count, _ in weights) == len(values)
            assert sum(count * mean for count, mean in weights) == pytest.approx(sum(values), abs=1e-9)


def test_every_figure_that_was_thinned_is_in_the_archive_once_and_whole(thinned: Thinned) -> None:
    asked = {name: f'SELECT subject, epoch_us("at"), value FROM {name}' for name in NAMES}
    found = [(name, row) for name in NAMES for row in thinned.killed.figure_archive.ask(asked[name], limit=100_000).rows]
    archived = {(name, row[0], row[1]): row[2] for name, row in found}
    days = {f"{START + timedelta(days=k):%Y-%m-%d}" for k in range(9)}
    assert thinned.killed.figure_archive.kept() == days
    assert archived == {(f.name, f.subject, round(f.at.timestamp() * 1e6)): f.value for f in made()}
    assert len(found) == len(made())
