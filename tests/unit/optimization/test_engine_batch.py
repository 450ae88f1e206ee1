"""Many portfolios on one covariance: the same answers as one by one, in order, whoever else is in the batch."""

from dataclasses import replace

import numpy as np
import pytest

from portopt.domain.moments import Covariance, Moments
from portopt.domain.problem import Problem
from portopt.optimization import optimize, solve
from portopt.optimization.batch import RUN, optimize_batch, runs
from portopt.optimization.ratio.best_ratio import NoExcessReturn
from portopt.questions.many import answer_run
from portopt.questions.many import optimize_batch as audited_batch
from portopt.terms.catalog import parse_limits, parse_objective

OBJECTIVES = [
    {"kind": "utility", "risk_aversion": 3.0},
    {"kind": "utility", "risk_aversion": 8.0},
    {"kind": "min_risk"},
    {"kind": "max_sharpe"},
]


def _family(market, count, *, factor_form=False, limits=None, objectives=OBJECTIVES):
    """Members on one covariance object: their own expected returns, caps and objectives."""
    base = market(400, 30, factor_form=factor_form, risk_free_rate=0.01)
    rng = np.random.default_rng(7)
    members = []
    for k in range(count):
        moments = Moments(base.universe, base.moments.mu + rng.normal(0.0, 0.01, 30), base.moments.covariance)
        wanted = {
            "budget": True,
            "long_only": True,
            "max_weight": [0.08, 0.1, 0.15][k % 3],
            "sector_limits": 0.45,
            **(limits or {}),
        }
        objective = parse_objective(objectives[k % len(objectives)])
        members.append(
            Problem(moments, objective, parse_limits(wanted), w_prev=base.w_prev, benchmark=base.benchmark, risk_free_rate=0.01)
        )
    return members


@pytest.mark.parametrize("factor_form", [False, True], ids=["dense", "factors"])
@pytest.mark.parametrize("limits", [{}, {"max_turnover": 0.5}, {"max_tracking_error": 0.2}], ids=["linear", "turnover", "cone"])
def test_every_member_gets_the_answer_it_gets_alone(market, factor_form, limits):
    problems = _family(market, 16, factor_form=factor_form, limits=limits)
    for problem, member in zip(problems, optimize_batch(problems), strict=True):
        assert member.problem is problem
        assert member.solution.problem_identity == problem.identity()
        assert member.solution.weights == pytest.approx(optimize(problem).weights, abs=1e-9)
        assert member.solution.raw.polished


def test_members_start_where_the_nearest_answer_is(market):
    problems = _family(market, 12, objectives=OBJECTIVES[:1])
    members = optimize_batch([*problems, *problems])
    first, again = members[:12], members[12:]
    for a, b in zip(first, again, strict=True):
        assert b.solution.weights == pytest.approx(a.solution.weights, abs=1e-13)
    assert {m.solution.raw.solver for m in members} == {first[0].solution.raw.solver}


def test_what_one_member_lacks_is_its_own(market):
    problems = _family(market, 6)
    problems[2] = problems[2].replaced(limits=parse_limits({"budget": True, "long_only": True, "max_weight": 0.03}))
    problems[3] = problems[3].replaced(risk_free_rate=5.0)  # a Sharpe ratio that nothing makes positive
    problems[4] = problems[4].replaced(limits=parse_limits({"budget": True, "max_turnover": 0.1}), w_prev=None)
    answers = audited_batch(problems)
    assert [answer.problem for answer in answers] == problems
    assert answers[2].diagnosis is not None
    assert "max_weight" in answers[2].diagnosis.conflicts[0].limits
    assert isinstance(answers[3].error, NoExcessReturn)
    assert answers[4].error is not None
    assert "current" in str(answers[4].error)
    for i in (0, 1, 5):
        assert answers[i].validated.certificate.certified
        assert answers[i].validated.weights == pytest.approx(optimize(problems[i]).weights, abs=1e-9)
        assert answers[i].diagnosis is None
        assert answers[i].error is None


def test_every_answer_of_a_batch_carries_its_certificate(market):
    for answer in audited_batch(_family(market, 20, limits={"max_turnover": 0.4})):
        certificate = answer.validated.certificate
        assert certificate.worst_violation <= 1e-9
        assert certificate.relative_gap <= 1e-7
        assert answer.form().n_weights == 30


def test_runs_hold_one_covariance_and_one_kind_of_program(market):
    one, other = _family(market, RUN + 5, objectives=OBJECTIVES[:1]), _family(market, 3)
    mixed = [*one[:4], *other, *one[4:]]
    planned = runs(mixed)
    assert sorted(i for run in planned for i in run) == list(range(len(mixed)))
    for run in planned:
        assert len(run) <= RUN
        assert len({mixed[i].moments.covariance.identity() for i in run}) == 1
        assert len({mixed[i].objective.kind for i in run}) == 1


def test_equal_covariances_are_one_whoever_holds_them(market):
    members = _family(market, 8, objectives=OBJECTIVES[:1])
    apart = [replace(p.moments, covariance=Covariance(Sigma=p.moments.Sigma.copy())) for p in members]
    assert runs([p.replaced(moments=moments) for p, moments in zip(members, apart, strict=True)]) == [tuple(range(8))]
    other = replace(apart[3], covariance=Covariance(Sigma=np.nextafter(apart[3].Sigma, np.inf)))
    mixed = [p.replaced(moments=other if k == 3 else apart[k]) for k, p in enumerate(members)]
    assert sorted(runs(mixed)) == [(0, 1, 2, 4, 5, 6, 7), (3,)]


def test_processes_give_the_same_bits_in_the_same_order(market):
    problems = _family(market, RUN + 10, objectives=OBJECTIVES[:1])
    problems[5] = problems[5].replaced(limits=parse_limits({"budget": True, "long_only": True, "max_weight": 0.03}))
    alone, shared = audited_batch(problems), audited_batch(problems, processes=2)
    for i, (a, b) in enumerate(zip(alone, shared, strict=True)):
        if i == 5:
            assert (a.diagnosis is None, b.diagnosis is None) == (False, False)
            assert [c.limits for c in a.diagnosis.conflicts] == [c.limits for c in b.diagnosis.conflicts]
            continue
        assert a.validated.weights.tobytes() == b.validated.weights.tobytes()
        assert b.solution.problem_identity == problems[i].identity()


def test_an_empty_batch_is_an_empty_answer():
    assert audited_batch([]) == ()
    assert optimize_batch([]) == []
    assert answer_run([]) == []


def test_a_member_whose_neighbours_lead_astray_is_solved_afresh(market):
    problems = _family(market, 4, objectives=OBJECTIVES[:1])
    mu = problems[0].moments.mu
    far = Moments(problems[0].universe, -50.0 * mu, problems[0].moments.covariance)
    problems[3] = problems[3].replaced(moments=far)
    last = optimize_batch(problems)[3].solution
    assert last.weights == pytest.approx(optimize(problems[3]).weights, abs=1e-9)
    assert solve(optimize_batch(problems[3:])[0].form()).x[:30] == pytest.approx(last.weights, abs=1e-9)
