"""How the optimal weights move when the question does."""

from __future__ import annotations

from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.found import Moves
from portopt.domain.request import OptimizationRequest
from portopt.questions.weights import optimize

MOST_MATRIX = 200  # assets, for the whole matrix of derivatives by expected return


def sensitivity(request: OptimizationRequest, *, until: Deadline = NEVER) -> Moves:
    """How the optimal weights move with risk aversion, expected returns and every binding limit, and how far that holds.

    The weights are certified; where they have no derivative (`left_out` says why) they are given without.
    """
    from portopt.analysis import Attempts
    from portopt.optimization.prices.derivatives import sensitivities

    answer = optimize(request, prices_solved_again=True, until=until)
    problem, form, solution = answer.problem, answer.form, answer.validated.solution
    said, matrix = Attempts(list(answer.left_out)), problem.n <= MOST_MATRIX
    found = said.attempt("how the weights move", lambda: sensitivities(problem, form, solution, returns=matrix))
    return Moves(problem, answer.validated, answer.prices, found, bool(form.integer.any()), tuple(said.left_out))
