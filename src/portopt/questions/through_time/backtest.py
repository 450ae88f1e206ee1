"""What a policy would have done: its decisions day by day on an exact ledger, and what that is to be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.action import Action
from portopt.domain.arrays import Vector
from portopt.domain.backtest import BacktestRequest, Execution, Membership
from portopt.domain.backtest_found import BacktestData, BacktestFound, Profits, Proof
from portopt.domain.backtest_taxes import BacktestTaxes
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.market import MarketQuery, MarketSnapshot
from portopt.domain.request import DataPolicy
from portopt.domain.universe import CASH, Universe
from portopt.ports import MarketDataProvider
from portopt.questions.through_time.beside_the_run import require_money_taken_was_there, said_beside
from portopt.questions.through_time.trials import count_trials
from portopt.runs.answers import portfolio_of
from portopt.runs.through_time.question import Question
from portopt.simulation.accounting.profit import profits
from portopt.simulation.asking import said_of_opening
from portopt.simulation.attributed import attribution_of
from portopt.simulation.comparators import Drifting, do_nothing, drifting, equal_weight
from portopt.simulation.deciders import Path, decider_of
from portopt.simulation.history import History, day_of, latest_of
from portopt.simulation.prove import prove
from portopt.simulation.simulate import Progress, Run, Simulation, simulation
from portopt.simulation.strategies import Decider, Strategy
from portopt.simulation.sweep import swept
from portopt.simulation.taxed import taxes_of

if TYPE_CHECKING:
    from portopt.domain.backtest import Backtested
    from portopt.runtime import Runtime

# What a whole history shows is for its reader; what a decision makes of it, each judges for itself by what it knew.
FOR_THE_READER: dict[str, Any] = dict.fromkeys(
    ("gap", "stale", "no_longer_traded", "unadjusted_split", "extreme_move", "non_positive_price", "impossible_return",
     "short_history", "stale_source", "unknown_asset"),
    "accept",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """A question and its history. strategy: of the user's own, in place of the policy. path: which way decisions are made.

    request: as it can be answered on these prices; question: as it was asked, which is what it is known by; None: as it stands.
    beside: what else the answer rests on, that no question says.
    """

    request: BacktestRequest
    history: History
    strategy: Strategy | None = None
    path: Path = "auto"
    notes: tuple[str, ...] = ()
    question: Question | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)

    def decider(self, history: History) -> Decider:
        return decider_of(self.request, self.path) if self.strategy is None else self.strategy.prepare(history)

    @property
    def asked(self) -> Question:
        return self.question or Question("backtest", portfolio_of(self.request), self.request, path=self.path)


def opened(market: MarketDataProvider, data: DataPolicy, assets: Sequence[str] | None, end: date | None) -> MarketSnapshot:
    """The prices of these assets, of all there are for None, up to the end: the pricing pack that the backtest rests on.

    Raises DataError for prices that cannot be used.
    """
    from portopt.market import open_snapshot

    query = MarketQuery(assets=None if assets is None else tuple(sorted(set(assets) - {CASH})), as_of=end)
    table = market.prices(query)
    policy = for_the_reader(data)
    snapshot = open_snapshot(table, source=market.source, adjustment=market.adjustment, policy=policy, query=query)
    return replace(snapshot, notes=tuple(getattr(market, "notes", ())))


def for_the_reader(data: DataPolicy) -> DataPolicy:
    """The data policy under which a whole history is opened."""
    return replace(data, **FOR_THE_READER)


def named_assets(
    universe: Universe, benchmark: Mapping[str, float] | None, members: Sequence[Membership], actions: Sequence[Action]
) -> tuple[str, ...]:
    """Every asset that a question names: candidates, benchmark, members, and what was spun off from them."""
    ids = frozenset(universe.ids)
    into = {action.into for action in actions if action.into is not None and action.asset_id in ids}
    return tuple(sorted({*ids, *(benchmark or {}), *(m.asset_id for m in members), *into} - {CASH}))


def posed(asked: Backtest) -> tuple[Simulation, Drifting | None]:
    """What does not change from day to day, and the benchmark. Errors as for `backtest`."""
    request, history = asked.request, asked.history
    require_sound_question(request, history)
    s = simulation(request, history, asked.decider(history))
    require_enough_money(s)
    held_against = drifting(request, history, min(s.last, s.ready + request.execution.delay))
    return replace(s, benchmark=None if held_against is None else held_against.weights), held_against


def concluded(
    asked: Backtest,
    s: Simulation,
    held_against: Drifting | None,
    run: Backtested,
    end: Run,
    *,
    sweep: bool = True,
    progress: Progress | None = None,
) -> BacktestFound:
    """What a walk that has come to its end is held against. end: the book there, and what each decision saw and wanted.

    Raises InvalidValue where more was taken out than there was.
    """
    require_money_taken_was_there(asked.request, run)
    run = replace(run, warnings=(*run.warnings, *said_beside(asked.request, asked.history)))
    comparators = _comparators(s, end, held_against)
    return BacktestFound(
        request=asked.request,
        data=data_of(asked.history),
        run=run,
        profits=_profits(run, end),
        do_nothing=comparators["do_nothing"],
        equal_weight=comparators["equal_weight"],
        benchmark=comparators.get("benchmark"),
        sweep=swept(s, end.wanted, comparators) if sweep and run.fills else None,
        proof=proven(asked, s, run, end, progress) if asked.request.prove else None,
        attribution=attribution_of(s, run, held_against),
        path=asked.path,
        taxes=_taxes(s, run, end),
        notes=(*asked.notes, *(said_of_opening(asked.request.policy) if asked.strategy is None else ())),
    )


def _taxes(s: Simulation, run: Backtested, end: Run) -> BacktestTaxes | None:
    """What gains came to, where the policy knows a tax."""
    if s.rules is None or end.book.taxes is None:
        return None
    last = {a: Decimal(repr(float(p))) for a, p in zip(run.ids, run.prices[-1], strict=True) if p > 0.0}
    return taxes_of(end.book.taxes, s.rules, last, day_of(run.dates[-1]))


def proven(asked: Backtest, s: Simulation, run: Backtested, end: Run, progress: Progress | None = None) -> Proof:
    """Every decision put to the proof that it saw nothing of what came after it; a strategy of one's own in full."""
    rule = None if asked.strategy is None else getattr(asked.strategy, "rule", asked.strategy)
    own = asked.strategy is not None
    return prove(s, run, end, asked.decider, seed=asked.request.seed, in_full=own, strategy=rule, progress=progress)


