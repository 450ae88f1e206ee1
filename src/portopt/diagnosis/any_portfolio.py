"""Any portfolio within some limits, asked without an objective and with no limit opened."""

from __future__ import annotations

from collections.abc import Set

from portopt.diagnosis.elastic import elastic
from portopt.diagnosis.feasibility import Feasibility
from portopt.domain.arrays import Vector
from portopt.domain.program import StandardForm
from portopt.domain.solution import SolveStatus


def found_portfolio(limits: Feasibility, form: StandardForm, names: Set[str]) -> Vector | None:
    """(n,) a portfolio within `names` and what is structural; None where none was found. Raises OutOfWork."""
    gone = limits.always_gone | (set(limits.names) - names)
    raw = limits.ask(elastic(form, {}, names, ignored=gone).form)
    return None if raw.status is not SolveStatus.OPTIMAL or raw.x is None else raw.x[: limits.problem.n]
