"""Portfolios and the versions of their holdings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portopt.adapters.store.books import SqlPortfolios
from portopt.adapters.store.desk import SqlDesk
from portopt.domain.errors import InvalidValue, UnknownThing
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.domain.units import units_of
from portopt.domain.universe import Asset, Universe


@pytest.fixture
def books(store) -> SqlPortfolios:
    return SqlPortfolios(store.database)


def held(shares: str, portfolio_id: str = "P1") -> Holdings:
    return Holdings(portfolio_id, {"A": Decimal(shares)}, Decimal("12.50"), "EUR", {"A": Decimal("3.5")})


def test_what_is_said_of_a_portfolio_is_read_back_and_its_holdings_stay(books):
    said = Portfolio("P1", "Pension", "income", "files:prices", Universe((Asset("A", sector="Tech"),)), {"A": 1.0})
    saved = books.save(said)
    assert (saved.name, saved.policy, saved.provider, saved.universe, saved.benchmark) == (
        "Pension", "income", "files:prices", said.universe, {"A": 1.0},
    )  # fmt: skip
    assert (saved.holdings, saved.version) == (None, 0)
    books.declare(held("100"), "import")
    books.save(Portfolio("P1", "Other"))
    found = books.get("P1")
    assert (found.name, found.universe, found.holdings, found.version) == ("Other", None, held("100"), 1)


def test_the_versions_say_who_declared_what_and_are_read_newest_first(books):
    books.declare(held("100"), "anna", ["2 rows left out"])
    books.declare(held("100.0"), "anna")
    books.declare(held("90"), "bert")
    newest, first = books.versions("P1")
    assert (newest.version, newest.holdings, newest.declared_by, newest.notes) == (2, held("90"), "bert", ())
    assert (first.version, first.holdings, first.declared_by, first.notes) == (1, held("100"), "anna", ("2 rows left out",))
    assert [v.version for v in books.versions("P1", before=2)] == [1]
    assert [v.version for v in books.versions("P1", limit=1)] == [2]


def test_holdings_that_a_run_declares_are_a_version_too(store, books, finished, event):
    request = {"policy": {"limits": {}}, "holdings": {"currency": "USD", "cash": "1", "shares": {"A": "7"}}}
    store.complete(finished("reb-1", request=request), event("e1"), since=0)
    assert [(v.version, v.holdings.shares, v.declared_by) for v in books.versions("P1")] == [(1, {"A": 7}, "portopt")]


def lots(shares: str, cost: str | None = "3.25") -> TaxRecord:
    lot = Lot("A", "L1", date(2021, 3, 2), Decimal(shares), None if cost is None else Decimal(cost))
    closed = ClosedLot("A", "L0", None, date(2024, 3, 1), Decimal(2), None, Decimal("2.10"))
    return TaxRecord((lot,), (closed,), Decimal("-5.00"), Decimal(0), Decimal(0), Decimal("7.25"))


def test_lots_are_part_of_a_version_and_other_lots_another_version(store, books):
    for cost in ("3.25", "3.25", None):
        books.declare(replace(held("100"), tax=lots("100", cost)), "anna")
    assert [(v.version, v.holdings.tax) for v in books.versions("P1")] == [(2, lots("100", None)), (1, lots("100"))]
    books.declare(held("100"), "bert")  # says nothing of lots: what was said stays
    assert (books.get("P1").version, books.get("P1").holdings.tax) == (2, lots("100", None))
    assert store.holdings("P1") == replace(held("100"), tax=lots("100", None))
    store.save_holdings(replace(held("90"), tax=lots("90")))
    assert (store.holdings("P1").tax, store.holdings_version("P1")) == (lots("90"), 3)


def test_lots_that_a_run_declares_are_kept_with_its_holdings(store, books, finished, event):
    tax = {"lots": [{"asset_id": "A", "lot_id": "L1", "acquired_on": None, "shares": "7", "cost_per_share": "2.5"}]}
    holdings = {"currency": "USD", "cash": "1", "shares": {"A": "7"}, "tax": tax}
    store.complete(finished("reb-1", request={"policy": {"limits": {}}, "holdings": holdings}), event("e1"), since=0)
    assert books.get("P1").holdings.tax == TaxRecord((Lot("A", "L1", None, Decimal(7), Decimal("2.5")),))


def test_declared_holdings_supersede_the_proposals_on_others(store, books, finished):
    request = {"policy": {"limits": {}}, "holdings": {"currency": "USD", "cash": "1", "shares": {"A": "7"}}}
    store.complete(finished("reb-1", request=request, status=RunStatus.AWAITING_APPROVAL), None, since=0)
    books.declare(held("8"), "anna")
    assert store.get("reb-1").status is RunStatus.SUPERSEDED


def test_a_portfolio_is_listed_among_those_that_one_may_see_page_by_page(books):
    for portfolio_id in ("P3", "P1", "P2"):
        books.save(Portfolio(portfolio_id))
    assert [p.id for p in books.list(None)] == ["P1", "P2", "P3"]
    assert [p.id for p in books.list(None, after="P1", limit=1)] == ["P2"]
    assert [p.id for p in books.list(frozenset({"P3", "P9"}))] == ["P3"]
    assert books.list(frozenset()) == []


def test_one_that_is_known_by_a_runs_name_alone_has_no_holdings(store, books, begun):
    store.begin(begun("reb-1"))
    assert (books.get("P1").holdings, books.get("P1").version, books.versions("P1")) == (None, 0, [])


@pytest.mark.parametrize("ask", [lambda b: b.get("P9"), lambda b: b.versions("P9")])
def test_an_unknown_one_is_said_to_be_unknown(books, ask):
    with pytest.raises(UnknownThing):
        ask(books)


UNFIT = [Portfolio(""), Portfolio("x" * 101), Portfolio("P\0"), Portfolio("P", "n" * 501), Portfolio("P", policy="")]


@pytest.mark.parametrize("bad", UNFIT)
def test_what_no_column_holds_is_refused_by_name(books, bad):
    with pytest.raises(InvalidValue):
        books.save(bad)


def test_the_newest_optimization_is_of_either_kind(store, books, finished):
    assert books.latest("P1") is None
    proposal = finished("reb-1")
    store.complete(proposal, None)
    assert books.latest("P1")["optimization_id"] == "reb-1"
    assert books.latest("P1")["optimal_weights"] == {"AAPL": 0.3294, "CASH": 0.3182}
    for run_id, hours in (("opt-later", 1), ("opt-earlier", -1)):
        at = proposal.completed_at + timedelta(hours=hours)
        answer = finished(run_id, kind="optimize", completed_at=at, document={"optimal_weights": {"A": 1.0}})
        store.complete(answer, None)
    newest = books.latest("P1")
    assert (newest["optimization_id"], newest["optimal_weights"]) == ("opt-later", {"A": 1.0})


@pytest.mark.parametrize("others", [0, 2_000], ids=["as it is", "folded"])
def test_units_are_read_back_and_the_desk_finds_them_without_opening_other_universes(books, store, others):
    face = units_of({"price_multiplier": "0.01", "settlement_days": 0, "min_denomination": 1000}, "A")
    many = tuple(Asset(f"N{i}", name="a name of some letters") for i in range(others))
    said = Universe((Asset("A", units=face), Asset("B"), *many))
    books.save(Portfolio("P1", "Bonds", universe=said))
    books.save(Portfolio("P2", "Shares", universe=Universe((Asset("B"),))))
    assert books.get("P1").universe == said
    assert SqlDesk(store.database).units(["P1", "P2"]) == {"P1": {"A": face}}
