"""The catalogs at the command line, in a notebook and over the wire: what may be wanted, forbidden, charged and measured."""

from __future__ import annotations

import json

import pytest

import portopt
from portopt.domain.errors import UnknownThing
from portopt.doors.cli import run
from portopt.questions.catalog import catalog, catalog_line
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES
from portopt.terms.risk_measures.catalog import RISK_MEASURES

CATALOGS = {"objectives": OBJECTIVES, "limits": LIMITS, "costs": COSTS, "measures": RISK_MEASURES}


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize("name", CATALOGS)
def test_a_command_lists_every_name_with_what_it_is(name, capsys):
    assert run([name]) == 0
    printed = capsys.readouterr().out
    assert run([name, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [line["name"] for line in document["terms"]] == list(CATALOGS[name])
    assert all(line["name"] in printed and line["what"].split(",")[0] in printed for line in document["terms"])
    assert portopt.catalog(name).document == document
    assert portopt.catalog(name).to_frame().height == len(CATALOGS[name])


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for name, entries in CATALOGS.items() for kind in entries])
def test_one_name_shows_all_of_it_and_its_example_is_read_as_it(name, kind):
    line = catalog_line(name, kind)
    example = json.loads(line.example)
    assert (line.catalog, line.name) == (name, kind)
    if name == "objectives":
        assert portopt.catalog(name, kind)["formula"] == line.formula
        assert OBJECTIVES[kind].parse({k: v for k, v in example["objective"].items() if k != "kind"}).describe() == line.says
    elif name != "measures":
        assert CATALOGS[name][kind].parse(example[name][kind]).describe() == line.says


def test_one_name_in_the_terminal_has_its_unit_options_example_and_page(capsys):
    assert run(["limits", "max_turnover"]) == 0
    printed = capsys.readouterr().out
    for word in (
        "fraction of portfolio value",
        '{"limits": {"max_turnover": 0.2}}',
        "docs/policies.md",
        "1/2 sum |w - w_prev|",
    ):
        assert word in printed


def test_an_objective_is_found_by_any_name_that_people_have_for_it(capsys):
    assert run(["objectives", "1/n", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["name"] == "equal_weight"
    assert "1/n" in found["also"]


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["limits", "max_trunover"], "max_turnover"),
        (["objectives", "max_shrape"], "max_sharpe"),
        (["measures", "cvra"], "cvar"),
    ],
)
def test_a_mistyped_name_is_met_with_the_nearest(words, near, capsys):
    assert run([*words, "--json"]) == 2
    assert near in " ".join(json.loads(capsys.readouterr().out)["fixes"])


def test_a_catalog_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(UnknownThing, match="no catalog 'limit'"):
        catalog("limit")
