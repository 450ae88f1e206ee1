"""A backtest's question from values, whichever door they come through: one way, so that the same words are the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portopt.dialects.backtests import rounding_of
from portopt.dialects.reading import text
from portopt.domain.action import Action
from portopt.domain.backtest import BacktestRequest, Execution, Membership
from portopt.domain.canonical import digest
from portopt.domain.errors import InvalidValue
from portopt.domain.factor_returns import FactorReturns
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import Policy
from portopt.domain.universe import CASH, Universe
from portopt.market.action_checks import checked as checked_actions
from portopt.ports import MarketDataProvider
from portopt.questions.through_time.backtest import Backtest, named_assets, opened, require_sound_question
from portopt.runs.answers import portfolio_of
from portopt.runs.through_time.question import Question
from portopt.simulation.charged import charged_by_policy, execution_with
from portopt.simulation.deciders import Path
from portopt.simulation.history import History
from portopt.simulation.strategies import Ruled, Strategy
from portopt.simulation.trigger_words import as_data, parse_triggers

CAPITAL = Decimal(1_000_000)
LONGEST_PORTFOLIO = 100
LARGEST = Decimal(10) ** 13  # money; cents of more do not fit into the ledger's integers


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What a door was told. universe: None is all that is priced. costs: None is the policy's own; a mapping is laid over none.

    policies, factors: later ones by the date on which each became known. rebalance: triggers, in words or as data.
    rounding: whole, fractional, nearest or search; None is the nearest lots. portfolio_id: under which it is kept; None is the
    policy's own.
    """

    policy: Policy
    capital: Any = CAPITAL
    rebalance: Sequence[Any] = ("monthly",)
    universe: Universe | None = None
    benchmark: Mapping[str, float] | None = None
    start: date | None = None
    end: date | None = None
    delay: int = 1
    fractional: bool = False
    costs: Mapping[str, Any] | None = None
    actions: tuple[Action, ...] = ()
    members: tuple[Membership, ...] = ()
    policies: tuple[tuple[date, Policy], ...] = ()
    factors: tuple[tuple[date, FactorReturns], ...] = ()
    cash_flows: tuple[tuple[date, Decimal], ...] = ()
    currency: str = "USD"
    rounding: str | None = None
    prove: bool = False
    seed: int = 1
    path: Path = "auto"
    strategy: Strategy | Any = None
    portfolio_id: str | None = None
    notes: tuple[str, ...] = ()


def question(wanted: Wanted, market: MarketDataProvider) -> tuple[Backtest, MarketSnapshot]:
    """The question with its history, and the pricing pack of it.

    Raises InvalidValue, UnknownField for words that say nothing or the wrong thing, DataError for prices that cannot be used.
    """
    checked(wanted)
    beside = (wanted.benchmark, wanted.members, wanted.actions)
    assets = None if wanted.universe is None else named_assets(wanted.universe, *beside)
    snapshot = opened(market, wanted.policy.data, assets, wanted.end)
    universe = wanted.universe or Universe.of(tuple(a for a in snapshot.asset_ids if a.upper() != CASH))
    asked = question_of(wanted, universe, f"pack:{snapshot.pricing_pack_id}")
    found = asked_on(asked, snapshot, strategy=_strategy(wanted.strategy), factors=wanted.factors)
    said = found.request if wanted.costs is None else asked.request  # what was said to be charged is not left out in silence
    require_sound_question(said, found.history)
    return found, snapshot


def question_of(wanted: Wanted, universe: Universe, provider: str) -> Question:
    """What is asked, before any price has its say, whole. universe: of all that is priced, where none was named."""
    request = request_of(wanted, universe)
    if wanted.costs is None:
        execution, said = charged_by_policy(wanted.policy, request.execution)
        request = replace(request, execution=execution, notes=(*request.notes, *said))
    return Question("backtest", wanted.portfolio_id or portfolio_of(request), request, provider, path=wanted.path)


def asked_on(
    asked: Question,
    snapshot: MarketSnapshot,
    *,
    strategy: Strategy | None = None,
    factors: Sequence[tuple[date, FactorReturns]] = (),
) -> Backtest:
    """The question with its history; actions that the prices contradict are not in it, but among its findings.

    factors: by the date on which each became known; none are those of the policy's factor model, as they stand today.
    """
    sound = checked_actions(asked.request.actions, snapshot)
    request, snapshot = replace(asked.request, actions=sound.actions), replace(snapshot, findings=sound.findings)
    dated = tuple(factors) or factors_of(request.policy)
    history = History.of(snapshot, request.actions, request.members, request.policies, dated)
    request, notes = without_impact(request, history)
    more = {"factors": digest(dated)} if factors else {}
    return Backtest(request, history, strategy, asked.path, notes, asked, {**more, **_own(strategy)})


