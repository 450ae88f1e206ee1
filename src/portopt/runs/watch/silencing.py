"""Silences as people ask for them: what they match, from when to when, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from portopt.domain.canonical import canonical_json, digest
from portopt.domain.errors import InvalidValue, MissingInput
from portopt.domain.watch import Silence
from portopt.monitoring.catalog import CATALOG

RULE = "rule"
MOST_REASON, MOST_VALUE = 500, 200
LONGEST = timedelta(days=31)  # what is silent for longer is no silence, but a rule that is wrong
LABELS = frozenset(label for watched in CATALOG.values() for label in watched.labels)


def silence_of(matches: Mapping[str, str], starts: datetime, ends: datetime, *, by: str, reason: str,
               rules: Collection[str]) -> Silence:  # fmt: skip
    """The same question is the same silence, however often it is asked.

    matches: rule and labels that must be equal, at least one. rules: names of those in force.
    Raises MissingInput, and InvalidValue for a rule or a label that there is not, and a reason or a time that is none.
    """
    given = {name: str(value) for name, value in matches.items() if value not in (None, "")}
    if not given:
        raise MissingInput("a silence of everything is none: name a rule or a label", field="matches",
                           fixes=["give rule, portfolio, or another label"])  # fmt: skip
    _known(given, rules)
    if not reason.strip() or len(reason) > MOST_REASON or not reason.isprintable():
        raise InvalidValue("reason", reason[:MOST_REASON], f"say in 1 to {MOST_REASON} characters why nobody is told")
    if not starts < ends <= starts + LONGEST:
        raise InvalidValue("ends", ends.isoformat(), f"is not within the {LONGEST.days} days after {starts.isoformat()}")
    of, span = tuple(sorted(given.items())), (starts.astimezone(UTC), ends.astimezone(UTC))
    told = digest(canonical_json([of, *(instant.isoformat() for instant in span), by, reason]))
    return Silence(f"silence-{told[:20]}", of, *span, by, reason.strip())


def _known(given: Mapping[str, str], rules: Collection[str]) -> None:
    for name, value in given.items():
        if name != RULE and name not in LABELS:
            fix = f"use rule, {', '.join(sorted(LABELS))}"
            raise InvalidValue("matches", name, "is no label of any figure", fix=fix)
        if len(value) > MOST_VALUE or not value.isprintable():
            raise InvalidValue(f"matches.{name}", value[:MOST_VALUE], "is no name of anything")
    if RULE in given and given[RULE] not in rules:
        raise InvalidValue("matches.rule", given[RULE], "is no rule in force", fix="`portopt rules list` shows them")
