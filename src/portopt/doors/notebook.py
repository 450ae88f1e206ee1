"""The product in a notebook: frames, dicts or files in; values with a rich display out.

>>> import portopt
>>> portopt.optimize({"A": [0.01, 0.02, -0.01], "B": [0.00, 0.01, 0.02]}, "min_risk").weights  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.certificate import Certificate
from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.request import EstimationChoice, OptimizationRequest, Policy, RebalanceRequest
from portopt.domain.run import RunRecord
from portopt.domain.universe import CASH, Asset, Universe
from portopt.doors.form import with_factor_returns
from portopt.intake.labelled import annual_returns, attributes_of, by_asset, covariance_of
from portopt.questions import service
from portopt.questions.service import OptimizeAnswer
from portopt.runs import answers
from portopt.runtime import open_runtime
from portopt.tables.account import in_words

if TYPE_CHECKING:
    import polars as pl

    from portopt.ports import MarketDataProvider
    from portopt.runtime import Runtime


TRADING_DAYS = EstimationChoice().periods_per_year


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Certified weights. `weights` by asset id, fractions; annual figures; `certificate` is the audit's."""

    answer: OptimizeAnswer

    @property
    def weights(self) -> dict[str, float]:
        ids = self.answer.problem.universe.ids
        return dict(zip(ids, self.answer.validated.weights.tolist(), strict=True))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not read, and what had no effect."""
        return (*self.answer.request.notes, *self.answer.problem.notes)

    @property
    def certificate(self) -> Certificate:
        return self.answer.validated.certificate

    @property
    def expected_return(self) -> float:
        return float(self.answer.problem.moments.mu @ self.answer.validated.weights)

    @property
    def volatility(self) -> float:
        return self.answer.problem.moments.covariance.volatility(self.answer.validated.weights)

    @property
    def sharpe_ratio(self) -> float | None:
        excess = self.expected_return - self.answer.problem.risk_free_rate
        return excess / self.volatility if self.volatility > 0 else None

    def __repr__(self) -> str:
        held = {asset: round(w, 4) for asset, w in self.weights.items() if w != 0}
        gap = self.certificate.relative_gap
        return (
            f"Allocation(return {self.expected_return:.2%}, volatility {self.volatility:.2%}, "
            f"{self.certificate.verdict}, gap {gap:.1e}, {held})"
        )

    def _repr_html_(self) -> str:
        from portopt.reports.allocation import allocation_summary

        figures = {"Expected return": self.expected_return, "Volatility": self.volatility}
        return allocation_summary(self.weights, figures, self.sharpe_ratio, self.certificate)


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A stored rebalance: `trades` and `positions` as Polars frames, every number under `document`."""

    record: RunRecord

    @property
    def document(self) -> Mapping[str, Any]:
        return self.record.document or {}

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def trades(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["trades"])

    @property
    def positions(self) -> pl.DataFrame:
        import polars as pl

        return pl.DataFrame(self.document["proposal"])

    @property
    def report(self) -> Path | None:
        """The offline HTML report."""
        return Path(self.record.report_path) if self.record.report_path else None

    def __repr__(self) -> str:
        return f"Proposal({self.run_id}, {' '.join(self.document['verdict']['sentences'])})"

    def _repr_html_(self) -> str:
        from portopt.reports.notebook import html_summary

        return html_summary(dict(self.document))


class Findings(dict[str, Any]):
    """What a question found, as plain data, with a drawing of it where there is one."""

    def __init__(self, document: Mapping[str, Any], draw: Callable[[Mapping[str, Any]], str] | None = None) -> None:
        super().__init__(document)
        self._draw = draw

    def _repr_svg_(self) -> str | None:
        return None if self._draw is None else self._draw(self)


def optimize(returns: Any = None, objective: str | Mapping[str, Any] = "max_sharpe", **question: Any) -> Allocation:
    """Certified weights from returns, or from given moments; the arguments of `ask`.

    Raises:
        InfeasibleRequest with the diagnosis; RequestError and DataError for what cannot be used.
    """
    request = ask(returns, objective, **question)
    answer = service.optimize(request)
    if not answers.nothing_is_kept_here():
        from portopt.dialects.strategy_answers import write_response

        answers.keep("optimize", request, write_response(request, answer))
    return Allocation(answer)


def frontier(request: OptimizationRequest, points: int = 20, **bounds: Any) -> Findings:
    """The efficient frontier of a question. bounds: min_return, max_risk, measure and its options."""
    from portopt.reports.svg.drawings import frontier_plot

    found = service.frontier(request, points=points, **bounds)
    answers.keep("frontier", request, found, points=points, **bounds)
    return Findings(found, frontier_plot)


def pareto(request: OptimizationRequest, axes: Sequence[str] = ("return", "risk", "esg"), points: int = 49) -> Findings:
    """The surface of best compromises between two or three axes."""
    from portopt.questions import inquiries
    from portopt.reports.svg.drawings import pareto_plot

    found = inquiries.pareto(request, axes, points)
    answers.keep("pareto", request, found, axes=list(axes), points=points)
    return Findings(found, pareto_plot)


