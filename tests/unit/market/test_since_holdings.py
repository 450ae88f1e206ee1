"""Holdings from before a split beside prices from after it, by hand: what tells it, and what looks like one and is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from portopt.domain.action import Action
from portopt.domain.errors import SharesInDoubt
from portopt.domain.holdings import Holdings
from portopt.domain.market import MarketSnapshot
from portopt.domain.request import DataPolicy, Policy, RebalanceRequest
from portopt.domain.tax import Lot, TaxRecord
from portopt.domain.universe import Asset, Universe
from portopt.market.asked_about import with_shares_judged
from portopt.market.share_ratios import CONSOLIDATIONS, SPLITS, in_words, nearest_ratio
from portopt.market.since_holdings import in_doubt

# Twelve trading days; the fund moves by about a hundredth a day around 100.
FUND = [100.0, 101.0, 100.2, 99.6, 100.8, 101.4, 100.6, 99.9, 100.5, 101.1, 100.4, 100.05]
BOND = [50.0, 50.1, 50.0, 50.05, 50.1, 50.0, 49.95, 50.0, 50.05, 50.1, 50.05, 50.0]
GOLD = [180.0, 181.0, 180.5, 179.9, 180.7, 181.5, 182.0, 181.2, 180.4, 180.9, 181.3, 181.0]
NEWEST = date(2024, 3, 19)  # the twelfth weekday from 2024-03-04 on


def snapshot(volumes=None, **prices: list[float]) -> MarketSnapshot:
    days = np.arange("2024-03-04", "2024-03-20", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    table = np.array(list(prices.values())).T
    traded = None if volumes is None else np.tile(np.array(volumes)[:, None], (1, table.shape[1]))
    return MarketSnapshot("pack-x", NEWEST, tuple(prices), days, table, traded, "made", "unknown")


def held(as_of: date | None = None, tax: TaxRecord | None = None, **stated: str) -> Holdings:
    names = dict.fromkeys(("FUND", "BOND", "GOLD"), Decimal(100))
    return Holdings("P", names, Decimal(0), stated_prices={a: Decimal(p) for a, p in stated.items()}, tax=tax, as_of=as_of)


TODAY = snapshot(FUND=FUND, BOND=BOND, GOLD=GOLD)


@pytest.mark.parametrize("ratio", [*SPLITS, *CONSOLIDATIONS], ids=str)
def test_a_price_of_yesterday_at_a_ratio_of_yesterdays_close_is_a_split_of_that_ratio(ratio):
    said = str(round(100.4 * float(ratio), 4))  # 100.4 was the fund's close on the day before
    (found,) = in_doubt(TODAY, held(FUND=said, BOND="50.05", GOLD="181.3"))
    assert (found.asset_id, found.ratio, found.price, found.on) == ("FUND", ratio, 100.05, NEWEST)
    assert found.off is not None
    assert found.off <= 1e-4
    assert f"the holdings state a price of {said}, and made has 100.4 on 2024-03-18" in found.witnesses[0]


def test_a_list_of_today_or_of_days_ago_is_taken_without_a_word():
    for row in range(len(FUND)):
        assert in_doubt(TODAY, held(FUND=str(FUND[row]), BOND=str(BOND[row]), GOLD=str(GOLD[row]))) == ()
    assert in_doubt(TODAY, held()) == ()


def test_a_crash_since_the_list_is_no_split_where_its_volume_says_so():
    crashed = [*FUND[:-1], 50.1]
    prices = {"FUND": crashed, "BOND": BOND, "GOLD": GOLD}
    list_of_yesterday = held(FUND="100.40", BOND="50.05", GOLD="181.30")
    (found,) = in_doubt(snapshot(**prices), list_of_yesterday)
    assert found.ratio == 2
    assert found.witnesses[1] == "the prices go from 100.4 to 50.1 on 2024-03-19"
    assert in_doubt(snapshot([1e6] * 11 + [1e7], **prices), list_of_yesterday) == ()


def test_a_fall_that_no_split_explains_is_no_split():
    assert (
        in_doubt(snapshot(FUND=[*FUND[:-1], 58.0], BOND=BOND, GOLD=GOLD), held(FUND="100.40", BOND="50.05", GOLD="181.30"))
        == ()
    )


@pytest.mark.parametrize("factor", [0.0091, 0.5, 0.79, 1.25, 2.0, 100.0, 152.0])
def test_a_list_in_another_currency_or_unit_is_no_split(factor):
    said = {name: str(round(price * factor, 6)) for name, price in (("FUND", 100.4), ("BOND", 50.05), ("GOLD", 181.3))}
    assert in_doubt(TODAY, held(**said)) == ()


def test_a_price_of_years_ago_is_no_split_though_it_is_near_a_ratio():
    assert in_doubt(TODAY, held(FUND="52.31", BOND="37.10", GOLD="118.20")) == ()


def test_of_a_list_of_one_the_price_must_be_a_close_to_the_cent_or_one_that_there_never_was():
    assert [found.ratio for found in in_doubt(TODAY, held(FUND="401.60"))] == [4]
    assert [found.ratio for found in in_doubt(TODAY, held(FUND="399.00"))] == [4]  # never was: 99.6 to 101.4 times 4
    assert in_doubt(TODAY, held(FUND="440.00")) == ()


def test_a_split_that_prices_do_not_hide_is_found_without_a_stated_price_where_the_list_names_its_day():
    raw = snapshot(FUND=[4 * p for p in FUND[:-1]] + [FUND[-1]], BOND=BOND, GOLD=GOLD)
    (found,) = in_doubt(raw, held(as_of=date(2024, 3, 18)))
    assert (found.asset_id, found.ratio) == ("FUND", 4)
    assert found.witnesses == ("the prices go from 401.6 to 100.05 on 2024-03-19, and the holdings are of 2024-03-18",)
    assert in_doubt(raw, held(as_of=NEWEST)) == ()


def test_a_list_of_the_day_of_the_split_is_in_new_shares():
    raw = snapshot(FUND=[4 * p for p in FUND[:-1]] + [FUND[-1]], BOND=BOND, GOLD=GOLD)
    assert in_doubt(raw, held(FUND="100.05", BOND="50.00", GOLD="181.00")) == ()
    (found,) = in_doubt(raw, held(FUND="401.60", BOND="50.05", GOLD="181.30"))
    assert found.ratio == 4


SPLIT = Action("FUND", "split", date(2024, 3, 19), ratio=(21, 20))


def test_an_action_tells_any_ratio_where_the_list_names_a_day_before_it():
    (found,) = in_doubt(TODAY, held(as_of=date(2024, 3, 18)), [SPLIT])
    assert found.ratio == Fraction(21, 20)
    assert found.witnesses == ("FUND was split (a split of 21 for 20) on 2024-03-19, after the holdings of 2024-03-18",)
    assert in_doubt(TODAY, held(as_of=NEWEST), [SPLIT]) == ()  # the list is of the day itself: in new shares
    assert in_doubt(TODAY, held(), [SPLIT]) == ()  # of no day: nobody knows
    late = Action("FUND", "split", date(2024, 3, 20), ratio=(2, 1))
    assert in_doubt(TODAY, held(as_of=date(2024, 3, 18)), [late]) == ()  # not yet in the prices


def test_what_a_spin_off_and_an_end_brought_is_asked_with_its_name():
    actions = [Action("FUND", "spin_off", date(2024, 3, 19), ratio=(1, 2), into="SPUN"),
               Action("GOLD", "delisting", date(2024, 3, 19), proceeds=Decimal(180))]  # fmt: skip
    found = in_doubt(TODAY, held(as_of=date(2024, 3, 18)), actions)
    assert [(one.asset_id, one.ratio) for one in found] == [("FUND", None), ("GOLD", None)]
    assert "FUND spun off SPUN on 2024-03-19" in found[0].witnesses[0]
    assert "GOLD was taken out on 2024-03-19" in found[1].witnesses[0]


def lots(*costs: str) -> TaxRecord:
    day = date(2024, 3, 6)  # the fund closed at 100.2
    return TaxRecord(tuple(Lot("FUND", f"L{i}", day, Decimal(10), Decimal(cost)) for i, cost in enumerate(costs)))


def test_lots_that_cost_a_ratio_of_what_was_paid_that_day_are_a_witness():
    (found,) = in_doubt(TODAY, held(tax=lots("401.00", "400.60")))
    assert found.ratio == 4
    assert "all 2 lots, as L0, cost 401.00 a share on 2024-03-06, where made has 100.2 that day" in found.witnesses[0]
    assert in_doubt(TODAY, held(tax=lots("100.50", "99.90"))) == ()
    assert in_doubt(TODAY, held(tax=lots("401.00", "99.90"))) == ()  # they do not say the same
    # A price of today stands for shares of today, whatever the lots say.
    assert in_doubt(TODAY, held(tax=lots("401.00"), FUND="100.40", BOND="50.05", GOLD="181.30")) == ()
    (both,) = in_doubt(TODAY, held(tax=lots("401.00"), FUND="401.60", BOND="50.05", GOLD="181.30"))
    assert len(both.witnesses) == 2


def asked(said: str = "refuse", holdings: Holdings | None = None, **more) -> RebalanceRequest:
    policy = Policy("p", "P", {"kind": "min_risk"}, {}, data=DataPolicy(split_since_holdings=said))
    universe = Universe(tuple(Asset(a) for a in ("FUND", "BOND", "GOLD")))
    return RebalanceRequest(holdings or held(FUND="401.60", BOND="50.05", GOLD="181.30"), policy, universe, **more)


def test_by_default_it_is_a_question_with_what_was_measured_and_three_ways_to_answer():
    with pytest.raises(SharesInDoubt) as refused:
        with_shares_judged(asked(), TODAY)
    error = refused.value
    assert (error.code, error.exit_code, error.field, error.value) == ("split_since_holdings", 4, "holdings", ["FUND"])
    assert "FUND looks like a split of 4 for 1 since these holdings, 100 shares would be 400 now" in error.detail
    (facts,) = error.measured["in_doubt"]
    assert (facts["stated"], facts["price"], facts["ratio"], facts["shares_after"]) == ("401.60", 100.05, "4:1", "400")
    assert error.fixes == (
        "give the holdings of today: 400 shares of FUND",
        'state the split, and shares and lots are converted: --split FUND=4:1 (in a request: splits {"FUND": "4:1"})',
        'say that the shares are those of today: --confirm-shares FUND (in a request: confirmed_shares ["FUND"])',
    )


def test_quarantined_it_is_kept_and_its_worth_is_said():
    (finding,) = with_shares_judged(asked("quarantine"), TODAY).findings
    assert (finding.kind, finding.asset_id, finding.treatment, finding.value) == (
        "split_since_holdings", "FUND", "quarantined", 4.0,
    )  # fmt: skip
    assert "neither bought nor sold, and counted at 100.05, 1/4 of what it is worth if that is so" in finding.detail


def test_accepted_or_confirmed_it_is_said():
    (taken,) = with_shares_judged(asked("accept"), TODAY).findings
    assert taken.treatment == "accepted"
    assert "taken as those of today" in taken.detail
    (confirmed,) = with_shares_judged(asked(confirmed_shares=("FUND",)), TODAY).findings
    assert confirmed.treatment == "accepted"
    assert confirmed.detail.endswith("its shares were confirmed as those of today")


def test_of_a_split_that_was_stated_only_the_price_is_asked_again():
    raw = snapshot(FUND=[4 * p for p in FUND[:-1]] + [FUND[-1]], BOND=BOND, GOLD=GOLD)
    yesterday = held(as_of=date(2024, 3, 18))
    assert len(in_doubt(raw, yesterday)) == 1
    assert in_doubt(raw, replace(yesterday, splits={"FUND": "4:1"})) == ()
    wrongly = held(FUND="200.80", BOND="50.05", GOLD="181.30")  # 401.60 after 2:1, where it was 4:1
    assert [found.ratio for found in in_doubt(TODAY, replace(wrongly, splits={"FUND": "2:1"}))] == [2]


@pytest.mark.parametrize(
    ("times", "ratio", "words"),
    [(4.02, Fraction(4), "a split of 4 for 1"), (1.49, Fraction(3, 2), "a split of 3 for 2"),
     (0.0995, Fraction(1, 10), "a consolidation of 10 into 1")],
)  # fmt: skip
def test_a_ratio_is_named_as_people_do(times, ratio, words):
    assert nearest_ratio(times) == ratio
    assert in_words(ratio) == words
