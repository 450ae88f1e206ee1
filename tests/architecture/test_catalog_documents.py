"""The tables of docs/policies.md and the catalogs say the same: names, what each is, an example, where more is told."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from portopt.questions.catalog import catalog
from portopt.terms.catalog import COSTS, LIMITS, OBJECTIVES, parse_costs, parse_limits, parse_objective
from portopt.terms.pages import EVERY_TERM, PAGES
from portopt.terms.risk_measures.catalog import RISK_MEASURES

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "objectives": ("## Objectives", OBJECTIVES),
    "limits": ("## Limits", LIMITS),
    "costs": ("## Costs", COSTS),
    "measures": ("## Risk measures", RISK_MEASURES),
}
READ: Mapping[str, Any] = {
    "objectives": lambda kind, spelled: parse_objective({"kind": kind, **spelled}),
    "limits": lambda kind, spelled: parse_limits({kind: spelled})[0],
    "costs": lambda kind, spelled: parse_costs({kind: spelled})[0],
}
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", re.MULTILINE)
LINK = re.compile(r"\(\[page\]\(([^)]+)\)\)")


def rows(name: str) -> list[tuple[str, str, str]]:
    """(name, second cell, what it is) of each row of a section's table."""
    text = (DOCS / EVERY_TERM).read_text(encoding="utf-8")
    begin = text.index(SECTIONS[name][0])
    end = text.find("\n## ", begin + 1)
    return ROW.findall(text[begin : end if end > 0 else len(text)])


@pytest.mark.parametrize("name", SECTIONS)
def test_every_name_of_a_catalog_has_one_row_and_every_row_a_name(name: str) -> None:
    named = [row[0] for row in rows(name)]
    assert len(named) > 5
    assert sorted(named) == sorted(SECTIONS[name][1])


@pytest.mark.parametrize("name", SECTIONS)
def test_a_row_begins_with_what_the_catalog_says(name: str) -> None:
    entries = SECTIONS[name][1]
    assert [row[0] for row in rows(name) if not row[2].startswith(entries[row[0]].summary)] == []


@pytest.mark.parametrize("name", ["objectives", "limits", "costs"])
def test_the_example_of_a_row_is_one_that_the_catalog_reads(name: str) -> None:
    for kind, example, _ in rows(name):
        spelled = {} if example == "–" else json.loads(example.strip("`"))
        assert READ[name](kind, spelled).kind == kind


def test_the_options_of_a_measure_are_those_of_its_row() -> None:
    for kind, options, _ in rows("measures"):
        assert re.findall(r"`(\w+)`", options) == list(RISK_MEASURES[kind].options)


@pytest.mark.parametrize("name", ["objectives", "limits", "costs"])
def test_a_row_links_the_page_that_the_catalog_names_and_the_page_is_there(name: str) -> None:
    linked = {kind: found.group(1) for kind, _, what in rows(name) if (found := LINK.search(what))}
    assert linked == dict(PAGES[name])
    assert [page for page in linked.values() if not (DOCS / page).is_file()] == []


@pytest.mark.parametrize("name", SECTIONS)
def test_a_line_says_all_that_there_is_to_say(name: str) -> None:
    for line in catalog(name):
        assert line.what
        assert line.says
        assert line.formula
        assert (DOCS / line.page).is_file()
        example = json.loads(line.example)
        flag = name == "limits" and example["limits"][line.name] is True
        assert bool(line.unit) is not flag, line.name
