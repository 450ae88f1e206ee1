"""How a rule's alerts are told, as its file says: in groups, and not while another rule's alert explains them.

- name: books
  group_by: [rule]                    of its rules, unless they say it; `none`: each alert is told of alone
  group_from: 3                       so many of a group in one evaluation are one message
  group_names: 5                      of them so many are named; the others are counted
  blind_inhibited_by: [store_down]    while that fires, nobody is told that figures of these rules have stopped
  inhibited_for: 6h                   what is still so after that is told all the same
  rules:
    - alert: book_unpriced
      inhibited_by: [store_down]      while that fires, nothing new is told of this one
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from portopt.monitoring.rules.durations import read_duration
from portopt.monitoring.rules.lines import Value
from portopt.monitoring.rules.rule import Grouping, Inhibition

FIELDS = ("group_by", "group_from", "group_names", "inhibited_by", "blind_inhibited_by", "inhibited_for")
RULE, ALONE = "rule", "none"
FEWEST, MOST = 2, 100
MOST_NAMED = 50


def read_grouping(fields: dict[str, Value], otherwise: Grouping, labels: Collection[str] | None = None) -> Grouping:
    """otherwise: of the group of rules, or the usual one. labels: of the rule's alerts, where they are known."""
    by = _by(fields["group_by"], labels) if "group_by" in fields else otherwise.by
    least = _whole(fields["group_from"], FEWEST, MOST) if "group_from" in fields else None
    names = _whole(fields["group_names"], 1, MOST_NAMED) if "group_names" in fields else None
    return Grouping(otherwise.by if by is None else by, least or otherwise.least, names or otherwise.names)


def read_inhibition(fields: dict[str, Value], otherwise: Inhibition, own: str | None = None) -> Inhibition:
    """own: the rule's name, which explains nothing of itself."""
    by, blind_by = (
        _names(fields[name], own) if name in fields else tuple(one for one in before if one != own)
        for name, before in (("inhibited_by", otherwise.by), ("blind_inhibited_by", otherwise.blind_by))
    )
    longest = _span(fields["inhibited_for"]) if "inhibited_for" in fields else None
    return Inhibition(by, blind_by, longest or otherwise.longest)


def _by(value: Value, labels: Collection[str] | None) -> tuple[str, ...] | None:
    """In the order of the names, so that the same group is the same however it is written."""
    names = _listed(value)
    if names == [ALONE]:
        return ()
    known = (RULE, *(labels or ()))
    for name in names:
        if labels is not None and name not in known:
            value.wrong(f"{name!r} is nothing that alerts of this rule agree on: {', '.join(known)}, or {ALONE} alone")
    if not names:
        value.wrong(f"say by what alerts are told of together: {', '.join(known)}, or {ALONE}")
        return None
    return tuple(sorted(set(names)))


def _names(value: Value, own: str | None) -> tuple[str, ...]:
    names = [name for name in _listed(value) if name != ALONE]
    if own in names:
        value.wrong(f"{own} cannot explain itself: name another rule")
    return tuple(dict.fromkeys(names))


def _listed(value: Value) -> list[str]:
    """One name, or a list of them."""
    parts = list(value.items()) if value.is_list else [value]
    return [text for part in parts if (text := part.text()) is not None]


def _whole(value: Value, low: int, high: int) -> int | None:
    text = value.text()
    if text is not None and text.isascii() and text.isdigit() and low <= int(text) <= high:
        return int(text)
    if text is not None:
        value.wrong(f"{text!r} is no whole number from {low} to {high}")
    return None


def _span(value: Value) -> timedelta | None:
    text = value.text()
    found = None if text is None else read_duration(text)
    if text is not None and not found:
        value.wrong(f"{text!r} is no length of time: 30m, 6h")
    return found
