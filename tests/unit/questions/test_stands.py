"""What stands is worked out once for a process, and is what would be worked out again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import made_desk
import numpy as np
import pytest

from portopt import pipeline
from portopt.domain.errors import InfeasibleRequest
from portopt.questions import stands
from portopt.questions.edit import edit
from portopt.questions.posed import on_prices
from portopt.runtime import Runtime
from portopt.settings import Settings


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    stands.REMEMBERED.forget()
    return Runtime(Settings(home=tmp_path / "home"))


def test_the_second_question_about_a_proposal_solves_only_what_is_new(installed, monkeypatch):
    desk = made_desk.desk(2, n=10)
    held = next(iter(desk.request.holdings.shares))
    first = edit(desk.request, {held: "none"}, installed, market=desk.market)
    solved = []
    really = pipeline.optimize_posed
    monkeypatch.setattr(pipeline, "optimize_posed", lambda problem, *a, **k: solved.append(problem) or really(problem, *a, **k))
    second = edit(desk.request, {held: "+5"}, installed, market=desk.market)
    assert len(solved) == 1
    assert np.array_equal(first.stands.weights, second.stands.weights)
    stands.REMEMBERED.forget()
    afresh = edit(desk.request, {held: "+5"}, installed, market=desk.market)
    assert len(solved) == 3
    assert np.array_equal(second.edited.weights, afresh.edited.weights)
    assert second.price == afresh.price


def test_another_book_other_prices_and_another_policy_are_not_taken_for_it(installed):
    desk = made_desk.desk(2)
    other_prices = made_desk.desk(3)
    looser = dataclasses.replace(desk.request.policy, limits={**made_desk.LIMITS, "max_turnover": 0.3})
    asked = [
        desk,
        dataclasses.replace(desk, request=dataclasses.replace(desk.request, policy=looser)),
        dataclasses.replace(desk, prices=other_prices.prices),
    ]
    found = [stands.stands(on_prices(d.request, installed, d.market)) for d in asked]
    for one, d in zip(found, asked, strict=True):
        alone = pipeline.certify(pipeline.optimize(dataclasses.replace(d).problem())).weights
        assert np.abs(one.validated.weights - alone).max() <= 1e-12
    assert len({id(one) for one in found}) == 3
    assert stands.stands(on_prices(desk.request, installed, desk.market)) is found[0]


def test_only_the_last_few_are_kept_and_no_refusal_is(installed):
    desks = [made_desk.desk(seed, limits={"long_only": True}) for seed in range(30, 30 + stands.KEPT + 1)]
    found = [stands.stands(on_prices(d.request, installed, d.market)) for d in desks]
    assert stands.stands(on_prices(desks[-1].request, installed, desks[-1].market)) is found[-1]
    assert stands.stands(on_prices(desks[0].request, installed, desks[0].market)) is not found[0]
    tight = made_desk.desk(2, limits={**made_desk.LIMITS, "max_weight": 0.05})
    for _ in range(2):
        with pytest.raises(InfeasibleRequest):
            stands.stands(on_prices(tight.request, installed, tight.market))
