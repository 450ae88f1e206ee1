"""The independent ledger on examples that others have published, or that take a line by hand: each names where it is from."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import pytest
from tax_ledger import GERMANY, US, Books, Buy, Regime, Sell, is_long, keep, net, years
from tax_pools import canada, taxable_in_canada, united_kingdom

HALF_YEAR = Regime(F(1, 2), F(1, 4), months=6)
A_YEAR_IN_DAYS = Regime(F(1, 2), F(1, 4), days=365)


def buy(day: date, shares: int, total: float | F, asset: str = "X", lot: str = "") -> Buy:
    return Buy(day, asset, lot or f"{asset}{day:%Y%m%d}", F(shares), F(total) / shares)


def sell(day: date, shares: int, total: float | F, asset: str = "X", lots: tuple[tuple[str, int], ...] = ()) -> Sell:
    return Sell(day, asset, F(shares), F(total) / shares, tuple((lot, F(n)) for lot, n in lots))


def total_basis(books: Books, lot: str) -> F:
    return sum((part.shares * part.basis for part in books.lot(lot)), F(0))


# --- how long something was held --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("regime", "bought", "sold", "long"),
    [
        # Publication 550, "Holding period": bought on 5 February, sold on 5 February of the next year is short, on the 6th long
        (US, date(2008, 2, 5), date(2009, 2, 5), False),
        (US, date(2008, 2, 5), date(2009, 2, 6), True),
        # J. K. Lasser 2013, 5.9: bought on 19 September 2012, long on or after 20 September 2013
        (US, date(2012, 9, 19), date(2013, 9, 19), False),
        (US, date(2012, 9, 19), date(2013, 9, 20), True),
        # Caspe v. United States, 694 F.2d 1116: from the last day of November to the last of May is six months, not more
        (HALF_YEAR, date(1972, 11, 30), date(1973, 5, 31), False),
        (HALF_YEAR, date(1972, 11, 30), date(1973, 6, 1), True),
        # Fogel v. Commissioner, 203 F.2d 347: from 19 June to 19 December is exactly six months
        (HALF_YEAR, date(1945, 6, 19), date(1945, 12, 19), False),
        (HALF_YEAR, date(1945, 6, 19), date(1945, 12, 20), True),
        # Rev. Rul. 70-598: 24 December 1968 to 25 June 1969, by the days of the trades
        (HALF_YEAR, date(1968, 12, 24), date(1969, 6, 25), True),
        # Bought on a leap day: it begins on 1 March, and a year is full with 28 February
        (US, date(2024, 2, 29), date(2025, 2, 28), False),
        (US, date(2024, 2, 29), date(2025, 3, 1), True),
        # Rev. Rul. 66-7: bought on the last day of February 2023, the year has all of February 2024, its 29th too
        (US, date(2023, 2, 28), date(2024, 2, 29), False),
        (US, date(2023, 2, 28), date(2024, 3, 1), True),
        # The day after is a leap day: there is none a year later, so the next month's first
        (US, date(2024, 2, 28), date(2025, 2, 28), False),
        (US, date(2024, 2, 28), date(2025, 3, 1), True),
        # In days: 2024 has 366
        (A_YEAR_IN_DAYS, date(2024, 1, 1), date(2024, 12, 31), False),
        (A_YEAR_IN_DAYS, date(2024, 1, 1), date(2025, 1, 1), True),
        (A_YEAR_IN_DAYS, date(2025, 1, 1), date(2026, 1, 1), False),
        (GERMANY, date(2000, 1, 1), date(2025, 1, 1), False),
    ],
)
def test_holding_periods(regime: Regime, bought: date, sold: date, long: bool) -> None:
    assert is_long(bought, sold, regime) is long


# --- wash sales ---------------------------------------------------------------------------------------------------------


def test_publication_550_a_wash_sale_and_the_basis_of_what_was_bought() -> None:
    """100 shares for 1,000, sold for 750, 100 bought again for 800: 250 are not deducted, the new basis is 1,050."""
    books = keep(US, [buy(date(2012, 3, 1), 100, 1000), sell(date(2012, 6, 1), 100, 750), buy(date(2012, 6, 20), 100, 800)])
    assert [(line.gain, line.disallowed, line.counted) for line in books.lines] == [(-250, 250, 0)]
    assert total_basis(books, "X20120620") == 1050


def test_publication_550_less_bought_than_sold_before_the_sale() -> None:
    """75 of 100 replaced: 750 of 1,000 disallowed; 50 shares get two thirds of it, 25 the rest: 3,250 and 1,375."""
    books = keep(
        US,
        [
            buy(date(2012, 9, 24), 100, 5000, "M"),
            buy(date(2012, 12, 21), 50, 2750, "M"),
            buy(date(2012, 12, 28), 25, 1125, "M"),
            sell(date(2013, 1, 4), 100, 4000, "M", (("M20120924", 100),)),
        ],
    )
    (line,) = books.lines
    assert (line.gain, line.disallowed, line.counted) == (-1000, 750, -250)
    assert (total_basis(books, "M20121221"), total_basis(books, "M20121228")) == (3250, 1375)


def test_publication_550_more_bought_than_sold_after_the_sale() -> None:
    """50 shares on each of four days: the loss of 1,000 goes half to the first day's, half to the second's."""
    bought = [buy(date(2013, 2, day), 50, 2000, "M") for day in (12, 13, 14, 15)]
    books = keep(US, [buy(date(2012, 9, 24), 100, 5000, "M"), sell(date(2013, 2, 1), 100, 4000, "M"), *bought])
    assert books.lines[0].counted == 0
    assert [total_basis(books, b.lot) for b in bought] == [2500, 2500, 2000, 2000]


@pytest.mark.parametrize(("again", "basis"), [(90, 110), (70, 90)])
def test_regulation_1_1091_2_the_old_basis_and_what_the_new_share_cost_more_or_less(again: int, basis: int) -> None:
    """A share of 1935 for 100, sold on 15 January 1955 for 80, bought again on 1 February for 90, or for 70."""
    events = [buy(date(1935, 1, 2), 1, 100), sell(date(1955, 1, 15), 1, 80), buy(date(1955, 2, 1), 1, again)]
    books = keep(US, events)
    assert books.lines[0].counted == 0
    assert books.parts[0].basis == basis


def test_section_1223_the_holding_period_goes_with_it() -> None:
    """Held from 1 June 2023 to 3 June 2024, 368 days: bought again on 10 June 2024, it is as if since 8 June 2023."""
    events = [buy(date(2023, 6, 1), 10, 1000), sell(date(2024, 6, 3), 10, 800), buy(date(2024, 6, 10), 10, 820)]
    books = keep(US, [*events, sell(date(2024, 9, 2), 10, 1100)])
    first, second = books.lines
    assert (first.long, first.counted) == (True, 0)
    assert (second.since, second.long, second.gain) == (date(2023, 6, 8), True, 1100 - (820 + 200))


def test_revenue_ruling_56_602_what_is_left_of_one_lot_replaces_nothing() -> None:
    """Bought and a part of it sold within thirty days, to have less of it."""
    books = keep(US, [buy(date(2011, 3, 1), 200, 2000), sell(date(2011, 3, 20), 100, 800)])
    assert books.lines[0].counted == -200


def test_all_of_it_sold_is_no_wash_sale() -> None:
    """Fairmark, "Wash sales and replacement stock", example 1: 200 shares for 10,000 on 1 June, sold on the 12th for 8,000."""
    assert keep(US, [buy(date(2010, 6, 1), 200, 10_000), sell(date(2010, 6, 12), 200, 8_000)]).lines[0].counted == -2000


def test_recent_shares_that_are_sold_with_the_old_replace_nothing() -> None:
    """By hand: what is sold on the same day is not there to replace anything."""
    books = keep(US, [buy(date(2010, 1, 4), 10, 500), buy(date(2010, 6, 1), 10, 400), sell(date(2010, 6, 12), 20, 600)])
    assert [line.counted for line in books.lines] == [-200, -100]


@pytest.mark.parametrize(("days", "counted"), [(-31, -100), (-30, 0), (30, 0), (31, -100)])
def test_the_sixty_one_days(days: int, counted: int) -> None:
    """1.1091-1 (a): thirty days before, the day, and thirty days after. By hand: 5 July less 30 days is 5 June."""
    sold = date(2021, 7, 5)
    other = date.fromordinal(sold.toordinal() + days)
    old, new = buy(date(2020, 1, 2), 10, 1000), buy(other, 10, 900)
    books = keep(US, [old, new, sell(sold, 10, 900, lots=((old.lot, 10),))])
    assert books.lines[0].counted == counted


def test_substantially_identical_is_another_name_too() -> None:
    """By hand: a fund sold at a loss of 300 and its twin bought; the loss is in the twin's basis."""
    twins = Regime(US.short_rate, US.long_rate, months=12, wash_before=30, wash_after=30, group={"VOO": "S&P", "IVV": "S&P"})
    events = [
        buy(date(2021, 1, 4), 10, 3000, "VOO"),
        sell(date(2021, 3, 1), 10, 2700, "VOO"),
        buy(date(2021, 3, 2), 6, 1620, "IVV"),
    ]
    books = keep(twins, events)
    assert books.lines[0].counted == -120  # 4 of 10 shares at 30 each
    assert total_basis(books, "IVV20210302") == 1620 + 180
    assert keep(US, events).lines[0].counted == -300


