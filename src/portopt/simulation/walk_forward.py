"""Walk-forward: each window chooses among the variants by what came before it, and is judged by what came after.

    trial       every variant over the whole history, once: its equity by day
    choose      each window, by the trials' returns inside its training rows and nothing else
    walking     one book on one ledger from the first test to the last; at each window the chosen variant takes over

The book is never begun anew: a window starts from what was really held at the end of the one before. A window in which every
decision fails leaves the book as it is, is named, and the next one starts from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portopt.domain.arrays import Vector
from portopt.domain.backtest import Backtested, Decision
from portopt.domain.errors import PortoptError
from portopt.domain.walk import Choice, Trial, Variant, Window
from portopt.judgement.histories import returns_of
from portopt.judgement.moments import deviation
from portopt.simulation.deciders import decider_of
from portopt.simulation.history import History, Known, day_of
from portopt.simulation.simulate import Progress, Simulation, simulation, walked
from portopt.simulation.strategies import Decided, Decider, Held
from portopt.simulation.trigger_words import parse_triggers
from portopt.simulation.triggers import Seen, Trigger
from portopt.simulation.windows import Plan

DeciderOf = Callable[[Variant], Decider]


def usual(variant: Variant) -> Decider:
    """The variant's policy through the pipeline."""
    return decider_of(variant.request)


def trial(
    variant: Variant, history: History, plan: Plan, decider: DeciderOf = usual, progress: Progress | None = None
) -> Trial:
    """The variant over the rows of the plan, from the capital in cash. One that is refused, or never decides,
    is a trial without a history."""
    try:
        s = _from(variant, history, plan.first, plan.last, decider(variant))
        run, _ = walked(s, progress=progress)
    except PortoptError as refusal:
        return Trial(variant.number, np.zeros(0), 0, refusal.problem())
    failed = [d.problem for d in run.decisions if d.status == "failed"]
    if failed and len(failed) == len(run.decisions):
        return Trial(variant.number, np.zeros(0), len(failed), failed[0])
    return Trial(variant.number, run.equity.astype(np.float64), len(failed))


def choose(plan: Plan, trials: Sequence[Trial], history: History, risk_free: float, year: float = 252.0) -> tuple[Choice, ...]:
    """For each window the variant with the best Sharpe ratio over the training rows; of equal ones the first.

    A training row's return is that of the row: it needs the close before it, which is a row before, and nothing later.
    """
    scored = {one.number: trial_returns(one, plan, history) for one in trials if len(one.equity)}
    return tuple(_best(scored, split.train, risk_free, year) for split in plan.splits)


def trial_returns(one: Trial, plan: Plan, history: History) -> Vector:
    """(T,) returns of the plan's rows; of its first row none, the book is in cash."""
    return np.concatenate([[0.0], returns_of(one.equity, history.dates[plan.first : plan.last + 1])])


def _best(scored: Mapping[int, Vector], rows: Any, risk_free: float, year: float) -> Choice:
    best = Choice(min(scored, default=0), None)
    for number, returns in scored.items():
        r = returns[rows] - risk_free / year
        sigma = deviation(r)
        score = float(r.mean() / sigma * np.sqrt(year)) if sigma else None
        if score is not None and (best.score is None or score > best.score):
            best = Choice(number, score)
    return best


@dataclass(frozen=True, slots=True, eq=False)
class Switching:
    """Decides as the variant that the window of the day has chosen."""

    plan: Plan
    choices: tuple[Choice, ...]
    deciders: Mapping[int, Decider]

    def decide(self, known: Known, held: Held) -> Decided:
        return self.deciders[self.choices[self.plan.window_of(known.day)].variant].decide(known, held)


@dataclass(frozen=True, slots=True, eq=False)
class AtWindows:
    """The request's own trigger, and the first session of every window: who takes over decides."""

    plan: Plan
    usual: Trigger

    def fires(self, seen: Seen) -> str:
        window = self.plan.window_of(seen.day)
        if seen.day == self.plan.test_rows(window)[0]:
            return f"window {window + 1} begins"
        return self.usual.fires(seen)


def walking(
    variants: Sequence[Variant],
    history: History,
    plan: Plan,
    choices: tuple[Choice, ...],
    decider: DeciderOf = usual,
) -> Simulation:
    """The walk over all test windows, to be carried out by `walked`, or window by window.

    The request is the first variant's: what a policy charges or holds beside its decisions is not varied.
    """
    used = {variants[choice.variant].number: decider(variants[choice.variant]) for choice in choices}
    request = variants[0].request
    base = parse_triggers(request.rebalance, benchmark=request.benchmark is not None)
    start, end = (day_of(history.dates[row]) for row in (plan.walk_first, plan.last))
    return simulation(
        request,
        history,
        Switching(plan, choices, used),
        start=start,
        end=end,
        trigger=AtWindows(plan, base),
    )


def windows_as_walked(
    run: Backtested, plan: Plan, choices: tuple[Choice, ...], history: History, risk_free: float, year: float = 252.0
) -> tuple[Window, ...]:
    """Each window with what became of it; one that failed says so, and the next says whose book it began with."""
    found: list[Window] = []
    held_after = "the capital in cash"
    for k, (split, choice) in enumerate(zip(plan.splits, choices, strict=True)):
        first, last = plan.test_rows(k)
        made = [d for d in run.decisions if first <= d.day <= last]
        problem = _failure(made)
        r = _returns_in(run, first, last)
        sigma = deviation(r)
        excess = float(r.mean()) - risk_free / year if len(r) else 0.0
        found.append(
            Window(
                number=k + 1,
                train_first=day_of(history.dates[plan.first + int(split.train[0])]),
                train_last=day_of(history.dates[plan.first + int(split.train[-1])]),
                learned=len(split.train),
                test_first=day_of(history.dates[first]),
                test_last=day_of(history.dates[last]),
                choice=choice,
                status="walked" if problem is None else "failed",
                began_with=held_after,
                total_return=float(np.prod(1.0 + r) - 1.0),
                sharpe=excess / sigma * float(np.sqrt(year)) if sigma else None,
                problem=problem,
            )
        )
        if problem is None:
            held_after = f"the book held after window {k + 1}"
    return tuple(found)


def _failure(made: Sequence[Decision]) -> Mapping[str, Any] | None:
    """The first problem of a window in which every decision failed."""
    failed = [d.problem for d in made if d.status == "failed"]
    return failed[0] if failed and len(failed) == len(made) else None


def _returns_in(run: Backtested, first: int, last: int) -> Vector:
    """Returns of the rows of a window: those of its first row from the close before it, where the walk has one."""
    begin = max(first - run.first - 1, 0)
    return returns_of(run.equity[begin : last - run.first + 1], run.dates[begin : last - run.first + 1])


def _from(variant: Variant, history: History, first: int, last: int, decider: Decider) -> Simulation:
    start, end = (day_of(history.dates[row]) for row in (first, last))
    return simulation(variant.request, history, decider, start=start, end=end)
