"""What is asked wrongly is said, by its name and place, in one document; and nothing at all is left behind.

What is refused once its prices are read is a run that failed: it is kept with its problem, and nothing else is.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portopt import runtime as runtime_module
from portopt.domain.run import RunStatus
from portopt.doors import cli

ASSETS = [f"S{i:02d}" for i in range(10)]
DAYS = 90
POLICY: dict[str, Any] = {
    "id": "desk",
    "name": "Desk",
    "objective": "min_risk",
    "limits": {"max_weight": 0.2, "sector_limits": 0.6, "cash": {"min": 0.0, "max": 0.02}},
    "estimation": {"lookback": None},
}
REQUEST: dict[str, Any] = {
    "portfolio_id": "p",
    "strategies": [
        {"id": "a", "expected_return": 0.10, "volatility": 0.2},
        {"id": "b", "expected_return": 0.06, "volatility": 0.1},
    ],
    "objective": "MAX_SHARPE",
    "method": "MEAN_VARIANCE",
    "risk_parameters": {"correlation": [[1, 0], [0, 1]]},
}
REBALANCE = ("rebalance", "--holdings", "holdings.csv", "--prices", "prices.csv", "--universe", "universe.csv",
             "--policy", "policy.json", "--output-dir", "out")  # fmt: skip
OPTIMIZE = ("optimize", "request.json")
WRITE_AHEAD = ("portopt.db-wal", "portopt.db-shm")
Spoil = Callable[[Path], None]


def nothing(_: Path) -> None:
    """The files are good; the words are not."""


def cell(file: str, row: int, column: int, text: str) -> Spoil:
    """One cell of a CSV file replaced; row 0 is the header."""

    def spoil(desk: Path) -> None:
        rows = list(csv.reader((desk / file).read_text().splitlines()))
        rows[row][column] = text
        write(desk / file, rows)

    return spoil


def content(file: str, text: str) -> Spoil:
    def spoil(desk: Path) -> None:
        (desk / file).write_text(text)

    return spoil


def added(file: str, text: str) -> Spoil:
    def spoil(desk: Path) -> None:
        with (desk / file).open("a") as stream:
            stream.write(text)

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(desk: Path) -> None:
        for one in spoils:
            one(desk)

    return spoil


def policy(**changes: Any) -> Spoil:
    """A policy with other sections; {} limits are added to, not replaced."""

    def spoil(desk: Path) -> None:
        changed = dict(POLICY)
        for name, value in changes.items():
            known = changed.get(name)
            changed[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
        (desk / "policy.json").write_text(json.dumps(changed))

    return spoil


def request(**changes: Any) -> Spoil:
    return content("request.json", json.dumps({**REQUEST, **changes}))


def duplicated(desk: Path) -> None:
    """The prices as rows, and one of them again with another price."""
    header, *rows = list(csv.reader((desk / "prices.csv").read_text().splitlines()))
    long = [[asset, row[0], price] for row in rows for asset, price in zip(header[1:], row[1:], strict=True)]
    write(desk / "prices.csv", [["asset_id", "date", "close"], *long, ["S03", rows[7][0], "12.5"]])


def in_another_order(desk: Path) -> None:
    """Dates as day and month, no day over 12: nobody can tell them from month and day."""
    header, *rows = list(csv.reader((desk / "prices.csv").read_text().splitlines()))
    early = [row for row in rows if row[0] <= "2022-01-12"]
    write(desk / "prices.csv", [header, *[["/".join(reversed(row[0].split("-"))), *row[1:]] for row in early]])


@dataclass(frozen=True)
class Wrong:
    """words: the command line. said: what the sentence must hold. fix: what one of the fixes must hold.

    kept: the prices were read, so that it is a failed run.
    """

    code: str
    exit_code: int
    said: tuple[str, ...]
    words: tuple[str, ...] = REBALANCE
    spoil: Spoil = nothing
    fix: str = ""
    field: str | None = field(default=None)
    kept: bool = False


def instead(old: str, new: str) -> tuple[str, ...]:
    return tuple(new if word == old else word for word in REBALANCE)


CASES: dict[str, Wrong] = {
    # Files
    "missing holdings": Wrong(
        "file_not_readable", 2, ("holding.csv", "No such file"), instead("holdings.csv", "holding.csv"), fix="holdings.csv"
    ),
    "missing prices": Wrong(
        "file_not_readable", 2, ("price.csv", "no such file"), instead("prices.csv", "price.csv"), fix="prices.csv"
    ),
    "missing universe": Wrong(
        "file_not_readable", 2, ("univers.csv",), instead("universe.csv", "univers.csv"), fix="use universe.csv"
    ),
    "missing benchmark file": Wrong(
        "file_not_readable", 2, ("absent.txt",), (*REBALANCE, "--benchmark", "absent.txt"), fix="check the path"
    ),
    "missing policy file": Wrong(
        "file_not_readable", 2, ("polcy.json",), instead("policy.json", "polcy.json"), fix="policy.json"
    ),
    "missing request": Wrong("file_not_readable", 2, ("requests.json",), ("optimize", "requests.json"), fix="request.json"),
    "empty holdings file": Wrong("bad_data", 4, ("holdings.csv", "holds no holdings"), spoil=content("holdings.csv", "")),
    "holdings without rows": Wrong(
        "bad_data", 4, ("holdings.csv", "not one row"), spoil=content("holdings.csv", "symbol,shares\n")
    ),
    "a book of nothing": Wrong(
        "bad_data", 4, ("'holdings' is worth 0.00 USD",), spoil=content("holdings.csv", "symbol,shares\nS01,0\n"), kept=True
    ),
    "an asset twice": Wrong("bad_data", 4, ("S01", "already in row 3"), spoil=added("universe.csv", "S01,another\n")),
    "shares in words": Wrong("bad_data", 4, ("row 3", "'many'"), spoil=cell("holdings.csv", 2, 1, "many")),
    "empty price file": Wrong("file_not_readable", 2, ("prices.csv",), spoil=content("prices.csv", ""), fix="column names"),
    # Prices
    "unknown asset": Wrong("bad_data", 4, ("GHOST",), spoil=added("holdings.csv", "GHOST,10\n"), fix="GHOST"),
    "a NaN price": Wrong("bad_data", 4, ("S02", "2022-01-08", "NaN"), spoil=cell("prices.csv", 6, 3, "NaN"), fix="S02"),
    "an infinite price": Wrong("bad_data", 4, ("S02", "2022-01-08", "infinite"), spoil=cell("prices.csv", 6, 3, "inf")),
    "an infinite price that the policy would accept": Wrong(
        "bad_data",
        4,
        ("S02", "2022-01-08", "infinite"),
        spoil=both(policy(data={"not_a_number": "accept"}), cell("prices.csv", 6, 3, "-inf")),
    ),
    "a negative price": Wrong("bad_data", 4, ("S02", "2022-01-08", "-4.5"), spoil=cell("prices.csv", 6, 3, "-4.5"), fix="S02"),
    "a price of zero": Wrong("bad_data", 4, ("S02", "2022-01-08", "price 0"), spoil=cell("prices.csv", 6, 3, "0"), fix="S02"),
    "a loss of more than everything": Wrong(
        "bad_data",
        4,
        ("S02 returns -1", "2022-01-08"),
        spoil=both(policy(data={"non_positive_price": "accept"}), cell("prices.csv", 6, 3, "-4.5")),
    ),
    "a price in words": Wrong("bad_data", 4, ("S02", "2022-01-08", "'ten'"), spoil=cell("prices.csv", 6, 3, "ten")),
    "two prices for one day": Wrong("bad_data", 4, ("S03", "2022-01-10", "12.5"), spoil=duplicated),
    "dates in another order": Wrong(
        "bad_data", 4, ("'03/01/2022' (row 2)", "2022-01-03 or 2022-03-01"), spoil=in_another_order, fix="YYYY-MM-DD"
    ),
    "prices only after the day asked for": Wrong(
        "bad_data", 4, ("2022-01-03",), (*REBALANCE, "--as-of", "2021-06-01"), fix="from 2022-01-03 on"
    ),
    # Limits and what they need
    "contradictory limits": Wrong("infeasible", 3, ("max_weight",), spoil=policy(limits={"max_weight": 0.05}), kept=True),
    "missing benchmark": Wrong(
        "missing_input", 2, ("benchmark",), spoil=policy(limits={"max_tracking_error": 0.02}), fix="benchmark", kept=True
    ),
    "missing quality scores": Wrong(
        "missing_input", 2, ("quality",), spoil=policy(limits={"min_quality": 6.0}), fix="quality_score", kept=True
    ),
    # Policies
    "unknown policy": Wrong(
        "unknown_policy", 2, ("quality_focussed",), instead("policy.json", "quality_focussed"), fix="quality_focused"
    ),
    "malformed policy": Wrong("malformed_document", 2, ("JSON",), spoil=content("policy.json", '{"id": "desk",')),
    "a number for the limits": Wrong("invalid_value", 2, ("limits", "5"), spoil=policy(limits=5), field="limits"),
    "a misspelt limit": Wrong(
        "unknown_field", 2, ("limits.max_wieght", "max_weight"), spoil=policy(limits={"max_wieght": 0.1}), fix="max_weight"
    ),
    "a misspelt part of a limit": Wrong(
        "unknown_field", 2, ("limits.cash.maxi",), spoil=policy(limits={"cash": {"maxi": 0.1}}), fix="'max'"
    ),
    "a misspelt override": Wrong(
        "unknown_field", 2, ("limits.max_wieght",), (*REBALANCE, "--set", "limits.max_wieght=0.1"), fix="max_weight"
    ),
    "an impossible limit": Wrong("invalid_value", 2, ("max_weight", "-0.1"), spoil=policy(limits={"max_weight": -0.1})),
    "an unknown treatment": Wrong("invalid_value", 2, ("gap", "'ignore'"), spoil=policy(data={"gap": "ignore"})),
    # Requests of weights alone
    "malformed request": Wrong("malformed_document", 2, ("JSON",), OPTIMIZE, content("request.json", '{"portfolio_id": ')),
    "a list for a request": Wrong("malformed_document", 2, ("list",), OPTIMIZE, content("request.json", "[1, 2]")),
    "a number for a map": Wrong("invalid_value", 2, ("risk_parameters",), OPTIMIZE, request(risk_parameters=3)),
    "a misspelt constraint": Wrong(
        "unknown_field", 2, ("max_wieght",), OPTIMIZE, request(constraints={"max_wieght": 0.5}), fix="max_"
    ),
    # Runs nobody made
    "explain an unknown run": Wrong("unknown_run", 2, ("run-nothing",), ("explain", "run-nothing")),
    "replay an unknown run": Wrong("unknown_run", 2, ("run-nothing",), ("replay", "run-nothing")),
    "approve an unknown run": Wrong("unknown_run", 2, ("run-nothing",), ("approve", "run-nothing")),
    # Words
    "no holdings": Wrong("missing_input", 2, ("--holdings",), ("rebalance",), fix="--holdings"),
    "a day that is none": Wrong("invalid_value", 2, ("--as-of", "2022-02-30"), (*REBALANCE, "--as-of", "2022-02-30")),
}


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of good files, an installation that does not exist yet, and the folder as working directory."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PORTOPT_DEBUG", raising=False)
    runtime_module.runtime.cache_clear()
    rng = np.random.default_rng(23)
    growth = 1 + rng.normal(0.0004, 0.01, (DAYS, 1)) + rng.normal(0, 0.008, (DAYS, len(ASSETS)))
    prices = 50 * np.cumprod(growth, axis=0)
    days = np.datetime64("2022-01-03") + np.arange(DAYS)
    rows = [[str(day), *(f"{price:.4f}" for price in row)] for day, row in zip(days, prices, strict=True)]
    write(folder / "prices.csv", [["date", *ASSETS], *rows])
    write(folder / "universe.csv", [["symbol", "sector"], *([a, "even" if i % 2 else "odd"] for i, a in enumerate(ASSETS))])
    held = [[asset, str(100 + 10 * i)] for i, asset in enumerate(ASSETS[:8])]
    write(folder / "holdings.csv", [["symbol", "shares"], *held, ["CASH", "500"]])
    policy()(folder)
    request()(folder)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def kept_of(desk: Path) -> list[Any]:
    """The problem of every run on record, none of which came to a result or declared holdings."""
    if not (desk.parent / "home").exists():
        return []
    store = runtime_module.runtime().runs
    found = [store.get(run.run_id) for run in store.runs()]
    assert {run.status for run in found} <= {RunStatus.FAILED, RunStatus.INFEASIBLE}
    assert {store.holdings_version(run.portfolio_id) for run in found} == {0}
    assert {path.parts[0] for path in map(Path, files_of(desk.parent / "home"))} <= {"packs", "portopt.db", *WRITE_AHEAD}
    return [run.problem for run in found]


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_input_is_named_in_one_document_and_leaves_nothing_behind_but_the_run_it_was(
    name: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    case.spoil(desk)
    before = files_of(desk.parent)
    exit_code = cli.run([*case.words, "--json"])
    out, err = capsys.readouterr()
    problem = json.loads(out)
    assert (problem["code"], exit_code) == (case.code, case.exit_code), problem["detail"]
    everything = problem["detail"] + json.dumps(problem["asked"])
    assert [words for words in case.said if words not in everything] == []
    assert case.field in (None, problem["asked"]["field"])
    assert not case.fix or any(case.fix in fix for fix in problem["fixes"]), problem["fixes"]
    assert "Traceback" not in err
    assert files_of(desk) == {name.removeprefix("desk/"): content for name, content in before.items()}
    assert kept_of(desk) == ([problem] if case.kept else [])


@pytest.mark.parametrize(
    "name", ["missing holdings", "a NaN price", "contradictory limits", "unknown policy", "a misspelt limit"]
)
def test_in_words_the_same_is_said_on_stderr_and_nothing_on_stdout(
    name: str, desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    case = CASES[name]
    case.spoil(desk)
    assert cli.run([*case.words]) == case.exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert case.said[0] in err
    assert "Traceback" not in err
    assert len(kept_of(desk)) == case.kept


def test_the_same_desk_with_nothing_wrong_gives_a_proposal(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*REBALANCE, "--no-frontier", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trades"]
    assert (desk.parent / "home").is_dir()
    assert (desk / "out" / "report.html").is_file()


def test_an_empty_cell_is_a_missing_price_and_no_reason_to_refuse(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell("prices.csv", 6, 3, "")(desk)
    assert cli.run([*REBALANCE, "--no-frontier", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trades"]
