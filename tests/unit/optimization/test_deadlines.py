"""A deadline ends the work wherever it is, and changes nothing of an answer that comes in time.

The clock here is counted: it reads one second more each time it is asked, so that the n-th reading is where the time is over.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from portopt.analysis.pareto import pareto_surface
from portopt.construction import construct
from portopt.domain import deadline
from portopt.domain.deadline import NEVER, Deadline
from portopt.domain.errors import DeadlineExceeded, InvalidValue
from portopt.optimization import assemble, efficient_frontier, optimize
from portopt.pipeline import optimize as ask

BASE = {"budget": True, "long_only": True, "max_weight": 0.3}
ASKED = {
    "quadratic": {"objective": "min_risk", "limits": BASE},
    "linear": {"objective": "max_return", "limits": BASE},
    "ratio": {"objective": "max_sharpe", "limits": BASE},
    "cone": {"objective": "max_return", "limits": {**BASE, "max_volatility": 0.2}},
    "our own interior point": {"assets": 130, "objective": "min_risk", "limits": BASE},
    "power cone": {"objective": "min_risk", "limits": BASE, "costs": {"square_root_impact": {"coefficient": 0.1}}},
}


class Counted:
    """A clock that is one second later at each reading."""

    def __init__(self) -> None:
        self.readings = 0

    def monotonic(self) -> float:
        self.readings += 1
        return float(self.readings)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Counted:
    counted = Counted()
    monkeypatch.setattr(deadline, "time", counted)
    return counted


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_an_answer_in_time_is_the_same_bytes_and_without_a_deadline_no_clock_is_read(market, clock, asked):
    problem = market(3, **asked)
    plain = optimize(problem)
    assert clock.readings == 0
    timed = optimize(problem.replaced(until=Deadline(at=1e9, allowed=1e9)))
    assert clock.readings > 0
    assert timed.weights.tobytes() == plain.weights.tobytes()
    assert problem.replaced(until=Deadline(5.0, 5.0)).identity() == problem.identity()


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_every_kind_of_program_ends_at_its_deadline_wherever_that_falls(market, clock, asked):
    problem = market(3, **asked)
    optimize(problem.replaced(until=Deadline(at=1e9, allowed=1e9)))
    readings = clock.readings
    for over in sorted({1, 2, readings // 2, readings}):
        clock.readings = 0
        with pytest.raises(DeadlineExceeded, match=r"the 0\.25 seconds given were over while"):
            optimize(problem.replaced(until=Deadline(at=float(over), allowed=0.25)))
        assert clock.readings == over  # nothing goes on after the reading that says so


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(lambda p: efficient_frontier(p, 10), id="the frontier"),
        pytest.param(lambda p: pareto_surface(p, ("return", "risk"), 9), id="the best compromises"),
        pytest.param(lambda p: ask(p.with_limit(p.limit("max_weight").relaxed(-0.28))), id="a diagnosis"),
    ],
)
def test_what_is_made_of_many_solves_ends_too(market, clock, question):
    problem = market(3, objective="min_risk", limits=BASE)
    question(problem.replaced(until=Deadline(at=1e9, allowed=1e9)))
    readings = clock.readings
    assert readings > 3
    clock.readings = 0
    with pytest.raises(DeadlineExceeded):
        question(problem.replaced(until=Deadline(at=readings // 2, allowed=1.0)))


def test_a_program_carries_the_deadline_of_its_problem_through_every_change(market):
    until = Deadline.within(60.0)
    form = assemble(market(3, objective="max_sharpe", limits=BASE).replaced(until=until))
    assert form.until is until
    assert form.without(lambda name: name == "max_weight").until is until
    assert dataclasses.replace(form, q=np.zeros_like(form.q)).until is until
    assert not NEVER.is_set
    assert NEVER.left() == np.inf


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
def test_no_time_at_all_is_no_deadline(seconds):
    with pytest.raises(InvalidValue, match="within"):
        Deadline.within(seconds)


def test_a_constructed_portfolio_ends_at_its_deadline(market, clock):
    problem = market(3, objective={"kind": "hierarchical", "variant": "nco"}, limits=BASE)
    assert construct(problem.replaced(until=Deadline(at=1e9, allowed=1e9))).target is not None
    readings = clock.readings
    assert readings > 3
    clock.readings = 0
    with pytest.raises(DeadlineExceeded):
        construct(problem.replaced(until=Deadline(at=readings // 2, allowed=1.0)))


def test_a_search_for_whole_numbers_ends_at_its_deadline_with_the_best_so_far_and_its_gap(market, clock):
    problem = market(5, 40, objective="min_risk", limits={**BASE, "max_positions": 6})
    optimize(problem.replaced(until=Deadline(at=1e9, allowed=1e9)))
    readings, ends = clock.readings, set()
    for over in (2, readings // 3, readings // 2, readings - 2):
        clock.readings = 0
        try:
            solution = optimize(problem.replaced(until=Deadline(at=float(over), allowed=1.0)))
        except DeadlineExceeded:
            ends.add("no answer")
            continue
        ends.add("an answer with its gap")
        assert np.count_nonzero(solution.weights > 1e-9) <= 6
        assert solution.raw.mip_gap >= 0.0
    assert ends == {"no answer", "an answer with its gap"}
