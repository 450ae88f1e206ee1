"""The cases of a rule: series of one subject, and the state that is expected at times.

cases:
  - name: drifts out of its band and comes back
    every: 5m                                   between two values; 1m unless it is said
    series:
      book_drift: 0.01+0.002x20 0.01x20         as Prometheus writes them; _ is a gap
      limit(book_drift): 0.02x40
    expect: {10m: quiet, 40m: pending, 1h30m: firing, 3h: resolved}
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from portopt.monitoring.rules.durations import read_duration
from portopt.monitoring.rules.lines import Value
from portopt.monitoring.rules.rule import Case, Expected
from portopt.monitoring.rules.series import read_series

MINUTE = timedelta(minutes=1)
LONGEST_CASE = timedelta(days=14)
Numbers = Mapping[str, tuple[float | None, ...]]


def read_cases(rule: Value, value: Value | None, figures: tuple[str, ...]) -> tuple[Case, ...]:
    """A rule that nothing shows to fire, or to be quiet, is refused."""
    if value is None:
        rule.wrong("cases are missing: one in which it fires, one in which it is quiet")
        return ()
    cases = [case for one in value.items() if (case := _case(one, figures)) is not None]
    if not any(case.fires for case in cases):
        value.wrong("no case expects firing: what shows that the rule works?")
    if not any(case.is_quiet for case in cases):
        value.wrong("no case expects nothing but quiet: what shows that it does not always fire?")
    return tuple(cases)


def _case(value: Value, figures: tuple[str, ...]) -> Case | None:
    fields = value.fields(("name", "every", "series", "expect"))
    missing = [name for name in ("name", "series", "expect") if name not in fields]
    for name in missing:
        value.wrong(f"{name} is missing")
    if missing:
        return None
    every = _minutes(fields["every"], fields["every"].text() or "") if "every" in fields else MINUTE
    values, limits = _series(fields["series"], figures)
    expects = {}
    for text, one in fields["expect"].fields().items():
        at, state = _minutes(one, text), one.text()
        if state not in tuple(Expected):
            one.wrong(f"{state!r} is none of {', '.join(Expected)}")
        elif at is not None:
            expects[at] = Expected(state)
    if not expects:
        fields["expect"].wrong("it expects nothing")
        return None
    if not every:
        value.wrong("every needs at least a minute")
        return None
    return Case(fields["name"].text() or "", every, values, limits, dict(sorted(expects.items())))


def _minutes(value: Value, text: str) -> timedelta | None:
    length = read_duration(text)
    if length is None or length % MINUTE or length > LONGEST_CASE:
        value.wrong(f"{text!r} is no whole number of minutes of at most 14 days: 5m, 1h30m, 2d")
        return None
    return length


def _series(value: Value, figures: tuple[str, ...]) -> tuple[Numbers, Numbers]:
    known = (*figures, *(f"limit({name})" for name in figures))
    values: dict[str, tuple[float | None, ...]] = {}
    limits: dict[str, tuple[float | None, ...]] = {}
    for name, one in value.fields(known).items():
        text = one.text()
        try:
            numbers = read_series(text or "")
        except ValueError as fault:
            one.wrong(str(fault))
            continue
        if name.startswith("limit("):
            limits[name.removeprefix("limit(").removesuffix(")")] = numbers
        else:
            values[name] = numbers
    return values, limits