def test_a_share_replaces_once_and_the_earlier_loss_comes_first() -> None:
    """1.1091-1 (b) and (e), by hand: two losses of 10 shares, 12 bought: 10 for the first sale, 2 for the second."""
    events = [
        buy(date(2022, 1, 3), 10, 1000, lot="a"),
        buy(date(2022, 1, 4), 10, 1200, lot="b"),
        sell(date(2022, 3, 1), 10, 900, lots=(("a", 10),)),
        sell(date(2022, 3, 2), 10, 900, lots=(("b", 10),)),
        buy(date(2022, 3, 10), 12, 1080, lot="c"),
    ]
    books = keep(US, events)
    assert [line.counted for line in books.lines] == [0, -240]
    assert total_basis(books, "c") == 1080 + 100 + 60


def test_a_gain_is_no_wash_sale() -> None:
    books = keep(US, [buy(date(2022, 1, 3), 10, 1000), sell(date(2022, 3, 1), 10, 1100), buy(date(2022, 3, 2), 10, 1100)])
    assert (books.lines[0].counted, books.parts[0].basis) == (100, 110)


def test_where_there_is_no_such_rule_a_loss_counts_at_once() -> None:
    books = keep(GERMANY, [buy(date(2022, 1, 3), 10, 1000), sell(date(2022, 3, 1), 10, 900), buy(date(2022, 3, 1), 10, 900)])
    assert books.lines[0].counted == -100


