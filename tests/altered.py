"""One digit of one number in a document changed."""

from __future__ import annotations

import copy
import random
from typing import Any

Path = tuple[Any, ...]


def altered(document: Any, path: Path, rng: random.Random, digits: int | None = None) -> tuple[Any, str, str]:
    """(the document with it, what stood there, what stands there now). digits: only among so many of the first that count."""
    changed = copy.deepcopy(document)
    *above, last = path
    place = changed
    for step in above:
        place = place[step]
    before = place[last]
    text = before if isinstance(before, str) else repr(before)
    mantissa = len(text.partition("e")[0])
    counted = [i for i, c in enumerate(text[:mantissa]) if c.isdigit()]
    first = next((k for k, i in enumerate(counted) if text[i] != "0"), len(counted) - 1)
    spots = counted[first:] if digits is None else counted[first : first + digits]
    at = rng.choice(spots)
    new = text[:at] + rng.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]
    if not isinstance(before, str) and float(new) == float(before):
        return altered(document, path, rng, digits)  # the last digits of a double may name the same number: that is no change
    place[last] = new if isinstance(before, str) else type(before)(float(new)) if isinstance(before, int) else float(new)
    return changed, text, new
