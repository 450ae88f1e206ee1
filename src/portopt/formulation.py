"""The question: holdings, prices and a policy as one frozen Problem on one Universe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from portopt.construction import constructed
from portopt.domain.arrays import Vector
from portopt.domain.book import require_whole, whole_book
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DataError, MissingInput
from portopt.domain.exposures import exposures_of
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.domain.request import AnyRequest, EstimationChoice, OptimizationRequest, RebalanceRequest
from portopt.domain.units import in_money
from portopt.domain.universe import CASH, Asset, Universe
from portopt.terms.flow import as_it_stands, require_left, sought

ADV_WINDOW = 21  # trading days in the average daily value


def universe_of(request: RebalanceRequest, snapshot: MarketSnapshot) -> Universe:
    """Candidates, then whatever else is held or in the benchmark, then cash.

    What the data checks quarantined is frozen at its holding; what is only in the benchmark may not be bought. What is no
    longer traded is sold where the policy excludes it by name, and only there.
    """
    by_name = excluded_by_name(request.policy.limits)
    found = [f for f in snapshot.findings if f.treatment == "quarantined"]
    quarantined = {f.asset_id for f in found if f.kind != "no_longer_traded" or f.asset_id not in by_name}
    held = {a for a, n in request.holdings.shares.items() if n != 0}
    benchmark = set(request.benchmark or {})
    priced = snapshot.priced()
    assets: list[Asset] = []
    for asset in request.universe.assets:
        if asset.id not in priced and asset.id not in quarantined & held:  # cash, and candidates without a price
            continue
        if asset.id in quarantined:
            if asset.id in held | benchmark:
                assets.append(dataclasses.replace(asset, tradable=False))
            continue
        assets.append(asset)
    known = set(request.universe.ids)
    assets += [Asset(a, tradable=a not in quarantined) for a in sorted(held - known - {CASH})]
    assets += [Asset(a, tradable=False) for a in sorted(benchmark - held - known - {CASH})]
    return Universe((*assets, Asset(CASH, name="Cash", asset_class="Cash")))


def excluded_by_name(limits: Mapping[str, Any]) -> frozenset[str]:
    """The assets that the policy's own words exclude."""
    from portopt.terms.limits.exclusions import Exclusions
    from portopt.terms.soft import bare

    value = bare(limits.get("exclusions"))
    return frozenset() if value is None else frozenset(Exclusions.parse(value).assets)


def beliefs(request: OptimizationRequest) -> Moments:
    """Given moments where the request brings them, estimates from its returns where it does not, and its views on both."""
    moments = prior_beliefs(request)
    if not request.estimation.views:
        return moments
    from portopt.estimation.views import apply_views

    return apply_views(moments, request.estimation, request.risk_free_rate, market_of(request, request.universe))


def market_of(request: AnyRequest, universe: Universe) -> Vector | None:
    """(n,) the market portfolio of an equilibrium on the assets that are asked about: the benchmark, where there is one."""
    return None if request.benchmark_weights is None else universe.vector(dict(request.benchmark_weights))


def prior_beliefs(request: AnyRequest, snapshot: MarketSnapshot | None = None) -> Moments:
    """What is believed before any view; of a rebalance, estimated from its prices."""
    if isinstance(request, RebalanceRequest):
        return _estimated(request, _needed(snapshot), dataclasses.replace(request.policy.estimation, views={}))
    mu, covariance, choice = request.expected_returns, request.covariance, request.estimation
    if request.returns is None and covariance is not None and choice.views and choice.views.get("prior") != "estimate":
        # The equilibrium is the prior: expected returns that nobody gave are not needed.
        mu = np.zeros(len(request.universe)) if mu is None else np.nan_to_num(mu, nan=0.0)
    if request.returns is None and (covariance is None or mu is None or bool(np.isnan(mu).any())):
        raise MissingInput(
            "expected returns and a covariance are needed, or returns to estimate them from",
            field="strategies",
            measured={"expected_returns_given": mu is not None, "covariance_given": covariance is not None},
            fixes=["give every strategy `returns`, or `expected_return` and a covariance (or volatility and correlation)"],
        )
    return _without_views(request, mu)


