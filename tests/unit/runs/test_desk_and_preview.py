"""The lines of a desk in their order, and what stands in the way of a proposal, from what is on record alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from portopt.domain.cash_flow import CashFlow
from portopt.domain.desk import BookFigures, DeskBook, Ended, Newest, Stage, Tile, Told
from portopt.domain.holdings import Holdings
from portopt.domain.units import Units
from portopt.runs.desk import page, valuing
from portopt.runs.waves.preview import reasons_of

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
BOOK = DeskBook("B", "Second", "balanced", "USD", Decimal(10), 1, BookFigures(value=100.0, cash_share=0.1, prices_age=0.0))


class Kept:
    """A desk's store that holds these books."""

    def __init__(self, *books: DeskBook) -> None:
        self._books = books

    def books(self, among: Collection[str] | None, now: datetime) -> Sequence[DeskBook]:
        return [book for book in self._books if among is None or book.portfolio_id in among]

    def told(self, ids: Collection[str]) -> Mapping[str, Told]:
        return {name: Told(NOW) for name in ids}

    def ended(self, books: Collection[DeskBook]) -> Mapping[str, Ended]:
        return {}

    def waves(self, named: Collection[str], among: Any, asker: str) -> Mapping[str, tuple[str, str]]:
        return dict.fromkeys(named, ("asked", "a reason"))

    def holdings(self, ids: Collection[str]) -> Mapping[str, Holdings]:
        return {name: Holdings(name, {"AAA": Decimal(3)}, Decimal(10)) for name in ids}

    def units(self, ids: Collection[str]) -> Mapping[str, Mapping[str, Units]]:
        return {}

    def newest_pack(self) -> str | None:
        return None


def looked(look: page.Look, *books: DeskBook) -> page.DeskPage:
    return page.desk_page(look, SimpleNamespace(desk=Kept(*books)), NOW)  # type: ignore[arg-type]


def test_what_is_not_known_is_last_whichever_way_the_desk_is_sorted() -> None:
    values = {"a": 5.0, "b": None, "c": 9.0}
    books = [replace(BOOK, portfolio_id=name, figures=BookFigures(value=value)) for name, value in values.items()]

    def order(descending: bool) -> list[str]:
        return [line.book.portfolio_id for line in looked(page.Look(sort="value", descending=descending), *books).lines]

    assert (order(False), order(True)) == (["a", "c", "b"], ["c", "a", "b"])


def test_tiles_combine_and_are_counted_over_everything_that_is_searched() -> None:
    late = replace(BOOK, portfolio_id="L", figures=BookFigures(value=1.0, prices_age=9.0))
    both = replace(late, portfolio_id="M", newest=Newest(Stage.FAILED, "failed"), wave_id="w")
    found = looked(page.Look(tiles=(Tile.STALE_PRICES, Tile.FAILED)), BOOK, late, both)
    assert [line.book.portfolio_id for line in found.lines] == ["M"]
    assert (found.total, found.matching, found.counts[Tile.STALE_PRICES], found.counts[Tile.FAILED]) == (3, 1, 2, 1)
    assert found.lines[0].wave == ("asked", "a reason")


def test_a_book_that_nobody_measured_says_why_it_has_no_value() -> None:
    books, said = valuing.valued([replace(BOOK, figures=None)], SimpleNamespace(desk=Kept()))  # type: ignore[arg-type]
    assert books[0].figures is None
    assert "no prices are kept here yet" in said["B"].why["value"]
    assert said["B"].why["drift"] == valuing.NOT_MEASURED


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (BOOK, []),
        (replace(BOOK, cash=None, figures=None), [("holdings", "stop")]),
        (replace(BOOK, figures=BookFigures()), [("prices", "stop")]),
        (replace(BOOK, figures=BookFigures(value=1.0, prices_age=3.0)), [("prices", "but")]),
        (replace(BOOK, newest=Newest(Stage.AWAITING_APPROVAL, "awaiting_approval", "reb-1")), [("proposals", "but")]),
        (replace(BOOK, newest=Newest(Stage.FAILED, "infeasible")), [("last time", "but")]),
        (replace(BOOK, wave_id="w", wave_state="waiting"), [("waves", "but")]),
        (replace(BOOK, cash_flow=CashFlow(Decimal(500))), [("money", "ok")]),
    ],
)
def test_what_stands_in_the_way_is_named_and_whether_it_stops(book: DeskBook, expected: list[tuple[str, str]]) -> None:
    ended = Ended(NOW, {"detail": "no portfolio satisfies its limits", "fixes": ["raise max_weight"]})
    assert [(reason.name, reason.status) for reason in reasons_of(book, Told(), ended)] == expected
