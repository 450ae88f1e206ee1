"""The rules that are shipped, and a deployment's own beside them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from made_watch import rule_text

from portopt.domain.errors import FileNotReadable
from portopt.domain.watch import Severity
from portopt.monitoring.rules.grammar import FUNCTIONS
from portopt.monitoring.rules.lines import RulesRefused
from portopt.monitoring.rules.reading import read_rules
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.runbooks import runbook_names, runbook_text
from portopt.monitoring.rules.standard import rules_in_force, rules_of, rules_to_watch, shipped_rules
from portopt.monitoring.rules.trying import try_rule

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.name)
def test_every_case_of_a_shipped_rule_is_as_expected(rule: Rule) -> None:
    tried = try_rule(rule)
    assert len(tried) >= 2
    assert [one.wrong for one in tried if one.wrong] == []


def test_there_are_rules_of_every_severity_about_books_runs_and_the_service() -> None:
    rules = shipped_rules()
    assert len(rules) >= 30
    assert {rule.severity for rule in rules} == set(Severity)
    assert {rule.group for rule in rules} == {"books", "runs", "service"}


def test_every_shipped_rule_has_a_page_of_its_own_that_quotes_it() -> None:
    for rule in shipped_rules():
        page = runbook_text(rule.runbook)
        assert page is not None
        assert page.startswith(f"# {rule.name}\n")
        assert f"`{rule.text}`" in page
        assert rule.clears_text == "" or f"`{rule.clears_text}`" in page
        assert f"severity `{rule.severity}`" in page
        assert "## Look at" in page
        assert "## Do" in page
        assert "## When to page" in page
    assert {rule.runbook for rule in shipped_rules()} <= runbook_names()


def test_every_link_of_a_runbook_leads_to_a_page() -> None:
    links = {(page.name, link) for page in RUNBOOKS.glob("*.md") for link in LINK.findall(page.read_text(encoding="utf-8"))}
    assert len(links) > 20
    assert [pair for pair in links if not (RUNBOOKS / pair[1]).is_file()] == []


def test_a_rule_of_ones_own_is_added_and_one_of_the_same_name_takes_the_others_place(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "page.md").write_text("# ours\n")
    (tmp_path / "own.yaml").write_text(rule_text("book_drift > 0.1", name="drift_over_band"))
    (tmp_path / "more.yaml").write_text(rule_text("book_drift > 0.2", name="drift_far"))
    by_name = {rule.name: rule for rule in rules_in_force(tmp_path)}
    assert len(by_name) == len(shipped_rules()) + 1
    assert by_name["drift_over_band"].text == "book_drift > 0.1"
    assert by_name["drift_far"].file == "more.yaml"
    assert runbook_text("page", tmp_path) == "# ours\n"
    assert runbook_text("../secret", tmp_path) is None


def test_what_is_wrong_in_two_files_is_told_of_both(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("groups: 3")
    (tmp_path / "b.yaml").write_text("groups: [{name: x, rules: 4}]")
    with pytest.raises(RulesRefused) as found:
        rules_of(tmp_path)
    assert [fault.file for fault in found.value.faults] == ["a.yaml", "b.yaml"]


def test_a_name_in_two_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "page.md").write_text("# ours\n")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(rule_text("book_drift > 0.1"))
    with pytest.raises(RulesRefused, match=r"b\.yaml:4: alert: there is a rule 'drift' already, in a\.yaml"):
        rules_of(tmp_path)


@pytest.mark.parametrize("name", ["nowhere.yaml", "empty"])
def test_rules_that_are_not_there_are_not_silently_none(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotReadable):
        rules_of(tmp_path / name)


def test_a_case_that_is_not_as_expected_says_when_and_what(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "page.md").write_text("# ours\n")
    (tmp_path / "own.yaml").write_text(rule_text("book_drift > 1.5", name="never").replace("0x1", "0x1 3x1"))
    (rule,) = rules_of(tmp_path)
    assert [one.wrong for one in try_rule(rule)] == [
        ("0s after the start it is quiet, expected was firing",),
        ("it is to be quiet all the time; 2m after the start it is firing",),
    ]


def test_the_page_about_alerts_names_every_shipped_rule_as_it_is() -> None:
    page = (RUNBOOKS.parent / "alerts.md").read_text(encoding="utf-8")
    for rule in shipped_rules():
        assert f"| `{rule.name}` | {rule.severity} | `{rule.text}` | [{rule.runbook}](runbooks/{rule.runbook}.md) |" in page
    for function in FUNCTIONS:
        assert function.removesuffix("_over_time") in page


def test_the_example_of_the_page_about_alerts_is_sound() -> None:
    page = (RUNBOOKS.parent / "alerts.md").read_text(encoding="utf-8")
    (rule,) = read_rules(page.split("```yaml\n")[1].split("```")[0], "alerts.md", runbook_names())
    assert [one.wrong for one in try_rule(rule)] == [(), ()]


def test_where_rules_of_ones_own_are_refused_the_shipped_ones_go_on_and_the_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("groups: 3")
    found = rules_to_watch(tmp_path)
    assert found.rules == shipped_rules()
    assert found.faults == ("a.yaml:1: groups: a list is needed here",)
    assert rules_to_watch(tmp_path / "nowhere.yaml").faults != ()
    assert rules_to_watch(None).faults == ()
