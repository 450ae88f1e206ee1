"""Lengths of time as Prometheus writes them (1h30m), and in words."""

from __future__ import annotations

import re
from datetime import timedelta

SECONDS_OF = {"y": 365 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
WRITTEN = re.compile(r"(?:(\d{1,6})y)?(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
LONGEST = timedelta(days=366)


def read_duration(text: str) -> timedelta | None:
    """None for what is no duration, or is longer than a year.

    >>> read_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    found = WRITTEN.fullmatch(text) if text != "0" else WRITTEN.fullmatch("0s")
    if not text or found is None:
        return None
    seconds = sum(int(count) * size for count, size in zip(found.groups(), SECONDS_OF.values(), strict=True) if count)
    length = timedelta(seconds=seconds)
    return length if length <= LONGEST else None


def written(length: timedelta) -> str:
    """The same, the way it is read.

    >>> written(timedelta(hours=26))
    '1d2h'
    """
    left, parts = int(length.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, SECONDS_OF[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def in_words(length: timedelta) -> str:
    """For a sentence, in its two largest units.

    >>> in_words(timedelta(hours=26, minutes=3))
    '1 d 2 h'
    """
    left, parts = round(length.total_seconds()), []
    for unit, word in (("d", "d"), ("h", "h"), ("m", "min"), ("s", "s")):
        count, left = divmod(left, SECONDS_OF[unit])
        parts += [f"{count} {word}"] if count else []
    return " ".join(parts[:2]) or "0 s"
