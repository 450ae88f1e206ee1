"""Gains and losses added up, beside a table by hand and beside the lines of a form."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portopt.domain.tax import LongAfter, TaxRecord, TaxRules
from portopt.taxation.netting import netted

BY_TERM = TaxRules("by term", 0.37, 0.2, LongAfter(months=12))
MONEY = st.integers(-10_000, 10_000).map(D)
LOSS = st.integers(0, 10_000).map(D)
FREE = st.integers(0, 3_000).map(D)


# short, long -> taxed short, taxed long, carried short, carried long: every quarter of the plane and its edges.
@pytest.mark.parametrize(
    ("short", "long", "taxed", "carried"),
    [
        (300, 200, (300, 200), (0, 0)),
        (-300, 200, (0, 0), (100, 0)),  # 200 of the loss is used, 100 stays short
        (-200, 300, (0, 100), (0, 0)),
        (-200, 200, (0, 0), (0, 0)),
        (300, -200, (100, 0), (0, 0)),
        (200, -300, (0, 0), (0, 100)),
        (-300, -200, (0, 0), (300, 200)),
        (0, 0, (0, 0), (0, 0)),
        (0, -200, (0, 0), (0, 200)),
    ],
)
def test_losses_across(short: int, long: int, taxed: tuple[int, int], carried: tuple[int, int]) -> None:
    found = netted(BY_TERM, TaxRecord(), D(short), D(long))
    assert (found.taxed_short, found.taxed_long) == taxed
    assert (found.carried_short, found.carried_long) == carried
    assert found.due == D("0.37") * taxed[0] + D("0.2") * taxed[1]


def test_an_allowance_goes_to_what_is_taxed_most() -> None:
    rules = TaxRules("with", 0.37, 0.2, LongAfter(months=12), allowance=D(1000))
    found = netted(rules, TaxRecord(), D(600), D(1000))
    assert (found.taxed_short, found.taxed_long, found.allowance_used) == (0, 600, 1000)  # 600 of it short, 400 long
    assert found.due == D("120.00")


def test_a_rate_is_the_number_that_was_written() -> None:
    """0.285 of 10.00 is 2.85; in binary it is 2.8499999…, and of 1.00 half-even to the cent is 0.28."""
    flat = TaxRules("flat", 0.285, 0.285, pooled=True)
    assert netted(flat, TaxRecord(), D("10.00"), D(0)).due == D("2.85")
    assert netted(flat, TaxRecord(), D("1.00"), D(0)).due == D("0.28")


def test_terms_are_one_sum_where_gains_are_pooled() -> None:
    flat = TaxRules("flat", 0.25, 0.25, pooled=True)
    found = netted(flat, TaxRecord(realized_long=D(500), carried_long=D(100)), D(-300), D(0))
    assert (found.taxed_short, found.due, found.due_before) == (100, D("25.00"), D("100.00"))
    assert found.tax == D("-75.00")


def lines_of_schedule_d(short: D, long: D, record: TaxRecord) -> tuple[D, D, D, D]:
    """IRS Schedule D lines 7, 15 and 16, and the Capital Loss Carryover Worksheet without a deduction from other income.

    line 7: net short with the carryover of line 6; line 15: net long with that of line 14; line 16: both. The worksheet's line
    8: the short loss less a long gain, its line 13: the long loss less a short gain.
    """
    line_7 = record.realized_short + short - record.carried_short
    line_15 = record.realized_long + long - record.carried_long
    line_16 = line_7 + line_15
    taxed_long = min(line_15, line_16) if line_15 > 0 and line_16 > 0 else D(0)  # the smaller of line 15 and 16
    taxed_short = line_16 - taxed_long if line_16 > 0 else D(0)
    worksheet_8 = max(-line_7 - max(line_15, D(0)), D(0)) if line_7 < 0 else D(0)
    worksheet_13 = max(-line_15 - max(line_7, D(0)), D(0)) if line_15 < 0 else D(0)
    return taxed_short, taxed_long, worksheet_8, worksheet_13


@given(MONEY, MONEY, MONEY, MONEY, LOSS, LOSS)
def test_it_is_what_the_lines_of_the_form_come_to(
    short: D, long: D, before: D, before_long: D, carried: D, carried_long: D
) -> None:
    record = TaxRecord((), (), before, before_long, carried, carried_long)
    found = netted(BY_TERM, record, short, long)
    expected = lines_of_schedule_d(short, long, record)
    assert (found.taxed_short, found.taxed_long, found.carried_short, found.carried_long) == expected


@given(MONEY, MONEY, LOSS, FREE, st.booleans(), st.booleans())
def test_nothing_is_lost_and_nothing_counts_twice(short: D, long: D, carried: D, free: D, pooled: bool, keeps: bool) -> None:
    rules = TaxRules("any", 0.3, 0.3, pooled=pooled, allowance=free, keeps_allowance=pooled and keeps)
    found = netted(rules, TaxRecord(carried_short=carried), short, long)
    taxed = found.taxed_short + found.taxed_long + found.allowance_used
    assert taxed - found.carried_short - found.carried_long == short + long - carried
    assert min(found.taxed_short, found.taxed_long, found.allowance_used, found.carried_short, found.carried_long) >= 0
    assert found.allowance_used <= free
    assert found.due == max(short + long - carried - free, D(0)) * D("0.3")  # one rate: the same by every way of adding up


def exact(rules: TaxRules, short: D, long: D) -> D:
    """The tax without rounding."""
    found = netted(rules, TaxRecord(), short, long)
    return found.taxed_short * D("0.37") + found.taxed_long * D("0.2")


@given(MONEY, MONEY, FREE)
def test_the_tax_as_one_formula(short: D, long: D, free: D) -> None:
    rules = TaxRules("formula", 0.37, 0.2, LongAfter(months=12), allowance=free)
    by_formula = D("0.2") * max(short + long - free, D(0)) + D("0.17") * max(min(short, short + long) - free, D(0))
    assert exact(rules, short, long) == by_formula


@given(MONEY, MONEY, MONEY, MONEY, FREE)
def test_a_gain_more_is_never_less_tax_and_the_tax_is_convex_on_either_side_of_no_long_gain(
    a: D, b: D, c: D, d: D, free: D
) -> None:
    rules = TaxRules("convex", 0.37, 0.2, LongAfter(months=12), allowance=free)
    assert exact(rules, a + 1, b) >= exact(rules, a, b) <= exact(rules, a, b + 1)
    if b * d >= 0:
        assert exact(rules, (a + c) / 2, (b + d) / 2) <= (exact(rules, a, b) + exact(rules, c, d)) / 2


def test_across_no_long_gain_it_is_not_convex() -> None:
    """100 short, and long -100, 0, 100: a first long loss saves 37 %, a first long gain costs 20 %."""
    less, none, more = (exact(BY_TERM, D(100), D(long)) for long in (-100, 0, 100))
    assert (less, none, more) == (0, 37, 57)
    assert none > (less + more) / 2
