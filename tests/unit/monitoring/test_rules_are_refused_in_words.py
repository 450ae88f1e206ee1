"""What is wrong with a file of rules is said with its line and field, all of it at once."""

from __future__ import annotations

import pytest
from made_watch import rule, rule_text

from portopt.monitoring.rules.lines import RulesRefused
from portopt.monitoring.rules.reading import read_rules

GOOD = rule_text("book_drift > limit(book_drift)", clears="book_drift < 0.8 * limit(book_drift)")


def refused(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(RulesRefused) as found:
        read_rules(text, "own.yaml", ["page"])
    return [(one.line, one.field, one.what) for one in found.value.faults]


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("book_drif > 0.1", "there is no figure 'book_drif'; did you mean 'book_drift'? (character 1)"),
        ("book_drift >", "a figure or a number is missing before 'the end' (character 13)"),
        ("book_drift", "a comparison is needed here"),
        ("book_drift > 0.1 and 3", "a comparison is needed here"),
        ("book_drift > (book_cash > 1)", "a number is needed here, this is a comparison"),
        ("0.1 < book_drift < 0.2", "two comparisons in a row: write `a < b and b < c`"),
        ("book_drift > 0.1 book_cash", "'book_cash' was not expected here (character 18)"),
        ("book_drift $ 3", "'$ 3' means nothing here (character 12)"),
        ("rate(book_drift) > 3", "there is no function 'rate'; there are limit, age, avg_over_time"),
        ("avg_over_time(book_drift) > 0.1", "avg_over_time needs a window: avg_over_time(figure[1h])"),
        ("avg_over_time(book_drift[1 day]) > 0.1", "avg_over_time needs a window"),
        ("limit(0.3) > 0.1", "the name of a figure is missing before '0.3'"),
        ("(book_drift > 0.1", "')' is missing before 'the end'"),
        ("1 > 2 or book_drift > 0.1", "this comparison reads no figure"),
        ("book_drift > outbox_age", "cannot compare a share and seconds"),
        ("book_drift + outbox_age > 1", "cannot add a share and seconds"),
        ("outbox_age * jobs_oldest > 1", "cannot multiply seconds by seconds"),
        ("book_drift > 5", "5 is 500 %: shares are written as fractions, 5 % is 0.05"),
        ("book_drift > 0.1 and outbox_age > 3", "its figures are about different subjects: book_drift (of portfolio)"),
        ("-" * 100 + "book_drift > 0.1", "an expression has at most 60 brackets and signs"),
        ("(" * 5000 + "book_drift > 0.1", "an expression has at most 2,000 characters"),
        ("book_drift > 0.1 or " * 70 + "book_drift > 0.1", "an expression has at most 60 brackets and signs"),
        ("__import__('os')", "means nothing here"),
    ],
)
def test_an_expression_that_means_nothing_is_refused_with_its_place(expr: str, says: str) -> None:
    (line, where, what), *_ = refused(rule_text(f"{expr!r}" if "'" not in expr else f'"{expr}"'))
    assert (line, where) == (5, "groups[0].rules[0].expr")
    assert says in what


def changed(old: str, new: str) -> list[tuple[int, str, str]]:
    assert old in GOOD
    return refused(GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "line", "where", "says"),
    [
        ("severity: warn", "severity: urgent", 6, "severity", "'urgent' is none of page, warn, info"),
        ("severity: warn", "sevrity: warn", 6, "sevrity", "is no field; did you mean 'severity'?"),
        ("severity: warn", "for: soon\n        severity: warn", 6, "for", "'soon' is no length of time of at most a year"),
        ("severity: warn", "stale: 0s\n        severity: warn", 6, "stale", "is no length of time"),
        ("severity: warn", "severity: warn\n        severity: page", 7, "severity", "stands here twice"),
        ("alert: drift", "alert: Drift too far", 4, "alert", "is no name of a rule"),
        ("runbook: page", "runbook: nowhere", 8, "annotations.runbook", "there is no page 'nowhere'"),
        ("{value} of", "{vaule} of", 8, "annotations", "the summary's {vaule} is nothing that this rule knows: value, limit"),
        ("expect: {0m: firing}", "expect: {0m: quiet}", 10, "cases", "no case expects firing"),
        ("expect: {0m: quiet}", "expect: {0m: pending}", 10, "cases", "no case expects nothing but quiet"),
        ("expect: {0m: quiet}", "expect: {0m: loud}", 11, "cases[1].expect.0m", "'loud' is none of quiet, pending, firing"),
        ("expect: {0m: quiet}", "expect: {90s: quiet}", 11, "cases[1].expect.90s", "no whole number of minutes"),
        ("book_drift: 0x1", "book_drift: 0y1", 11, "cases[1].series.book_drift", "'0y1' is no value, gap (_) or run"),
        ("book_drift: 0x1", "book_cash: 0x1", 11, "cases[1].series.book_cash", "is no field; known here: book_drift"),
        ("severity: warn", "severity: warn\n        labels: {severity: x}", 7, "labels.severity", "cannot be a label here"),
        ("severity: warn", "severity: warn\n        labels: {size: '{value}'}", 7, "labels.size", "belongs into the summary"),
        ("severity: warn", "severity: warn\n        labels: {portfolio: P1}", 7, "labels.portfolio", "cannot be a label here"),
        ("severity: warn", "severity: [warn]", 6, "severity", "a text is needed here"),
        ("clears: book_drift < 0.8 * limit(book_drift)", "clears: book_drift < 1.2 * limit(book_drift)", 7, "clears",
         "the two thresholds cross: at book_drift = "),
        ("clears: book_drift < 0.8 * limit(book_drift)", "clears: book_drift < 0.04", 7, "clears", "the two thresholds cross"),
    ],
)  # fmt: skip
def test_a_field_that_means_nothing_is_refused_with_its_line(old: str, new: str, line: int, where: str, says: str) -> None:
    found = changed(old, new)
    place = next((at for at, name, what in found if says in what and name == f"groups[0].rules[0].{where}"), None)
    assert place is not None, found
    assert abs(place - line) <= 1


