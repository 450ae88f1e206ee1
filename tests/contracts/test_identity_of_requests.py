"""Whatever changes what is asked changes the identity of the request and the id of its run; what does not, does not."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alterations import IN_UNITS, alterations, backwards, paths, with_units
from catalog_market import market, request
from small_book import market as small_market
from small_book import request as small_request

from portopt import pipeline
from portopt.dialects.requests import (
    optimization_request_from_data,
    optimization_request_to_data,
    rebalance_request_from_data,
    rebalance_request_to_data,
)
from portopt.domain.action import Action
from portopt.domain.cash_flow import CashFlow
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import EstimationChoice, OptimizationRequest, Policy, RebalanceRequest
from portopt.domain.tax import ClosedLot, Lot, TaxRecord
from portopt.domain.units import Units
from portopt.domain.universe import Asset, Universe
from portopt.estimation.catalog import COVARIANCE, EXPECTED_RETURNS
from portopt.formulation import as_asked
from portopt.runs import answers
from portopt.runs.identity import run_identity

FACTORS = FactorReturns(
    names=("MKT", "VAL"),
    values=np.array([[0.01, 0.02], [0.03, -0.01]]),
    dates=np.array(["2022-01-03", "2022-01-04"], dtype="datetime64[D]"),
    risk_free=np.array([1e-4, 2e-4]),
    notes=("read",),
)
UNIVERSE = Universe(
    (
        Asset("A", "Alpha", "Energy", "Equity", 7.0, 6.0, True, {"beta": 1.0, "duration": 2.0}),
        Asset("B", "Beta", "Health", "Equity", 6.0, 5.0, True, {"beta": 0.9, "duration": 3.0}, {"sector": {"Health": 0.9}}),
    )
)
# Steps of several sizes, which nobody may say together: each changes the identity all the same.
UNITS = Units(
    Decimal(10), Decimal("0.5"), Decimal(100), Decimal(1000), Decimal(100), fraction_digits=2, settlement_days=2,
    nav_priced=True, cut_off="16:00 Europe/Paris",
)  # fmt: skip
EVERY_UNIT = Universe((UNIVERSE.assets[0], dataclasses.replace(UNIVERSE.assets[1], units=UNITS)))
ESTIMATION = EstimationChoice(
    expected_returns_options={"span": 60},
    covariance_options={"target": "identity"},
    cash_return=0.01,
    views={"method": "black_litterman", "views": {"A": 0.1}},
    factors={"method": "statistical", "count": 2},
)
POLICY = Policy(
    id="p",
    name="P",
    objective={"kind": "utility", "risk_aversion": 4.0},
    limits={"long_only": True, "max_weight": {"A": 0.6, "*": 0.5}},
    costs={"linear_impact": {"bps": 10}, "commission": {"bps": 5, "per_trade": "1.00"}},
    estimation=ESTIMATION,
    relax_order=("max_weight",),
    description="said",
    notes=("of the policy",),
    approval={"four_eyes": True},
    tax={"regime": "us_federal", "short_rate": 0.37},
)
TAX = TaxRecord(
    (Lot("A", "L1", date(2021, 3, 2), Decimal(6), Decimal("121.50")), Lot("A", "L2", date(2022, 2, 1), Decimal(4), Decimal(9))),
    (ClosedLot("B", "L0", date(2020, 1, 2), date(2022, 12, 1), Decimal(3), Decimal("8.25"), Decimal("7.50")),),
    Decimal("-250.00"), Decimal("10.00"), Decimal("20.00"), Decimal("1200.00"),
)  # fmt: skip
BOOK = RebalanceRequest(
    Holdings(
        "P1",
        {"A": Decimal(10), "B": Decimal(20)},
        Decimal(5),
        stated_prices={"A": Decimal(1), "B": Decimal(2)},
        accounts={"IRA": {"A": Decimal(3), "B": Decimal(4)}, "TAXABLE": {"A": Decimal(7)}},
        tax=TAX,
        as_of=date(2022, 12, 27),
        splits={"B": "2:1"},
    ),
    POLICY,
    UNIVERSE,
    benchmark={"A": 0.4, "B": 0.6},
    as_of=date(2022, 12, 28),
    factor_returns=FACTORS,
    cash_flow=CashFlow(Decimal("-5.00"), date(2026, 12, 31)),
    no_worse=True,
    confirmed_shares=("A",),
    actions=(
        Action(
            "A",
            "split",
            date(2022, 12, 20),
            date(2022, 12, 21),
            (4, 1),
            Decimal(1),
            "C",
            Decimal(2),
            Decimal(3),
            date(2022, 12, 1),
        ),
    ),
    notes=("of the files",),
)
WEIGHTS = OptimizationRequest(
    "s", UNIVERSE, POLICY.objective, POLICY.limits, POLICY.costs, 0.01, ESTIMATION,
    expected_returns=np.array([0.05, 0.07]), covariance=np.diag([0.04, 0.09]),
    returns=np.array([[0.01, 0.02], [0.0, -0.01], [0.02, np.nan]]),
    current_weights={"A": 0.4, "B": 0.6}, benchmark_weights={"A": 0.5, "B": 0.5}, relax_order=("max_weight",),
    portfolio_value=1e6, average_daily_value={"A": 1e6, "B": 2e6}, prices={"A": 10.0, "B": 20.0},
    factor_returns=FACTORS, notes=("said",), beliefs_id="bel-1",
)  # fmt: skip
# Fields that no answer depends on, and why.
ASIDE: dict[type, dict[str, str]] = {
    RebalanceRequest: {"provider": "who brought the prices; which prices they were, the pack says"},
    OptimizationRequest: {
        "notes": "sentences about what was asked and has no effect",
        "beliefs_id": "what covariance and returns are called; what they are, they say themselves",
    },
}


def in_units(asked: Any, units: Units) -> Any:
    return dataclasses.replace(asked, universe=with_units(asked.universe, units))


@pytest.mark.parametrize("units", IN_UNITS, ids=lambda units: next(iter(units.said)))
def test_units_are_read_back_from_a_request_as_it_is_kept(units):
    asked = in_units(BOOK, units)
    again = rebalance_request_from_data(json.loads(json.dumps(rebalance_request_to_data(asked))))
    assert (again.universe, again.identity()) == (asked.universe, asked.identity())


@pytest.mark.parametrize("asked", [BOOK, WEIGHTS], ids=["rebalance", "weights"])
def test_every_field_of_a_request_is_in_its_identity_or_is_named_with_the_reason_why_not(asked):
    changed: dict[str, bool] = {}
    asked = dataclasses.replace(asked, universe=EVERY_UNIT)
    for path, other in alterations(asked):
        changed[path] = changed.get(path, True) and other.identity() != asked.identity()
    assert set(changed) == set(paths(type(asked)))
    assert {path for path, differs in changed.items() if not differs} == set(ASIDE[type(asked)])


def test_every_estimator_and_every_number_of_periods_is_another_question() -> None:
    base = request({"kind": "min_risk"}, {"max_weight": 0.5})
    choices = [
        *(dataclasses.replace(base.estimation, expected_returns=name) for name in EXPECTED_RETURNS),
        *(dataclasses.replace(base.estimation, covariance=name) for name in COVARIANCE if name != base.estimation.covariance),
        dataclasses.replace(base.estimation, periods_per_year=12.0),
        dataclasses.replace(base.estimation, lookback=100),
    ]
    asked = [dataclasses.replace(base, estimation=choice) for choice in choices]
    assert len({q.identity() for q in asked}) == len(choices)
    problems = [as_asked(q) for q in asked]
    assert len({p.identity() for p in problems}) == len(choices)


def test_the_same_data_written_the_other_way_round_is_the_same_request() -> None:
    book = backwards(json.loads(json.dumps(rebalance_request_to_data(BOOK))))
    assert rebalance_request_from_data(book).identity() == BOOK.identity()
    weights = backwards(json.loads(json.dumps(optimization_request_to_data(WEIGHTS))))
    assert optimization_request_from_data(weights).identity() == WEIGHTS.identity()


def test_lots_come_back_as_they_went_and_so_do_those_of_which_nothing_is_known() -> None:
    back = rebalance_request_from_data(json.loads(json.dumps(rebalance_request_to_data(BOOK))))
    assert back.holdings == BOOK.holdings
    bare = TaxRecord((Lot("A", "unknown", None, Decimal(10), None),))
    asked = dataclasses.replace(BOOK, holdings=dataclasses.replace(BOOK.holdings, tax=bare))
    again = rebalance_request_from_data(json.loads(json.dumps(rebalance_request_to_data(asked))))
    assert (again.holdings.tax, again.identity()) == (bare, asked.identity())


def test_limits_written_the_other_way_round_are_the_same_problem() -> None:
    limits = {"max_weight": {"AAPL": 0.3, "*": 0.25}, "max_turnover": 0.1, "sector_limits": {"Technology": 0.3, "Energy": 0.2}}
    objective = {"kind": "utility", "risk_aversion": 4.0}
    assert market(objective, limits).identity() == market(backwards(objective), backwards(limits)).identity()


IN_ANOTHER_PROCESS = "from test_identity_of_requests import BOOK, WEIGHTS\nprint(BOOK.identity(), WEIGHTS.identity())"


def test_another_process_with_another_hash_seed_finds_the_same_identities() -> None:
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    env = {**os.environ, "PYTHONHASHSEED": "4321", "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", IN_ANOTHER_PROCESS], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [BOOK.identity(), WEIGHTS.identity()]


@cache
def snapshot() -> MarketSnapshot:
    return pipeline.fetch_pack(small_request(), small_market())


def test_a_run_is_known_by_its_request_its_prices_and_the_version_of_its_document(monkeypatch) -> None:
    first = run_identity(small_request(), snapshot())
    assert run_identity(small_request(), dataclasses.replace(snapshot(), source="elsewhere")) == first
    others = {
        run_identity(small_request(cash=5001), snapshot()),
        run_identity(small_request(), dataclasses.replace(snapshot(), pricing_pack_id="pack-another")),
        run_identity(small_request(), dataclasses.replace(snapshot(), notes=("a row was left out",))),
        run_identity(small_request(), dataclasses.replace(snapshot(), as_of=date(2024, 4, 1))),
    }
    monkeypatch.setattr(pipeline, "DOCUMENT_VERSION", "another")
    others.add(run_identity(small_request(), snapshot()))
    assert len(others | {first}) == 6


def test_an_answer_is_known_by_its_request_its_kind_what_was_asked_beside_and_the_version_of_its_document(monkeypatch) -> None:
    def named(request: OptimizationRequest = WEIGHTS, kind: str = "frontier", asked: Any = None, pack: str = "pack-1") -> str:
        document = {"pricing_pack_id": pack, "as_of": "2024-04-01"}
        return answers.record_of(kind, request, document, asked or {}, datetime(2024, 4, 2, tzinfo=UTC)).run_id

    found = {
        named(),
        named(dataclasses.replace(WEIGHTS, risk_free_rate=0.02)),
        named(kind="optimize"),
        named(kind="risk"),
        named(kind="sensitivity"),
        named(asked={"points": 5}),
        named(pack="pack-2"),
    }
    monkeypatch.setattr(answers, "VERSION", "another")
    found.add(named())
    assert len(found) == 8
