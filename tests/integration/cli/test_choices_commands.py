"""Alternatives, edit, what-if and ready from the command line and in a notebook: the same answers, in JSON and in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import made_desk
import pytest

import portopt
from portopt.dialects.policies import write_policy
from portopt.domain.holdings import Holdings
from portopt.doors.cli import run
from portopt.runtime import runtime

HELD = made_desk.desk(2, n=8)
FIRST, SECOND, *_ = HELD.request.holdings.shares


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the made book as files of one's own, and an installation that has its proposal; for each test a copy."""
    folder = tmp_path_factory.mktemp("choices")
    _write_files(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PORTOPT_HOME", str(folder / "home"))
        runtime.cache_clear()
        assert run(["rebalance", *words(folder)]) == 0
        runtime().runs.close()
        runtime.cache_clear()
    return folder


@pytest.fixture
def home(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")
    runtime.cache_clear()
    return tmp_path


@pytest.fixture
def files(home: Path) -> list[str]:
    return words(home)


def words(folder: Path) -> list[str]:
    where = {"--holdings": "h.csv", "--prices": "p.csv", "--policy": "policy.json"}
    return [word for option, name in where.items() for word in (option, str(folder / name))]


def _write_files(folder: Path) -> None:
    import polars as pl

    holdings: Holdings = HELD.request.holdings
    rows = [
        {"asset": a.id, "shares": float(holdings.shares.get(a.id, 0)), "sector": a.sector, "quality_score": a.quality_score,
         "esg_score": a.esg_score, "benchmark_weight": (HELD.request.benchmark or {})[a.id]}
        for a in HELD.request.universe.assets
    ]  # fmt: skip
    pl.DataFrame([*rows, {**dict.fromkeys(rows[0]), "asset": "CASH", "shares": float(holdings.cash)}]).write_csv(
        folder / "h.csv"
    )
    HELD.prices.write_csv(folder / "p.csv")
    (folder / "policy.json").write_text(json.dumps(write_policy(HELD.request.policy)))


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = run([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) in (0, 1)
    return capsys.readouterr().out


def proposed(capsys: pytest.CaptureFixture[str], files: list[str]) -> str:
    code, document = answer(capsys, "rebalance", *files)
    assert code == 0
    return str(document["run_id"])


def test_the_choices_of_ones_own_files_are_those_of_the_run_they_make(files, capsys):
    run_id = proposed(capsys, files)
    code, of_files = answer(capsys, "alternatives", *files)
    assert code == 0
    assert next(card["name"] for card in of_files["alternatives"]) == "do_nothing"
    assert len(of_files["alternatives"]) >= 7
    _, of_run = answer(capsys, "alternatives", run_id)
    assert of_run["alternatives"] == of_files["alternatives"]
    policy = next(card for card in of_run["alternatives"] if card["name"] == "policy")
    assert policy["run_id"] == run_id


def test_one_is_selected_and_stored_as_its_own_run(files, capsys):
    run_id = proposed(capsys, files)
    _, found = answer(capsys, "alternatives", run_id)
    least = next(card for card in found["alternatives"] if card["name"] == "least_risk")
    code, document = answer(capsys, "alternatives", run_id, "--select", "least_risk")
    assert (code, document["run_id"]) == (0, least["run_id"])
    code, refused = answer(capsys, "alternatives", run_id, "--select", "most_fun")
    assert (code, refused["code"]) == (2, "invalid_value")


def test_the_terminal_compares_them_and_says_what_is_not_offered(files, home, capsys):
    import polars as pl

    pl.read_csv(home / "h.csv").drop("esg_score").write_csv(home / "h.csv")
    text = told(capsys, "alternatives", *files, "--set", "limits.max_weight=0.22")
    assert text.index("\ndo_nothing") < text.index("\npolicy")
    assert "gives up" in text
    assert "max_weight" in text
    assert "not offered" in text


def test_an_edit_keeps_its_trades_and_tells_its_price(files, capsys):
    run_id = proposed(capsys, files)
    code, found = answer(capsys, "edit", run_id, f"{FIRST}=none", f"{SECOND}=-5")
    assert code == 0
    assert found["pinned"] == [{"asset_id": FIRST, "trade": "no trade"}, {"asset_id": SECOND, "trade": "sell 5 shares"}]
    assert found["price"]["gives_up"] >= -1e-10
    text = told(capsys, "edit", run_id, f"{FIRST}=none")
    assert text.startswith(f"{FIRST} no trade: the edit ")
    assert "Stands" in text
    code, document = answer(capsys, "edit", run_id, f"{FIRST}=none", f"{SECOND}=-5", "--propose")
    assert (code, document["run_id"]) == (0, found["run_id"])
    sold = {t["asset_id"]: t["shares"] for t in document["trades"]}
    assert (sold[SECOND], FIRST in sold) == (5.0, False)


def test_an_edit_of_files_needs_no_run(files, capsys):
    code, found = answer(capsys, "edit", *files, f"{FIRST}=none")
    assert (code, found["pinned"][0]["asset_id"]) == (0, FIRST)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["edit", "RUN"], 2, "at least one trade"),
        (["edit", "RUN", f"{FIRST}"], 2, "no asset and its trade"),
        (["edit", "RUN", f"{FIRST}=12"], 2, "says no trade"),
        (["edit", "RUN", f"{FIRST}=60%"], 3, "pinned"),
        (["edit", "reb-20240628-00000000000000000000", f"{FIRST}=+1"], 2, "reb-20240628-00000000000000000000"),
        (["what-if", "RUN"], 2, "nothing is moved"),
        (["what-if", "RUN", "limits.max_weight=0.01"], 3, "max_weight"),
        (["what-if", "RUN", "approval.four_eyes=true"], 2, "who decides"),
        (["ready", "RUN", "--on", "someday"], 2, "someday"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_refused_in_the_users_words(words, code, says, files, capsys):
    run_id = proposed(capsys, files)
    found, problem = answer(capsys, *(run_id if word == "RUN" else word for word in words))
    assert found == code
    assert says in " ".join([problem["detail"], *problem["fixes"], str(problem.get("asked"))])


def test_a_what_if_shows_both_sides_and_how_far_the_preview_holds(files, capsys):
    run_id = proposed(capsys, files)
    code, found = answer(capsys, "what-if", run_id, "limits.max_turnover=0.2")
    assert code == 0
    assert found["moved"] == [{"path": "limits.max_turnover", "before": 0.25, "after": 0.2}]
    assert found["after"]["turnover"] <= 0.2 + 1e-9
    if found["preview"]["inside"]:
        assert found["preview"]["differs"] <= 1e-6
    text = told(capsys, "what-if", run_id, "limits.max_turnover=0.2")
    assert text.startswith("limits.max_turnover 0.25 → 0.2: it ")
    assert "derivatives hold" in text


def test_ready_says_no_by_its_exit_code_and_why(files, home, capsys, monkeypatch):
    monkeypatch.setenv("PORTOPT_HOME", str(home / "where nothing was proposed"))
    assert run(["ready", *files, "--on", "2024-07-01"]) == 0
    assert capsys.readouterr().out.startswith("Yes: ")
    assert run(["ready", *files, "--on", "2024-07-04"]) == 1
    assert "closed on 2024-07-04" in capsys.readouterr().out


def test_a_notebook_asks_the_same(files, capsys, home):
    run_id = proposed(capsys, files)
    _, at_the_command_line = answer(capsys, "alternatives", run_id)
    assert dict(portopt.alternatives(run_id)) == at_the_command_line
    book = {"prices": files[3], "policy": HELD.request.policy}
    proposal = portopt.rebalance(files[1], **book)
    edited = portopt.edit(proposal, {FIRST: "none"})
    assert isinstance(edited, portopt.Findings)
    assert edited["pinned"] == [{"asset_id": FIRST, "trade": "no trade"}]
    assert str(edited).startswith(f"{FIRST} no trade: the edit ")
    assert set(edited.to_frame().columns) >= {"asset_id", "now", "stands", "after"}
    made = portopt.edit(proposal, {FIRST: "none"}, propose=True)
    assert isinstance(made, portopt.Proposal)
    assert made.run_id == edited["run_id"]
    moved = portopt.what_if(proposal, {"limits.max_turnover": 0.2})
    assert isinstance(moved, portopt.Findings)
    assert moved["moved"][0]["after"] == 0.2
    ready = portopt.ready(files[1], **book, on="2024-07-04")
    assert ready["answer"] == "no"
    assert ready.to_frame()["name"][0] == "calendar"
    chosen = portopt.alternatives(edited, select="least_trading")
    assert isinstance(chosen, portopt.Proposal)
    table = portopt.alternatives(proposal)
    assert isinstance(table, portopt.Findings)
    assert table.to_frame()["name"][0] == "do_nothing"
    with pytest.raises(portopt.PortoptError, match="already"):
        portopt.alternatives(proposal, prices=HELD.prices)
    with pytest.raises(portopt.PortoptError, match="no book to trade"):
        portopt.alternatives(portopt.ask({"A": [0.01, 0.02, -0.01], "B": [0.0, 0.01, 0.02]}))