def without_impact(request: BacktestRequest, history: History) -> tuple[BacktestRequest, tuple[str, ...]]:
    """The request and its notes; impact needs volumes: without them it is left out, with a note."""
    if request.execution.impact <= 0.0 or history.volumes is not None:
        return request, request.notes
    note = f"{history.source} has no volumes: the ledger charges no impact"
    return replace(request, execution=replace(request.execution, impact=0.0)), (*request.notes, note)


def _own(strategy: Strategy | None) -> dict[str, str]:
    """Whose rule it is, of a strategy of one's own."""
    if strategy is None:
        return {}
    rule = getattr(strategy, "rule", strategy)
    return {"strategy": getattr(rule, "__qualname__", type(rule).__qualname__)}


def _strategy(given: Any) -> Strategy | None:
    """A strategy as it is, or of a function that gives weights; None for none."""
    return given if given is None or hasattr(given, "prepare") else Ruled(given)


def factors_of(policy: Policy) -> tuple[tuple[date, FactorReturns], ...]:
    """The factor returns that the policy's factor model names, as they stand today: known, each, on its own day."""
    if not policy.estimation.factors:
        return ()
    from portopt.adapters.providers.factor_files import factor_returns_for

    found = factor_returns_for(policy.estimation.factors)
    return () if found is None else ((date.min, found),)


def checked(wanted: Wanted) -> None:
    """Raises InvalidValue, UnknownField before any price is read."""
    rounding_of(wanted.rounding, fractional=wanted.fractional)
    if isinstance(wanted.seed, bool) or not isinstance(wanted.seed, int) or not 0 <= wanted.seed < 2**31:
        raise InvalidValue("seed", wanted.seed, "must be a whole number from 0 to 2147483647", fix="write 1")
    if wanted.portfolio_id is not None:
        text(wanted.portfolio_id, "portfolio_id", most=LONGEST_PORTFOLIO)
    capital_of(wanted.capital)
    parse_triggers(wanted.rebalance, benchmark=wanted.benchmark is not None)
    if wanted.start is not None and wanted.end is not None and wanted.start > wanted.end:
        raise InvalidValue("start", wanted.start.isoformat(), f"is after the end, {wanted.end}", fix="exchange the two")


def request_of(wanted: Wanted, universe: Universe) -> BacktestRequest:
    """The request alone. universe: of all that is priced, where none was named."""
    rebalance = [wanted.rebalance] if isinstance(wanted.rebalance, str | Mapping) else wanted.rebalance
    rounding, fractional = rounding_of(wanted.rounding, fractional=wanted.fractional)
    execution = execution_with(Execution(fractional=fractional), {"delay": wanted.delay, **(wanted.costs or {})})
    return BacktestRequest(
        policy=wanted.policy,
        universe=universe,
        capital=capital_of(wanted.capital),
        rebalance=tuple(as_data(item, f"rebalance[{k}]") for k, item in enumerate(rebalance)),
        currency=wanted.currency,
        execution=execution,
        start=wanted.start,
        end=wanted.end,
        benchmark=wanted.benchmark,
        members=wanted.members,
        actions=wanted.actions,
        policies=tuple(sorted(wanted.policies, key=lambda dated: dated[0])),
        cash_flows=tuple(sorted(wanted.cash_flows)),
        rounding="search" if rounding == "search" else "nearest",
        prove=wanted.prove,
        seed=wanted.seed,
        notes=wanted.notes,
    )


def capital_of(value: Any) -> Decimal:
    """Money to the cent, of a number or of a text such as 1,000,000. Raises InvalidValue."""
    try:
        amount = Decimal(str(value).replace(",", "").replace("_", "").strip())
    except InvalidOperation:
        raise InvalidValue("capital", value, "is not an amount of money", fix="write 1000000") from None
    if not amount.is_finite() or amount <= 0:
        raise InvalidValue("capital", str(value), "must be above zero: a backtest begins with money", fix="write 1000000")
    if amount > LARGEST:
        raise InvalidValue("capital", str(value), f"is more than this ledger counts to the cent ({LARGEST:,})")
    if amount != amount.quantize(Decimal("0.01")):
        raise InvalidValue("capital", str(value), "has parts of a cent", fix=f"write {amount:.2f}")
    return amount.quantize(Decimal("0.01"))


def plain_policy(objective: str, name: str = "") -> Policy:
    """An objective by its name alone: long only, all but a rest of whole shares invested."""
    from portopt.dialects.policies import shipped_defaults
    from portopt.terms.catalog import objective_words

    costs, words = shipped_defaults().costs, objective_words(objective)
    return Policy(name or objective, name or objective, words, {"long_only": True, "cash": {"max": 0.02}}, costs=costs)
