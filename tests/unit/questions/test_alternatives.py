"""The choices beside a proposal: each is what asking for it alone gives, doing nothing first, priced by the policy."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cvxpy as cp
import made_desk
import numpy as np
import pytest

from portopt import pipeline
from portopt.document.choices import alternatives_document
from portopt.domain.choices import Alternatives
from portopt.domain.errors import InvalidValue
from portopt.intake.choices import CHOICES, request_of
from portopt.questions.alternatives import alternatives, select
from portopt.questions.rebalance import rebalance
from portopt.runtime import Runtime
from portopt.settings import Settings

OBJECTIVES = ({"kind": "utility", "risk_aversion": 5.0}, {"kind": "max_sharpe"}, {"kind": "min_risk"}, {"kind": "max_return"})


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


def asked(desk: made_desk.Desk, runtime: Runtime) -> Alternatives:
    return alternatives(desk.request, runtime, market=desk.market)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o["kind"])
@pytest.mark.parametrize("seed", range(3))
def test_each_choice_is_what_its_request_gives_when_it_is_asked_alone(seed, objective, installed):
    desk = made_desk.desk(seed, objective=objective)
    found = asked(desk, installed)
    assert len(found.choices) >= 5
    for choice in found.choices[1:]:
        alone = pipeline.certify(pipeline.optimize(desk.problem(choice.request)))
        assert np.abs(choice.measured.weights - alone.weights).max() <= 1e-9, choice.name
        assert choice.certificate is not None
        assert choice.certificate.certified


def test_doing_nothing_is_first_trades_nothing_and_is_held_against_every_limit(installed):
    tight = {**made_desk.LIMITS, "max_weight": 0.12}
    desk = made_desk.desk(1, limits=tight)
    first = asked(desk, installed).choices[0]
    book = desk.problem().previous()
    assert first.name == "do_nothing"
    assert first.run_id == ""
    assert first.request is None
    assert np.array_equal(first.measured.weights, book)
    assert (first.measured.turnover, first.measured.cost) == (0.0, 0.0)
    risky = book[:-1]
    (miss,) = [one for one in first.measured.broken if one.limit == "max_weight"]
    assert miss.by == pytest.approx(risky.max() - 0.12)
    assert miss.others == int((risky > 0.12 + 1e-9).sum()) - 1


def test_no_choice_but_doing_nothing_breaks_a_limit_and_none_that_keeps_them_gains(installed):
    for seed in range(4):
        for objective in OBJECTIVES[:2]:
            for choice in asked(made_desk.desk(seed, objective=objective), installed).choices:
                assert choice.name in ("do_nothing", "buy_only") or choice.measured.broken == ()
                if not choice.measured.broken:
                    worth = choice.measured.worth
                    assert worth is not None
                    assert worth.gives_up >= -1e-9
                    assert worth.gives_up_return is not None
                    assert worth.gives_up_return >= -1e-9


def test_each_aim_is_reached_as_an_independent_solver_reaches_it(installed):
    """cvxpy on the same limits, written out: nothing has less risk, less tracking error, less turnover or a better score."""
    desk = made_desk.desk(5)
    found, p = asked(desk, installed), desk.problem()
    n, Sigma, now = p.n, p.moments.Sigma, p.previous()
    w = cp.Variable(n)
    sectors = [a.sector for a in p.universe.assets]
    limits = [cp.sum(w) == 1, w >= 0, w[: n - 1] <= 0.3, w[n - 1] <= 0.05, cp.norm1(w - now) <= 0.5]
    limits += [cp.sum(w[[i for i, s in enumerate(sectors) if s == name]]) <= 0.55 for name in made_desk.SECTORS]
    L = np.linalg.cholesky(Sigma[: n - 1, : n - 1])

    def least(aim: cp.Expression) -> float:
        problem = cp.Problem(cp.Minimize(aim), limits)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
        return float(problem.value)

    def at(name: str) -> made_desk.Any:
        choice = found.named(name)
        assert choice is not None
        return choice.measured

    assert at("least_risk").figures.volatility == pytest.approx(least(cp.norm(L.T @ w[: n - 1])), abs=1e-7)
    active = cp.norm(L.T @ (w - p.benchmark_weights())[: n - 1])
    assert at("least_tracking_error").figures.tracking_error == pytest.approx(least(active), abs=1e-7)
    assert at("least_trading").turnover == pytest.approx(least(0.5 * cp.norm1(w - now)), abs=1e-5)
    cost = least(15e-4 * cp.norm1((w - now)[: n - 1]))
    assert at("least_cost").cost == pytest.approx(cost, abs=1e-7)


def test_buying_only_sells_nothing(installed):
    loose = {"long_only": True, "max_weight": 0.6, "max_turnover": 0.5}
    desk = made_desk.desk(2, limits=loose)
    found = asked(desk, installed).named("buy_only")
    assert found is not None
    assert (found.measured.weights[:-1] >= desk.problem().previous()[:-1] - 1e-12).all()
    assert found.measured.turnover > 0.01, "there is money to invest"


def test_buying_only_leaves_a_cap_that_is_missed_missed_by_no_more_and_says_so(installed):
    tight = made_desk.desk(1, limits={**made_desk.LIMITS, "max_weight": 0.19})
    nothing, *others = asked(tight, installed).choices
    found = next(choice for choice in others if choice.name == "buy_only")
    before, after = tight.problem().previous()[:-1], found.measured.weights[:-1]
    assert (before > 0.19).any()
    assert np.all(after >= before - 1e-12)
    assert np.all(after <= np.maximum(before, 0.19) + 1e-9)
    assert [(one.limit, one.by) for one in found.measured.broken] == [
        (one.limit, pytest.approx(one.by)) for one in nothing.measured.broken
    ]
    assert "max_weight is missed before the trades" in found.gave_way[0]
    assert all(choice.gave_way == () for choice in others if choice is not found)


def test_where_the_policys_answer_sells_nothing_it_is_the_one_that_only_buys(installed):
    loose = {"long_only": True, "max_weight": 0.9, "cash": {"max": 1.0}, "max_turnover": 0.5}
    desk = made_desk.desk(2, limits=loose, objective={"kind": "min_turnover"})
    found = asked(desk, installed)
    policy, only = found.named("policy"), found.named("buy_only")
    assert policy is not None
    assert only is not None
    assert np.array_equal(policy.measured.weights, only.measured.weights)
    assert policy.run_id != only.run_id


def test_a_choice_that_there_is_not_says_why(installed):
    bare = made_desk.desk(3, benchmark=False, scored=False, costs={}, objective={"kind": "min_risk"})
    reasons = {one.name: one.reason for one in asked(bare, installed).not_offered}
    assert "benchmark" in reasons["least_tracking_error"]
    assert "ESG score" in reasons["best_esg"]
    assert "costs" in reasons["least_cost"]
    assert reasons["least_risk"] == "the policy asks for just that"


def test_where_the_limits_conflict_each_choice_says_so_and_doing_nothing_still_stands(installed):
    desk = made_desk.desk(4, limits={**made_desk.LIMITS, "max_weight": 0.05, "buy_only": True})
    found = asked(desk, installed)
    assert [choice.name for choice in found.choices] == ["do_nothing"]
    assert found.choices[0].measured.worth is None
    assert found.choices[0].measured.drift is None
    assert {one.name for one in found.not_offered} == {choice.name for choice in CHOICES}
    assert all("max_weight" in one.reason for one in found.not_offered if one.name != "buy_only")


def test_a_choice_that_is_selected_is_the_run_that_its_request_makes(installed, tmp_path):
    desk = made_desk.desk(6)
    found = asked(desk, installed)
    card = found.named("least_trading")
    assert card is not None
    assert card.request is not None
    chosen = select(desk.request, "least_trading", installed, market=desk.market)
    alone = rebalance(card.request, Runtime(Settings(home=tmp_path / "other")), market=desk.market)
    assert chosen.run_id == card.run_id == alone.run_id
    assert chosen.document_digest == alone.document_digest
    assert all(float(t["shares"]).is_integer() for t in (chosen.document or {})["trades"])


def test_a_stored_run_has_the_same_choices_as_its_request(installed):
    desk = made_desk.desk(7)
    run = rebalance(desk.request, installed, market=desk.market)
    of_run, of_request = alternatives(run.run_id, installed), asked(desk, installed)
    assert [c.run_id for c in of_run.choices] == [c.run_id for c in of_request.choices]
    assert of_run.named("policy").run_id == run.run_id  # type: ignore[union-attr]
    assert select(run.run_id, "least_risk", installed).run_id == of_request.named("least_risk").run_id  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["do_nothing", "nonsense", "best_esg"])
def test_what_cannot_be_selected_is_refused_by_its_name(name, installed):
    desk = made_desk.desk(8, scored=False)
    with pytest.raises(InvalidValue) as refused:
        select(desk.request, name, installed, market=desk.market)
    assert name in refused.value.detail
    assert not installed.has_store


def test_a_choice_has_the_same_id_however_often_it_is_asked_and_another_for_another_book(installed):
    ids = [[c.run_id for c in asked(made_desk.desk(seed), installed).choices[1:]] for seed in (9, 9, 10)]
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])
    assert len(set(ids[0])) == len(ids[0])


def test_the_document_says_every_figure_and_names_what_is_broken(installed):
    desk = made_desk.desk(1, limits={**made_desk.LIMITS, "max_weight": 0.19})
    document = alternatives_document(asked(desk, installed))
    nothing, *others = document["alternatives"]
    assert nothing["certificate"] is None
    assert "max_weight" in nothing["limits_broken"][0]["sentence"]
    for card in others:
        assert sum(card["weights"].values()) == pytest.approx(1.0, abs=1e-12)
        assert card["gives_up"]
        assert card["certificate"]["verdict"] == "certified"
    policy = next(card for card in others if card["name"] == "policy")
    assert policy["gives_up"] == "as good"
    assert policy["drift"] == 0.0


def test_a_book_that_the_objective_has_no_value_for_is_said_to_have_none(installed):
    """Equal shares of the risk have no value where an asset is not held: a logarithm of nothing."""
    desk = made_desk.desk(3, objective={"kind": "risk_parity"}, limits={"long_only": True, "max_weight": 0.5})
    document = alternatives_document(asked(desk, installed))
    cards = {card["name"]: card for card in document["alternatives"]}
    assert cards["policy"]["gives_up"] == "as good"
    assert cards["do_nothing"]["gives_up"] == "has no value"
    assert cards["do_nothing"]["worth"]["gives_up"] is None


def test_a_request_of_one_choice_changes_nothing_but_its_aim():
    request = made_desk.desk(1).request
    least = request_of(request, "least_risk")
    assert least.policy.objective == {"kind": "min_risk"}
    assert dataclasses.replace(least, policy=dataclasses.replace(least.policy, objective=request.policy.objective)) == request
