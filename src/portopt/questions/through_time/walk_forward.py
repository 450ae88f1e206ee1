"""How a policy, and the choice of its parameters, would have done where nothing of the test was known to the choice.

In pieces, each of which may be worked out by another process: `planned_for`, `tried` for each variant, `walked_over`,
`concluded_walk`; `walk_forward` is all of them in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from portopt.domain.arrays import Matrix, Vector
from portopt.domain.backtest import Backtested
from portopt.domain.backtest_found import Proof
from portopt.domain.errors import PortoptError
from portopt.domain.trials import TrialRecord, family_of, trial_id_of
from portopt.domain.walk import Choice, Paths, Trial, Variant, WalkForward
from portopt.judgement.bands import annual_bands
from portopt.judgement.figures import Figures, figures
from portopt.judgement.gate import Gate, Verdict, judge
from portopt.judgement.histories import returns_of
from portopt.judgement.overfitting import Overfitting, overfitting
from portopt.judgement.walked import Begun, Tried, WalkFound
from portopt.ports import TrialStore
from portopt.questions.through_time.backtest import Backtest, concluded, require_sound_question
from portopt.simulation import walk_forward as walks
from portopt.simulation.comparators import drifting
from portopt.simulation.cross_validation import cross_validated
from portopt.simulation.deciders import decider_of
from portopt.simulation.forecast_ranges import covered, forecast_ranges
from portopt.simulation.history import day_of
from portopt.simulation.prove import prove
from portopt.simulation.simulate import Progress, Run, Simulation, walked
from portopt.simulation.strategies import Decider
from portopt.simulation.windows import Plan, planned, starts_of, variants_of

if TYPE_CHECKING:
    from portopt.domain.market import MarketSnapshot
    from portopt.runtime import Runtime

YEAR = 252.0


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """What is known before anything is tried: the question, its variants, and the windows."""

    asked: Backtest
    walk: WalkForward
    variants: tuple[Variant, ...]
    plan: Plan

    def decider(self, variant: Variant) -> Decider:
        return decider_of(variant.request, self.asked.path)


def planned_for(asked: Backtest, walk: WalkForward) -> Planned:
    """Raises as `walk_forward` does, before anything is worked out."""
    require_sound_question(asked.request, asked.history)
    variants = variants_of(asked.request, walk)
    plan = planned(variants, asked.history, walk)
    starts_of(plan, walk)
    return Planned(asked, walk, variants, plan)


def tried(of: Planned, variant: int, progress: Progress | None = None) -> Trial:
    """One variant over the whole history."""
    return walks.trial(of.variants[variant], of.asked.history, of.plan, of.decider, progress)


def chosen(of: Planned, trials: Sequence[Trial]) -> tuple[Choice, ...]:
    """What each window chooses. Raises the first refusal where every variant was refused."""
    if all(one.problem is not None for one in trials):
        walked(walks.walking(of.variants, of.asked.history, of.plan, (Choice(0, None),) * len(of.plan.splits), of.decider))
    return walks.choose(of.plan, trials, of.asked.history, of.asked.request.policy.risk_free_rate)


def walked_over(
    of: Planned, choices: tuple[Choice, ...], progress: Progress | None = None
) -> tuple[Simulation, Backtested, Run]:
    """The walk over all windows."""
    s = walking_of(of, choices)
    run, end = walked(s, progress=progress)
    return s, run, end


def walking_of(of: Planned, choices: tuple[Choice, ...]) -> Simulation:
    """The walk before it is walked; the benchmark is bought when its first orders are filled."""
    s = walks.walking(of.variants, of.asked.history, of.plan, choices, of.decider)
    held_against = drifting(of.asked.request, of.asked.history, min(s.last, s.ready + s.request.execution.delay))
    return replace(s, benchmark=None if held_against is None else held_against.weights)


def cross_validated_for(of: Planned) -> Paths:
    """The paths of the policy itself, over all that its variants trade on."""
    return cross_validated(of.asked.request, of.asked.history, of.walk, max(of.plan.first, 1), of.plan.last)


def proven_walk(of: Planned, s: Simulation, run: Backtested, end: Run) -> Proof:
    """Every decision of the walk put to the proof that it saw nothing of what came after it."""
    return prove(s, run, end, lambda _: s.decider, seed=of.asked.request.seed, in_full=False)


def concluded_walk(
    of: Planned,
    trials: Sequence[Trial],
    choices: tuple[Choice, ...],
    s: Simulation,
    run: Backtested,
    end: Run,
    *,
    registry: TrialStore | None = None,
    gate: Gate = Gate(),
    paths: Paths | None = None,
    proof: Proof | None = None,
) -> WalkFound:
    """Everything that is said of a walk that has come to its end. paths, proof: where they were asked for."""
    request, history = of.asked.request, of.asked.history
    rf = request.policy.risk_free_rate
    held_against = drifting(request, history, min(s.last, s.ready + s.request.execution.delay))
    asked = replace(of.asked, request=replace(request, start=day_of(run.dates[0]), end=day_of(run.dates[-1])))
    unproven = replace(asked, request=replace(asked.request, prove=False))
    windows = walks.windows_as_walked(run, of.plan, choices, history, rf)
    told = tuple(_tried(of, one, choices) for one in trials)
    known = _registered(of, told, registry)
    excess = returns_of(run.equity, run.dates) - rf / YEAR
    R = _excess_of_trials(of, trials, rf)
    ranges = forecast_ranges(of.plan, trials, choices, run, history)
    return WalkFound(
        backtest=replace(concluded(unproven, s, held_against, run, end), request=asked.request, proof=proof),
        walk=of.walk,
        windows=windows,
        tried=told,
        known_trials=known,
        verdict=_verdict(R, excess, known, gate),
        overfitting=_overfitting(R, gate),
        ranges=ranges,
        coverage=covered(ranges),
        bands=annual_bands(excess + rf / YEAR, risk_free=rf, seed=request.seed),
        paths=paths,
        starts=_starts(of, choices, trials, run),
    )


def _tried(of: Planned, one: Trial, choices: Sequence[Choice]) -> Tried:
    times = sum(choice.variant == one.number for choice in choices)
    found = None if one.problem is not None else _figures_over_tests(of, one)
    return Tried(of.variants[one.number], times, found, one.failed, one.problem)


def _figures_over_tests(of: Planned, one: Trial) -> Figures | None:
    begin = of.plan.walk_first - of.plan.first
    equity, dates = one.equity[begin:], of.asked.history.dates[of.plan.walk_first : of.plan.last + 1]
    if equity.min() <= 0.0:
        return None
    return figures(equity, dates, risk_free=of.asked.request.policy.risk_free_rate)


def _excess_of_trials(of: Planned, trials: Sequence[Trial], rf: float) -> Matrix:
    """(T, N) excess returns of the variants that have a history, over the days of the walk."""
    begin = of.plan.walk_first - of.plan.first + 1
    columns = [walks.trial_returns(one, of.plan, of.asked.history)[begin:] for one in trials if one.problem is None]
    return np.column_stack(columns) - rf / YEAR if columns else np.empty((of.plan.last - of.plan.walk_first, 0))


def _registered(of: Planned, told: Sequence[Tried], registry: TrialStore | None) -> int:
    """How many strategies were tried on these assets so far, these among them."""
    if registry is None:
        return len(told)
    dates = (day_of(of.asked.history.dates[of.plan.first]), day_of(of.asked.history.dates[of.plan.last]))
    family, T = family_of(of.asked.request), of.plan.last - of.plan.walk_first
    registry.register(
        [
            TrialRecord(
                family,
                trial_id_of(one.variant.request),
                one.variant.request.policy.id,
                one.variant.changes,
                None if one.figures is None else one.figures.sharpe,
                T,
                *dates,
            )
            for one in told
        ]
    )
    return registry.count(family)


def _verdict(R: Matrix, excess: Vector, known: int, gate: Gate) -> Verdict | None:
    """None where the walk has no returns that could be judged."""
    try:
        return judge(R, of=excess, trials=max(known, R.shape[1]), gate=gate)
    except PortoptError:
        return None


def _overfitting(R: Matrix, gate: Gate) -> Overfitting | None:
    return overfitting(R, gate.blocks) if R.shape[1] > 1 and len(R) >= 2 * gate.blocks else None


def _starts(of: Planned, choices: tuple[Choice, ...], trials: Sequence[Trial], run: Backtested) -> tuple[Begun, ...]:
    """The same walk from several days on: all of it is cut, chosen and traded anew from there."""
    rf = of.asked.request.policy.risk_free_rate
    first, *others = starts_of(of.plan, of.walk)
    out = [Begun(day_of(of.asked.history.dates[first]), figures(run.equity, run.dates, risk_free=rf))]
    for row in others:
        begin = day_of(of.asked.history.dates[row])
        try:
            plan = planned(of.variants, of.asked.history, of.walk, start=row)
            again = replace(of, plan=plan)
            cut = [_cut(one, plan.first - of.plan.first) for one in trials]
            found = walked_over(again, chosen(again, cut))[1]
            out.append(Begun(begin, figures(found.equity, found.dates, risk_free=rf)))
        except PortoptError as refusal:
            out.append(Begun(begin, None, refusal.problem()))
    return tuple(out)


def _cut(one: Trial, rows: int) -> Trial:
    """The trial from a later row on: its returns there are those it had."""
    return replace(one, equity=one.equity[rows:])


def kept(asked: Backtest, found: WalkFound, snapshot: MarketSnapshot, runtime: Runtime | None = None) -> dict[str, Any]:
    """The document, left in the store, where there is one, with its prices."""
    from portopt.document.walk_forward import walk_document
    from portopt.runs.through_time.life import keep

    question = replace(asked.asked, kind="walk_forward", walk=found.walk)
    # What was tried before on these assets judges this walk too: with another register it is another answer.
    known = {} if found.known_trials == len(found.tried) else {"known": found.known_trials}
    document = walk_document(found, question.run_id(snapshot, **asked.beside, **known))
    keep(question, document, snapshot, runtime)
    return document
