"""Day after day: what happens to the book, what is filled, what it is worth; and where a trigger fires, a decision.

    begin_day -> fill -> trigger -> decide -> orders, filled from `delay` sessions later on -> equity, cash, units

A decision at the close of day t sees history.known(t) and the book really held; the ledger alone moves money. Days are rows of
the history, here and in every fill and decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from portopt.domain.action import Action
from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested, BacktestRequest, Cents, Decision, Fill, Happening, Order, Units
from portopt.domain.errors import PortoptError, RequestError
from portopt.domain.tax import TaxRules
from portopt.simulation.accounting import Account, Quotes, begin_day, equity, fill, opened, placed, schedule, withdrawn
from portopt.simulation.asking import notes_on, shares_of
from portopt.simulation.benchmark_said import said_of_benchmark
from portopt.simulation.history import History, day_of, filled_forward
from portopt.simulation.series import gross_of, needs_volatility, trailing_volatility, warnings_of
from portopt.simulation.span import enough_rows, span
from portopt.simulation.strategies import Decided, Decider, Held, held_of
from portopt.simulation.taxed import TaxBook, acted, record_of, rules_asked, traded
from portopt.simulation.trigger_words import parse_triggers
from portopt.simulation.triggers import Seen, Trigger

Progress = Callable[[int, int], None]  # sessions done, of how many
FIRST = "the first day"
NOT_YET, TRIED_AGAIN = "nothing was decided yet", 21  # sessions: a trigger that counts from a decision has none to count from


@dataclass(slots=True, eq=False)
class Run:
    """What a simulation has come to so far.

    book: as it stands. target, decided, memory: of the newest decision that was carried out. seen: what each decision saw of
    the book; wanted: (n,) units by day of decision. carried: whether the book was held already at the close before the first
    session.
    """

    book: Account
    target: Vector | None = None
    decided: int | None = None
    memory: Any = None
    decisions: list[Decision] = field(default_factory=list)
    seen: list[Held] = field(default_factory=list)
    wanted: dict[int, Units] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    unfilled: list[tuple[str, str]] = field(default_factory=list)
    carried: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What does not change from day to day. first, last: rows; ready: the first that may decide.

    benchmark: (T, n) the weights that it has drifted to by each close, or None. volatility: (T, n) of daily returns before each
    day, where impact is charged by it. rules: of the tax that lots are kept for, where the policy knows one.
    """

    request: BacktestRequest
    history: History
    decider: Decider
    trigger: Trigger
    first: int
    last: int
    ready: int
    actions: Mapping[int, tuple[Action, ...]]
    flows: Mapping[int, int]
    volatility: Matrix | None = None
    benchmark: Matrix | None = None
    rules: TaxRules | None = None

    def quotes(self, day: int) -> Quotes:
        h = self.history
        volumes, volatility = (None if a is None else a[day] for a in (h.volumes, self.volatility))
        return Quotes(day, day_of(h.dates[day]), h.ids, h.prices[day], volumes, volatility)

    def days_since(self, day: int, *, carried: bool = False) -> int:
        """Calendar days since the session before; none on the first, unless the book was carried into it."""
        if day == 0 or (day == self.first and not carried):
            return 0
        return int((self.history.dates[day] - self.history.dates[day - 1]).astype("timedelta64[D]").astype(int))


def simulate(
    request: BacktestRequest,
    history: History,
    decider: Decider,
    *,
    start: date | None = None,
    end: date | None = None,
    book: Account | None = None,
    trigger: Trigger | None = None,
    benchmark: Matrix | None = None,
    progress: Progress | None = None,
) -> Backtested:
    """The history of a book that `decider` decides for.

    Args:
        start, end: sessions from and to, both counted; None is the request's, and there the first day on which the policy has
            enough history, and the last there is. book: what is held at the open of the first day, since the close of the
            session before it: interest and borrow of the days between are its own. None is the capital in cash.
        trigger: when to decide; None is the request's. benchmark: (T, n) its weights by day, for limits against it.
        progress: told how many sessions are done, of how many.
    Raises:
        DataError, InvalidValue: a history that is too short, dates that leave nothing, money that is none. RequestError: a
        first decision that is refused for what was asked, not for the data of the day.
    """
    s = simulation(request, history, decider, start=start, end=end, trigger=trigger, benchmark=benchmark)
    return walked(s, book, progress)[0]


