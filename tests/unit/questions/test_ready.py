"""May it be rebalanced now: each thing that is looked at stops it, or is told, or calls for it, alone."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import made_desk
import pytest

from portopt import pipeline
from portopt.document.choices import ready_document
from portopt.domain.choices import Readiness, Reason
from portopt.domain.errors import InvalidValue
from portopt.questions.ready import Declared, ready
from portopt.questions.rebalance import rebalance
from portopt.runs import lifecycle
from portopt.runtime import Runtime
from portopt.settings import Settings

# The made prices end on a Friday, 2024-06-28; the Thursday after it is a holiday in New York.
LAST, MONDAY, HOLIDAY = date(2024, 6, 28), date(2024, 7, 1), date(2024, 7, 4)


@pytest.fixture
def installed(tmp_path: Path) -> Runtime:
    return Runtime(Settings(home=tmp_path / "home"))


def asked(desk: made_desk.Desk, runtime: Runtime, on: date = MONDAY, **more: Any) -> Readiness:
    return ready(desk.request, runtime, on, market=desk.market, **more)


def reason(found: Readiness, name: str) -> Reason:
    (one,) = [reason for reason in found.reasons if reason.name == name]
    return one


def test_an_open_day_with_fresh_prices_is_a_yes_that_says_what_calls_for_it(installed):
    found = asked(made_desk.desk(2), installed)
    assert (found.answer, found.called_for) == ("yes", True)
    drift = reason(found, "drift")
    assert drift.calls
    assert drift.figures["drift"] > 0.01
    assert drift.figures["gain"] > 0.0
    document = ready_document(found)
    assert document["sentence"].startswith("Yes: ")
    assert document["as_of"] == LAST.isoformat()


def test_a_closed_day_is_a_no_that_names_the_next_session(installed):
    found = asked(made_desk.desk(2), installed, HOLIDAY)
    assert found.answer == "no"
    assert reason(found, "calendar").figures["next_session"] == "2024-07-05"
    assert ready_document(found)["sentence"] == "No: XNYS is closed on 2024-07-04; its next session is 2024-07-05."


def test_a_day_that_no_calendar_reaches_is_refused_by_its_name(installed):
    with pytest.raises(InvalidValue, match="beyond what the calendar XNYS knows") as refused:
        asked(made_desk.desk(2), installed, date(2199, 1, 1))
    assert refused.value.field == "on"


def test_prices_older_than_the_policy_takes_are_a_no(installed):
    desk = made_desk.desk(2)
    late = LAST + timedelta(desk.request.policy.data.source_stale_days + 3)
    found = asked(desk, installed, late)
    assert (found.answer, reason(found, "prices").status) == ("no", "stop")
    assert reason(found, "prices").figures["days"] == 10


def test_prices_from_after_the_day_are_a_no(installed):
    assert reason(asked(made_desk.desk(2), installed, date(2024, 6, 27)), "prices").status == "stop"


def test_a_holding_without_a_price_is_a_no_with_the_fix_of_it(installed):
    desk = made_desk.desk(2)
    held = next(iter(desk.request.holdings.shares))
    found = ready(desk.request, installed, MONDAY, market=made_desk.FrameProvider(desk.prices.drop(held)))
    assert found.answer == "no"
    assert held in reason(found, "prices").detail
    assert reason(found, "prices").fix


def test_limits_that_conflict_are_a_no_with_a_fix_that_was_tried(installed):
    desk = made_desk.desk(2, limits={**made_desk.LIMITS, "max_weight": 0.05})
    found = asked(desk, installed)
    assert found.answer == "no"
    policy = reason(found, "policy")
    assert "max_weight" in policy.detail
    assert policy.fix.startswith("change ")


def test_a_limit_that_is_broken_calls_for_it_and_is_measured(installed):
    desk = made_desk.desk(2, limits={**made_desk.LIMITS, "max_weight": 0.2})
    found = asked(desk, installed)
    (miss,) = reason(found, "limits").figures["broken"]
    assert (miss["limit"], miss["bound"]) == ("max_weight", 0.2)
    assert miss["measured"] == pytest.approx(float(desk.problem().previous()[:-1].max()))
    assert reason(found, "limits").calls


def test_overdrawn_cash_is_told(installed):
    desk = made_desk.desk(2)
    holdings = dataclasses.replace(desk.request.holdings, cash=Decimal(-10_000))
    desk = dataclasses.replace(desk, request=dataclasses.replace(desk.request, holdings=holdings))
    cash = reason(asked(desk, installed), "cash")
    assert (cash.status, cash.calls) == ("but", True)
    assert cash.figures["cash_weight"] < 0.0


def test_holdings_of_long_ago_are_told_and_those_of_yesterday_are_not(installed):
    desk = made_desk.desk(2)
    for days, status in ((1, "ok"), (20, "but")):
        at = datetime(2024, 7, 1, tzinfo=UTC) - timedelta(days)
        found = asked(desk, installed, declared=Declared(at, 3))
        assert reason(found, "holdings").status == status
        assert reason(found, "holdings").figures["days"] == days


def test_a_proposal_on_these_very_holdings_is_told_and_one_on_older_ones_is_not(installed):
    desk = made_desk.desk(2)
    run = rebalance(desk.request, installed, market=desk.market)
    again = reason(asked(desk, installed), "proposals")
    assert (again.status, again.figures["run_id"]) == ("but", run.run_id)
    holdings = dataclasses.replace(desk.request.holdings, cash=Decimal(31_000))
    moved = dataclasses.replace(desk, request=dataclasses.replace(desk.request, holdings=holdings))
    assert reason(asked(moved, installed), "proposals").status == "ok"


def test_a_proposal_that_awaits_somebody_is_told(installed):
    desk = made_desk.desk(2)
    run = lifecycle.begin(desk.request, desk.snapshot, installed)
    document, _ = pipeline.work(desk.request, desk.snapshot, run_id=run.run_id, frontier=False)
    lifecycle.keep_pack(desk.snapshot, installed)
    lifecycle.finish(run, document, installed, since=0, timings={}, await_approval=True)
    waiting = reason(asked(desk, installed), "proposals")
    assert waiting.status == "but"
    assert run.run_id in waiting.fix


def test_a_book_that_is_what_the_policy_wants_is_a_no(installed):
    """A fractional proposal carried out, to the last digits that shares have."""
    still = {"long_only": True, "max_turnover": 0.0}
    found = asked(made_desk.desk(2, limits=still), installed)
    assert found.answer == "no"
    assert "nothing to trade" in reason(found, "drift").detail


def test_what_trading_costs_and_is_worth_is_by_the_policy_itself(installed):
    desk = made_desk.desk(2)
    figures = reason(asked(desk, installed), "drift").figures
    p = desk.problem()
    best = pipeline.certify(pipeline.optimize(p)).weights
    assert figures["gain"] == pytest.approx(p.objective.value(best, p) - p.objective.value(p.previous(), p), abs=1e-12)
    assert figures["cost"] == pytest.approx(15e-4 * float(abs((best - p.previous())[:-1]).sum()), rel=1e-9)
