"""A rebalance as a person orders it: ids, file names and a few choices. `resolve` makes the complete request of it.

The run form of the user interface is built from `RebalanceOrder`; the command line fills the same fields.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.domain.request import Policy, RebalanceRequest
from portopt.domain.universe import Asset, Universe

if TYPE_CHECKING:
    from portopt.dialects.portfolio import Wish
    from portopt.runtime import Runtime

SAMPLE = "sample"
ShippedPolicy = Literal["quality_focused", "aggressive_growth", "conservative_income"]
Goal = Literal["policy", "max_sharpe", "min_risk", "max_return", "min_tracking_error", "risk_parity", "hierarchical"]
Measure = Literal[
    "volatility", "semideviation", "mad", "gini_mean_difference", "var", "cvar", "evar", "worst_realization", "max_drawdown",
    "average_drawdown", "cdar", "ulcer_index",
]  # fmt: skip


def _field(position: int, default: Any, title: str, description: str, *choices: dict[str, Any], **more: Any) -> Any:
    """A field of the form; its words are plain, since one of Prefect's two interfaces shows Markdown as it is written.

    choices: what the form offers instead of one box to type in, each with a title.
    """

    def form(schema: dict[str, Any]) -> None:
        # PostgreSQL re-orders nested fields; `position` is what the form sorts by.
        schema["position"] = position
        if choices:
            kind = {key: schema.pop(key) for key in ("type", "maxLength")}
            schema.pop("pattern", None)
            schema["anyOf"] = [kind | choice for choice in choices]

    return Field(default, title=title, description=description, json_schema_extra=form, **more)


def _optional(position: int, title: str, description: str, **more: Any) -> Any:
    """A field that may stay empty: a plain box in the form, not a switch between a type and `None`.

    The server lets a null pass where the schema has a type and no default, and the form sends null for an empty box.
    """

    def form(schema: dict[str, Any]) -> None:
        (filled,) = (kind for kind in schema.pop("anyOf") if kind["type"] != "null")
        schema.pop("default", None)
        schema.update(filled, position=position)

    return Field(None, title=title, description=description, json_schema_extra=form, **more)


class RebalanceOrder(BaseModel):
    """What to rebalance, on which prices, under which policy. As it stands, the form rebalances the sample book."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    portfolio_id: str = _field(
        1, SAMPLE, "Portfolio", "The portfolio's id, under which the run is kept. sample is the demonstration book.",
        min_length=1, max_length=64,
    )  # fmt: skip
    holdings: str = _field(
        2, SAMPLE, "Holdings",
        "sample: the demonstration book. store: the portfolio as its last run found it. A file: CSV, Parquet or XLSX "
        "with asset and shares, where the worker can read it.",
        {"title": "by name", "enum": [SAMPLE, "store"]}, {"title": "a file"},
        max_length=1024,
    )  # fmt: skip
    provider: str = _field(
        3, SAMPLE, "Prices",
        "sample: 20 US stocks to 2022, stale. sql and http: the services in the settings. yahoo: the network. "
        "Files: files:PATH, a file or folder of prices, or files for the one in the settings.",
        {"title": "source", "enum": [SAMPLE, "sql", "http", "yahoo"]}, {"title": "files", "pattern": "^files(:.+)?$"},
        max_length=1024, pattern="^(sample|files(:.+)?|sql|http|yahoo)$",
    )  # fmt: skip
    as_of: date | None = _optional(4, "As of", "Use prices up to this day. Empty: the newest there are.")
    policy: ShippedPolicy = _field(
        5, "quality_focused", "Policy",
        "quality_focused: quality, close to the benchmark. aggressive_growth: larger positions, further from it. "
        "conservative_income: only the best quality, little trading.",
    )  # fmt: skip
    custom_policy: str | None = _optional(
        6, "Policy of your own", "Id of a policy kept in the store. Empty: the one chosen above.", max_length=64
    )
    max_turnover: float | None = _optional(
        7, "Turnover limit", "One-way, as a fraction: 0.2 is 20 %. Empty: the policy's own.", gt=0, le=2
    )
    max_tracking_error: float | None = _optional(
        8, "Tracking-error limit", "Annual, as a fraction: 0.02 is 2 %. Empty: the policy's own.", gt=0, le=1
    )
    universe: str | None = _optional(
        9, "Candidates file", "What may be bought, with sector, asset class and quality score. "
        "Empty: the sample's candidates on sample prices, otherwise only what is held.",
        max_length=1024,
    )  # fmt: skip
    benchmark: str | None = _optional(
        10,
        "Benchmark file",
        "Weights by asset. Empty: the sample's benchmark on sample prices, otherwise none.",
        max_length=1024,
    )
    fractional: bool = _field(11, False, "Fractional shares", "Off: whole shares only, unless the policy allows fractions.")
    approval_hours: float = _field(
        12, 0.0, "Hours to wait for approval",
        "0 releases the event at once. Otherwise the run pauses with the proposal; nobody approving in time is a no.",
        ge=0, le=168,
    )  # fmt: skip
    only_on_trading_days: bool = _field(
        13, False, "Only on trading days", "On: the run ends as Skipped when the exchange is closed that day."
    )
    frontier: bool = _field(14, True, "Draw the frontier", "Also compute the efficient frontier for the report.")
    goal: Goal = _field(
        15, "policy", "Goal",
        "policy: what the policy seeks. max_sharpe: most return for its risk. min_risk: least risk. risk_parity: every "
        "asset the same share of risk. hierarchical: risk spread over groups of assets that move together.",
    )  # fmt: skip
    risk_measure: Measure = _field(
        16, "volatility", "Risk measure",
        "What risk means for the goals max_sharpe and min_risk. Scenario measures look one period ahead, at 95 % where they "
        "need a confidence.",
    )  # fmt: skip
    request: str | None = _optional(
        17, "Optimization request", "A request in JSON, as another service would send it: optimization_type, objective, "
        "risk_measure, constraints, preferences. Empty: none.",
        max_length=100_000,
    )  # fmt: skip
    changes: str | None = _optional(
        18, "Changes to the policy", 'Values by path, in JSON: {"limits.max_positions": 12, "limits.min_position": 0.02}. '
        "Empty: none.",
        max_length=100_000,
    )  # fmt: skip


