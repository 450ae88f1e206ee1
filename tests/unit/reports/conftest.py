"""One rebalance for every report to show: a certified optimum, whole shares, an explanation, and things wrong with the data."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from portopt.audit import certify
from portopt.domain.diagnosis import Conflict, Diagnosis, Fix, GaveWay, Relaxation
from portopt.domain.explanation import Explanation, Frontier, FrontierPoint, RiskContribution, ShadowPrice, TradeReason
from portopt.domain.holdings import Holdings, to_cents
from portopt.domain.market import Finding, MarketSnapshot
from portopt.domain.moments import Covariance, Moments
from portopt.domain.outcome import RebalanceOutcome
from portopt.domain.plan import Figures, PlanLine, RebalancePlan, Trade
from portopt.domain.problem import Problem
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import CASH, Asset, Universe
from portopt.optimization import assemble, optimize
from portopt.terms.catalog import parse_costs, parse_limits, parse_objective

SECTORS = ("Technology", "Energy", "Health care", "Financials")
LIMITS = {
    "max_weight": 0.15,
    "sector_limits": 0.40,
    "max_turnover": 0.25,
    "max_tracking_error": 0.06,
    "cash": {"min": 0.01, "max": 0.05},
}
OBJECTIVE = {"kind": "utility", "risk_aversion": 4.0}
COSTS = {"commission": {"per_trade": "5.00"}, "linear_impact": {"bps": 15}}
RISK_FREE = 0.02


def universe_of(count: int, names: Callable[[int], str] = lambda i: f"Company {i}") -> Universe:
    stocks = [Asset(f"S{i:02d}", names(i), SECTORS[i % 4], "Equity", quality_score=5.0 + i % 5) for i in range(count)]
    return Universe((*stocks, Asset(CASH, "Cash", asset_class="Cash")))


def snapshot_of(universe: Universe, findings: tuple[Finding, ...] = ()) -> MarketSnapshot:
    """A year of one-factor prices, seeded."""
    rng = np.random.default_rng(20221228)
    n, days = len(universe) - 1, 260
    market = rng.normal(0.0004, 0.009, (days, 1))
    returns = market * rng.uniform(0.6, 1.4, n) + rng.normal(0.0002, 0.010, (days, n))
    prices = np.round(rng.uniform(20, 300, n) * np.cumprod(1 + returns, axis=0), 2)
    dates = np.arange(days) + np.datetime64("2022-04-13")
    ids = tuple(asset.id for asset in universe.assets if asset.id != CASH)
    source = "a made market, seeded"
    return MarketSnapshot("pack-" + "3f" * 10, date(2022, 12, 28), ids, dates, prices, None, source, "adjusted", findings)


def problem_of(universe: Universe, snapshot: MarketSnapshot, holdings: Holdings, limits: dict[str, object]) -> Problem:
    """Sample moments of the snapshot; an equal-weighted benchmark."""
    n = len(universe)
    returns = snapshot.returns()
    Sigma = np.zeros((n, n))
    Sigma[:-1, :-1] = 252 * np.cov(returns, rowvar=False)
    mu = np.append(252 * returns.mean(axis=0), RISK_FREE)
    scenarios = np.hstack([returns, np.full((len(returns), 1), RISK_FREE / 252)])
    moments = Moments(
        universe, mu, Covariance(Sigma=Sigma), 252.0, "historical_mean", "sample", scenarios, np.full(n, float(len(returns)))
    )
    prices = prices_of(universe, snapshot)
    benchmark = np.append(np.full(n - 1, 1 / (n - 1)), 0.0)
    return Problem(
        moments,
        parse_objective(OBJECTIVE),
        parse_limits({"budget": True, "long_only": True, **limits}),
        parse_costs(COSTS),
        w_prev=holdings.weights(universe, prices),
        benchmark=benchmark,
        risk_free_rate=RISK_FREE,
        portfolio_value=float(holdings.value(prices)),
        prices=np.array([float(prices[a]) for a in universe.ids]),
        portfolio_id=holdings.portfolio_id,
    )


def prices_of(universe: Universe, snapshot: MarketSnapshot) -> dict[str, Decimal]:
    last = dict(zip(snapshot.asset_ids, snapshot.latest_prices(), strict=True))
    return {a: Decimal("1") if a == CASH else Decimal(f"{last[a]:.2f}") for a in universe.ids}


def figures_of(w: np.ndarray, p: Problem) -> Figures:
    r, sigma = float(p.moments.mu @ w), p.moments.covariance.volatility(w)
    wealth = np.cumprod(1 + p.moments.scenarios @ w)
    peak = np.maximum.accumulate(np.append(1.0, wealth))[1:]
    return Figures(
        r,
        sigma,
        (r - p.risk_free_rate) / sigma,
        p.moments.covariance.volatility(w - p.benchmark_weights()),
        float(p.moments.mu @ (w - p.benchmark_weights())) / p.moments.covariance.volatility(w - p.benchmark_weights()),
        float((1 - wealth / peak).max()),
        int((np.abs(w[:-1]) > 0).sum()),
        float(w[-1]),
    )


def plan_of(p: Problem, w: np.ndarray, holdings: Holdings, prices: dict[str, Decimal]) -> RebalancePlan:
    """Whole shares, rounded towards the book before the trade, so that no limit of a convex set is crossed by much."""
    value, trades, lines = holdings.value(prices), [], []
    after = {}
    for i, asset in enumerate(p.universe.ids[:-1]):
        held = holdings.shares.get(asset, Decimal(0))
        change = Decimal(int((Decimal(repr(float(w[i]))) * value / prices[asset]) - held))
        after[asset] = held + change
        if change:
            worth = to_cents(abs(change) * prices[asset])
            impact = to_cents(worth * Decimal("0.0015"))
            side = "buy" if change > 0 else "sell"
            weights = float(p.previous()[i]), float(to_cents(after[asset] * prices[asset]) / value)
            trades.append(Trade(asset, side, abs(change), prices[asset], worth, Decimal("5.00"), impact, *weights, 0))
    trades.sort(key=lambda t: (t.side != "sell", -t.value))
    ordered = tuple(dataclasses.replace(t, priority=k) for k, t in enumerate(trades, start=1))
    bought = sum((t.value for t in ordered if t.side == "buy"), Decimal("0.00"))
    sold = sum((t.value for t in ordered if t.side == "sell"), Decimal("0.00"))
    fees, impact = (sum((getattr(t, k) for t in ordered), Decimal("0.00")) for k in ("commission", "impact"))
    cash = holdings.cash + sold - bought
    w_after = np.array([float(to_cents(after.get(a, cash) * prices[a]) / value) for a in p.universe.ids])
    for i, asset in enumerate(p.universe.ids):
        before = holdings.cash if asset == CASH else holdings.shares.get(asset, Decimal(0))
        now = after.get(asset, cash - fees - impact)
        lines.append(PlanLine(asset, before, now, prices[asset], float(p.previous()[i]), float(w[i]), float(w_after[i])))
    return RebalancePlan(
        portfolio_id=holdings.portfolio_id,
        currency=holdings.currency,
        value=value,
        cash_before=holdings.cash,
        cash_after=cash - fees - impact,
        trades=ordered,
        lines=tuple(lines),
        buys_value=bought,
        sells_value=sold,
        commission_total=fees,
        impact_total=impact,
        turnover=float(np.abs(w_after - p.previous()).sum() / 2),
        before=figures_of(p.previous(), p),
        after=figures_of(w_after, p),
        readings=tuple(limit.read(w_after, p) for limit in p.limits),
        rounding="mip",
        rounding_gap=2.5e-6,
        mip_gap=4e-5,
    )


def explanation_of(p: Problem, w: np.ndarray) -> Explanation:
    parts = w * p.moments.covariance.times(w) / p.moments.covariance.volatility(w)
    sigma = float(parts.sum())
    by_asset = [
        RiskContribution(a, "asset", *map(float, (w[i], c, c / sigma)))
        for i, (a, c) in enumerate(zip(p.universe.ids, parts, strict=True))
    ]
    by_sector = [
        RiskContribution(s, "sector", *map(float, (w[i].sum(), parts[i].sum(), parts[i].sum() / sigma)))
        for s, i in p.universe.groups("sector").items()
    ]
    reasons = []
    for i, asset in enumerate(p.universe.assets):
        move = w[i] - p.previous()[i]
        word = "raised" if move > 1e-9 else "lowered" if move < -1e-9 else "kept"
        why = f"{asset.name} is {word}: its expected return of {p.moments.mu[i]:.2%} is worth the risk it adds"
        reasons.append(
            TradeReason(asset.id, why, ("max_weight",) if w[i] >= 0.15 - 1e-9 else (), {"expected return": 12.0, "risk": -12.0})
        )
    largest = p.universe.ids[int(np.argmax(w[:-1]))]
    prices = (
        ShadowPrice("max_turnover", "", "fraction", "upper", 0.25, 0.25, -0.11, "return", 0.11, 0.025, 0.0021, True),
        ShadowPrice("max_weight", largest, "fraction", "upper", 0.15, 0.15, -0.034, "return", 0.034, 0.015, 0.00051),
    )
    return Explanation(prices, (*by_asset, *by_sector), tuple(reasons), 4.0)


def frontier_of(p: Problem, w: np.ndarray) -> Frontier:
    """Best portfolios for falling risk aversion: another road to the same line."""

    def point(v: np.ndarray) -> FrontierPoint:
        f = figures_of(v, p)
        return FrontierPoint(f.expected_return, f.volatility, f.sharpe_ratio, v)

    free = p.replaced(
        limits=parse_limits({"budget": True, "long_only": True, "max_weight": 0.15, "cash": {"max": 0.05}}), costs=()
    )
    points = []
    for gamma in (400.0, 60.0, 25.0, 15.0, 9.0, 6.0, 4.0, 2.5, 1.5, 0.8, 0.01):
        found = optimize(free.replaced(objective=parse_objective({"kind": "utility", "risk_aversion": gamma}))).weights
        points.append(point(found))
    best = max(points, key=lambda q: q.sharpe_ratio or 0.0)
    return Frontier(tuple(points), points[0], points[-1], best, point(p.previous()), point(w))


FINDINGS = (
    Finding(
        "gap",
        "S03",
        date(2022, 7, 4),
        3.0,
        "accepted",
        "no price for 3 days from 2022-07-04; returns across the gap are left out",
    ),
    Finding("stale", "S05", date(2022, 9, 1), 11.0, "accepted", "the same closing price 11 days in a row to 2022-09-01"),
    Finding("unadjusted_split", "S11", date(2022, 8, 25), -0.667, "quarantined", "fell 66.7 % in a day, like a 3:1 split"),
)


def make_outcome(
    count: int = 14,
    limits: dict[str, object] | None = None,
    names: Callable[[int], str] = lambda i: f"Company {i}",
    findings: tuple[Finding, ...] = FINDINGS,
    **changes: object,
) -> RebalanceOutcome:
    chosen = LIMITS if limits is None else limits
    universe = universe_of(count, names)
    snapshot = snapshot_of(universe, findings)
    prices = prices_of(universe, snapshot)
    held = {a: Decimal(int(90_000 * (1 + i % 3) / float(prices[a]))) for i, a in enumerate(universe.ids[:-1]) if i % 3 != 2}
    holdings = Holdings("growth-1", held, Decimal("41250.55"))
    problem = problem_of(universe, snapshot, holdings, chosen)
    form = assemble(problem)
    validated = certify(problem, form, optimize(problem, form=form))
    policy = Policy("growth", "Growth", OBJECTIVE, chosen, COSTS, RISK_FREE)
    benchmark = {a: float(b) for a, b in zip(universe.ids, problem.benchmark_weights(), strict=True) if b}
    request = RebalanceRequest(holdings, policy, universe, benchmark)
    outcome = RebalanceOutcome(
        run_id="reb-20221228-0123456789abcdef0123",
        request=request,
        snapshot=snapshot,
        asked=problem,
        problem=problem,
        validated=validated,
        plan=plan_of(problem, validated.weights, holdings, prices),
        explanation=explanation_of(problem, validated.weights),
        frontier=frontier_of(problem, validated.weights),
    )
    return dataclasses.replace(outcome, **changes)


RELAXED = {
    "gave_way": (
        GaveWay(
            Relaxation("max_turnover", 0.05, "fraction", "at most 20.00 % turnover", "at most 25.00 % turnover"),
            "max_weight needs 25.00 % to be sold",
        ),
    ),
    "diagnosis": Diagnosis(
        (Conflict(("max_weight", "max_turnover"), "S01 stands at 40.00 %, 25.00 % must go, 20.00 % may"),),
        (
            Fix(
                (Relaxation("max_turnover", 0.05, "fraction", "20.00 %", "25.00 %"),),
                True,
                "raise max_turnover to 25.00 %",
                0.0,
            ),
        ),
        (),
        True,
        "search",
        0.012,
    ),
}


@pytest.fixture(scope="session")
def outcome() -> RebalanceOutcome:
    return make_outcome()


@pytest.fixture(scope="session")
def document(outcome: RebalanceOutcome) -> dict:
    from portopt.document.document import rebalance_document

    return rebalance_document(outcome)


@pytest.fixture(scope="session", name="make_outcome")
def make_outcome_fixture() -> Callable[..., RebalanceOutcome]:
    return make_outcome


@pytest.fixture(scope="session")
def relaxed() -> dict:
    return dict(RELAXED)
