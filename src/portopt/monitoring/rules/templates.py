"""A rule's summary: a sentence with names in braces, filled with what was measured, in the units of the catalog.

{value} {limit} {worst}: of the comparison that fired     {since}: when it began     {portfolio}: a label of the subject
{book_drift}: any figure of the expression
"""

from __future__ import annotations

import re
from datetime import timedelta

from portopt.domain.watch import Alert
from portopt.domain.words import signed_percent
from portopt.monitoring.catalog import CATALOG, Unit
from portopt.monitoring.rules.durations import in_words
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.tree import comparisons
from portopt.monitoring.rules.units import unit_of

NAME = re.compile(r"\{([^{}]*)\}")
OF_THE_COMPARISON = ("value", "limit", "worst")


def names_in(template: str) -> tuple[str, ...]:
    return tuple(NAME.findall(template))


def known_names(rule: Rule) -> tuple[str, ...]:
    """What the rule's summary may say."""
    return (*OF_THE_COMPARISON, "since", *rule.of, *(name for name, _ in rule.labels), *rule.figures)


def filled(rule: Rule, alert: Alert) -> str:
    """The summary of an alert."""
    said: dict[str, str] = {**dict(alert.of), "since": f"{alert.since:%Y-%m-%d %H:%M} UTC"}

    def word(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in OF_THE_COMPARISON:
            return in_unit_words(getattr(alert, name), compared_unit(rule))
        if name in alert.figures:
            return in_unit_words(alert.figures[name], CATALOG[name].unit)
        return said.get(name, found.group())

    return NAME.sub(word, rule.summary)


def compared_unit(rule: Rule) -> Unit | None:
    """Of the first comparison: of its left side, or where that has none of its right."""
    first = next(comparisons(rule.holds))
    return unit_of(first.left) or unit_of(first.right)


def in_unit_words(value: float | None, unit: Unit | None) -> str:
    """A number for a sentence.

    >>> in_unit_words(0.0512, Unit.FRACTION), in_unit_words(5400.0, Unit.SECONDS), in_unit_words(None, None)
    ('5.12 %', '1 h 30 min', 'not known')
    """
    if value is None:
        return "not known"
    if unit is Unit.FRACTION:
        return signed_percent(value) if abs(value) >= 0.0001 or value == 0.0 else f"{100.0 * value:.2g} %"
    if unit is Unit.SECONDS:
        return in_words(timedelta(seconds=round(value))) if 1.0 <= value < 1e9 else f"{value:.3g} s"
    if unit is Unit.DAYS:
        return f"{value:.4g} days"
    return f"{value:,.2f}" if unit is Unit.MONEY else f"{value:.4g}"
