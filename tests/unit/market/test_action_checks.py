"""Corporate actions beside prices: what contradicts them is set aside, named by asset and date with both readings (row 22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from portopt.domain.action import Action
from portopt.domain.errors import DataError
from portopt.domain.market import Finding, MarketSnapshot
from portopt.market.action_checks import Checked, checked


def snapshot(prices: list[float], findings: tuple[Finding, ...] = ()) -> MarketSnapshot:
    dates = np.datetime64("2024-01-01") + np.arange(len(prices))
    return MarketSnapshot("pack-x", date(2024, 1, 31), ("A",), dates, np.array(prices)[:, None], None, "made", "raw", findings)


def test_row_22_a_dividend_larger_than_the_price_is_quarantined_with_both_readings():
    found = checked([Action("A", "dividend", date(2024, 1, 3), amount=Decimal(125))], snapshot([50.0, 50.0, 49.0, 49.0]))
    assert found.actions == ()
    (finding,) = found.findings
    assert (finding.kind, finding.asset_id, finding.date) == ("dividend_above_price", "A", date(2024, 1, 3))
    assert finding.treatment == "quarantined"
    assert "read as money it pays out 2.5 times what the share is worth" in finding.detail
    assert "read as hundredths 1.25 a share, 2.50% of the price" in finding.detail


def test_a_usual_dividend_is_kept_without_a_word():
    action = Action("A", "dividend", date(2024, 1, 3), amount=Decimal("1.25"))
    assert checked([action], snapshot([50.0, 50.0, 49.0, 49.0])) == Checked((action,), ())


SHOWN = [
    ((7, 1), [700.0, 693.0, 101.0, 99.0]),
    ((1, 10), [2.0, 2.1, 20.5, 21.0]),
    ((3, 2), [30.0, 30.0, 21.0, 20.0]),
    ((21, 20), [30.0, 30.0, 31.0, 30.0]),
]


@pytest.mark.parametrize(("ratio", "prices"), SHOWN)
def test_a_split_that_the_prices_show_or_that_is_too_small_to_show_is_kept(ratio: tuple[int, int], prices: list[float]):
    action = Action("A", "split", date(2024, 1, 3), ratio=ratio)
    assert checked([action], snapshot(prices)) == Checked((action,), ())


def test_a_split_written_the_other_way_round_is_set_aside():
    found = checked([Action("A", "split", date(2024, 1, 3), ratio=(1, 7))], snapshot([700.0, 693.0, 101.0, 99.0]))
    assert found.actions == ()
    assert [f.kind for f in found.findings] == ["split_reversed"]
    assert "from 693 on 2024-01-02 to 101 on 2024-01-03, as after 7 for 1" in found.findings[0].detail


def test_a_split_that_the_prices_do_not_show_is_set_aside():
    found = checked([Action("A", "split", date(2024, 1, 3), ratio=(2, 1))], snapshot([50.0, 50.0, 50.5, 50.0]))
    assert found.actions == ()
    assert [(f.kind, f.treatment) for f in found.findings] == [("split_not_shown", "quarantined")]


def test_a_split_that_only_the_prices_show_stays_found_and_one_that_an_action_explains_does_not():
    shown = Finding("unadjusted_split", "A", date(2024, 1, 3), -0.5, "accepted", "A halved")
    other = Finding("stale", "A", date(2024, 1, 3), 0.0, "accepted", "A stood still")
    prices = snapshot([50.0, 50.0, 25.0, 25.0], (shown, other))
    assert checked([], prices).findings == (shown, other)
    assert checked([Action("A", "split", date(2024, 1, 3), ratio=(2, 1))], prices).findings == (other,)


def test_assets_without_prices_and_days_outside_are_told_and_harm_nothing():
    actions = [Action("B", "split", date(2024, 1, 3), ratio=(2, 1)), Action("A", "split", date(2023, 1, 3), ratio=(2, 1))]
    found = checked(actions, snapshot([50.0, 50.0, 50.0]))
    assert [(f.kind, f.treatment) for f in found.findings] == [
        ("action_without_prices", "accepted"),
        ("action_outside", "accepted"),
    ]
    assert "2023-01-03 is not within 2024-01-01 and 2024-01-03" in found.findings[1].detail


def test_a_split_over_a_weekend_is_seen_at_the_next_price():
    prices = snapshot([50.0, 50.0, float("nan"), 25.2])
    action = Action("A", "split", date(2024, 1, 3), ratio=(2, 1))
    assert checked([action], prices).actions == (action,)


def test_what_is_spun_off_and_has_no_prices_is_refused_by_name():
    action = Action("A", "spin_off", date(2024, 1, 3), ratio=(1, 4), into="B")
    with pytest.raises(DataError, match="A spun off B on 2024-01-03, which there are no prices of"):
        checked([action], snapshot([50.0, 50.0, 40.0]))
    assert (
        checked([replace(action, ex_date=date(2025, 1, 3))], snapshot([50.0, 50.0, 40.0])).findings[0].kind == "action_outside"
    )
