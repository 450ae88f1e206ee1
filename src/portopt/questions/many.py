"""Many portfolios on shared beliefs: solved together, each audited, each refusal its own, on one core or several.

Nobody's infeasibility is anybody else's: an infeasible member brings its diagnosis, a refused one its error, and the others
their certificates, in the order asked. Processes (children.py) have one BLAS thread each and get whole runs of members (see
optimization/batch.py), so that what they give is what one process gives, bit for bit, where that one has one thread too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from portopt.domain.certificate import ValidatedSolution
from portopt.domain.diagnosis import Diagnosis
from portopt.domain.errors import PortoptError, stopped
from portopt.domain.problem import Problem
from portopt.domain.program import StandardForm
from portopt.domain.solution import Solution, SolveStatus
from portopt.questions.sharing import Sharing


@dataclass(frozen=True, slots=True, eq=False)
class CertifiedMember:
    """One member's answer: exactly one of validated, diagnosis and error is there.

    solution: None where the member could not be asked or has no maximum (its error then says why). kept: its program, where
    it was asked for and is at hand.
    """

    problem: Problem
    solution: Solution | None = None
    validated: ValidatedSolution | None = None
    diagnosis: Diagnosis | None = None
    error: PortoptError | None = None
    kept: StandardForm | None = field(default=None, repr=False)

    def form(self) -> StandardForm:
        """Its program; assembled again where it was not kept: one of a dense covariance is large to keep a thousand times."""
        from portopt.optimization import assemble

        return assemble(self.problem, multiples=True) if self.kept is None else self.kept


def optimize_batch(problems: Sequence[Problem], *, processes: int = 1, keep_forms: bool = False) -> tuple[CertifiedMember, ...]:
    """Every problem's audited answer, in the order given. processes: how many share the work; 1 is this one.

    keep_forms: the answers of this process bring their programs with them.
    """
    from portopt.optimization.batch import runs
    from portopt.questions.children import mapped

    sharing, found = Sharing(), dict[int, CertifiedMember]()
    problems = [sharing.problem(problem) for problem in problems]
    planned = runs(problems)
    questions = ([problems[i] for i in run] for run in planned)
    processes = min(processes, len(planned))
    answer = partial(answer_run, keep_forms=keep_forms and processes <= 1)
    answered = map(answer, questions) if processes <= 1 else mapped(answer, questions, processes)
    for run, answers in zip(planned, answered, strict=True):
        # What a process gives back is about a copy of what it was given.
        found.update((i, replace(a, problem=problems[i])) for i, a in zip(run, answers, strict=True))
    return tuple(found[i] for i in range(len(problems)))


def answer_run(problems: Sequence[Problem], *, keep_forms: bool = False) -> list[CertifiedMember]:
    """The members of one run, solved and audited."""
    from portopt.optimization.batch import solve_run

    answers = []
    for member, form in solve_run(problems):
        try:
            answer = _audited(member.problem, form, member.solution, member.refusal)
        except PortoptError as refused:  # by the audit, or because the time was over while it was diagnosed
            answer = CertifiedMember(member.problem, member.solution, error=refused)
        answers.append(replace(answer, kept=form) if keep_forms else answer)
    return answers


def _audited(
    problem: Problem, form: StandardForm | None, solution: Solution | None, refusal: PortoptError | None
) -> CertifiedMember:
    from portopt import audit
    from portopt.diagnosis import diagnose

    if refusal is not None or form is None or solution is None:
        return CertifiedMember(problem, error=refusal)
    if solution.status is SolveStatus.INFEASIBLE:
        diagnosis = diagnose(problem)
        infeasible = Solution(SolveStatus.INFEASIBLE, problem.identity(), diagnosis=diagnosis)
        return CertifiedMember(problem, infeasible, diagnosis=diagnosis)
    if not solution.is_optimal:
        message = solution.raw.message if solution.raw else ""
        return CertifiedMember(problem, solution, error=stopped(solution.status.value, message))
    return CertifiedMember(problem, solution, audit.certify(problem, form, solution))
