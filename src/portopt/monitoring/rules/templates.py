"""A rule's summary: a sentence with names in braces, filled with what was measured, in the units of the catalog.

{value} {limit} {worst}: of the comparison that fired     {since}: when it began     {portfolio}: a label of the subject
{book_drift}: any figure of the expression
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from portopt.domain.watch import Labels
from portopt.domain.words import signed_percent
from portopt.monitoring.catalog import CATALOG, Unit
from portopt.monitoring.rules.durations import in_words
from portopt.monitoring.rules.rule import Rule
from portopt.monitoring.rules.tree import Truth, comparisons
from portopt.monitoring.rules.units import unit_of

NAME = re.compile(r"\{([^{}]*)\}")
OF_THE_COMPARISON = ("value", "limit", "worst")


def names_in(template: str) -> tuple[str, ...]:
    return tuple(NAME.findall(template))


def known_names(rule: Rule) -> tuple[str, ...]:
    """What the rule's summary may say."""
    return (*OF_THE_COMPARISON, "since", *rule.of, *(name for name, _ in rule.labels), *rule.figures)


def filled(rule: Rule, of: Labels, since: datetime, compared: Mapping[str, float | None],
           figures: Mapping[str, float | None]) -> str:  # fmt: skip
    """The summary of an alert. compared: of its comparison, by the names of OF_THE_COMPARISON. figures: of its expression."""
    unit, said = compared_unit(rule), dict(of)

    def word(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in compared:
            return in_unit_words(compared[name], unit)
        if name in figures:
            return in_unit_words(figures[name], CATALOG[name].unit)
        return f"{since:%Y-%m-%d %H:%M} UTC" if name == "since" else said.get(name, found.group())

    return NAME.sub(word, rule.summary)


def compared_unit(rule: Rule) -> Unit | None:
    return _unit_of_first(rule.holds)


@lru_cache(maxsize=1_000)
def _unit_of_first(holds: Truth) -> Unit | None:
    """Of the first comparison: of its left side, or where that has none of its right."""
    first = next(comparisons(holds))
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
