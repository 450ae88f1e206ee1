"""A rule as a document, and in lines for a terminal."""

from __future__ import annotations

from typing import Any

from portopt.monitoring.catalog import CATALOG
from portopt.monitoring.rules.durations import written
from portopt.monitoring.rules.promql import alert_expression
from portopt.monitoring.rules.rule import Case, Rule


def rule_document(rule: Rule) -> dict[str, Any]:
    """clears: None where the rule ends as soon as it holds no longer."""
    return {
        "kind": "alert_rule",
        "name": rule.name,
        "group": rule.group,
        "severity": rule.severity.value,
        "expr": rule.text,
        "clears": rule.clears_text or None,
        "for": written(rule.wait),
        "keep_firing_for": written(rule.keep),
        "stale": written(rule.stale),
        "of": list(rule.of),
        "labels": dict(rule.labels),
        "group_by": list(rule.grouping.by),
        "group_from": rule.grouping.least,
        "group_names": rule.grouping.names,
        "inhibited_by": list(rule.inhibition.by),
        "blind_inhibited_by": list(rule.inhibition.blind_by),
        "inhibited_for": written(rule.inhibition.longest),
        "summary": rule.summary,
        "runbook": rule.runbook,
        "figures": [{"name": name, "unit": CATALOG[name].unit.value, "says": CATALOG[name].says} for name in rule.figures],
        "prometheus": alert_expression(rule),
        "file": rule.file,
        "line": rule.line,
        "cases": [_case(case) for case in rule.cases],
    }


def rule_lines(rule: Rule) -> list[str]:
    told = [
        f"{rule.name} ({rule.severity}), {rule.file} line {rule.line}",
        f"  fires where    {rule.text}" + (f", for {written(rule.wait)}" if rule.wait else ""),
        f"  ends where     {rule.clears_text or 'that holds no longer'}" + (f", for {written(rule.keep)}" if rule.keep else ""),
        f"  unknown where  its figures are older than {written(rule.stale)}",
        f"  says           {rule.summary}",
        f"  told           {_grouping(rule)}",
        *_inhibition(rule),
        *(f"  reads          {name} ({CATALOG[name].unit.value}): {CATALOG[name].says}" for name in rule.figures),
    ]
    for case in rule.cases:
        expected = ", ".join(f"{written(at)} {state}" for at, state in case.expects.items())
        told.append(f"  case           {case.name}: {expected}")
    return [*told, ""]


def _grouping(rule: Rule) -> str:
    how = rule.grouping
    if not how.by:
        return "each of its alerts alone"
    return f"{how.least} or more of an evaluation together, by {', '.join(how.by)}; {how.names} of them by name"


def _inhibition(rule: Rule) -> list[str]:
    how = rule.inhibition
    kinds = [("while", how.by), ("that its figures have stopped, while", how.blind_by)]
    return [
        f"  not told       {when} {' or '.join(names)} fires, for {written(how.longest)} at most"
        for when, names in kinds
        if names
    ]


def _case(case: Case) -> dict[str, Any]:
    return {
        "name": case.name,
        "every": written(case.every),
        "values": {name: list(values) for name, values in case.values.items()},
        "limits": {name: list(values) for name, values in case.limits.items()},
        "expect": {written(at): state.value for at, state in case.expects.items()},
    }