def simulation(
    request: BacktestRequest,
    history: History,
    decider: Decider,
    *,
    start: date | None = None,
    end: date | None = None,
    trigger: Trigger | None = None,
    benchmark: Matrix | None = None,
) -> Simulation:
    """Arguments and errors as for `simulate`."""
    first, last = span(request, history, start, end)
    return Simulation(
        request=request,
        history=history,
        decider=decider,
        trigger=trigger or parse_triggers(request.rebalance, benchmark=request.benchmark is not None),
        first=first,
        last=last,
        ready=max(first, enough_rows(request)),
        actions=schedule(history.actions, history.dates.astype("datetime64[D]").tolist()),
        flows=_rows_of_flows(request, history),
        volatility=trailing_volatility(history.prices) if needs_volatility(request.execution) else None,
        benchmark=benchmark,
        rules=rules_asked(request),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """What stood at the close of each session of a stretch. equity, cash, costs: (T,) cents; units: (T, n)."""

    equity: Cents
    cash: Cents
    costs: Cents
    units: Units


def walked(s: Simulation, book: Account | None = None, progress: Progress | None = None) -> tuple[Backtested, Run]:
    """The history, and where it has come to: the book at its end, and what each decision saw of it."""
    run = begun(s, book)
    first = equity(run.book)
    closes = stretch(s, run, s.first, s.last, progress)
    return backtested(s, run, closes, first), run


def begun(s: Simulation, book: Account | None = None) -> Run:
    """Before the first session. book: None is the capital in cash."""
    capital = round(s.request.capital * 100)
    if book is not None:
        return Run(book, carried=True)
    account = opened(len(s.history.ids), capital, fractional=s.request.execution.fractional)
    return Run(account if s.rules is None else replace(account, taxes=TaxBook()))


def stretch(s: Simulation, run: Run, first: int, last: int, progress: Progress | None = None) -> Closes:
    """Walk on over the sessions of rows `first` to `last`: `run` has come to the open of the first, then to the last's close.

    Stretches one after the other, each from the book that the one before it left, are the whole walk to the bit.
    """
    T, n = last - first + 1, len(s.history.ids)
    worth, cash, costs = (np.zeros(T, dtype=np.int64) for _ in range(3))
    units = np.zeros((T, n), dtype=np.int64)
    for k, day in enumerate(range(first, last + 1)):
        before = len(run.fills)
        _session(s, run, day)
        worth[k], cash[k], units[k] = equity(run.book), run.book.cash, run.book.units
        costs[k] = sum(f.cost for f in run.fills[before:])
        if progress is not None:
            progress(day - s.first + 1, s.last - s.first + 1)
    return Closes(worth, cash, costs, units)


def backtested(s: Simulation, run: Run, closes: Closes, begun_with: int) -> Backtested:
    """The history of a run that has come to its end. closes: of every session. begun_with: cents, before the first."""
    rows = slice(s.first, s.last + 1)
    flows = np.array([s.flows.get(day, 0) for day in range(s.first, s.last + 1)], dtype=np.int64)
    return Backtested(
        ids=s.history.ids,
        dates=s.history.dates[rows],
        equity=closes.equity,
        cash=closes.cash,
        units=closes.units,
        prices=filled_forward(s.history.prices)[rows],
        gross=gross_of(closes.equity, closes.costs, flows, begun_with),
        decisions=tuple(run.decisions),
        fills=tuple(run.fills),
        happenings=tuple(run.happenings),
        unfilled=tuple(run.unfilled),
        warnings=warnings_of(run.decisions, run.fills, run.unfilled, s.history),
        first=s.first,
    )


def _session(s: Simulation, run: Run, day: int) -> None:
    quotes, before = s.quotes(day), run.book
    run.book, happened = begin_day(
        run.book,
        quotes,
        s.actions.get(day, ()),
        s.request.execution,
        days=s.days_since(day, carried=run.carried),
        flow=s.flows.get(day, 0),
    )
    run.happenings += happened
    if s.rules is not None and run.book.taxes is not None and day in s.actions:
        taxes = acted(run.book.taxes, s.actions[day], happened, (before, run.book), quotes, s.rules)
        run.book = replace(run.book, taxes=taxes)
    _fill(s, run, (), quotes)
    why = _due(s, run, day)
    if why:
        orders = _decide(s, run, day, why)
        if s.request.execution.delay == 0:
            _fill(s, run, orders, quotes)
        else:
            run.book = placed(run.book, orders)


def _due(s: Simulation, run: Run, day: int) -> str:
    """Why a decision is due, the first one among them; empty where none is."""
    if day <= s.ready:
        return FIRST if day == s.ready else ""
    why = s.trigger.fires(Seen(s.history, day, lambda: _held(s, run, day), day in s.flows))
    again = run.decided is None and (day - s.ready) % TRIED_AGAIN == 0
    return why or (NOT_YET if again else "")


def _fill(s: Simulation, run: Run, orders: tuple[Order, ...], quotes: Quotes) -> None:
    before = run.book
    run.book, fills, unfilled = fill(before, orders, quotes, s.request.execution)
    if s.rules is not None and before.taxes is not None and fills:
        run.book = replace(run.book, taxes=traded(before.taxes, fills, before, quotes, s.rules))
    run.fills += fills
    run.unfilled += unfilled


def _held(s: Simulation, run: Run, day: int, book: Account | None = None) -> Held:
    benchmark, book = None if s.benchmark is None else s.benchmark[day], run.book if book is None else book
    held = held_of(book, s.history.ids, benchmark, target=run.target, decided=run.decided, memory=run.memory)
    if s.rules is None or book.taxes is None:
        return held
    return replace(held, tax=record_of(book.taxes, shares_of(held, s.history.ids), day_of(s.history.dates[day]), s.rules))


def _decide(s: Simulation, run: Run, day: int, why: str) -> tuple[Order, ...]:
    """The orders of a decision, which is noted: what is left of orders that are being filled ends with it.

    One that fails leaves the book as it is.
    """
    book, ended = withdrawn(run.book)
    held, known = _held(s, run, day, book), s.history.known(day)
    notes = notes_on(s.request, known, held)
    try:
        decided = s.decider.decide(known, held)
    except PortoptError as refusal:
        if isinstance(refusal, RequestError) and not run.decisions:
            raise
        problem = refusal.problem()
        said = (*notes, *said_of_benchmark(s.request, held, problem))
        run.decisions.append(Decision(day, None, why, "failed", None, None, 0.0, problem=problem, notes=said))
        run.seen.append(held)
        return ()
    changes = decided.units - held.units
    orders = tuple(Order(f"{day}-{i}", day, i, int(changes[i])) for i in np.flatnonzero(changes).tolist())
    run.decisions.append(replace(_noted(s, day, why, decided, bool(orders)), notes=notes))
    run.seen.append(held)
    run.target, run.decided, run.memory = decided.weights, day, decided.memory
    run.wanted[day] = decided.units
    run.book, run.unfilled = book, [*run.unfilled, *ended]
    return orders


def _noted(s: Simulation, day: int, why: str, decided: Decided, trades: bool) -> Decision:
    filled_on = day + s.request.execution.delay
    return Decision(
        day=day,
        filled_on=filled_on if trades and filled_on <= s.last else None,
        trigger=why,
        status="decided" if trades else "kept",
        target=decided.target,
        weights=decided.weights,
        turnover=decided.turnover,
        gap=decided.gap,
        binding=decided.binding,
        certificate=decided.certificate,
    )


def _rows_of_flows(request: BacktestRequest, history: History) -> dict[int, int]:
    """Cents by the session on or after each date; what falls behind the last session never comes."""
    found: dict[int, int] = {}
    for day, amount in request.cash_flows:
        row = history.row_of(day)
        if row < len(history):
            found[row] = found.get(row, 0) + round(amount * 100)
    return found
