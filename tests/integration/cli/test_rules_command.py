"""portopt rules: list, explain, test, export, in words and as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from made_watch import rule_text

from portopt.doors.cli import run
from portopt.monitoring.rules.standard import shipped_rules


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "page.md").write_text("# what to do\n")
    file = tmp_path / "own.yaml"
    file.write_text(rule_text("book_drift > 0.5", name="far_out"))
    return file


def answer(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert run([*words, "--json"]) == code
    return json.loads(capfd.readouterr().out)


def said(capfd: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert run(list(words)) == code
    return capfd.readouterr().out


def test_the_list_has_every_rule_in_force(
    capfd: pytest.CaptureFixture[str], own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTOPT_RULES_PATH", str(own))
    names = [one["name"] for one in answer(capfd, "rules", "list")]
    assert names == [*(rule.name for rule in shipped_rules()), "far_out"]
    assert "far_out" in said(capfd, "rules", "list")


def test_a_rule_is_explained_with_its_figures_cases_and_page(capfd: pytest.CaptureFixture[str]) -> None:
    found = answer(capfd, "rules", "explain", "drift_over_band")
    assert found["expr"] == "book_drift > limit(book_drift)"
    assert found["figures"][0]["unit"] == "ratio"
    assert found["page"].startswith("# drift_over_band")
    text = said(capfd, "rules", "explain", "drift_over_band")
    assert "fires where    book_drift > limit(book_drift), for 30m" in text
    assert "## When to page" in text


def test_a_rule_that_there_is_not_is_refused_with_the_nearest(capfd: pytest.CaptureFixture[str]) -> None:
    problem = answer(capfd, "rules", "explain", "drift_over_bend", code=2)
    assert problem["detail"] == "there is no alert rule 'drift_over_bend'"
    assert problem["fixes"] == ["use 'drift_over_band'"]


def test_a_file_is_sound_or_its_cases_say_why_not(capfd: pytest.CaptureFixture[str], own: Path) -> None:
    assert said(capfd, "rules", "test", str(own)) == "1 rules, 2 cases: all as expected.\n"
    own.write_text(own.read_text().replace("book_drift: 1x1", "book_drift: 0.4x1"))
    found = answer(capfd, "rules", "test", str(own), code=1)
    assert found["failed"] == [
        {"rule": "far_out", "case": "fires", "wrong": ["0s after the start it is quiet, expected was firing"]}
    ]


def test_a_file_with_faults_is_refused_with_all_of_them(capfd: pytest.CaptureFixture[str], own: Path) -> None:
    own.write_text(own.read_text().replace("book_drift > 0.5", "book_drft > 0.5").replace("severity: warn", "severity: red"))
    problem = answer(capfd, "rules", "test", str(own), code=2)
    assert problem["code"] == "rules_refused"
    assert [(one["line"], one["field"].split(".")[-1]) for one in problem["measured"]["faults"]] == [
        (5, "expr"), (6, "severity"),
    ]  # fmt: skip


def test_the_export_is_a_rule_file_and_goes_where_it_is_told(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shown = yaml.safe_load(said(capfd, "rules", "export", "--prometheus"))
    assert sum(len(group["rules"]) for group in shown["groups"]) == len(shipped_rules())
    written = answer(capfd, "rules", "export", "--prometheus", "--into", str(tmp_path / "there"))["written"]
    assert [Path(name).name for name in written] == ["portopt-rules.yaml", "portopt-rules-test.yaml"]
    assert yaml.safe_load(Path(written[0]).read_text()) == shown
    assert len(yaml.safe_load(Path(written[1]).read_text())["tests"]) == sum(len(rule.cases) for rule in shipped_rules())


def test_an_export_for_nobody_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(capfd, "rules", "export", code=2)["code"] == "missing_input"
