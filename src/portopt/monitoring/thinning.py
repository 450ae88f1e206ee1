"""How figures are thinned, as a setting has it: `7d:1h,90d:1d` is one row an hour after seven days, one a day after ninety."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from portopt.domain.errors import InvalidValue
from portopt.domain.thinning import Thinning
from portopt.monitoring.rules.durations import read_duration

DAY = timedelta(days=1)
NEVER = "none"


def read_thinning(text: str, field: str) -> tuple[Thinning, ...]:
    """By age, the youngest first; none for `none`. Raises InvalidValue.

    >>> [one.step.total_seconds() for one in read_thinning("7d:1h,90d:1d", "figures")]
    [3600.0, 86400.0]
    """
    if text.strip() == NEVER:
        return ()
    found = tuple(_one(part.strip(), text, field) for part in text.split(","))
    for younger, older in pairwise(found):
        if younger.after >= older.after or older.step % younger.step or younger.step >= older.step:
            raise InvalidValue(field, text, "is not in order: the older, the longer the step, of whole ones of the one before",
                               fix="write 7d:1h,90d:1d")  # fmt: skip
    return found


def _one(part: str, text: str, field: str) -> Thinning:
    after, _, step = part.partition(":")
    age, length = read_duration(after), read_duration(step)
    if age is None or not length:
        raise InvalidValue(field, text, f"{part!r} is no age and step", fix="write 7d:1h,90d:1d, or none")
    if age < DAY or (DAY % length and length % DAY):
        raise InvalidValue(
            field, text, f"{part!r}: an age is at least a day, and a day is made of whole steps", fix="write 7d:1h"
        )
    return Thinning(age, length)
