"""HiGHS has three doors and one place behind them: its options, its errors, what a used object remembers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portopt.domain.program import Program
from portopt.domain.solution import SolveStatus
from portopt.optimization import solve
from portopt.optimization.scaling.presolve import scaled
from portopt.optimization.solvers import highs, highs_dual, highs_native, highs_search
from portopt.optimization.solvers.highs_native import Native, NativeFailure


def linear():
    """The dearest of three returns under a cap of one half each: 0.5 in the first two."""
    program = Program(3)
    program.add_linear(program.weights, -np.array([0.3, 0.2, 0.1]))
    program.add_rows(np.ones((1, 3)), program.weights, 1.0, 1.0, limit="budget")
    program.add_bounds(program.weights, 0.0, 0.5, limit="cap")
    return program.freeze()


@pytest.mark.parametrize("door", [highs.OPTIONS, highs_dual.OPTIONS, highs_search.WITHOUT_HEURISTICS])
def test_every_door_has_the_same_common_options(door):
    asked = Native(door).highs
    for name, value in highs_native.OPTIONS.items():
        assert asked.getOptionValue(name)[1] == value, name
    assert asked.getOptionValue("threads")[1] == 1
    assert asked.getOptionValue("time_limit")[1] == float("inf")


def test_an_option_that_does_not_exist_is_an_error_and_not_passed_over():
    with pytest.raises(NativeFailure, match="setOptionValue"):
        Native({"no_such_option": 1})


def test_where_a_native_call_fails_the_next_solver_of_the_ladder_answers(monkeypatch):
    expected = solve(linear())

    def failing(self):
        raise NativeFailure("run", "an error")

    monkeypatch.setattr(Native, "run", failing)
    program = scaled(linear())
    assert highs.solve(program).status is SolveStatus.FAILED
    assert "run" in highs.solve(program).message
    assert highs_dual.solve(program).status is SolveStatus.FAILED
    assert highs.Session(program).solve(program).status is SolveStatus.FAILED
    raw = solve(linear())
    assert raw.solver == "clarabel"
    assert raw.x == pytest.approx(expected.x, abs=1e-9)


def test_a_search_that_fails_with_its_gap_open_is_refused_and_its_first_guess_is_no_answer(monkeypatch):
    """Six sizes under one lid, with a risk: HiGHS is made to give up as 1.16 does, once the first question is answered."""
    program = Program(6)
    program.add_linear(program.weights, -np.array([1.0, 1.4, 0.7, 0.9, 0.5, 1.2]))
    program.add_quadratic(program.weights, np.array([0.4, 0.5, 0.3, 0.2, 0.6, 0.3]))
    program.add_rows(np.array([[3.0, 4.0, 2.0, 3.0, 1.0, 5.0]]), program.weights, -np.inf, 7.0, limit="lid")
    program.add_bounds(program.weights, 0.0, 1.0, limit="once")
    form = replace(program.freeze(), integer=np.ones(6, dtype=bool))
    assert solve(form).status is SolveStatus.OPTIMAL
    run, calls = Native.run, []

    def gives_up(self, **how):
        calls.append(True)
        if len(calls) == 1:
            return run(self, **how)
        raise NativeFailure("run", "an error")

    monkeypatch.setattr(Native, "run", gives_up)
    raw = solve(form)
    assert raw.status is SolveStatus.FAILED
    assert raw.x is None
    assert "run" in raw.message
    assert len(calls) > 1


def test_a_run_that_gave_up_before_it_began_is_asked_again_with_a_scheduler_of_its_own(monkeypatch):
    """What HiGHS 1.16 answers after another library used it with other threads; 1.15 is made to answer it here."""
    asked = Native({})
    program = scaled(linear())
    asked.load(program.q, program.A, (program.row_lower, program.row_upper), (program.lower, program.upper), None)
    statuses = asked._highspy.HighsStatus
    run, calls = asked.highs.run, []

    def conflicting():
        calls.append(True)
        return statuses.kError if len(calls) == 1 else run()

    monkeypatch.setattr(asked.highs, "run", conflicting)
    assert asked.run() == "Optimal"
    assert len(calls) == 2


def test_a_session_that_was_asked_for_the_impossible_forgets_it():
    """To tell impossible from endless HiGHS is asked without costs; the next question has them again."""
    form = linear()
    program = scaled(form)
    session = highs.Session(program)
    first = session.solve(program)
    impossible = replace(program, row_lower=program.row_lower + 100.0, row_upper=program.row_upper + 100.0)
    assert session.solve(impossible).status is SolveStatus.INFEASIBLE
    again = session.solve(program)
    assert again.status is SolveStatus.OPTIMAL
    assert again.x.tobytes() == first.x.tobytes()


def test_what_can_be_bettered_without_end_is_unbounded_and_what_is_not_known_is_a_failure(monkeypatch):
    program = scaled(linear())
    words = iter([highs.EITHER, "Optimal", highs.EITHER, "Infeasible", highs.EITHER, "Unknown"])
    monkeypatch.setattr(Native, "run", lambda self: next(words))
    found = [highs.solve(program).status for _ in range(3)]
    assert found == [SolveStatus.UNBOUNDED, SolveStatus.INFEASIBLE, SolveStatus.FAILED]