def resolve(
    order: RebalanceOrder,
    runtime: Runtime,
    *,
    policy: Policy | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> RebalanceRequest:
    """The complete request: files read, policy found, overrides merged.

    policy: one already read (from a file), instead of the order's. overrides: {limit kind: value} on top of it.
    Raises RequestError for what cannot be found and DataError for what cannot be used.
    """
    from portopt.questions import policies

    chosen = policy or policies.policy(order.custom_policy or order.policy, runtime)
    wish = wish_of(order)
    order = _of_portfolio(order, wish)
    notes: list[str] = []
    holdings, described = read_book(order, runtime, notes)
    on_sample = order.provider == SAMPLE
    request = RebalanceRequest(
        holdings=holdings,
        policy=chosen,
        universe=read_candidates(order, holdings, described, on_sample, notes),
        benchmark=read_benchmark_weights(order, on_sample, notes),
        as_of=order.as_of,
        provider=order.provider,
        notes=tuple(notes),
    )
    if wish is not None:
        request = wish.asked_of(request)
    policy = with_overrides(reworded(request.policy, order), order, overrides or {})
    return with_factor_returns(dataclasses.replace(request, policy=policy))


def wish_of(order: RebalanceOrder) -> Wish | None:
    """The order's request, as another service would send it."""
    from portopt.dialects.portfolio import read_wish
    from portopt.dialects.reading import parse_json

    return read_wish(parse_json(order.request)) if order.request else None


def _of_portfolio(order: RebalanceOrder, wish: Wish | None) -> RebalanceOrder:
    """The order for the portfolio that its request names, where the form was left at the demonstration's."""
    if wish is None or wish.portfolio_id is None or order.portfolio_id != SAMPLE:
        return order
    return order.model_copy(update={"portfolio_id": wish.portfolio_id})


def with_factor_returns(request: RebalanceRequest) -> RebalanceRequest:
    """The request with the factor returns that its policy's factor model names, read from where it names them."""
    factors = request.policy.estimation.factors
    if not factors:
        return request
    from portopt.adapters.providers.factor_files import factor_returns_for

    return dataclasses.replace(request, factor_returns=factor_returns_for(factors))


def with_overrides(policy: Policy, order: RebalanceOrder, overrides: Mapping[str, Any]) -> Policy:
    """The policy with the order's own limits on top."""
    named = {"max_turnover": order.max_turnover, "max_tracking_error": order.max_tracking_error}
    limits = {**policy.limits, **{k: v for k, v in named.items() if v is not None}, **overrides}
    trading = dataclasses.replace(policy.trading, fractional=policy.trading.fractional or order.fractional)
    return dataclasses.replace(policy, limits=limits, trading=trading)


def reworded(policy: Policy, order: RebalanceOrder) -> Policy:
    """The policy with the order's goal and changes in place of its own words, in that order; all of it checked."""
    from portopt.dialects.policies import checked, override
    from portopt.dialects.reading import mapping_of, parse_json

    if order.request:
        policy = checked(policy)
    if order.goal != "policy":
        policy = checked(dataclasses.replace(policy, objective=objective_of(order.goal, order.risk_measure)))
    elif order.risk_measure != "volatility":
        why = "needs a goal that it belongs to"
        raise InvalidValue("risk_measure", order.risk_measure, why, fix="choose the goal min_risk or max_sharpe")
    return override(policy, mapping_of(parse_json(order.changes), "changes")) if order.changes else policy


def objective_of(goal: Goal, measure: Measure) -> dict[str, Any]:
    """The form's two words as an objective of the catalog. Raises InvalidValue for a goal that has no such measure."""
    if measure == "volatility":
        return {"kind": goal}
    if goal not in ("min_risk", "max_sharpe", "risk_parity", "hierarchical"):
        why = f"has no part in the goal {goal}"
        raise InvalidValue("risk_measure", measure, why, fix="choose volatility, or the goal min_risk or max_sharpe")
    return {"kind": "max_ratio" if goal == "max_sharpe" else goal, "measure": measure}


def read_book(
    order: RebalanceOrder, runtime: Runtime, notes: list[str] | None = None
) -> tuple[Holdings, Mapping[str, Mapping[str, Any]]]:
    """Holdings, and what the file says of its assets. notes: is told what was left out, added up or decided."""
    from portopt.adapters.providers.holdings_files import read_holdings

    if order.holdings == "store":
        return runtime.runs.holdings(order.portfolio_id), {}
    path = sample_file("holdings.csv") if order.holdings == SAMPLE else Path(order.holdings)
    return read_holdings(path, order.portfolio_id, notes)


def read_candidates(
    order: RebalanceOrder, holdings: Holdings, described: Mapping[str, Mapping[str, Any]], on_sample: bool, notes: list[str]
) -> Universe:
    """The assets that may be bought: the universe file's, the sample's, or those the holdings file describes."""
    from portopt.adapters.providers.holdings_files import read_universe

    if order.universe is not None:
        return read_universe(Path(order.universe), notes)
    if on_sample:
        return read_universe(sample_file("universe.csv"))
    return Universe(tuple(Asset(a, **described.get(a, {})) for a in sorted(holdings.shares)))


def read_benchmark_weights(order: RebalanceOrder, on_sample: bool, notes: list[str]) -> dict[str, float] | None:
    """The benchmark file's, the sample's, or a `benchmark_weight` column of the universe or holdings file."""
    from portopt.adapters.providers.holdings_files import read_benchmark, read_benchmark_column

    if order.benchmark is not None:
        return read_benchmark(Path(order.benchmark), notes)
    if on_sample:
        return read_benchmark(sample_file("benchmark.csv"))
    files = [name for name in (order.universe, order.holdings) if name not in (None, SAMPLE, "store", "-")]
    found = (read_benchmark_column(Path(str(name))) for name in files)
    return next((weights for weights in found if weights is not None), None)


def sample_file(name: str) -> Path:
    """A file of the sample book: beside the package when installed, in `config/` in a checkout."""
    from portopt.domain.config_files import config_file

    return config_file(f"sample/{name}")
