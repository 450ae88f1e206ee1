"""Limits that name assets, on days on which not all of them are there: they end with a membership and begin with a listing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_walks import IDS, history, policy, request

from portopt.document.backtest import backtest_document
from portopt.domain.backtest import Backtested, Membership
from portopt.domain.errors import InvalidValue
from portopt.questions.backtest import backtest
from portopt.questions.through_time.backtest import Backtest
from portopt.simulation.limits_of_day import limits_of_day

LEAVES, SESSIONS = 80, 160


def walked(path: str = "auto", costs: dict[str, Any] | None = None, **limits: Any) -> Backtested:
    """BB is a member until row 80 alone."""
    h = history(SESSIONS)
    first, left = (h.dates[k].item() for k in (0, LEAVES))
    members = tuple(Membership(a, first, left if a == "BB" else None) for a in IDS)
    asked = request(on=replace(policy(**limits), costs=costs or {}), members=members)
    return backtest(Backtest(asked, replace(h, members=members), path=path), sweep=False).run


@pytest.mark.parametrize("path", ["auto", "live"])
@pytest.mark.parametrize(
    "limits",
    [
        {"min_weight": 0.1},
        {"min_weight": {"BB": 0.2, "*": 0.1}},
        {"max_weight": {"BB": 0.3, "*": 0.6}},
        {"exclusions": ["BB"]},
        {"exclusions": {"assets": ["BB"]}},
        {"min_position": {"BB": 0.1}},
        {"do_not_buy": ["BB"]},
        {"do_not_sell": ["BB"]},
        {"keep": {"assets": ["BB"]}},
    ],
)
def test_a_limit_on_who_leaves_ends_with_the_membership(path: str, limits: dict[str, Any]) -> None:
    run = walked(path, **limits)
    assert {d.status for d in run.decisions} <= {"decided", "kept"}
    b = run.ids.index("BB")
    sold = next(d for d in run.decisions if d.day >= LEAVES)
    assert not run.units[sold.day + 1 - run.first :, b].any()
    if "min_weight" in limits:
        floor = limits["min_weight"] if isinstance(limits["min_weight"], float) else limits["min_weight"]["*"]
        others = [w for d in run.decisions for a, w in zip(run.ids, d.weights, strict=False) if a != "BB"]
        assert min(others) >= floor - 1e-9
        before = [d.weights[b] for d in run.decisions if d.day < LEAVES]
        assert min(before) >= floor - 1e-9


def test_the_decision_that_lets_go_says_so_and_no_other_does() -> None:
    run = walked(min_weight=0.1)
    said = {d.day: d.notes for d in run.decisions if d.notes}
    first = min(d.day for d in run.decisions if d.day >= LEAVES)
    assert said == {
        first: ("BB left the universe and is to be sold", "min_weight does not hold of BB any more"),
    }


def test_the_document_has_the_note_in_its_row() -> None:
    h = history(SESSIONS)
    first, left = (h.dates[k].item() for k in (0, LEAVES))
    members = tuple(Membership(a, first, left if a == "BB" else None) for a in IDS)
    asked = request(on=policy(max_weight=0.5), members=members)
    document = backtest_document(backtest(Backtest(asked, replace(h, members=members)), sweep=False), "bt-1")
    assert [row["notes"] for row in document["rebalances"] if row["notes"]] == [["BB left the universe and is to be sold"]]


def test_a_rate_of_who_has_left_is_left_out_and_the_others_are_charged() -> None:
    run = walked(costs={"linear_impact": {"bps": {"AA": 5.0, "BB": 9.0}}})
    assert {d.status for d in run.decisions} <= {"decided", "kept"}


def test_a_limit_on_who_is_not_listed_yet_begins_with_the_listing() -> None:
    h = history(SESSIONS)
    prices = h.prices.copy()
    prices[:70, 3] = np.nan
    asked = request(on=policy(max_weight={"DD": 0.1, "*": 0.6}))
    run = backtest(Backtest(asked, history(prices=prices)), sweep=False).run
    assert run.decisions[0].status == "decided"
    held = [d.weights[3] for d in run.decisions if d.weights is not None]
    assert held[0] == 0.0
    assert max(held) <= 0.1 + 1e-9


def test_a_name_that_nobody_knows_is_refused_as_ever() -> None:
    with pytest.raises(InvalidValue, match="there is no asset 'BBB' here"):
        walked(max_weight={"BBB": 0.3})


def test_a_policy_that_names_no_one_is_the_same_policy() -> None:
    asked = policy(max_weight=0.4, min_weight=0.05)
    assert limits_of_day(asked, IDS, IDS[:2], ()) is asked
    assert limits_of_day(asked, IDS, IDS, ("BB",)).limits["min_weight"] == {"*": 0.05, "BB": 0.0}
