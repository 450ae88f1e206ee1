"""Rules from a file: every fault of the file at once, each with its line and field.

groups:
  - name: books
    stale: 1h                           of its rules, unless they say it
    rules:
      - alert: drift_over_band          a name of its own among all rules
        expr: book_drift > limit(book_drift)
        clears: book_drift < 0.8 * limit(book_drift)     a second threshold; without it, the opposite of expr
        for: 30m                        it has to hold so long before anybody is told
        keep_firing_for: 1h             and has to be good so long before it is over
        stale: 15m                      figures older than that are none
        severity: warn                  page, warn, info
        labels: {team: risk}            of whoever looks after it; never a measured value
        annotations: {summary: "{portfolio} is {value} from its targets; the band is {limit}", runbook: drift-over-band}
        cases: …                        see case_reading
        group_by, inhibited_by: …       see telling
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from portopt.domain.watch import Labels, Severity
from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.rules import telling
from portopt.monitoring.rules.case_reading import read_cases
from portopt.monitoring.rules.durations import read_duration
from portopt.monitoring.rules.grammar import ExpressionFault, read_truth
from portopt.monitoring.rules.lines import Value, read_yaml
from portopt.monitoring.rules.opposite import opposite
from portopt.monitoring.rules.rule import Grouping, Inhibition, Rule
from portopt.monitoring.rules.templates import known_names, names_in
from portopt.monitoring.rules.thresholds import crossing
from portopt.monitoring.rules.tree import Truth, figures_of
from portopt.monitoring.rules.units import UnitFault, check_units

FIELDS = (
    "alert", "expr", "clears", "for", "keep_firing_for", "stale", "severity", "labels", "annotations", "cases", *telling.FIELDS
)  # fmt: skip
STALE = timedelta(minutes=15)
RULE_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")
LABEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
OF_ALERTS = ("alertname", "alertstate", "severity", "rule", "group", "job", "instance")
LONGEST_SUMMARY = 500


@dataclass(frozen=True, slots=True)
class Group:
    """What the rules of a group share. stale, grouping, inhibition: of those that do not say it themselves."""

    name: str
    file: str
    stale: timedelta
    grouping: Grouping
    inhibition: Inhibition


def read_rules(text: str, file: str, runbooks: Collection[str]) -> tuple[Rule, ...]:
    """The rules of a file, in its order. Raises RulesRefused.

    runbooks: the names of the pages that there are.
    """
    document = read_yaml(text, file)
    rules: list[Rule] = []
    names: dict[str, int] = {}
    groups = document.fields(("groups",)).get("groups")
    if groups is None:
        document.wrong("groups are missing: `groups: [{name: …, rules: […]}]`")
    for group in groups.items() if groups else ():
        fields = group.fields(("name", "stale", *telling.FIELDS, "rules"))
        shared = _shared(group, fields, file)
        for one in fields["rules"].items() if "rules" in fields else ():
            rule = _rule(one, shared, runbooks)
            if rule is not None and names.setdefault(rule.name, rule.line) != rule.line:
                one.wrong(f"there is a rule {rule.name!r} already, in line {names[rule.name]}")
            rules += [rule] if rule else []
    document.faults.refuse()
    return tuple(rules)


def _shared(group: Value, fields: dict[str, Value], file: str) -> Group:
    stale, name = _duration(fields, "stale", STALE), _needed(fields, "name", group)
    grouping = telling.read_grouping(fields, Grouping())
    return Group(name or "", file, stale, grouping, telling.read_inhibition(fields, Inhibition()))


def _needed(fields: dict[str, Value], name: str, of: Value) -> str | None:
    if name not in fields:
        of.wrong(f"{name} is missing")
        return None
    return fields[name].text()


def _rule(value: Value, group: Group, runbooks: Collection[str]) -> Rule | None:
    """None where it has a fault that leaves nothing to look at further; what else is wrong is said as well."""
    fields = value.fields(FIELDS)
    name, text = _needed(fields, "alert", value), _needed(fields, "expr", value)
    if name is not None and not RULE_NAME.fullmatch(name):
        fields["alert"].wrong(f"{name!r} is no name of a rule: small letters, digits and _, at most 80")
    severity = _severity(value, fields)
    summary, runbook = _annotations(value, fields, runbooks)
    waits = [_duration(fields, one) for one in ("for", "keep_firing_for")]
    stale = _duration(fields, "stale", group.stale)
    holds = _truth(fields["expr"]) if text is not None else None
    clears = _truth(fields["clears"]) if "clears" in fields else None
    figures = tuple(dict.fromkeys([*(figures_of(holds) if holds else ()), *(figures_of(clears) if clears else ())]))
    of = _subjects(fields.get("expr", value), figures) if figures else ()
    labels = _labels(fields["labels"], of) if "labels" in fields else ()
    grouping = telling.read_grouping(fields, group.grouping, (*of, *(label for label, _ in labels)))
    inhibition = telling.read_inhibition(fields, group.inhibition, name)
    cases = read_cases(value, fields.get("cases"), figures or tuple(CATALOG))  # not also what follows from a fault
    if holds is None or name is None or severity is None:
        return None
    if clears is not None and (both := crossing(holds, clears)):
        at = ", ".join(f"{leaf} = {number:g}" for leaf, number in both.items())
        fields["clears"].wrong(f"the two thresholds cross: at {at} it would fire and be good at once")
    rule = Rule(
        name=name, group=group.name, holds=holds, clears=clears or opposite(holds), wait=waits[0], keep=waits[1], stale=stale,
        severity=severity, of=of, summary=summary, runbook=runbook, labels=labels, text=text or "",
        clears_text=str(fields["clears"].node.value) if clears else "", file=group.file, line=value.line, figures=figures,
        cases=cases, grouping=grouping, inhibition=inhibition,
    )  # fmt: skip
    _check_names(value, fields, rule)
    return rule


def _truth(value: Value) -> Truth | None:
    text = value.text()
    if text is None:
        return None
    try:
        found = read_truth(" ".join(text.split()))
        if not figures_of(found):
            value.wrong("it reads no figure")
            return None
        check_units(found)
    except (ExpressionFault, UnitFault) as fault:
        value.wrong(str(fault))
        return None
    return found


def _subjects(value: Value, figures: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the labels that all its figures have."""
    by_labels = {tuple(sorted(CATALOG[name].labels)): name for name in figures}
    if len(by_labels) > 1:
        said = " and ".join(f"{name} (of {', '.join(of) or 'the service'})" for of, name in by_labels.items())
        value.wrong(f"its figures are about different subjects: {said}")
    return next(iter(by_labels))


