"""An asset that ends where another begins is asked about by both names."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from portopt.domain.holdings import Holdings
from portopt.domain.market import Finding, MarketSnapshot
from portopt.market.notes import notes_on_holdings
from portopt.market.successors import successor

NAN = float("nan")
OLD = [50.0, 51.0, 52.0, NAN, NAN, NAN, NAN, NAN, NAN, NAN]


def snapshot(new: list[float], findings: tuple[Finding, ...] = ()) -> MarketSnapshot:
    days = np.datetime64("2024-03-04") + np.arange(10)
    table = np.array([OLD, new, [10.0] * 10]).T
    return MarketSnapshot("pack-x", date(2024, 3, 13), ("OLD", "NEW", "ELSE"), days, table, None, "made", "raw", findings)


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ([NAN] * 3 + [52.5] * 7, ("NEW", date(2024, 3, 7), 52.5)),
        ([NAN] * 9 + [52.5], None),  # a week later
        ([NAN] * 3 + [80.0] * 7, None),  # another price
        ([52.0] * 10, None),  # it was there before
    ],
)
def test_it_is_what_begins_then_at_about_that_price(new, found):
    assert successor(snapshot(new), "OLD", {"OLD", "ELSE"}) == found


def test_what_is_held_already_is_no_other_name():
    assert successor(snapshot([NAN] * 3 + [52.5] * 7), "OLD", {"OLD", "NEW"}) is None


def test_both_names_are_told():
    ended = Finding("no_longer_traded", "OLD", date(2024, 3, 6), 52.0, "quarantined", "ended")
    held = Holdings("P", {"OLD": np.int64(1), "ELSE": np.int64(1)})  # type: ignore[dict-item]  # how many does not matter
    (note,) = notes_on_holdings(snapshot([NAN] * 3 + [52.5] * 7, (ended,)), held, frozenset())
    assert "OLD has had no price since 2024-03-06, and NEW begins on 2024-03-07 at 52.5" in note
