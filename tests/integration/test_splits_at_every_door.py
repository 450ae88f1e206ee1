"""Holdings from before a split: every door asks, and every door takes the answer to the same request."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import made_nights as nights
import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

import portopt
from portopt.domain.errors import DataError, InvalidValue, SharesInDoubt
from portopt.domain.holdings import Holdings
from portopt.domain.request import RebalanceRequest
from portopt.domain.wave import ItemState
from portopt.doors import cli
from portopt.doors.commands.asked_options import AskedOptions, posed
from portopt.doors.commands.rebalance_options import Options, read_rebalance
from portopt.doors.commands.wanted_options import WantedOptions, said
from portopt.doors.form import RebalanceForm, resolve
from portopt.questions.policies import policies
from portopt.questions.wave import carry_out
from portopt.runs.history import replay
from portopt.runs.waves.report import report
from portopt.runs.waves.start import WaveWish, all_portfolios, start
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

POLICY = {
    "id": "calm",
    "name": "Calm",
    "objective": {"kind": "min_risk"},
    "limits": {"long_only": True, "cash": {"max": 0.05}},
    "estimation": {"lookback": None, "min_observations": 20},
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    return open_runtime(Settings(home=tmp_path_factory.mktemp("splits")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred days in shares of today; the list is of the day before the newest, when A still had a quarter of its shares."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(3)
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 4, 9), eager=True)
    prices = {a: np.round(100 * (k + 1) * np.cumprod(1 + rng.normal(0, 0.01, len(days))), 4) for k, a in enumerate("ABC")}
    pl.DataFrame({"date": days, **prices}).write_csv(folder / "prices.csv")
    stated = {"A": round(4 * prices["A"][-2], 2), "B": round(prices["B"][-2], 2), "C": round(prices["C"][-2], 2)}
    rows = "".join(f"{a},{n},{stated[a]},2024-04-08\n" for a, n in (("A", 100), ("B", 50), ("C", 30)))
    (folder / "holdings.csv").write_text(f"asset,shares,price,as_of\n{rows}CASH,1000,,\n")
    (folder / "policy.json").write_text(json.dumps(POLICY))
    (folder / "actions.csv").write_text("asset,type,ex_date,ratio\nA,split,2024-04-09,4:1\nZ,split,2024-04-09,2:1\n")
    return folder


def asked(folder: Path, runtime: Runtime, **wanted: Any) -> RebalanceRequest:
    words: dict[str, Any] = {"prices": folder / "prices.csv", "policy": POLICY, "home": runtime.home, "portfolio_id": "P"}
    found = portopt.ask(holdings=folder / "holdings.csv", **words, **wanted)
    assert isinstance(found, RebalanceRequest)
    return found


def test_every_door_makes_the_same_request_of_the_answers(folder: Path, runtime: Runtime) -> None:
    held, prices = str(folder / "holdings.csv"), folder / "prices.csv"
    options = WantedOptions(split=["A=4:1"], confirm_shares=["B", "C"])
    line = Options(held, prices, portfolio_id="P", wanted=said(options))
    form = RebalanceForm(portfolio_id="P", holdings=held, provider=f"files:{prices}", split="A=4:1", confirm_shares="C, B")
    words: dict[str, Any] = {"prices": prices, "portfolio_id": "P", "home": runtime.home, "policy": "quality_focused"}
    body = {"splits": {"A": "4:1"}, "confirmed_shares": ["B", "C"]}
    requests = {
        "the command line": read_rebalance(line, runtime),
        "a question": posed(AskedOptions(holdings=held, prices=prices, portfolio_id="P", wanted=options))[0],
        "the form": resolve(form, runtime),
        "a notebook": portopt.ask(holdings=held, split={"A": "4:1"}, confirm_shares=["C", "B"], **words),
        "a body": portopt.ask(holdings=held, request=body, **words),
    }
    for door, request in requests.items():
        assert isinstance(request, RebalanceRequest)
        assert request.holdings.shares["A"] == 400, door
        assert request.holdings.as_of == date(2024, 4, 8), door
        assert (request.holdings.splits, request.confirmed_shares) == ({"A": "4:1"}, ("B", "C")), door
        assert "400 shares of A are those after a split of 4:1, as was stated" in request.notes, door
    assert (
        len({request.holdings.stated_prices["A"] for request in requests.values() if isinstance(request, RebalanceRequest)})
        == 1
    )


def shares_held(found: Any, runtime: Runtime) -> dict[str, str]:
    return dict(runtime.runs.get(found.run_id).request["holdings"]["shares"])


def test_asked_and_answered_it_is_proposed_and_replayed(folder: Path, runtime: Runtime) -> None:
    with pytest.raises(
        SharesInDoubt, match="A looks like a split of 4 for 1 since these holdings, 100 shares would be 400 now"
    ):
        portopt.rebalance(folder / "holdings.csv", folder / "prices.csv", POLICY, home=runtime.home)
    found = portopt.rebalance(folder / "holdings.csv", folder / "prices.csv", POLICY, home=runtime.home, split="A=4:1")
    assert shares_held(found, runtime)["A"] == "400"
    assert any("are those after a split of 4:1, as was stated" in note for note in found.document["notes"])
    assert not [f for f in found.document["data_quality"]["findings"] if f["kind"] == "split_since_holdings"]
    assert replay(found.run_id, runtime)["same"]
    kept = portopt.rebalance(folder / "holdings.csv", folder / "prices.csv", POLICY, home=runtime.home, confirm_shares=["A"])
    assert shares_held(kept, runtime)["A"] == "100"
    (told,) = [f for f in kept.document["data_quality"]["findings"] if f["kind"] == "split_since_holdings"]
    assert told["treatment"] == "accepted"
    assert kept.run_id != found.run_id
    assert replay(kept.run_id, runtime)["same"]


def test_quarantined_the_asset_is_not_traded(folder: Path, runtime: Runtime) -> None:
    found = portopt.rebalance(
        folder / "holdings.csv",
        folder / "prices.csv",
        POLICY,
        home=runtime.home,
        sets={"data.split_since_holdings": "quarantine"},
    )
    assert "A" not in {trade["asset_id"] for trade in found.document["trades"]}
    assert replay(found.run_id, runtime)["same"]


def test_an_action_after_the_lists_day_is_asked_about_though_no_price_is_stated(folder: Path, runtime: Runtime) -> None:
    rows = "asset,shares,as_of\nA,100,2024-04-08\nB,50,2024-04-08\nC,30,2024-04-08\n"
    (folder / "bare.csv").write_text(rows)
    words: dict[str, Any] = {"home": runtime.home, "actions": folder / "actions.csv"}
    with pytest.raises(
        SharesInDoubt, match=r"A was split \(a split of 4 for 1\) on 2024-04-09, after the holdings of 2024-04-08"
    ):
        portopt.rebalance(folder / "bare.csv", folder / "prices.csv", POLICY, **words)
    found = portopt.rebalance(folder / "bare.csv", folder / "prices.csv", POLICY, split={"A": "4:1"}, **words)
    assert replay(found.run_id, runtime)["same"]


def test_the_command_line_ends_with_the_question(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path))
    words = ["rebalance", "--holdings", str(folder / "holdings.csv"), "--prices", str(folder / "prices.csv")]
    # not main: it ends the process
    assert cli.run([*words, "--policy", str(folder / "policy.json"), "--no-frontier", "--json"]) == DataError.exit_code
    told = json.loads(capsys.readouterr().out)
    assert (told["code"], told["asked"]) == ("split_since_holdings", {"field": "holdings", "value": ["A"]})
    assert any("--split A=4:1" in fix for fix in told["fixes"])


def test_answers_about_what_is_not_held_are_refused(folder: Path, runtime: Runtime) -> None:
    for wanted, word in (({"split": "Z=4:1"}, "Z"), ({"confirm_shares": "Z"}, "Z"), ({"split": "A=x"}, "x")):
        with pytest.raises(InvalidValue) as refused:
            asked(folder, runtime, **wanted)
        assert refused.value.value == word
    with pytest.raises(ValidationError):
        RebalanceForm(split=7)  # type: ignore[arg-type]  # what no form sends


def test_in_a_wave_the_book_is_a_cause_of_its_own_and_the_others_go_on(tmp_path: Path) -> None:
    market = nights.write_market(tmp_path, 8)
    runtime = nights.home(tmp_path, market, 6, nights.plain_policy())
    first = runtime.portfolios.get("P00000").holdings
    assert first is not None
    asset = sorted(first.shares)[0]
    stated = {asset: Decimal(str(round(3 * float(market.closes[-1, market.ids.index(asset)]), 2)))}
    shares = {**first.shares, asset: first.shares[asset] + 1}
    runtime.portfolios.declare(Holdings("P00000", shares, first.cash, first.currency, stated), "night")
    wave = start(
        all_portfolios(runtime), WaveWish("the night"), {p.id: p for p in policies(runtime)}, runtime, datetime.now(UTC)
    )
    carry_out(wave.wave_id, runtime)
    found = report(wave.wave_id, runtime)
    assert (found.counts[ItemState.PROPOSED], found.counts[ItemState.REFUSED]) == (5, 1)
    (cause,) = found.causes
    assert cause.said.startswith("split_since_holdings: ")
    assert (cause.portfolio, cause.items) == ("P00000", 1)
    assert f"{asset} looks like a split of 3 for 1" in cause.detail
