"""What lies in an account may not be sold: so many shares stay, whole or not, and the answer says whose they are."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import portopt
from portopt.adapters.providers.holdings_files import read_holdings
from portopt.dialects.requests import rebalance_request_from_data
from portopt.domain.canonical import plain
from portopt.domain.errors import InfeasibleRequest, InvalidValue
from portopt.domain.holdings import Holdings
from portopt.runtime import open_runtime
from portopt.settings import Settings
from portopt.terms.accounts import with_accounts
from portopt.terms.catalog import parse_limits

LIST = """account,symbol,shares,price
IRA,A,300,10
Joint,A,200,10
Joint,B,100,20
,B,50,20
IRA,C,40,25
,CASH,500,
"""
HELD = Holdings(
    "p", {"A": Decimal(500), "B": Decimal(150), "C": Decimal(40)}, Decimal(500),
    accounts={"IRA": {"A": Decimal(300), "C": Decimal(40)}, "Joint": {"A": Decimal(200), "B": Decimal(100)}},
)  # fmt: skip


@pytest.fixture(scope="module")
def holdings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("accounts") / "p.csv"
    path.write_text(LIST)
    return path


@pytest.fixture(scope="module")
def prices() -> Any:
    import pandas as pd

    rng = np.random.default_rng(2)
    walk = np.cumsum(rng.normal(0.0, 0.01, (150, 4)) * [3.0, 1.0, 1.0, 0.2], axis=0)
    days = pd.bdate_range("2024-01-01", periods=150)
    return pd.DataFrame(np.exp(walk - walk[-1]) * [10.0, 20.0, 25.0, 50.0], index=days, columns=list("ABCD"))


def test_a_list_keeps_shares_by_account_beside_their_sum(holdings: Path) -> None:
    found, _ = read_holdings(holdings)
    assert (found.shares, found.cash, found.accounts) == (HELD.shares, HELD.cash, HELD.accounts)


def test_holdings_without_accounts_are_written_as_they_were() -> None:
    assert "accounts" not in plain(Holdings("p", {"A": Decimal(1)}))
    assert plain(HELD)["accounts"]["IRA"] == {"A": "300", "C": "40"}


@pytest.mark.parametrize(
    ("shares", "there", "part"),
    [("500", "300", 0.6), ("500", "500", 1.0), ("100", "150", 1.0), ("-20", "30", 1.0)],  # sold short elsewhere: no more is
)
def test_the_part_of_a_position_that_lies_in_an_account(shares: str, there: str, part: float) -> None:
    held = Holdings("p", {"A": Decimal(shares)}, accounts={"IRA": {"A": Decimal(there), "B": Decimal(-5)}})
    told = with_accounts({"do_not_sell": ["B", {"account": "IRA"}]}, held)
    assert told == {"do_not_sell": ["B", {"account": "IRA", "holds": {"A": part}}]}


def rebalanced(holdings: Path, prices: Any, home: Path, **words: Any) -> portopt.Proposal:
    universe = {name: {} for name in "ABCD"}
    return portopt.rebalance(holdings, prices, {"id": "own", "objective": "min_risk", "limits": {}}, universe=universe,
                             home=home, frontier=False, **words)  # fmt: skip


def test_as_many_shares_stay_as_lie_there_and_the_others_may_be_sold(holdings: Path, prices: Any, tmp_path: Path) -> None:
    proposal = rebalanced(holdings, prices, tmp_path, do_not_sell="account:IRA")
    after = {row["asset_id"]: Decimal(row["shares_after"]) for row in proposal.document["proposal"]}
    assert Decimal(300) <= after["A"] <= Decimal(301)  # least risk would hold none of it; a share more is a cent's rounding
    assert after["B"] < 150
    said = next(row["why"] for row in proposal.document["proposal"] if row["asset_id"] == "A")
    assert "do-not-sell of account IRA keeps the rest" in said
    assert next(row["why"] for row in proposal.document["proposal"] if row["asset_id"] == "C").startswith(
        "Not sold: do-not-sell of"
    )
    assert portopt.verify(json.loads(json.dumps(proposal.document))).holds
    again = rebalance_request_from_data(proposal.record.request)
    assert again.holdings.accounts == HELD.accounts
    free = rebalanced(holdings, prices, tmp_path)
    assert Decimal(next(row["shares_after"] for row in free.document["proposal"] if row["asset_id"] == "A")) < 300


def test_a_store_keeps_accounts_with_each_version_of_the_holdings(tmp_path: Path) -> None:
    kept = open_runtime(Settings(home=tmp_path)).portfolios
    assert kept.declare(HELD, "desk").version == kept.declare(HELD, "desk").version == 1
    moved = dataclasses.replace(HELD, accounts={"Joint": {"A": Decimal(500)}})
    assert kept.declare(moved, "desk").version == 2
    assert kept.get("p").holdings.accounts == moved.accounts
    assert [version.holdings.accounts for version in kept.versions("p")] == [moved.accounts, HELD.accounts]


def test_a_conflict_names_the_account(holdings: Path, prices: Any, tmp_path: Path) -> None:
    with pytest.raises(InfeasibleRequest, match="A at least .* by do_not_sell") as refused:
        rebalanced(holdings, prices, tmp_path, do_not_sell=[{"account": "IRA"}], limits={"max_weight": {"A": 0.1, "*": 0.9}})
    assert any("account IRA" in fix for fix in refused.value.fixes)


@pytest.mark.parametrize(
    ("limits", "held", "sentence"),
    [
        ({"do_not_sell": [{"account": "ISA"}]}, HELD, "there is no account 'ISA' here; known: IRA"),
        ({"do_not_sell": [{"account": "IRA"}]}, Holdings("p", {"A": Decimal(1)}), "they name none"),
    ],
)
def test_an_account_that_nobody_knows_is_refused(limits: dict[str, Any], held: Holdings, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        with_accounts(limits, held)


@pytest.mark.parametrize("kind", ["do_not_buy", "keep"])
def test_into_which_account_is_bought_is_not_decided(kind: str) -> None:
    with pytest.raises(InvalidValue, match="orders do not say into which they buy") as refused:
        parse_limits({kind: [{"account": "IRA"}]})
    assert 'do_not_sell: [{"account": "IRA"}]' in refused.value.fixes[0]


def test_a_choice_of_weights_knows_no_account() -> None:
    with pytest.raises(InvalidValue, match="is no account that is known here"):
        portopt.optimize({"A": [0.01, -0.01, 0.02], "B": [0.0, 0.01, -0.01]}, "min_risk", current_weights={"A": 0.5, "B": 0.5},
                         limits={"do_not_sell": [{"account": "IRA"}]})  # fmt: skip