def sensitivity(request: OptimizationRequest) -> Findings:
    """How the optimal weights move with the question, and how far that holds."""
    from portopt.questions import inquiries

    found = inquiries.sensitivity(request)
    answers.keep("sensitivity", request, found)
    return Findings(found)


def periods(request: OptimizationRequest) -> Findings:
    """The plan of a question whose objective is multi_period."""
    from portopt.questions import inquiries
    from portopt.reports.svg.drawings import periods_plot

    found = inquiries.periods(request)
    answers.keep("periods", request, found)
    return Findings(found, periods_plot)


def ask(
    returns: Any = None,
    objective: str | Mapping[str, Any] = "max_sharpe",
    *,
    limits: Mapping[str, Any] | None = None,
    costs: Mapping[str, Any] | None = None,
    expected_returns: Mapping[str, float] | None = None,
    covariance: Any = None,
    risk_free_rate: float = 0.0,
    current_weights: Mapping[str, float] | None = None,
    benchmark: Mapping[str, float] | None = None,
    assets: Mapping[str, Mapping[str, Any]] | None = None,
    estimation: EstimationChoice | None = None,
    views: Mapping[str, Any] | None = None,
    portfolio_value: float | None = None,
    average_daily_value: Mapping[str, float] | None = None,
    prices: Mapping[str, float] | None = None,
    relax_order: Sequence[str] = (),
) -> OptimizationRequest:
    """A question about weights, for `frontier`, `pareto`, `sensitivity` and `periods`; `optimize` takes the same.

    Args:
        returns: periodic simple returns, one column an asset: a Polars or pandas frame, or {asset: sequence}.
        objective: a catalog name ("max_sharpe", "min_risk", …) or {"kind": …, options}.
        limits, costs: {catalog name: value}, as a policy spells them; long-only and fully invested unless said otherwise.
        expected_returns: annual, by asset. covariance: (n, n) annual, in the order of the assets (a frame's or dict's).
        assets: {asset: {"sector": …, "asset_class": …, "quality_score": …, "attributes": {"beta": …}}}.
        views: what is believed beside the data, {"method": "black_litterman", "views": […]}.
        portfolio_value, average_daily_value, prices: money, for liquidity, impact and lots.
    """
    if risk_free_rate > 1.0:
        fix = f"write {risk_free_rate / 100:g} for {risk_free_rate:g} %"
        raise InvalidValue("risk_free_rate", risk_free_rate, "fractions of a year are meant here", fix=fix)
    announced = estimation is not None and estimation.periods_per_year != TRADING_DAYS
    columns, notes = _columns(returns, "returns", estimation.periods_per_year if estimation and announced else None)
    beliefs = annual_returns(expected_returns, "expected_returns")
    ids = list(columns or beliefs or {})
    if not ids:
        raise InvalidValue("returns", None, "give returns, or expected_returns with a covariance")
    left = [i for i in ids if beliefs is not None and i not in beliefs]
    notes += (f"expected_returns name no {in_words(left)}: estimated from the returns",) if left and columns else ()
    described = attributes_of(assets, "assets")
    strangers = [name for name in described if name not in ids]
    notes += (f"assets: {in_words(strangers)} not among the assets, and not read",) if strangers else ()
    universe = _universe({i: described.get(i, {}) for i in ids}, "assets")
    choice = estimation or EstimationChoice(lookback=None, min_observations=2)
    return OptimizationRequest(
        portfolio_id="notebook",
        universe=universe,
        objective={"kind": objective} if isinstance(objective, str) else objective,
        limits=limits or {},
        costs=costs or {},
        risk_free_rate=risk_free_rate,
        estimation=replace(choice, views=views) if views is not None else choice,
        expected_returns=None if beliefs is None else universe.vector(beliefs, default=np.nan),
        covariance=covariance_of(covariance, ids, "covariance"),
        returns=np.column_stack(list(columns.values())) if columns else None,
        current_weights=by_asset(current_weights, "current_weights"),
        benchmark_weights=by_asset(benchmark, "benchmark"),
        relax_order=tuple(relax_order),
        portfolio_value=portfolio_value,
        average_daily_value=by_asset(average_daily_value, "average_daily_value"),
        prices=by_asset(prices, "prices"),
        notes=notes,
    )


