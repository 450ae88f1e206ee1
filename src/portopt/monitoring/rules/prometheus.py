"""The rules as a rule file for Prometheus, and their cases as a unit-test file for promtool."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from portopt.monitoring.catalog import CATALOG, Unit
from portopt.monitoring.prometheus_names import limit_metric_of, metric_of
from portopt.monitoring.rules.durations import written
from portopt.monitoring.rules.promql import alert_expression, quantity_of, scope_of
from portopt.monitoring.rules.rule import Case, Expected, Rule
from portopt.monitoring.rules.templates import NAME, compared_unit, in_unit_words
from portopt.monitoring.rules.tree import Number, Quantity, Read, comparisons
from portopt.monitoring.rules.trying import SUBJECT

RULES_FILE, CASES_FILE = "portopt-rules.yaml", "portopt-rules-test.yaml"
HEADER = """# Made by `portopt rules export --prometheus`, over the metrics at /metrics. Evaluate them every
# minute: an alert remembers itself by ALERTS, for which Prometheus looks back five minutes.
"""
IN_TEMPLATES = {Unit.FRACTION: "humanizePercentage", Unit.SECONDS: "humanizeDuration"}


def rules_file(rules: Sequence[Rule]) -> str:
    """YAML that `promtool check rules` accepts."""
    groups = [{"name": f"portopt-{name}", "rules": [_rule(rule) for rule in of]} for name, of in _grouped(rules)]
    return HEADER + _yaml({"groups": groups})


def cases_file(rules: Sequence[Rule]) -> str:
    """YAML for `promtool test rules`, beside the rules' file."""
    tests = [_test(rule, case) for rule in rules for case in rule.cases]
    return HEADER + _yaml({"rule_files": [RULES_FILE], "evaluation_interval": "1m", "tests": tests})


def _grouped(rules: Sequence[Rule]) -> list[tuple[str, list[Rule]]]:
    ordered = sorted(rules, key=lambda rule: rule.group)
    return [(name, list(of)) for name, of in groupby(ordered, key=lambda rule: rule.group)]


def _rule(rule: Rule) -> dict[str, Any]:
    waits = {"for": rule.wait, "keep_firing_for": rule.keep}
    return {
        "alert": rule.name,
        "expr": alert_expression(rule),
        **{name: written(length) for name, length in waits.items() if length},
        "labels": {"severity": rule.severity.value, **dict(rule.labels)},
        "annotations": {"summary": _template(rule), "runbook": rule.runbook},
    }


def _template(rule: Rule) -> str:
    """The summary in Go's templates: what was measured is asked for again, for it is no label."""
    first = next(comparisons(rule.holds))

    def word(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in ("value", "worst"):
            return _asked(rule, first.left, compared_unit(rule))
        if name == "limit":
            return _asked(rule, first.right, compared_unit(rule))
        if name in rule.figures:
            return _asked(rule, Read(name), CATALOG[name].unit)
        constant = dict(rule.labels).get(name)
        return constant or (f"{{{{ $labels.{name} }}}}" if name in rule.of else "its start")

    return NAME.sub(word, rule.summary)


def _asked(rule: Rule, node: Quantity, unit: Unit | None) -> str:
    """A query about the alert's own subject, in words of its unit."""
    if isinstance(node, Number):
        return in_unit_words(node.value, unit)
    query = quantity_of(node, scope_of(rule, {name: f"%[{place}]q" for place, name in enumerate(rule.of, start=1)}))
    asked = f"printf `{query}` {' '.join(f'$labels.{name}' for name in rule.of)}" if rule.of else f"`{query}`"
    shown = IN_TEMPLATES.get(unit, "humanize") if unit else "humanize"
    return f"{{{{ with {asked} | query }}}}{{{{ . | first | value | {shown} }}}}{{{{ end }}}}"


def _test(rule: Rule, case: Case) -> dict[str, Any]:
    series = [(metric_of(name), values) for name, values in case.values.items()]
    series += [(limit_metric_of(name), values) for name, values in case.limits.items()]
    labels = ",".join(f'{name}="{SUBJECT}"' for name in rule.of)
    return {
        "name": f"{rule.name}: {case.name}",
        "interval": written(case.every),
        "input_series": [
            {"series": f"{name}{{{labels}}}", "values": " ".join("_" if v is None else f"{v!r}" for v in values)}
            for name, values in series
        ],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{rule.name}"}}',
                "eval_time": written(at),
                "exp_samples": expected_samples(rule, state),
            }
            for at, state in case.expects.items()
        ],
    }


def expected_samples(rule: Rule, state: Expected, subject: str = SUBJECT) -> list[dict[str, Any]]:
    """What Prometheus has to say of the alert in that state: to it an alert whose figures are missing fires."""
    if state in (Expected.QUIET, Expected.RESOLVED):
        return []
    shown = "pending" if state is Expected.PENDING else "firing"
    labels = {"alertname": rule.name, "alertstate": shown, "severity": rule.severity.value, **dict(rule.labels)}
    labels |= dict.fromkeys(rule.of, subject)
    inside = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return [{"labels": f"ALERTS{{{inside}}}", "value": 1}]


def _yaml(document: Any) -> str:
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast where it is there
    return str(yaml.dump(document, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100_000))