def _without_views(request: OptimizationRequest, mu: Vector | None) -> Moments:
    covariance = request.covariance
    if mu is not None and covariance is not None and not bool(np.isnan(mu).any()):
        return _given(request, mu, Covariance(Sigma=covariance))
    from portopt.estimation import moments_from_returns

    if request.returns is None:
        raise MissingInput("returns are needed to estimate from", field="strategies")
    choice = dataclasses.replace(request.estimation, views={})
    estimated = moments_from_returns(
        request.universe, request.returns, choice, request.risk_free_rate, factor_returns=request.factor_returns
    )
    if mu is not None:
        estimated = dataclasses.replace(estimated, mu=np.where(np.isnan(mu), estimated.mu, mu), expected_return_method="given")
    if covariance is not None:
        estimated = dataclasses.replace(estimated, covariance=Covariance(Sigma=covariance), covariance_method="given")
    return estimated


def _given(request: OptimizationRequest, mu: Vector, covariance: Covariance) -> Moments:
    """Moments as they came; returns beside them are the scenarios, on the dates where every asset has one."""
    scenarios = None
    if request.returns is not None:
        complete = request.returns[~np.isnan(request.returns).any(axis=1)]
        scenarios = complete if len(complete) else None
    return Moments(request.universe, mu, covariance, request.estimation.periods_per_year, scenarios=scenarios)


def exact_prices(
    snapshot: MarketSnapshot, holdings: Holdings | None = None, universe: Universe | None = None
) -> dict[str, Decimal]:
    """Money per unit: the last known price of every asset as the shortest decimal that is the same number, by its units.

    What has no price there and is held counts at the price that its own row states. universe: whose assets say how they are
    quoted; None takes every price as a share's.
    """
    latest = zip(snapshot.asset_ids, snapshot.latest_prices().tolist(), strict=True)
    known = {a: Decimal(repr(p)) for a, p in latest if p > 0.0}
    stated = {} if holdings is None else {a: p for a, p in holdings.stated_prices.items() if a in holdings.shares}
    return in_money({**stated, **known}, {} if universe is None else universe.units)


def exact_prices_of(request: RebalanceRequest, snapshot: MarketSnapshot) -> dict[str, Decimal]:
    """Money per unit of whatever the request may hold. Raises DataError for units of cash."""
    if CASH in request.universe.units:
        raise DataError("CASH is money, and has no other units", field=f"universe.{CASH}.units", fixes=["take its units out"])
    return exact_prices(snapshot, request.holdings, request.universe)


def pose(request: AnyRequest, snapshot: MarketSnapshot | None = None, until: Deadline = NEVER) -> Problem:
    """The question as one frozen problem, with the portfolio its objective refers to, where it refers to one.

    snapshot: the prices that a rebalance needs; a choice of weights brings its own beliefs. Raises MissingInput without them.
    until: when its answer is of no more use.
    """
    return constructed(as_asked(request, snapshot, until))


def as_asked(request: AnyRequest, snapshot: MarketSnapshot | None = None, until: Deadline = NEVER) -> Problem:
    """The same before anything is constructed."""
    if isinstance(request, RebalanceRequest):
        problem = _of_book(request, _needed(snapshot), estimated(request, _needed(snapshot)))
    else:
        problem = _of_weights(request)
    return problem.replaced(until=until) if until.is_set else problem


def _needed(snapshot: MarketSnapshot | None) -> MarketSnapshot:
    if snapshot is None:
        raise MissingInput("a rebalance request is posed on prices, and none are given", field="prices")
    return snapshot


def estimated(request: RebalanceRequest, snapshot: MarketSnapshot) -> Moments:
    """Annual moments of the request's universe from the snapshot's prices, its views on them."""
    return _estimated(request, snapshot, request.policy.estimation)


def _estimated(request: RebalanceRequest, snapshot: MarketSnapshot, choice: EstimationChoice) -> Moments:
    from portopt.estimation import estimate

    universe = universe_of(request, snapshot)
    market, rf = market_of(request, universe), request.policy.risk_free_rate
    return estimate(snapshot, universe, choice, rf, market, factor_returns=request.factor_returns)


def formulate(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments, until: Deadline = NEVER) -> Problem:
    """Policy and book on given moments as one frozen problem. until: when its answer is of no more use."""
    return constructed(_of_book(request, snapshot, moments).replaced(until=until))