def rebalance(
    holdings: Any,
    prices: Any = None,
    policy: str | Policy | Mapping[str, Any] = "quality_focused",
    *,
    universe: Any = None,
    benchmark: Mapping[str, float] | str | Path | None = None,
    as_of: date | str | None = None,
    limits: Mapping[str, Any] | None = None,
    portfolio_id: str = "notebook",
    home: Path | None = None,
) -> Proposal:
    """A certified, whole-share proposal; stored under `home` (the installation's by default) and explained.

    Args:
        holdings: {"AAPL": 100, …, "CASH": 2500.0}, or a CSV, Parquet or XLSX file.
        prices: a Polars or pandas frame, long or wide, or a file or folder; None is the bundled sample.
        policy: a policy's id, a Policy, or a policy as data. limits: {limit kind: value} on top of it.
        universe: {asset: {"sector": …, "quality_score": …}} or a file; None takes what the holdings file describes.
        benchmark: weights by asset, or a file; None takes a `benchmark_weight` column of the holdings file.
        as_of: a date, or a text as 2024-03-28.
    """
    runtime, notes = _runtime(home), list[str]()
    book, described = _book(holdings, portfolio_id, notes)
    chosen = _policy(policy, runtime)
    if limits is not None and not isinstance(limits, Mapping):
        raise InvalidValue("limits", limits, "is not a map of limit names to values", fix='write {"max_weight": 0.1}')
    if limits:
        chosen = replace(chosen, limits={**chosen.limits, **limits})
    request = with_factor_returns(
        RebalanceRequest(
            holdings=book,
            policy=chosen,
            universe=_candidates(universe, book, described, notes),
            benchmark=_benchmark(benchmark, holdings, notes),
            as_of=_day(as_of),
            provider="sample" if prices is None else "frame",
            notes=tuple(notes),
        )
    )
    return Proposal(service.rebalance(request, runtime, market=_market(prices, runtime)))


def _columns(returns: Any, where: str, periods_per_year: float | None) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """{asset: (T,) returns}, and what was not read. Dates, indices and years are no assets; prices are no returns.

    periods_per_year: as announced; None is nobody's word, and a year of trading days.
    """
    if returns is None:
        return {}, ()
    from portopt.tables.account import Account
    from portopt.tables.frames import table_of_columns, table_of_frame
    from portopt.tables.prices_or_returns import refuse_prices
    from portopt.tables.returns import returns_of

    table = table_of_columns(returns, where) if isinstance(returns, Mapping) else table_of_frame(returns, where)
    said = Account(where)
    columns = returns_of(table, said)
    if periods_per_year is None:
        refuse_prices(columns, TRADING_DAYS, where)
    return columns, tuple(said.notes)


def _runtime(home: Path | None) -> Runtime:
    from portopt.settings import Settings

    return open_runtime(None if home is None else Settings(home=home))


def _policy(policy: str | Policy | Mapping[str, Any], runtime: Runtime) -> Policy:
    from portopt.dialects.policies import read_policies

    if isinstance(policy, Policy):
        return policy
    return service.policy(policy, runtime) if isinstance(policy, str) else read_policies(policy)[0]


def _day(as_of: date | str | None) -> date | None:
    """A date, a datetime, or an ISO text."""
    from datetime import datetime

    from portopt.dialects.requests import read_date

    if isinstance(as_of, str):
        return read_date(as_of, "as_of")
    if isinstance(as_of, datetime):
        return as_of.date()
    if as_of is None or isinstance(as_of, date):
        return as_of
    raise InvalidValue("as_of", as_of, "is not a date", fix="write it as 2024-03-28")


def _book(holdings: Any, portfolio_id: str, notes: list[str]) -> tuple[Holdings, Mapping[str, Mapping[str, Any]]]:
    from portopt.adapters.providers.holdings_files import read_holdings

    if isinstance(holdings, str | Path):
        return read_holdings(Path(holdings), portfolio_id, notes)
    counts: dict[str, Decimal] = {}
    for asset, count in (by_asset(holdings, "holdings") or {}).items():
        name = CASH if asset.upper() == CASH else asset
        counts[name] = counts.get(name, Decimal(0)) + _decimal(f"holdings.{asset}", count)
    cash = counts.pop(CASH, Decimal(0))
    return Holdings(portfolio_id, counts, cash), {}


def _decimal(field: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise InvalidValue(field, value, "is not a number", fix="write a number: 1234.5") from None
    if not number.is_finite():
        raise InvalidValue(field, value, "is not a finite number")
    return number


def _benchmark(
    benchmark: Mapping[str, float] | str | Path | None, holdings: Any, notes: list[str]
) -> Mapping[str, float] | None:
    from portopt.adapters.providers.holdings_files import read_benchmark, read_benchmark_column

    if isinstance(benchmark, str | Path):
        return read_benchmark(Path(benchmark), notes)
    if benchmark is None and isinstance(holdings, str | Path):
        return read_benchmark_column(Path(holdings))
    return by_asset(benchmark, "benchmark")


def _candidates(universe: Any, book: Holdings, described: Mapping[str, Mapping[str, Any]], notes: list[str]) -> Universe:
    from portopt.adapters.providers.holdings_files import read_universe

    if isinstance(universe, str | Path):
        return read_universe(Path(universe), notes)
    if universe is None:
        return Universe(tuple(Asset(a, **described.get(a, {})) for a in sorted(book.shares)))
    return _universe(attributes_of(universe, "universe"), "universe")


def _universe(described: Mapping[str, Mapping[str, Any]], where: str) -> Universe:
    from portopt.dialects.records import record

    return Universe(tuple(record(Asset, {"id": a, **values}, f"{where}.{a}") for a, values in described.items()))


def _market(prices: Any, runtime: Runtime) -> MarketDataProvider:
    if prices is None:
        return runtime.market("sample")
    if isinstance(prices, str | Path):
        return runtime.market(f"files:{prices}")
    from portopt.adapters.providers.frames import FrameProvider

    return FrameProvider(prices)