@pytest.mark.parametrize("missing", ["alert", "expr", "severity", "annotations", "cases"])
def test_what_a_rule_lacks_is_named(missing: str) -> None:
    lines, skipping, kept = GOOD.split("\n"), False, []
    for line in lines:
        name = line.strip().removeprefix("- ").split(":")[0]
        if line.startswith(("        ", "      - ")) and not line.startswith("          "):
            skipping = name == missing
            if skipping and line.startswith("      - "):
                kept.append("      - keep_firing_for: 1m")
        kept += [] if skipping else [line]
    assert any(f"{missing} " in what and "missing" in what for _, _, what in refused("\n".join(kept)))


def test_every_fault_of_a_file_is_told_at_once_in_the_order_of_lines() -> None:
    text = GOOD.replace("severity: warn", "severity: urgent").replace("runbook: page", "runbook: x").replace("0x1", "0y1")
    found = refused(text)
    assert len(found) >= 3
    assert [line for line, _, _ in found] == sorted(line for line, _, _ in found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the file is empty"),
        ("groups: [", "is not YAML"),
        ("- a", "fields are needed here"),
        ("{}", "groups are missing"),
        ("groups: {a: 1}", "a list is needed here"),
        ("groups: [{name: &a x, rules: [*a]}]", "anchors and aliases are not read"),
        ("groups: !!python/object/apply:os.system ['true']", "tags are not read"),
        ("[" * 60, "20 levels deep"),
        ("groups: [{name: a, rules: 3}]", "a list is needed here"),
        ("a: \x00", "is not YAML"),
    ],
)
def test_what_is_no_file_of_rules_is_refused(text: str, says: str) -> None:
    assert any(says in what for _, _, what in refused(text))


def test_a_file_that_multiplies_itself_is_refused_before_it_does() -> None:
    levels = ["a0: &a0 [x, x]"] + [f"a{k}: &a{k} [*a{k - 1}, *a{k - 1}]" for k in range(1, 40)]
    assert any("anchors" in what for _, _, what in refused("\n".join(levels)))


def test_a_rule_of_the_same_name_twice_is_refused() -> None:
    text = GOOD + GOOD.split("rules:\n")[1]
    assert any("there is a rule 'drift' already, in line 4" in what for _, _, what in refused(text))


def test_the_problem_names_file_line_and_field() -> None:
    with pytest.raises(RulesRefused) as found:
        read_rules(GOOD.replace("severity: warn", "severity: urgent"), "own.yaml", ["page"])
    problem = found.value.problem()
    assert problem["code"] == "rules_refused"
    assert problem["measured"]["faults"][0] == {
        "file": "own.yaml", "line": 6, "field": "groups[0].rules[0].severity", "what": "'urgent' is none of page, warn, info",
    }  # fmt: skip
    assert "own.yaml:6: groups[0].rules[0].severity" in str(found.value)


def test_a_sound_file_is_read_whole() -> None:
    (found,) = read_rules(GOOD, "own.yaml", ["page"])
    assert (found.name, found.of, found.figures, found.line) == ("drift", ("portfolio",), ("book_drift",), 4)
    assert rule("book_drift > limit(book_drift)", extra="labels: {team: risk}").labels == (("team", "risk"),)