# --- which lot is sold ----------------------------------------------------------------------------------------------------


def test_publication_550_first_in_first_out() -> None:
    """100 of 1999 at 10 and 200 of 2000 at 11, 50 given away: 130 sold cost 50 x 10 + 80 x 11 = 1,380."""
    books = keep(
        US,
        [
            buy(date(1999, 5, 3), 100, 1000),
            buy(date(2000, 1, 10), 200, 2200),
            sell(date(2000, 7, 3), 50, 500),  # the gift, at its basis
            buy(date(2002, 12, 2), 100, 900),
            sell(date(2012, 4, 2), 130, 1950),
        ],
    )
    assert sum(line.cost for line in books.lines[1:]) == 1380
    assert [line.shares for line in books.lines[1:]] == [50, 80]


@pytest.mark.parametrize(("lots", "gain"), [((), 1300), ((("c", 100),), -1500), ((("b", 100),), 600)])
def test_lasser_30_2_earmarked_or_not(lots: tuple[tuple[str, int], ...], gain: int) -> None:
    """100 at 77, 200 at 84, 100 at 105; at 90 the last lot is a loss of 1,500, the first, which counts unless told, a gain."""
    bought = [
        buy(date(1998, 1, 5), 100, 7700, lot="a"),
        buy(date(1999, 1, 5), 200, 16800, lot="b"),
        buy(date(2000, 1, 5), 100, 10500, lot="c"),
    ]
    assert keep(US, [*bought, sell(date(2012, 5, 1), 100, 9000, lots=lots)]).lines[0].gain == gain


def test_highest_cost_and_last_in() -> None:
    """By hand, the same lots."""
    bought = [
        buy(date(1998, 1, 5), 100, 7700, lot="a"),
        buy(date(2000, 1, 5), 100, 10500, lot="c"),
        buy(date(2001, 1, 5), 1, 80, lot="d"),
    ]
    for order, lots in (("highest_cost", ["c"]), ("lifo", ["d", "c"])):
        books = keep(US, [*bought, Sell(date(2012, 5, 1), "X", F(100), F(90), order=order)])
        assert [line.lot for line in books.lines] == lots


