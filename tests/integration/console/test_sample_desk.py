"""The sample desk: made where nothing is on record and nowhere else, in the states that it says, by the steps of anybody."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from portopt import runtime as runtime_module
from portopt.domain.desk import Tile
from portopt.domain.errors import Conflict
from portopt.domain.portfolio import Portfolio
from portopt.domain.run import RunStatus
from portopt.doors import cli, sample_desk
from portopt.doors.wire.answering import answer
from portopt.doors.wire.asked import Asked
from portopt.doors.wire.call import Call
from portopt.doors.wire.operations import OPERATIONS
from portopt.runtime import Runtime, open_runtime
from portopt.settings import Settings

FEW = ("elm-trust", "glen-reserve", "heath-balanced", "juniper-income", "knoll-balanced")  # a state each, to save time


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    made = open_runtime(Settings(home=tmp_path_factory.mktemp("sample")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sample_desk, "DESK", tuple(one for one in sample_desk.DESK if one.id in FEW))
        patch.setattr(sample_desk, "WAITING", tuple(name for name in sample_desk.WAITING if name in FEW))
        patch.setattr(sample_desk, "RUNNING", tuple(name for name in sample_desk.RUNNING if name in FEW))
        assert sample_desk.make(made) == len(FEW)
        assert sample_desk.is_there(made)
        with pytest.raises(Conflict, match="5 portfolios are on record"):
            sample_desk.make(made)
    return made


@pytest.fixture(scope="module")
def lines(runtime: Runtime) -> dict[str, dict]:
    found = OPERATIONS["desk"].function()(Asked(Call("desk"), runtime)).value
    return {line["portfolio_id"]: line for line in found["portfolios"]}


def test_every_state_that_it_says_is_there(lines: dict[str, dict]) -> None:
    assert Tile.WITHDRAWAL_DUE in lines["elm-trust"]["tiles"]
    assert lines["elm-trust"]["tiles"] == ["withdrawal_due"]  # and nothing else: it is in band, within its limits
    assert lines["glen-reserve"]["prices"]["sessions"] == sample_desk.OLD_SESSIONS
    assert lines["elm-trust"]["prices"]["sessions"] == 0
    assert Tile.WAITING_FOR_APPROVAL in lines["heath-balanced"]["tiles"]
    assert lines["juniper-income"]["proposal"]["stage"] == "failed"
    assert "cannot hold together" in lines["juniper-income"]["proposal"]["problem"]["detail"]
    assert lines["knoll-balanced"]["wave"]["state"] == "waiting"


def test_trades_that_were_released_are_in_the_holdings(runtime: Runtime) -> None:
    """Worked out here from the document alone: shares of what was not moved since, and the cash with every cost."""
    run = runtime.runs.runs(portfolio_id="glen-reserve", limit=1)[0]
    assert run.status is RunStatus.COMPLETED
    trades = runtime.runs.get(run.run_id).document["trades"]
    last, first = runtime.portfolios.versions("glen-reserve")
    untouched = [trade for trade in trades if trade["asset_id"] not in sample_desk.EASED]
    assert untouched
    for trade in untouched:
        sign = 1 if trade["side"] == "buy" else -1
        before, after = (one.holdings.shares.get(trade["asset_id"], Decimal(0)) for one in (first, last))
        assert after - before == sign * Decimal(str(trade["shares"]))


def test_where_anything_is_on_record_it_is_not_made(tmp_path) -> None:
    runtime = open_runtime(Settings(home=tmp_path))
    runtime.portfolios.save(Portfolio("mine"))
    with pytest.raises(Conflict, match="mine among them"):
        sample_desk.make(runtime)
    assert answer(Call("desk"), runtime).status == 200
    assert list(runtime.waves.portfolios()) == ["mine"]


def in_words(*command: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.run([*command]) == 0
    return capsys.readouterr().out


@pytest.fixture
def typed(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands' own installation is the sample desk's."""
    monkeypatch.setenv("PORTOPT_HOME", str(runtime.settings.home))
    monkeypatch.setenv("COLUMNS", "200")
    runtime_module.runtime.cache_clear()


def test_the_command_line_tells_the_same_desk(typed: None, lines: dict[str, dict], capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(in_words("desk", "--json", capsys=capsys))
    assert {line["portfolio_id"]: line["tiles"] for line in told["portfolios"]} == {k: v["tiles"] for k, v in lines.items()}
    words = in_words("desk", "--sort", "-value", capsys=capsys)
    assert words.startswith("5 portfolios of 5: ")
    assert "1 withdrawal due" in words
    shown = [name for row in words.splitlines() for name in lines if row.startswith(f"{name} ")]
    by_value = sorted(lines, key=lambda name: -(lines[name]["value"] or 0.0))
    assert shown[: len(lines)] == by_value
    one = json.loads(in_words("desk", "--tile", "withdrawal_due", "--json", capsys=capsys))
    assert [line["portfolio_id"] for line in one["portfolios"]] == ["elm-trust"]
    assert cli.run(["desk", "--tile", "withdrawl_due"]) == 2
    assert "withdrawal_due" in capsys.readouterr().err


def test_the_command_line_tells_what_became_of_what_was_released(typed: None, capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = json.loads(in_words("afterwards", "glen-reserve", "--json", capsys=capsys))["proposals"]
    words = in_words("afterwards", "glen-reserve", capsys=capsys)
    assert words.startswith(f"{one['run_id']}, released {one['released_at'][:10]}")
    assert "% of the trades was filled" in words
    assert f"{100 * one['cost']['expected']:.2f}" not in words, "a cost is money, not a percentage"
    assert "Nothing of juniper-income was released" in in_words("afterwards", "juniper-income", capsys=capsys)
    assert cli.run(["afterwards", "juniper"]) == 2
    assert "juniper" in capsys.readouterr().err
