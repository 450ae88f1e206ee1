"""Random books of bonds, funds and stocks of other markets: no lot, denomination, limit or cent is ever broken."""

from __future__ import annotations

import dataclasses
import itertools
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from made_documents import request_of

from portopt import pipeline
from portopt.adapters.providers.frames import FrameProvider
from portopt.audit import certify
from portopt.domain.errors import PortoptError
from portopt.domain.holdings import Holdings, to_cents
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import RebalanceRequest, TradingRules
from portopt.domain.units import units_of
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
from portopt.trading import make_plan
from portopt.verifier import verify

BOOKS, FEWEST = 45, 30
SMALL_BOOKS = 40
KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"lot_size": 10},
    {"lot_size": 25},
    {"fraction_digits": 3},
    {"fraction_digits": 1, "price_multiplier": "10"},
    {"price_multiplier": "0.01", "accrued_interest": "1.32", "min_denomination": 1000},
    {"price_multiplier": "0.01", "accrued_interest": "0.4375", "min_denomination": 2000, "increment": 1000},
    {"min_denomination": "50", "increment": "5"},
)


def in_units(seed: int) -> tuple[RebalanceRequest, Any, dict[str, dict[str, Any]]]:
    """The random book of that seed, each asset in units of its own; face is held by the hundred."""
    asked, table = request_of(seed)
    rng = np.random.default_rng(10_000 + seed)
    told = {asset.id: KINDS[int(rng.integers(len(KINDS)))] for asset in asked.universe.assets}
    assets = tuple(dataclasses.replace(a, units=units_of(told[a.id], a.id)) for a in asked.universe.assets)
    times = {a: Decimal(1) / Decimal(units.get("price_multiplier", "1")) for a, units in told.items()}
    shares = {a: (n * times[a]).quantize(Decimal("0.1")) for a, n in asked.holdings.shares.items()}
    holdings = dataclasses.replace(asked.holdings, shares=shares)
    # A cost that is not linear beside whole-number limits is a search of its own, and nothing to do with units.
    costs = {} if "square_root_impact" in asked.policy.costs else asked.policy.costs
    policy = dataclasses.replace(asked.policy, costs=costs)
    return dataclasses.replace(asked, universe=Universe(assets), holdings=holdings, policy=policy), table, told


def documents() -> list[tuple[dict[str, Any], dict[str, dict[str, Any]], bool]]:
    made = []
    for seed in range(BOOKS):
        asked, table, told = in_units(seed)
        try:
            snapshot = pipeline.fetch_pack(asked, FrameProvider(table))
            found = pipeline.work(asked, snapshot, run_id=f"reb-{seed}", frontier=False)[0]
        except PortoptError:  # limits conflict, or lots so coarse that no book keeps them
            continue
        made.append((json.loads(json.dumps(found)), told, asked.policy.trading.fractional))
    return made


@pytest.fixture(scope="module")
def made():
    found = documents()
    assert len(found) >= FEWEST
    return found


def _step(units: dict[str, Any], document: dict[str, Any]) -> Fraction:
    if "fraction_digits" in units:
        return Fraction(1, 10 ** units["fraction_digits"])
    own = units.get("lot_size") or units.get("increment") or units.get("min_denomination")
    if own is not None:
        return Fraction(own)
    return Fraction(1, 10**6) if document["rounding"]["fractional"] else Fraction(document["rounding"]["lot_size"])


def test_every_trade_is_whole_steps_and_every_holding_its_denomination(made):
    wrong = []
    for document, told, _ in made:
        for row in document["proposal"]:
            a = row["asset_id"]
            if a == CASH or not row["shares_change"]:
                continue
            before, after = (Fraction(str(row[name])) for name in ("shares_before", "shares_after"))
            steps = (after - before) / _step(told[a], document)
            if after and steps.denominator != 1:
                wrong.append((document["run_id"], a, "steps", row["shares_change"]))
            if after and after < Fraction(told[a].get("min_denomination", 0)):
                wrong.append((document["run_id"], a, "denomination", row["shares_after"]))
    assert wrong == []


def test_money_adds_up_to_the_cent_from_the_quoted_prices(made):
    """Independent of the verifier: value of each order, of the book, and the cash that is left."""

    def cents(amount: Fraction) -> Fraction:
        return Fraction(round(amount * 100), 100)

    for document, told, _ in made:

        def money(a: str, price: str, told: dict[str, Any] = told) -> Fraction:
            units = told.get(a, {})
            return (Fraction(price) + Fraction(units.get("accrued_interest", 0))) * Fraction(units.get("price_multiplier", 1))

        head, cash = document["headline"], Fraction(document["headline"]["cash_before"])
        rows = [row for row in document["proposal"] if row["asset_id"] != CASH]
        worth = sum(cents(Fraction(str(r["shares_before"])) * money(r["asset_id"], r["price"])) for r in rows) + cash
        assert Fraction(head["portfolio_value"]) == worth
        for trade in document["trades"]:
            value = cents(Fraction(str(trade["shares"])) * money(trade["asset_id"], trade["price"]))
            assert Fraction(trade["value"]) == value
            cash += (value if trade["side"] == "sell" else -value) - Fraction(trade["cost"])
        assert Fraction(head["cash_after"]) == cash >= 0


