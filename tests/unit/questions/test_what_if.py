"""A limit moved: the preview is the answer as far as it says, and what is certified is what asking for it gives."""

from __future__ import annotations

from pathlib import Path

import made_desk
import numpy as np
import pytest

from portopt import pipeline
from portopt.document.choices import what_if_document
from portopt.domain.errors import InfeasibleRequest, InvalidValue, MissingInput, RequestError, UnknownField
from portopt.intake.moved import moved_request
from portopt.questions.rebalance import rebalance
from portopt.questions.what_if import propose_what_if, what_if
from portopt.runtime import Runtime
from portopt.settings import Settings

WITHIN = 1e-6


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


@pytest.mark.parametrize("seed", range(8))
def test_inside_its_range_the_preview_is_what_solving_again_gives(seed, installed):
    """Limits and the risk aversion of random books, moved by a little and by more."""
    desk, inside = made_desk.desk(40 + seed, n=10), 0
    for moved in (
        {"limits.max_turnover": 0.249},
        {"limits.max_turnover": 0.2},
        {"limits.max_weight": 0.295},
        {"objective.risk_aversion": 5.05},
        {"objective.risk_aversion": 8.0},
        {"limits.sector_limits": 0.54},
        {"limits.max_turnover": 0.245, "limits.max_weight": 0.29},
    ):
        try:
            found = what_if(desk.request, moved, installed, market=desk.market)
        except InfeasibleRequest:
            continue
        alone = pipeline.certify(pipeline.optimize(desk.problem(moved_request(desk.request, moved))))
        assert np.abs(found.after.weights - alone.weights).max() <= 1e-9
        if found.preview is None:
            assert found.left_out, "a preview that is not there says why"
        elif found.preview.reach >= 1.0:
            inside += 1
            assert found.preview.differs <= WITHIN
            assert np.abs(found.preview.weights - alone.weights).max() <= WITHIN
    assert inside >= 2, "the test would say nothing"


@pytest.mark.parametrize("seed", range(6))
def test_where_weights_bend_the_preview_says_how_far_it_is_straight(seed, installed):
    """A ratio and a tracking error that binds: a step that is said to be inside is inside, a large one is not said to be."""
    limits = {**made_desk.LIMITS, "max_tracking_error": 0.06}
    desk, steps = made_desk.desk(60 + seed, n=10, objective={"kind": "max_sharpe"}, limits=limits), []
    for by in (1e-7, 1e-5, 1e-3, 1e-2):
        try:
            found = what_if(desk.request, {"limits.max_turnover": 0.25 - by}, installed, market=desk.market)
        except InfeasibleRequest:
            pytest.skip("no portfolio within these limits")
        assert found.preview is not None
        steps.append((found.preview.reach >= 1.0, found.preview.differs))
        assert not found.preview.is_exact
        if found.preview.reach >= 1.0:
            assert found.preview.differs <= WITHIN
    assert steps[0][0], "a step of a ten-millionth is inside"


def test_past_its_range_the_preview_says_what_changes_there(installed):
    desk = made_desk.desk(41, n=10)
    found = what_if(desk.request, {"limits.max_turnover": 0.015}, installed, market=desk.market)
    assert found.preview is not None
    assert found.preview.reach < 1.0
    assert found.preview.until
    assert found.preview.differs > WITHIN


def test_what_is_moved_stands_beside_what_stood_and_is_worth_the_difference(installed):
    desk = made_desk.desk(41, n=10)
    found = what_if(desk.request, {"limits.max_turnover": 0.1}, installed, market=desk.market)
    p = desk.problem()
    values = [p.objective.value(w, p) for w in (found.stands.weights, found.after.weights)]
    assert found.worth.gives_up == pytest.approx(values[0] - values[1], abs=1e-12)
    assert found.worth.gives_up > 0
    assert found.moved == (("limits.max_turnover", 0.25, 0.1),)
    assert found.after.turnover <= 0.1 + 1e-9 < found.stands.turnover
    document = what_if_document(found)
    assert "gives up" in document["worth"]["sentence"]
    assert document["trades"]


def test_it_is_proposed_as_a_run_of_its_own(installed):
    desk = made_desk.desk(41)
    moved = {"limits.max_turnover": 0.1}
    run = rebalance(desk.request, installed, market=desk.market)
    named = what_if(run.run_id, moved, installed).run_id
    assert propose_what_if(run.run_id, moved, installed).run_id == named != run.run_id


@pytest.mark.parametrize(
    ("moved", "kind", "word"),
    [
        ({}, MissingInput, "nothing is moved"),
        ({"limits.max_turnovr": 0.1}, UnknownField, "max_turnover"),
        ({"approval.four_eyes": False}, InvalidValue, "who decides"),
        ({"estimation.lookback": 60}, InvalidValue, "believed"),
        ({"limits.max_turnover": "much"}, RequestError, "number"),
    ],
    ids=str,
)
def test_what_cannot_be_moved_is_refused(moved, kind, word, installed):
    desk = made_desk.desk(41)
    with pytest.raises(kind) as refused:
        what_if(desk.request, moved, installed, market=desk.market)
    assert word in " ".join([refused.value.detail, *refused.value.fixes])


def test_where_whole_numbers_change_no_preview_is_said_to_hold(installed):
    """A limit on how many trades: which ones are made may change with anything."""
    changed = 0
    for seed in range(6):
        desk = made_desk.desk(
            80 + seed, n=8, limits={"long_only": True, "max_weight": 0.4, "max_trades": 3, "max_turnover": 0.3}
        )
        found = what_if(desk.request, {"limits.max_turnover": 0.1}, installed, market=desk.market)
        assert found.preview is not None or found.left_out
        if found.preview is not None:
            changed += found.preview.differs > WITHIN
            assert found.preview.reach < 1.0 or found.preview.differs <= WITHIN
    assert changed, "the test would say nothing"
