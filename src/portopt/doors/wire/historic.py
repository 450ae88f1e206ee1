"""A question about the past of a portfolio's policy: what the body says, and the portfolio for what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portopt.dialects.backtest_bodies import Body
from portopt.dialects.submissions import Submission
from portopt.domain.backtest import BacktestRequest
from portopt.domain.errors import MissingInput
from portopt.domain.portfolio import Portfolio
from portopt.domain.request import Policy
from portopt.domain.universe import CASH, Asset, Universe
from portopt.doors.wire.no_files import require_no_file
from portopt.doors.wire.standing import PACK, policy_named, provider_of
from portopt.questions.through_time.comparison import require_names, require_points
from portopt.runs.through_time.question import Question
from portopt.simulation.charged import charged_by_policy
from portopt.simulation.trigger_words import as_data, parse_triggers

if TYPE_CHECKING:
    from portopt.runtime import Runtime


def question_of(portfolio: Portfolio, body: Body, kind: Any, runtime: Runtime) -> Question:
    """kind: "backtest", "walk_forward" or "comparison". Raises MissingInput where nobody says what may be held."""
    asked = Submission(pricing_pack_id=body.pricing_pack_id, provider=body.provider)
    provider = provider_of(portfolio, asked, runtime)
    named = body.strategies or (body.policy,)
    many = "strategies[{}]" if body.strategies else "policy"
    policy, *others = [_policy(one, portfolio, runtime, many.format(i)) for i, one in enumerate(named)]
    usual: dict[str, Any] = {"benchmark": portfolio.benchmark, "currency": _currency(portfolio)}
    options = {**{name: value for name, value in usual.items() if value is not None}, **body.options}
    charged, notes = charged_by_policy(policy)
    request = BacktestRequest(
        policy=policy,
        universe=body.universe or portfolio.universe or _held(portfolio) or _of_the_pack(portfolio.id, provider, runtime),
        capital=body.capital,
        rebalance=_triggers(body, options),
        execution=replace(charged, **body.execution),
        policies=tuple(
            (day, _policy(later, portfolio, runtime, f"policies[{i}].policy")) for i, (day, later) in enumerate(body.later)
        ),
        notes=notes,
        **options,
    )
    beside = tuple((other, replace(charged_by_policy(other)[0], **body.execution)) for other in others)
    if kind == "comparison":
        require_names([policy.id, *(other.id for other in others)], "strategies")
        require_points(body.points, [policy, *others])
    return Question(kind, portfolio.id, request, provider, body.walk, beside, body.points)


def _policy(named: str | Policy | None, portfolio: Portfolio, runtime: Runtime, path: str) -> Policy:
    """A whole one as it is sent, or by its id. path: for refusals."""
    if not isinstance(named, Policy):
        return policy_named(named, portfolio, runtime)
    require_no_file(named, path)
    return named


def _triggers(body: Body, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """When to decide, as data. Raises InvalidValue naming the one that says nothing."""
    several = isinstance(body.rebalance, list)
    rebalance = body.rebalance if several else [body.rebalance]
    data = tuple(as_data(item, f"rebalance[{i}]" if several else "rebalance") for i, item in enumerate(rebalance))
    parse_triggers(data, benchmark=options.get("benchmark") is not None)
    return data


def _currency(portfolio: Portfolio) -> str | None:
    return None if portfolio.holdings is None else portfolio.holdings.currency


def _held(portfolio: Portfolio) -> Universe | None:
    held = () if portfolio.holdings is None else sorted(portfolio.holdings.shares)
    return Universe(tuple(Asset(asset_id) for asset_id in held)) if held else None


def _of_the_pack(portfolio_id: str, provider: str, runtime: Runtime) -> Universe:
    """Whatever the pack has prices of. Of a source that is read later nobody knows yet what it has."""
    if not provider.startswith(PACK):
        raise MissingInput(
            f"nobody says what {portfolio_id!r} may hold", field="universe",
            fixes=["name the assets in universe", f"PUT /api/v1/portfolios/{portfolio_id} with one", "name a pricing pack"],
        )  # fmt: skip
    ids = runtime.packs.get(provider.removeprefix(PACK)).asset_ids
    return Universe(tuple(Asset(asset_id) for asset_id in ids if asset_id != CASH))
