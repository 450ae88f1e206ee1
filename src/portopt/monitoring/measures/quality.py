"""Is the allocation as good as others find it? Recent problems, put to other engines, all valued by our audit's voice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portopt.domain.arrays import Vector
from portopt.domain.canonical import digest
from portopt.domain.problem import Problem
from portopt.domain.watch import Figure, labels
from portopt.monitoring.measures.engines.plain_question import PlainQuestion, plain_question

KEPT_TO = 1e-6  # of its limits: what another engine breaks by more is no answer to this question
SMALLEST_OBJECTIVE = 1e-6  # what a difference is relative to at least: half the variance of fourteen basis points
PROBLEMS = 5  # of a sample
Engine = Callable[[PlainQuestion], Vector]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A problem, and the weights (n,) that we gave as its continuous optimum."""

    run_id: str
    problem: Problem
    weights: Vector


@dataclass(frozen=True, slots=True)
class Compared:
    """One answer beside another engine's. gap: how much better theirs is, relative; None where there is none, and why."""

    run_id: str
    gap: float | None = None
    ours: float | None = None
    theirs: float | None = None
    why: str = ""


def engines() -> Mapping[str, Engine]:
    """By the name that figures carry."""
    from portopt.monitoring.measures.engines import by_cvxpy, by_pyportfolioopt

    return {"cvxpy": by_cvxpy.solve, "pyportfolioopt": by_pyportfolioopt.solve}


def sample(run_ids: Sequence[str], day: str, most: int = PROBLEMS) -> list[str]:
    """Which runs are looked at: those whose digest with the day comes first. Nobody chooses, and all have their turn."""
    return sorted(set(run_ids), key=lambda run_id: digest(run_id, day))[:most]


def quality(answers: Sequence[Answered], now: datetime, among: Mapping[str, Engine] | None = None) -> list[Figure]:
    """quality_gap and quality_checked of every engine: the largest gap of the sample, and how many could be asked."""
    asked = [(answer, plain_question(answer.problem)) for answer in answers]
    found = []
    for name, solve in (engines() if among is None else among).items():
        compared = [compare(answer, question, solve) for answer, question in asked]
        found += _figures(name, compared, now)
    return found


def compare(answer: Answered, question: PlainQuestion | str, solve: Engine) -> Compared:
    """Both answers by the same voice: `value` of the objective, costs and all.

    gap = (theirs - ours) / max(|ours|, SMALLEST_OBJECTIVE)        ours less theirs where less is better
    """
    from portopt.monitoring.measures.engines import by_pyportfolioopt

    if isinstance(question, str):
        return Compared(answer.run_id, why=question)
    why = by_pyportfolioopt.cannot(question) if solve is by_pyportfolioopt.solve else None
    if why is not None:
        return Compared(answer.run_id, why=why)
    try:
        weights = solve(question)
    except Exception as error:  # another's library may fail in any way: that is no fault of this answer
        return Compared(answer.run_id, why=f"{type(error).__name__}: {error}"[:200])
    problem = answer.problem
    worst = max((limit.read(weights, problem).worst() for limit in problem.limits if not limit.soft), default=0.0)
    if not worst <= KEPT_TO:
        return Compared(answer.run_id, why=f"its answer breaks a limit by {worst:.2g}")
    ours, theirs = (float(problem.objective.value(w, problem)) for w in (answer.weights, weights))
    better = theirs - ours if problem.objective.sense == "maximize" else ours - theirs
    if not math.isfinite(better):
        return Compared(answer.run_id, ours=ours, theirs=theirs, why="the objective has no finite value")
    return Compared(answer.run_id, better / max(abs(ours), SMALLEST_OBJECTIVE), ours, theirs)


def _figures(engine: str, compared: Sequence[Compared], now: datetime) -> list[Figure]:
    of = labels(engine=engine)
    told = [one for one in compared if one.gap is not None]
    not_asked = [{"run": one.run_id, "why": one.why} for one in compared if one.gap is None]
    checked = Figure("quality_checked", of, now, float(len(told)), detail={"sample": len(compared), "not_asked": not_asked})
    if not told:
        why = "no problem of the sample could be asked" if compared else "no run ended in the window"
        return [Figure("quality_gap", of, now, None, why=why), checked]
    worst = max(told, key=lambda one: (one.gap or 0.0, one.run_id))
    detail = {"run": worst.run_id, "ours": worst.ours, "theirs": worst.theirs, "checked": len(told)}
    return [Figure("quality_gap", of, now, worst.gap, detail=detail), checked]
