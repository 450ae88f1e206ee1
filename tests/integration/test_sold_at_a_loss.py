"""A book that is sold at a loss: the answer says until when it is not bought again, and what may be bought instead."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import small_book

from portopt.domain.holdings import Holdings
from portopt.domain.run import RunRecord
from portopt.domain.tax import Lot, TaxRecord
from portopt.questions.rebalance import rebalance
from portopt.reports.page import html
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

LOTS = (
    Lot("A", "dear", date(2023, 2, 1), Decimal(100), Decimal("140.00")),
    Lot("B", "cheap", date(2023, 2, 1), Decimal(50), Decimal("60.00")),
)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("loss")))


def answered(runtime: Runtime, tax: dict[str, Any]) -> RunRecord:
    asked = small_book.request()
    held = Holdings("P1", asked.holdings.shares, Decimal(0), tax=TaxRecord(LOTS))
    policy = dataclasses.replace(asked.policy, limits={"long_only": True, "max_weight": {"A": 0.4, "*": 0.6}}, tax=tax)
    return rebalance(
        dataclasses.replace(asked, holdings=held, policy=policy), runtime, market=small_book.market(), frontier=False
    )


def test_the_answer_says_what_may_be_bought_instead(runtime: Runtime) -> None:
    record = answered(runtime, {"regime": "us_federal", "substitutes": {"A": ["C", "D"]}})
    found = record.document["taxes"]
    sold = {lot["asset_id"]: lot for lot in found["lots"]}
    assert float(sold["A"]["gain"]) < 0
    (instead,) = found["instead"]
    as_of = date.fromisoformat(record.document["as_of"][:10])
    assert (date.fromisoformat(instead["again_on"]) - as_of).days == 31
    assert [(one["asset_id"], one["rank"], one["barred"]) for one in instead["substitutes"]] == [("C", 1, ""), ("D", 2, "")]
    page = html(record.document)
    assert f"A is sold at a loss: not bought again before {instead['again_on']}; in its place C, else D." in page


def test_a_lot_that_is_named_and_not_held_is_told(runtime: Runtime) -> None:
    record = answered(runtime, {"regime": "us_federal", "method": "specified", "specified": {"A": ["gone", "dear"]}})
    assert [lot["lot_id"] for lot in record.document["taxes"]["lots"] if lot["asset_id"] == "A"] == ["dear"]
    assert any("not held, and were passed over: gone of A" in note for note in record.document["notes"])


def test_where_no_rule_bars_a_buy_nothing_is_said(runtime: Runtime) -> None:
    record = answered(runtime, {"regime": "germany"})
    assert record.document["taxes"]["instead"] == []
    assert "not bought again" not in html(record.document)