def _of_book(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments) -> Problem:
    policy, universe, book = request.policy, moments.universe, request.funded
    require_whole("benchmark", request.benchmark)
    prices = exact_prices_of(request, snapshot)
    require_left(request, snapshot, prices)
    benchmark = None
    if request.benchmark is not None:
        benchmark = universe.vector({a: float(b) for a, b in request.benchmark.items()})
    w_prev = book.weights(universe, prices)
    refusing = policy.data.missing_attribute == "refuse"
    objective, limits = sought(request)
    terms = _terms(objective, limits, policy.costs, moments, w_prev, benchmark, refusing=refusing)
    said = (*request.notes, *snapshot.notes, *policy.notes, *_notes_on_data(request, snapshot, moments), *terms["notes"])
    problem = Problem(
        moments=moments,
        **{**terms, "notes": said},
        w_prev=w_prev,
        benchmark=benchmark,
        risk_free_rate=policy.risk_free_rate,
        portfolio_value=float(book.value(prices)),
        average_daily_value=_average_daily_value(snapshot, universe),
        prices=np.array([1.0 if a == CASH else float(prices[a]) for a in universe.ids]),
        exposures=exposures_of(universe, moments.factor_model),
        portfolio_id=request.holdings.portfolio_id,
    )
    return _as_asked_of_the_book(_with_lots(problem, request, prices, snapshot), request, prices)


def _with_lots(problem: Problem, request: RebalanceRequest, prices: Mapping[str, Decimal], snapshot: MarketSnapshot) -> Problem:
    """With the lots of what is held, where the policy knows a tax."""
    if not request.policy.tax:
        return problem
    from portopt.terms.taxed import taxed

    return taxed(problem, request.funded, request.policy.tax, prices, snapshot.as_of)


def _as_asked_of_the_book(problem: Problem, request: RebalanceRequest, prices: Mapping[str, Decimal]) -> Problem:
    """With the limits that need not be mended asked for as the book stands to them."""
    return as_it_stands(problem, request, prices) if request.no_worse or request.only_raises else problem


def with_terms_of(problem: Problem, request: RebalanceRequest, snapshot: MarketSnapshot) -> Problem:
    """The same book on the same beliefs under what another request seeks: its objective, limits and costs."""
    policy, (objective, limits) = request.policy, sought(request)
    refusing = policy.data.missing_attribute == "refuse"
    moments, w_prev, benchmark = problem.moments, problem.w_prev, problem.benchmark
    terms = _terms(objective, limits, policy.costs, moments, w_prev, benchmark, refusing=refusing)
    other = problem.replaced(**terms, target=None, lots=None, tax=None)
    prices = exact_prices_of(request, snapshot)
    return constructed(_as_asked_of_the_book(_with_lots(other, request, prices, snapshot), request, prices))


def _of_weights(request: OptimizationRequest) -> Problem:
    """A choice of weights alone (S1) as a problem."""
    moments = beliefs(request)
    universe = moments.universe

    require_whole("benchmark_weights", request.benchmark_weights)
    w_prev, said = whole_book(request.current_weights, universe)
    benchmark = None if request.benchmark_weights is None else universe.vector(dict(request.benchmark_weights))
    terms = _terms(request.objective, request.limits, request.costs, moments, w_prev, benchmark)
    return Problem(
        moments=moments,
        **{**terms, "notes": (*said, *terms["notes"])},
        w_prev=w_prev,
        benchmark=benchmark,
        risk_free_rate=request.risk_free_rate,
        portfolio_value=request.portfolio_value,
        average_daily_value=_of_risky(request.average_daily_value, universe, cash=np.inf, missing=np.nan),
        prices=_all_prices(request.prices, universe),
        exposures=exposures_of(universe, moments.factor_model),
        portfolio_id=request.portfolio_id,
    )


def _notes_on_data(request: RebalanceRequest, snapshot: MarketSnapshot, moments: Moments) -> tuple[str, ...]:
    from portopt.market.notes import notes_on_holdings, notes_on_the_calendar, notes_on_the_year

    by_name, asked = excluded_by_name(request.policy.limits), request.policy.estimation.periods_per_year
    counted = notes_on_the_year(snapshot, asked, moments.periods_per_year)
    of_lots = () if request.holdings.tax is None else _notes_on_lots(snapshot, request.holdings)
    return (*notes_on_holdings(snapshot, request.holdings, by_name), *of_lots, *notes_on_the_calendar(snapshot), *counted)


def _notes_on_lots(snapshot: MarketSnapshot, holdings: Holdings) -> tuple[str, ...]:
    from portopt.market.lot_checks import notes_on_lots

    return notes_on_lots(snapshot, holdings)