# --- the year -------------------------------------------------------------------------------------------------------------


def test_publication_550_a_loss_of_7000_and_one_of_2000() -> None:
    """Of 7,000 lost 3,000 are deducted and 4,000 carried; of 2,000 nothing is carried."""
    with_deduction = Regime(US.short_rate, US.long_rate, months=12, deduction=F(3000))
    found = net(with_deduction, F(0), F(-7000))
    assert (found.deducted, found.carried_short, found.carried_long, found.due) == (3000, 0, 4000, 0)
    assert net(with_deduction, F(-2000), F(0)).carried_short == 0


def worksheet(short: F, long: F) -> tuple[F, F]:
    """Capital Loss Carryover Worksheet of Schedule D, line by line, for an income that is large enough: line 4 = line 2."""
    line2 = min(F(3000), max(-(short + long), F(0)))  # Schedule D, line 21
    line4 = line2
    line5 = max(-short, F(0))
    line6 = max(long, F(0))
    line8 = max(line5 - (line4 + line6), F(0))
    line9 = max(-long, F(0))
    line10 = max(short, F(0))
    line11 = max(line4 - line5, F(0))
    line13 = max(line9 - (line10 + line11), F(0))
    return line8, line13


@pytest.mark.parametrize("short", [-9000, -5000, -3000, -1000, 0, 500, 4000, 20000])
@pytest.mark.parametrize("long", [-9000, -5000, -3000, -1000, 0, 500, 4000, 20000])
def test_the_carryover_worksheet_of_schedule_d(short: int, long: int) -> None:
    """Two ways to the same lines; it is filled in where the year is a loss."""
    with_deduction = Regime(US.short_rate, US.long_rate, months=12, deduction=F(3000))
    found = net(with_deduction, F(short), F(long))
    expected = worksheet(F(short), F(long)) if short + long < 0 else (0, 0)
    assert (found.carried_short, found.carried_long) == expected


@pytest.mark.parametrize(
    ("short", "long", "taxed", "due"),
    [
        (1000, 2000, (1000, 2000), 370 + 400),  # both gains
        (-400, 2000, (0, 1600), 320),  # a short loss against a long gain
        (2000, -400, (1600, 0), 592),  # a long loss against a short gain
        (-3000, 2000, (0, 0), 0),
        (-3000, -2000, (0, 0), 0),
    ],
)
def test_a_table_of_netting_by_hand(short: int, long: int, taxed: tuple[int, int], due: int) -> None:
    found = net(US, F(short), F(long))
    assert (found.taxed_short, found.taxed_long) == taxed
    assert found.due == due


def test_what_is_carried_meets_its_own_term_first() -> None:
    """By hand: 1,000 short and 5,000 long gained, 1,500 short and 2,000 long carried: -500 and 3,000, so 2,500 long."""
    found = net(US, F(1000), F(5000), F(1500), F(2000))
    assert (found.short, found.long, found.taxed_short, found.taxed_long, found.due) == (-500, 3000, 0, 2500, 500)


@pytest.mark.parametrize(("gains", "flat", "due"), [((5000,), 1000, 1055), ((-3000, 5000), 250, F(26375, 100))])
def test_germany_the_savings_banks_example(gains: tuple[int, ...], flat: int, due: F) -> None:
    """5,000 gained, 1,000 free: 25 % of 4,000 is 1,000; with 3,000 lost elsewhere 250. The surcharge: 1.055 times as much."""
    assert net(GERMANY, F(sum(gains)), F(0)).due == due
    without = Regime(F(1, 4), F(1, 4), pooled=True, allowance=F(1000))
    assert net(without, F(sum(gains)), F(0)).due == flat


def test_germany_losses_of_earlier_years_come_before_the_allowance() -> None:
    """Section 20 (9) EStG: what is left after losses is lessened. By hand: 3,000 - 2,500 = 500, all of it free."""
    found = net(GERMANY, F(3000), F(0), F(2500))
    assert (found.taxed_short, found.allowance_used, found.due, found.carried_short) == (0, 500, 0, 0)


