"""`portopt verify FILE`: a document is worked out again from itself, and what does not hold is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_documents import document_of

import portopt
from portopt.doors import cli
from portopt.reports.files.exports import write_json

REQUEST = Path(__file__).parents[3] / "config" / "sample" / "request.json"


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(document_of(1)))


@pytest.fixture
def told(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PORTOPT_HOME", str(tmp_path / "home"))

    def run(document, *words: str):
        path = tmp_path / "document.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        capsys.readouterr()
        code = cli.run(["verify", str(path), *words])
        return code, capsys.readouterr().out

    return run


def test_a_document_that_holds_says_what_was_checked_and_what_was_not(told, document):
    code, out = told(document)
    assert code == 0
    assert "reb-1 holds: " in out
    for said in ("money: ", "every sum to the cent", "limits: ", "optimum: stationarity", "orders: every hard limit holds"):
        assert said in out
    assert "not checked: " in out


def test_a_changed_figure_is_named_with_what_it_says_and_what_it_comes_to(told, document):
    changed = json.loads(json.dumps(document))
    changed["headline"]["total_cost"] = "1234.56"
    code, out = told(changed)
    assert code == 1
    line = next(line for line in out.splitlines() if "headline.total_cost" in line and "cost of all orders" in line)
    assert "the document says 1234.56, it comes to " in line
    assert document["headline"]["total_cost"] in line


def test_as_data_it_is_one_document(told, document):
    changed = json.loads(json.dumps(document))
    changed["figures"][0]["after"] += 0.001
    code, out = told(changed, "--json")
    found = json.loads(out)
    assert (code, found["holds"]) == (1, False)
    assert any(fault["path"] == "figures[0].after" for fault in found["faults"])
    assert found["checked"] > 0.8
    assert found["numbers"] == found["recomputed"] + found["used"] + sum(one["fields"] for one in found["unchecked"])


def test_the_trades_file_of_an_output_folder_is_enough(told, document, tmp_path):
    write_json(document, tmp_path / "trades.json")
    assert told((tmp_path / "trades.json").read_text())[0] == 0


def test_a_document_of_another_kind_is_refused_with_what_to_give(told):
    code, out = told({"kind": "frontier"}, "--json")
    problem = json.loads(out)
    assert code == 2
    assert "a rebalance or of a choice of weights" in problem["detail"]
    assert "portopt rebalance --json" in problem["fixes"][0]
    code, out = told([1, 2], "--json")
    assert code == 2


def test_chosen_weights_are_verified_from_what_optimize_prints(told, capsys):
    assert cli.run(["optimize", str(REQUEST), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert told(answer)[0] == 0
    answer["portopt"]["evidence"]["program"]["bounds"]["multipliers"] = [
        m * 1.001 for m in answer["portopt"]["evidence"]["program"]["bounds"]["multipliers"]
    ]
    del answer["portopt"]["evidence"]["seals"]
    code, out = told(answer)
    assert code == 1
    assert "stationarity (portopt.certificate.stationarity)" in out


def test_in_python_a_document_a_file_and_an_answer_are_verified(document, tmp_path):
    (tmp_path / "d.json").write_text(json.dumps(document))
    for given in (document, tmp_path / "d.json", str(tmp_path / "d.json")):
        assert portopt.verify(given).holds
    chosen = portopt.optimize({"A": [0.01, 0.02, -0.01, 0.004], "B": [0.0, 0.01, 0.02, -0.003]}, "min_risk")
    found = portopt.verify(chosen)
    assert found.holds
    assert found.recomputed > 10