def _of_risky(values: Mapping[str, float] | None, universe: Universe, *, cash: float, missing: float) -> Vector | None:
    """(n,) amounts by asset, `missing` where there is none; cash has its own."""
    if values is None:
        return None
    out = universe.vector({a: v for a, v in values.items() if a != CASH}, default=missing)
    out[universe.is_cash] = cash
    return out


def _all_prices(values: Mapping[str, float] | None, universe: Universe) -> Vector | None:
    """(n,) prices, 1 for cash. Raises MissingInput where some assets have a price and others none."""
    prices = _of_risky(values, universe, cash=1.0, missing=np.nan)
    if prices is not None and np.isnan(prices).any():
        without = [universe.ids[i] for i in np.flatnonzero(np.isnan(prices))]
        raise MissingInput(
            f"no price for {', '.join(without[:10])}",
            field="strategies[].price",
            measured={"without_price": without[:20]},
            fixes=["give every strategy a price, or none"],
        )
    return prices


def _terms(
    objective: Mapping[str, Any],
    limits: Mapping[str, Any],
    costs: Mapping[str, Any],
    moments: Moments,
    w_prev: Vector | None,
    benchmark: Vector | None,
    *,
    refusing: bool = False,
) -> dict[str, Any]:
    """Terms from the catalog; what makes a portfolio a portfolio (budget, frozen holdings) is always among them.

    Limits that follow the market get the value that holds now, sets of beliefs the size that the data give them.
    refusing: an asset without an attribute that a limit reads is refused, not bound. Raises MissingInput.
    """
    from portopt.terms.catalog import parse_costs, parse_limits, parse_objective
    from portopt.terms.shared.described import notes_on_missing, require_described
    from portopt.terms.shared.dynamic import is_dynamic, market_state, resolve
    from portopt.terms.shared.percentages import notes_on_percentages

    structural: dict[str, Any] = {"budget": True}
    if not all(asset.tradable for asset in moments.universe.assets):
        structural["frozen"] = True
    notes: tuple[str, ...] = ()
    if is_dynamic(limits):
        books = {"benchmark": benchmark, "portfolio": w_prev}
        limits, notes = resolve(limits, market_state(moments.scenarios, books, moments.scenarios_per_year))
    if _bootstraps(objective) or _bootstraps(limits):
        from portopt.estimation.uncertainty import resolve_sets

        objective, limits = resolve_sets(objective, moments), resolve_sets(limits, moments)
    terms = parse_limits({**structural, "long_only": True, **limits})
    require_described(terms, moments.universe, every=refusing)
    missing = notes_on_missing(terms, moments.universe, w_prev)
    return {
        "objective": parse_objective(objective),
        "limits": terms,
        "costs": parse_costs(costs),
        "notes": (*notes, *missing, *notes_on_percentages(terms)),
    }


def order_of_giving_way(relax_order: tuple[str, ...], limits: Mapping[str, Any]) -> tuple[str, ...]:
    """The declared order, then the limits that were given a priority of their own, the lowest first."""
    from portopt.terms.soft import priorities

    return (*relax_order, *(kind for kind in priorities(limits) if kind not in relax_order))


def _bootstraps(value: Any) -> bool:
    """Whether anything in it asks for a size to be drawn from the data."""
    return isinstance(value, Mapping) and (value.get("radius") == "bootstrap" or any(_bootstraps(v) for v in value.values()))


def _multiplier(asset: Asset) -> float:
    return 1.0 if asset.units is None else float(asset.units.price_multiplier)


def _average_daily_value(snapshot: MarketSnapshot, universe: Universe) -> Vector | None:
    """(n,) money traded on an average day of the last ones; NaN where no volume is known, infinite for cash."""
    if snapshot.volumes is None:
        return None
    known = set(snapshot.asset_ids)
    at = [i for i, a in enumerate(universe.ids) if a in known]
    priced = snapshot.positions(tuple(universe.ids[i] for i in at))
    traded = snapshot.prices[-ADV_WINDOW:, priced] * snapshot.volumes[-ADV_WINDOW:, priced]
    if universe.units:  # volumes are counted as holdings are: of a bond, face
        traded = traded * np.array([_multiplier(universe.assets[i]) for i in at])
    days = np.isfinite(traded).sum(axis=0)
    out = np.where(universe.is_cash, np.inf, np.nan)
    average = np.where(days > 0, np.nansum(traded, axis=0) / np.maximum(days, 1), np.nan)
    out[at] = average
    return out