def _duration(fields: dict[str, Value], name: str, otherwise: timedelta = timedelta()) -> timedelta:
    if name not in fields:
        return otherwise
    text = fields[name].text()
    found = read_duration(text) if text is not None else otherwise
    if found is None or (name == "stale" and not found):
        fields[name].wrong(f"{text!r} is no length of time of at most a year: 30s, 15m, 1h30m, 1d")
        return otherwise
    return found


def _severity(value: Value, fields: dict[str, Value]) -> Severity | None:
    text = _needed(fields, "severity", value)
    if text is None or text in tuple(Severity):
        return Severity(text) if text else None
    fields["severity"].wrong(f"{text!r} is none of {', '.join(Severity)}")
    return None


def _annotations(value: Value, fields: dict[str, Value], runbooks: Collection[str]) -> tuple[str, str]:
    if "annotations" not in fields:
        value.wrong("annotations are missing: a summary and a runbook")
        return "", ""
    said = fields["annotations"].fields(("summary", "runbook"))
    summary = _needed(said, "summary", fields["annotations"]) or ""
    runbook = _needed(said, "runbook", fields["annotations"]) or ""
    if len(summary) > LONGEST_SUMMARY:
        said["summary"].wrong(f"a summary has at most {LONGEST_SUMMARY} characters, not {len(summary)}")
    if runbook and not runbook.startswith("https://") and runbook not in runbooks:
        said["runbook"].wrong(f"there is no page {runbook!r}: write it, as runbooks/{runbook}.md beside the rules")
    return summary, runbook


def _labels(value: Value, of: tuple[str, ...]) -> Labels:
    found = []
    for name, one in value.fields().items():
        text = one.text() or ""
        if not LABEL_NAME.fullmatch(name) or name in OF_ALERTS or name in of:
            one.wrong(f"{name!r} cannot be a label here: small letters, digits and _, and none that an alert has already")
        elif "{" in text or len(text) > 100:
            one.wrong("a label says who looks after it, in at most 100 characters; what was measured belongs into the summary")
        found.append((name, text))
    return tuple(sorted(found))


def _check_names(value: Value, fields: dict[str, Value], rule: Rule) -> None:
    """Every name in the summary's braces is one that can be filled."""
    known = known_names(rule)
    where = fields.get("annotations", value)
    for name in names_in(rule.summary):
        if name not in known:
            where.wrong(f"the summary's {{{name}}} is nothing that this rule knows: {', '.join(known)}")