def test_every_limit_is_kept_and_the_verifier_finds_nothing(made):
    assert [(d["run_id"], f.sentence) for d, _, _ in made for f in verify(d).faults] == []
    assert {d["certificate"]["orders"]["verdict"] for d, _, _ in made} == {"certified"}


def test_a_trade_that_breaks_a_step_is_found_out(made):
    """The verifier knows steps from the lines alone: with other ones than it was made in, no document holds."""
    changed = 0
    for document, told, _ in made:
        for row in document["proposal"]:
            if row["side"] is None or row["shares_after"] == 0.0 or not told.get(row["asset_id"], {}).get("lot_size"):
                continue
            row = {**row, "units": {**row["units"], "lot_size": "7919"}}
            other = {**document, "proposal": [row if r["asset_id"] == row["asset_id"] else r for r in document["proposal"]]}
            assert any("no whole number of lots" in fault.comes_to for fault in verify(other).faults)
            changed += 1
            break
    assert changed > 5


# --- against every book there is ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Small:
    problem: Problem
    holdings: Holdings
    money: dict[str, Decimal]
    positions: list[list[Decimal]]  # by asset, every holding that may be afterwards


def small(seed: int) -> Small:
    """Two assets in coarse lots, denominations of some: so few books that each can be looked at."""
    rng = np.random.default_rng(seed)
    ids = ["A", "B"]
    kinds = [KINDS[int(k)] for k in rng.choice([1, 2, 5, 6, 7], 2)]
    units = [units_of(kind, a) for kind, a in zip(kinds, ids, strict=True)]
    assert all(u is not None for u in units)
    universe = Universe((*(Asset(a, units=u) for a, u in zip(ids, units, strict=True)), Asset(CASH)))
    quoted = [Decimal(str(round(float(rng.uniform(60, 140)), 2))) for _ in ids]
    money = {a: u.money(q) for a, u, q in zip(ids, units, quoted, strict=True) if u is not None}
    held = {
        a: Decimal(int(rng.integers(0, 40))) * (u.step or 1) + int(rng.integers(0, 3)) for a, u in zip(ids, units, strict=True)
    }
    held = {a: n for a, n in held.items() if rng.random() < 0.7}
    holdings = Holdings("P", held, Decimal(str(round(float(rng.uniform(2_000, 60_000)), 2))))
    value = holdings.value(money)
    positions = []
    for a, u in zip(ids, units, strict=True):
        now, step = held.get(a, Decimal(0)), u.step
        reach = int(value / money[a] / step) + 2
        counts = (now + k * step for k in range(-reach, reach + 1))
        positions.append(sorted({Decimal(0), now, *(n for n in counts if n >= u.min_denomination and n >= 0)}))
    sigma = np.array([*rng.uniform(0.05, 0.3, 2), 0.0])
    Sigma = np.outer(sigma, sigma) * (0.2 + 0.8 * np.eye(3))
    problem = Problem(
        Moments(universe, np.array([*rng.uniform(0.02, 0.12, 2), 0.02]), Covariance(Sigma=Sigma)),
        parse_objective({"kind": "utility", "risk_aversion": float(rng.uniform(1.0, 8.0))}),
        parse_limits({"budget": True, "long_only": True, "max_weight": float(rng.choice([0.4, 0.6, 1.0]))}),
        parse_costs({"linear_impact": {"bps": 15}}),
        w_prev=holdings.weights(universe, money),
        risk_free_rate=0.02,
        portfolio_value=float(value),
        prices=np.array([*(float(p) for p in money.values()), 1.0]),
        portfolio_id="P",
    )  # fmt: skip
    return Small(problem, holdings, money, positions)


def best_of_all(one: Small) -> float:
    """Every book there is, in decimals: kept where cash is not owed and no weight is over its cap."""
    p, best = one.problem, -np.inf
    V, cash_before = one.holdings.value(one.money), one.holdings.cash
    for after in itertools.product(*one.positions):
        cash, costs, w = cash_before, Decimal(0), np.zeros(3)
        for i, (a, n) in enumerate(zip(one.money, after, strict=True)):
            moved = n - one.holdings.shares.get(a, Decimal(0))
            value = to_cents(abs(moved) * one.money[a])
            costs += to_cents(value * Decimal("0.0015"))
            cash -= value if moved > 0 else -value
            w[i] = float(to_cents(n * one.money[a]) / V)
        w[2] = float(cash / V)
        if cash - costs >= 0 and all(limit.read(w, p).worst() <= 1e-9 for limit in p.limits):
            best = max(best, float(p.objective.value(w, p)))
    return best


@pytest.mark.parametrize("seed", range(SMALL_BOOKS))
def test_no_book_of_whole_steps_is_better_than_the_plan(seed):
    one = small(seed)
    form = assemble(one.problem)
    solution = optimize(one.problem, form=form)
    rules = TradingRules(min_trade_value=0.0)
    plan = make_plan(one.problem, certify(one.problem, form, solution), one.holdings, one.money, rules)
    by_id = {line.asset_id: line for line in plan.lines}
    w = one.problem.universe.vector({a: line.weight_after for a, line in by_id.items()})
    assert all(by_id[a].shares_after in positions for a, positions in zip(one.money, one.positions, strict=True))
    reached, best = float(one.problem.objective.value(w, one.problem)), best_of_all(one)
    assert plan.rounding in ("mip", "mip_open")
    assert reached >= best - max(plan.mip_gap or 0.0, 1e-4) * max(abs(best), 1e-3) - 1e-9
