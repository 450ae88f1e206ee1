"""The differential run answers by what keeps its place, calls equal answers the same, and names what differs."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from answering import placeless
from comparing import compared, report
from run import write_answer
from stored import STORE, Request, store, stored
from support import environment

DIFFERENTIAL = STORE.parent
NAMES_THAT_STAY = {"portopt"}
ASKING = ("answering.py", "comparing.py", "run.py", "stored.py")  # the others read the catalogs, and write the store
TWELVE = (
    "limits/max_turnover/utility", "objectives/risk_parity/1", "risk measures/cvar/min_risk", "frontier/max_weight",
    "sensitivity/max_tracking_error", "pareto/min_esg", "books/3 assets/1", "cases/day-first-dates", "doors/a conflict",
    "doors/an unknown option", "face/weights/1 under 1", "words/help of all",
)  # fmt: skip


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    return stored()


@pytest.fixture(scope="module")
def asked_twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve requests answered twice, each time by processes of their own: a folder with the answers before and after."""
    folder = tmp_path_factory.mktemp("differential")
    only = [word for name in TWELVE for word in ("--only", name)]
    for answers in (folder / "before", folder / "after"):
        command = [sys.executable, str(DIFFERENTIAL / "run.py"), "write", str(answers), "--processes", "1", *only]
        subprocess.run(command, env=environment(folder / "home"), check=True, capture_output=True, timeout=600)
    return folder


@pytest.fixture
def twice(asked_twice: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the two folders of answers."""
    return tuple(shutil.copytree(asked_twice / name, tmp_path / name) for name in ("before", "after"))


def test_hundreds_of_requests_of_every_family_are_stored_and_come_back_as_they_were(requests, tmp_path):
    assert len(requests) >= 400
    families = {request.name.split("/")[0] for request in requests}
    assert families >= {"limits", "objectives", "costs", "sample", "books", "pages", "cases", "face", "words", "batch"}
    store(requests, tmp_path / "again.gz")
    assert stored(tmp_path / "again.gz") == requests
    assert STORE.stat().st_size < 1_000_000


def test_asked_twice_every_answer_is_the_same_and_a_planted_digit_is_named(twice, capsys):
    before, after = twice
    assert (report(compared(before, after)), compared(before, after).same) == (0, len(TWELVE))
    path = after / "limits--max_turnover--utility.json"
    document = json.loads(path.read_text())
    weights = document["answers"][0]["document"]["optimal_weights"]
    last = format(weights["AAPL"], ".17g")
    weights["AAPL"] = float(last[:-1] + str((int(last[-1]) + 5) % 10))
    write_answer(document, after)
    capsys.readouterr()
    assert report(compared(before, after)) == 1
    said = capsys.readouterr().out
    assert "1 differ at 1 places: limits--max_turnover--utility.json" in said
    assert "$.answers[0].document.optimal_weights.AAPL: " in said
    assert f"{len(TWELVE) - 1} the same, 1 different" in said


def test_an_answer_that_is_not_there_and_another_order_of_keys_are_differences(twice, capsys):
    before, after = twice
    (after / "doors--a-conflict.json").unlink()
    moved = after / "pareto--min_esg.json"
    document = json.loads(moved.read_text())
    (answer,) = document["answers"]
    answer["document"] = dict(reversed(answer["document"].items()))
    write_answer(document, after)
    assert report(compared(before, after)) == 1
    said = capsys.readouterr().out
    assert "only before: doors--a-conflict.json" in said
    assert "their keys in another order" in said


def test_two_empty_folders_are_no_agreement(tmp_path):
    assert report(compared(tmp_path, tmp_path)) == 1


def test_no_answer_holds_the_home_or_the_folder_of_its_run(asked_twice):
    texts = [path.read_text() for path in (asked_twice / "before").iterdir()]
    assert len(texts) == len(TWELVE)
    assert [text for text in texts if str(asked_twice) in text] == []
    assert placeless({"at": f"{asked_twice}/home/x"}, (f"{asked_twice}/home", f"{asked_twice}/asked")) == {"at": "HOME/x"}


@pytest.mark.parametrize("name", ASKING)
def test_who_asks_and_compares_imports_no_module_of_ours_that_could_move(name):
    tree = ast.parse((DIFFERENTIAL / name).read_text())
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    ours = {module for module in imported if module.split(".")[0] in ("portopt", "flows", "tasks", "contracts", "support")}
    assert ours <= NAMES_THAT_STAY
