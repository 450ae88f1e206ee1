"""Many portfolios on shared beliefs: solved together, each audited, each refusal its own, on one core or several.

Nobody's infeasibility is anybody else's: an infeasible member brings its diagnosis, a refused one its error, and the others
their certificates, in the order asked. Processes are spawned with BLAS threads pinned to one and get whole runs of members
(see optimization/batch.py), so that what they give is what one process gives, bit for bit, where that one pins them too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from portopt.domain.certificate import ValidatedSolution
from portopt.domain.diagnosis import Diagnosis
from portopt.domain.errors import CertificateRefused, PortoptError, stopped
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Solution, SolveStatus

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True, slots=True, eq=False)
class BatchAnswer:
    """One member's answer: exactly one of validated, diagnosis and error is there.

    solution: None where the member could not be asked or has no maximum (its error then says why).
    """

    problem: Problem
    solution: Solution | None = None
    validated: ValidatedSolution | None = None
    diagnosis: Diagnosis | None = None
    error: PortoptError | None = None

    def form(self) -> StandardForm:
        """Its program, assembled again: a form of a dense covariance is too large to keep a thousand times."""
        from portopt.optimization import assemble

        return assemble(self.problem)


def optimize_batch(problems: Sequence[Problem], *, processes: int = 1) -> tuple[BatchAnswer, ...]:
    """Every problem's audited answer, in the order given. processes: how many share the work; 1 is this one."""
    from portopt.optimization.batch import runs

    found: dict[int, BatchAnswer] = {}
    planned = runs(problems)
    questions = ([problems[i] for i in run] for run in planned)
    for run, answers in zip(planned, _answered(questions, min(processes, len(planned))), strict=True):
        found.update(zip(run, answers, strict=True))
    return tuple(found[i] for i in range(len(problems)))


def answer_run(problems: Sequence[Problem]) -> list[BatchAnswer]:
    """The members of one run, solved and audited."""
    from portopt.optimization.batch import solve_run

    return [_audited(m.problem, form, m.solution, m.refusal) for m, form in solve_run(problems)]


def _audited(
    problem: Problem, form: StandardForm | None, solution: Solution | None, refusal: PortoptError | None
) -> BatchAnswer:
    from portopt import audit
    from portopt.diagnosis import diagnose

    if refusal is not None or form is None or solution is None:
        return BatchAnswer(problem, error=refusal)
    if solution.status is SolveStatus.INFEASIBLE:
        diagnosis = diagnose(problem)
        infeasible = Solution(SolveStatus.INFEASIBLE, problem.identity(), diagnosis=diagnosis)
        return BatchAnswer(problem, infeasible, diagnosis=diagnosis)
    if not solution.is_optimal:
        message = solution.raw.message if solution.raw else ""
        return BatchAnswer(problem, solution, error=stopped(solution.status.value, message))
    try:
        return BatchAnswer(problem, solution, audit.certify(problem, form, solution))
    except CertificateRefused as refused:
        return BatchAnswer(problem, solution, error=refused)


def _answered(questions: Iterator[Sequence[Problem]], processes: int) -> Iterator[list[BatchAnswer]]:
    if processes <= 1:
        yield from map(answer_run, questions)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Spawned: a forked child would inherit the locks of whatever threads run here.
    with _one_thread(), ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(answer_run, questions)


@contextmanager
def _one_thread() -> Iterator[None]:
    """The environment children start in: their BLAS reads it once, when NumPy is imported."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
