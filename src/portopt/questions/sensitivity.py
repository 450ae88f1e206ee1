"""How the optimal weights move when the question does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import Moves
from portopt.questions.posed import Asked
from portopt.questions.weights import optimize

if TYPE_CHECKING:
    from portopt.runtime import Runtime

MOST_MATRIX = 200  # assets, for the whole matrix of derivatives by expected return


def sensitivity(request: Asked, runtime: Runtime | None = None, *, until: Deadline = NEVER) -> Moves:
    """How the optimal weights move with risk aversion, expected returns and every binding limit, and how far that holds.

    The weights are certified; where they have no derivative (`left_out` says why) they are given without.
    runtime: to read a book's prices.
    """
    from portopt.analysis import Attempts
    from portopt.optimization.prices.derivatives import sensitivities

    answer = optimize(request, runtime, prices_solved_again=True, until=until)
    problem, form, solution = answer.problem, answer.form, answer.validated.solution
    said, matrix = Attempts(list(answer.left_out)), problem.n <= MOST_MATRIX
    found = said.attempt("how the weights move", lambda: sensitivities(problem, form, solution, returns=matrix))
    whole, left_out = bool(form.integer.any()), tuple(said.left_out)
    return Moves(problem, answer.validated, answer.prices, found, whole, left_out, answer.rests_on)
