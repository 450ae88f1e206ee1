"""Down the ladder of solvers to the first one with an answer, not yet polished.

    linear, integer                       HiGHS
    quadratic, dense, up to 120 columns   PIQP dense, then Clarabel
    quadratic, factor form, up to 3,000   PIQP sparse, then Clarabel
    wider ones, or a wide dense block     our own interior point (interior_point/iterate.py), then PIQP, then Clarabel
    cones                                 Clarabel
    second-order cones, 500 columns or
    60 of a dense covariance              our own interior point, then Clarabel
    with a row a scenario, columns of
    lots, or more than 20 cones           never ours, whose dense system grows with the rows

The limits are where one overtook the other, measured.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from portopt.domain.errors import InvalidValue
from portopt.domain.solution import SolveStatus
from portopt.optimization.interior_point import iterate
from portopt.optimization.scaling.presolve import Scaled, SolverAnswer
from portopt.optimization.scaling.quadric import Quadric
from portopt.optimization.scaling.ratio_gamma import RatioScale
from portopt.optimization.solvers import clarabel, highs, piqp
from portopt.optimization.tight_cones.out_of_reach import NEAREST, out_of_reach

log = logging.getLogger(__name__)
SOLVERS = ("structured", "piqp-dense", "piqp-sparse", "clarabel", "highs")
DENSE_COLUMNS = 120
SPARSE_COLUMNS = 3_000
CONIC_COLUMNS = 500
CONIC_DENSE = 60
CONIC_FEW = 20  # cones; ours takes them one by one, and of a hundred perspectives that is all it does
SCENARIO_ROWS = 300  # inequalities; limits on a large book are fewer, or fewer than its assets


def climb(
    program: Scaled,
    *,
    solver: str | None = None,
    without: tuple[str, ...] = (),
    fine: bool = False,
    scale: RatioScale | None = None,
) -> SolverAnswer:
    """The first answer down the ladder. without: solvers not to ask (again). fine: for an answer that will not be polished.
    scale: for a ratio, for solvers that move its theta; the others answer where it is one.

    A claim of infeasibility by an interior point is confirmed before it is believed, and so is one of unboundedness: both
    are also what a solver says that has lost its way. Where ours or PIQP fails, the cheap proofs that there is nothing are
    tried before the next one; where all of them fail, it is asked whether there is anything to find.
    """
    answer = SolverAnswer(SolveStatus.FAILED, "none", message="no solver takes a quadratic or conic program in integers")
    for name in (name for name in ladder(program, solver) if name not in without):
        program.form.until.check("solving")
        answer = _call(name, program, fine, scale)
        log.debug("%s: %s", name, _told(answer, program))
        if answer.status is SolveStatus.FAILED and answer.iterations and name not in ("clarabel", "highs"):
            proof = _proof_of_nothing(program)
            if proof:
                log.debug("%s proves that there is nothing", proof)
                return replace(answer, status=SolveStatus.INFEASIBLE, solver=proof)
        if answer.status in (SolveStatus.OPTIMAL, SolveStatus.WORK_LIMIT):
            break
        if answer.status is SolveStatus.INFEASIBLE and (name == "highs" or is_empty(program)):
            break
        if answer.status is SolveStatus.UNBOUNDED and name in ("clarabel", "highs"):
            answer = replace(answer, status=SolveStatus.INFEASIBLE) if is_empty(program) else answer
            break
        if answer.status is SolveStatus.INFEASIBLE:
            log.debug("%s calls it infeasible, which could not be confirmed: the next one is asked", name)
            answer = replace(answer, status=SolveStatus.FAILED, message="called infeasible, which could not be confirmed")
    if answer.status is SolveStatus.FAILED and not program.integer.any() and is_empty(program):
        return replace(answer, status=SolveStatus.INFEASIBLE)
    return answer


def _told(answer: SolverAnswer, program: Scaled) -> str:
    said = f": {answer.message}" if answer.message else ""
    size = f"{len(program.columns)} columns, {len(program.rows)} rows, {len(program.cones)} cones"
    return f"{answer.status.value} after {answer.iterations} iterations on {size}{said}"


def ladder(program: Scaled, first: str | None = None) -> tuple[str, ...]:
    """Which solvers to try, in order. Raises InvalidValue for a solver nobody knows."""
    if first is not None and first not in SOLVERS:
        raise InvalidValue("solver", first, "is not a solver of this engine", fix=f"use one of: {', '.join(SOLVERS)}")
    if program.integer.any():
        suitable: tuple[str, ...] = ("highs",) if program.P.is_zero and not program.cones else ()
    elif program.cones:
        second_order = all(cone.kind == "second_order" for cone in program.cones)
        wide = len(program.q) > CONIC_COLUMNS or len(program.P.columns) > CONIC_DENSE
        wide = wide and len(program.cones) <= CONIC_FEW
        suitable = ("structured", "clarabel") if second_order and wide and not _has_scenarios(program) else ("clarabel",)
    elif program.P.is_zero:
        suitable = ("highs", "clarabel")
    elif program.P.is_dense:
        own = ("structured",) if len(program.q) > DENSE_COLUMNS else ()
        suitable = (*own, "piqp-dense", "clarabel")
    else:
        wide = len(program.q) > SPARSE_COLUMNS or len(program.P.columns) > DENSE_COLUMNS
        own = ("structured",) if wide and not _has_scenarios(program) and not program.form.either else ()
        suitable = (*own, "piqp-sparse", "clarabel")
    unsuitable = (bool(program.cones) and first not in ("structured", "clarabel")) or (
        not program.P.is_zero and first == "highs"
    )
    if first is None or program.integer.any() or unsuitable:
        return suitable
    return (first, *(name for name in suitable if name != first))


def _has_scenarios(program: Scaled) -> bool:
    """Whether there are more inequalities than a book of this size has limits: one a scenario."""
    weights = int((program.columns < program.form.n_weights).sum())
    return int((program.row_lower != program.row_upper).sum()) > max(SCENARIO_ROWS, weights)


def _proof_of_nothing(program: Scaled) -> str:
    """Who proves without much ado that no point is left: a simplex where all is linear, a distance beside cones. "": nobody."""
    if program.cones:
        return NEAREST if out_of_reach(program) else ""
    return "highs" if is_empty(program) else ""


def is_empty(program: Scaled) -> bool:
    """Whether no point at all satisfies the rows, the box and the cones: asked without the objective.

    The linear part is asked of a simplex, whose answer is a vertex or a proof; the cones of Clarabel.
    """
    none = np.zeros(len(program.q))
    bare = replace(program, P=Quadric.of((), len(none)), q=none)
    if highs.solve(replace(bare, cones=())).status is SolveStatus.INFEASIBLE:
        return True
    return bool(program.cones) and clarabel.solve(bare).status is SolveStatus.INFEASIBLE


def _call(name: str, program: Scaled, fine: bool, scale: RatioScale | None) -> SolverAnswer:
    if name == "highs":
        return highs.solve(program)
    if name == "structured":
        return iterate.solve(program, iterate.FINE if fine else iterate.ENOUGH, scale)
    if name == "clarabel":
        return clarabel.solve(program, clarabel.FINE if fine else clarabel.ENOUGH)
    return piqp.solve_dense(program) if name == "piqp-dense" else piqp.solve_sparse(program)