def require_sound_question(request: BacktestRequest, history: History) -> None:
    """Raises InvalidValue for a question that no history answers."""
    from portopt.simulation.accounting import require_sound
    from portopt.simulation.units import require_shares

    require_sound(request.execution)
    if request.capital <= 0:
        raise InvalidValue("capital", str(request.capital), "a backtest begins with money", fix="write 100000")
    known = set(history.ids)
    if not any(a in known for a in request.universe.ids):
        raise InvalidValue("universe", list(request.universe.ids)[:10], f"none of them has a price in {history.source}")
    require_shares(request.universe)
    if history.volumes is None:
        _require_no_volumes(request.execution, history.source)
    _require_open_days(request, history)


def _require_no_volumes(execution: Execution, source: str) -> None:
    for name in ("impact", "linear_impact", "participation"):
        if getattr(execution, name):
            fixes = ["bring prices with volumes", f"or leave {name} out"]
            raise MissingInput(
                f"{name} is measured in a day's volume, and {source} has none", field=f"costs.{name}", fixes=fixes
            )


def _require_open_days(request: BacktestRequest, history: History) -> None:
    """Raises InvalidValue for money on a day without prices: when it counts, and what it buys, would be a guess."""
    first, last = day_of(history.dates[0]), day_of(history.dates[-1])
    for day, amount in request.cash_flows:
        row = history.row_of(day)
        if row < len(history) and day_of(history.dates[row]) == day:
            continue
        why, fix = f"is outside of the prices, {first} to {last}: {amount} would never come", ""
        if first <= day <= last:
            why = f"is no session of {history.source}: {amount} cannot be booked"
            fix = f"book it on the session after it, {day_of(history.dates[row])}"
        raise InvalidValue("cash_flows", day.isoformat(), why, fix=fix or "book it on a session, or leave it out")


def require_enough_money(s: Simulation) -> None:
    """Raises InvalidValue for a capital that pays for no share of anything on the day of the first decision."""
    if s.request.execution.fractional:
        return
    latest = latest_of(s.history.prices[: s.ready + 1])
    ids = frozenset(s.request.universe.ids)
    priced = [(float(p), a) for p, a in zip(latest, s.history.ids, strict=True) if p > 0.0 and a in ids]
    if priced and min(priced)[0] > float(s.request.capital):
        price, asset = min(priced)
        day = day_of(s.history.dates[s.ready])
        why = f"pays for no share of anything: the cheapest, {asset}, is {price:g} on {day}"
        raise InvalidValue("capital", str(s.request.capital), why, fix="begin with more, or hold fractions (--fractional)")


def data_of(history: History) -> BacktestData:
    return BacktestData(
        pricing_pack_id=history.pricing_pack_id,
        source=history.source,
        adjustment=history.adjustment,
        first=day_of(history.dates[0]),
        last=day_of(history.dates[-1]),
        assets=len(history.ids),
        point_in_time=history.point_in_time,
        findings=history.findings,
        notes=history.notes,
    )


def _comparators(s: Simulation, end: Run, held_against: Drifting | None) -> dict[str, Vector]:
    found = {"do_nothing": do_nothing(s, end.wanted), "equal_weight": equal_weight(s)}
    if held_against is not None:
        found["benchmark"] = _in_money(held_against.index[s.first : s.last + 1], s)
    return found


def _in_money(index: Vector, s: Simulation) -> Vector:
    """(T,) cents that the capital, and what came in or went out, have become in an index (T,)."""
    worth, money = np.zeros(len(index)), float(round(s.request.capital * 100))
    for t in range(len(index)):
        money = money * (index[t] / index[t - 1] if t else 1.0) + s.flows.get(s.first + t, 0)
        worth[t] = money
    return worth


def _profits(run: Backtested, end: Run) -> Profits:
    found = profits(run.fills, run.happenings, end.book)
    return Profits(found.by_asset, found.dividends, found.costs, found.interest, found.flows)


def kept(asked: Backtest, found: BacktestFound, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> dict[str, Any]:
    """The document, left in the store, where there is one, with its prices; a strategy of one's own leaves nothing."""
    from portopt.document.backtest import backtest_document
    from portopt.runs.through_time.life import keep

    document = backtest_document(found, asked.asked.run_id(snapshot, **asked.beside))
    if asked.strategy is None and keep(asked.asked, document, snapshot, runtime):
        tried(found, document, runtime)
    return document


def tried(found: BacktestFound, document: Mapping[str, Any], runtime: Runtime | None = None) -> None:
    """A backtest is a trial."""
    net = document["summary"]["net"]
    count_trials([(found.request, net and net["sharpe"])], [day_of(day) for day in found.run.dates], runtime)