def test_years_hand_losses_on() -> None:
    """By hand: 2020 loses 800 long; 2021 gains 300 short and 900 long: 300 and 100 are taxed, 111 + 20."""
    events = [
        buy(date(2018, 1, 2), 10, 1800, lot="a"),
        sell(date(2020, 5, 4), 10, 1000),
        buy(date(2020, 9, 1), 10, 1000, "Y", "b"),
        sell(date(2021, 3, 1), 10, 1300, "Y"),
        buy(date(2019, 9, 2), 10, 1000, "Z", "c"),
        sell(date(2021, 3, 1), 10, 1900, "Z"),
    ]
    found = years(US, keep(US, events), (2020, 2021))
    assert (found[2020].due, found[2020].carried_long) == (0, 800)
    assert (found[2021].taxed_short, found[2021].taxed_long, found[2021].due) == (300, 100, 131)


# --- pools ------------------------------------------------------------------------------------------------------------------


def test_canada_t4037_the_average_cost_of_identical_properties() -> None:
    """100 at 15 and 150 at 20: 18.00 each; 200 sold leave 50 for 900; 350 more at 21: 400 for 8,250, 20.63 each."""
    first = canada([buy(date(2011, 1, 3), 100, 1500), buy(date(2011, 3, 1), 150, 3000)])
    assert (first.cost, first.average) == (4500, 18)
    sold = [*(buy(date(2011, 1, 3), 100, 1500), buy(date(2011, 3, 1), 150, 3000)), sell(date(2011, 6, 1), 200, 4800)]
    assert (canada(sold).shares, canada(sold).cost) == (50, 900)
    last = canada([*sold, buy(date(2011, 9, 1), 350, 7350)])
    assert (last.shares, last.cost) == (400, 8250)
    assert round(float(last.average), 2) in (20.62, 20.63)  # 20.625


def test_canada_a_superficial_loss_by_the_agencys_formula() -> None:
    """2005-0150811E5: 100 for 300, 100 for 100 a day before 100 are sold for 100: all of the loss of 100 is denied."""
    pool = canada([buy(date(2006, 1, 1), 100, 300), buy(date(2006, 3, 1), 100, 100), sell(date(2006, 3, 2), 100, 100)])
    (sale,) = pool.sales
    assert (sale.cost - sale.proceeds, sale.denied, sale.counted) == (100, 100, 0)
    assert (pool.shares, pool.cost) == (100, 300)


def test_canada_fewer_bought_again_than_sold() -> None:
    """IT-456R, paragraph 12: 50 held, 20 sold, 15 bought again: 15 twentieths of the loss. At 10 and 8 that is 30 of 40."""
    pool = canada([buy(date(2015, 1, 5), 50, 500), sell(date(2015, 6, 1), 20, 160), buy(date(2015, 6, 15), 15, 120)])
    assert (pool.sales[0].denied, pool.sales[0].counted) == (30, -10)
    assert (pool.shares, pool.cost) == (45, 300 + 120 + 30)


def test_canada_half_of_a_gain_is_income() -> None:
    assert (taxable_in_canada(F(1000)), taxable_in_canada(F(-1000))) == (500, 0)


def test_the_united_kingdoms_pool_of_helpsheet_284() -> None:
    """Example 3: 1,000 at 4.00 + 150 and 500 at 4.10 + 80; 700 sold at 4.80 - 100: 329; 400 at 5.20 - 105: 300."""
    events = [
        buy(date(2009, 4, 1), 1000, 4150),
        buy(date(2012, 9, 1), 500, 2130),
        sell(date(2017, 5, 1), 700, 3260),
        sell(date(2018, 2, 1), 400, 1975),
    ]
    pool = united_kingdom(events)
    assert [int(sale.counted) for sale in pool.sales] == [329, 300]
    assert (pool.shares, int(pool.cost)) == (400, 1674)
    again = united_kingdom([*events, buy(date(2018, 2, 25), 150, 830)])
    assert int(again.sales[1].counted) == 98  # 1,975 - (830 + 250/800 of 3,349.33)


def test_the_united_kingdom_sales_meet_what_is_bought_within_thirty_days() -> None:
    """A question of the Association of Accounting Technicians: a loss of 1,580, then a gain of 9,500."""
    pool = united_kingdom(
        [
            buy(date(2002, 4, 10), 5000, 15000),
            sell(date(2017, 1, 12), 1800, 4000),
            buy(date(2017, 2, 1), 6800, 21080),
            sell(date(2017, 3, 31), 10000, 40000),
        ]
    )
    assert [sale.counted for sale in pool.sales] == [-1580, 9500]
    assert pool.shares == 0
