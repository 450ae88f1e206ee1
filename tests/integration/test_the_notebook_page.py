"""docs/notebook.md: its blocks are run on the sample's files, and its tables name what there is."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer

import portopt
from portopt.adapters.providers.sample import SampleProvider
from portopt.domain.market import MarketQuery
from portopt.doors.cli import app, run
from portopt.doors.notebook.posing import OF_A_BOOK
from portopt.intake.wanted import Wanted
from portopt.runtime import runtime

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "notebook.md").read_text()
POLICY = {
    "id": "page",
    "name": "page",
    "objective": {"kind": "utility", "risk_aversion": 4.0},
    "limits": {"max_weight": 0.2, "max_turnover": 0.25},
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page names."""
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    runtime.cache_clear()
    shutil.copy(ROOT / "config/sample/holdings.csv", "holdings.csv")
    shutil.copy(ROOT / "config/sample/request.json", "request.json")
    long = SampleProvider().prices(MarketQuery())
    long.pivot(on="asset_id", index="date", values="close").sort("date").tail(600).write_csv("prices.csv")
    Path("policy.json").write_text(json.dumps(POLICY))
    return tmp_path


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_lines_of_python_run_and_ask_of_the_same_book(desk: Path) -> None:
    (code,) = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(code, "notebook.md", "exec"), names)
    proposal = names["proposal"]
    by_files = portopt.risk(holdings="holdings.csv", prices="prices.csv", policy=POLICY)
    assert by_files.document == portopt.risk(proposal).document


def test_the_lines_of_the_command_line_run(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = ["rebalance", "--holdings", "holdings.csv", "--prices", "prices.csv", "--policy", "policy.json", "--json"]
    assert run(made) == 0
    run_id = json.loads(capsys.readouterr().out)["run_id"]
    found = [line for block in blocks("console") for line in block.split("\n") if line.startswith("$ portopt")]
    assert len(found) == 5
    for line in found:
        words = re.sub(r"reb-\d{8}-[0-9a-f]{20}", run_id, line.partition("#")[0]).split()[2:]
        assert run(words) == 0, line
        assert capsys.readouterr().out


def test_the_tables_name_what_there_is() -> None:
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \| ([^|]+) \|$", PAGE.split("## Of what it is asked")[0], flags=re.MULTILINE)
    named = {word.removeprefix("portopt.") for python, _ in rows for word in re.findall(r"`([\w.]+)`", python)}
    assert len(named) == 17
    assert named <= set(portopt.__all__)
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert {name.replace("_", "-") for name in named} <= commands


def test_the_page_names_every_word_of_a_book() -> None:
    asked = PAGE.split("## What an answer is")[0]
    for word in set(OF_A_BOOK) - set(Wanted.__annotations__) - {"request"}:
        assert f"`{word}`" in asked, word
