"""Files that were once misread, as bodies: 40 x 102.0034 + 40 x 97.5075 = 7,980.44 in every shape, or refused by its place."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from integration.service.books import SPREADSHEET, body_of, done, problem
from integration.service.serving import Served

CASES = Path(__file__).parents[2] / "golden" / "cases"
(POLICY,) = json.loads((CASES / "policy.json").read_text())["policies"]


def sent(client: httpx.Client, case: str) -> tuple[httpx.Response, httpx.Response]:
    """What is said to its holdings, and to its prices."""
    done(client.put("/policies/p", json={name: value for name, value in POLICY.items() if name != "id"}))
    done(client.put(f"/portfolios/{case}", json={"policy": "p"}))
    holdings, prices = (body_of((CASES / case / name).read_bytes(), "text/csv") for name in ("holdings.csv", "prices.csv"))
    return client.put(f"/portfolios/{case}/holdings", **holdings), client.post("/packs", **prices)


def worth(client: httpx.Client, portfolio_id: str, pack: str) -> dict[str, Any]:
    """The run of a rebalance at once."""
    plan = done(client.post(f"/portfolios/{portfolio_id}/rebalance", json={"pricing_pack_id": pack}))
    return dict(done(client.get(f"/runs/{plan['rebalance_id']}")))


@pytest.mark.parametrize(
    ("case", "as_of"),
    [
        ("broker-positions-export", "2024-03-25"),
        ("day-first-dates", "2024-03-25"),
        ("semicolon-prices-decimal-comma", "2024-03-25"),
        ("trailing-separator-holdings", "2024-03-25"),
        ("two-digit-years-over-the-millennium", "2000-02-11"),
        ("two-lots-of-one-asset", "2024-03-25"),
        ("yahoo-two-header-rows", "2024-03-25"),
    ],
)
def test_forty_shares_of_each_are_worth_what_the_hand_says(sqlite_service: Served, case: str, as_of: str) -> None:
    holdings, prices = map(done, sent(sqlite_service.client, case))
    assert holdings["shares"] == {"AAA": "40", "BBB": "40"}
    run = worth(sqlite_service.client, case, prices["pricing_pack_id"])
    assert (Decimal(run["headline"]["portfolio_value"]), run["as_of"]) == (Decimal("7980.44"), as_of)


def test_decimal_commas_are_decimal_commas(sqlite_service: Served) -> None:
    holdings, _ = sent(sqlite_service.client, "decimal-comma-holdings")
    assert done(holdings)["shares"] == {"AAA": "30.5", "BBB": "40.25"}


def test_one_ticker_at_two_prices_is_refused_by_its_name(sqlite_service: Served) -> None:
    _, prices = sent(sqlite_service.client, "one-ticker-two-columns")
    assert "AAA" in problem(prices, 422, "bad_data")["detail"]


def test_the_same_book_as_workbook_and_as_json(sqlite_service: Served) -> None:
    client = sqlite_service.client
    rows = [{"asset": "AAA", "shares": 40.0}, {"asset": "BBB", "shares": 40.0}]
    workbook = io.BytesIO()
    pl.DataFrame(rows).write_excel(workbook)
    done(client.put("/portfolios/shapes", json={"name": "Every shape"}))
    for body in (body_of(workbook.getvalue(), SPREADSHEET), {"json": rows}, {"json": {"AAA": 40, "BBB": 40}}):
        held = done(client.put("/portfolios/shapes/holdings", **body))
        assert held["shares"] == {"AAA": "40", "BBB": "40"}


def test_a_fund_called_cash_is_not_taken_for_money(sqlite_service: Served) -> None:
    client, case = sqlite_service.client, "asset-called-cash-with-a-price"
    pack = done(sent(client, case)[1])["pricing_pack_id"]
    told = problem(client.post(f"/portfolios/{case}/rebalance", json={"pricing_pack_id": pack}), 422, "bad_data")
    assert "prices an asset called Cash" in told["detail"]
    assert "Cash_FUND" in told["fixes"][0]


def test_a_split_that_prices_are_not_adjusted_for_is_named_with_its_day(sqlite_service: Served) -> None:
    (found,) = done(sent(sqlite_service.client, "split-12-for-1")[1])["findings"]
    assert (found["kind"], found["asset_id"], found["date"]) == ("unadjusted_split", "SPL", "2024-03-26")


def test_a_portfolio_without_holdings_says_how_they_are_brought(sqlite_service: Served) -> None:
    client = sqlite_service.client
    done(client.put("/portfolios/empty", json={}))
    told = problem(client.get("/portfolios/empty/holdings"), 404, "not_found")
    assert told["detail"] == "there is no list of holdings of portfolio 'empty'"
    assert told["fixes"] == ["PUT /api/v1/portfolios/empty/holdings brings them"]
