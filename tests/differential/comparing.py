"""Two folders of answers compared byte for byte; what differs is named by its place in the document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST = 5  # places shown of a group
WIDE = 70  # characters of a value that are shown


@dataclass(frozen=True)
class Difference:
    """One place: where, and what stands there before and after."""

    where: str
    before: str
    after: str

    @property
    def place(self) -> str:
        """`where` for any number in a list."""
        return re.sub(r"\[\d+\]", "[*]", self.where)


@dataclass(frozen=True)
class Comparison:
    """same: how many. differing: by name. missing: names that one side alone has, and which."""

    same: int
    differing: dict[str, list[Difference]]
    missing: dict[str, str]


def compared(before: Path, after: Path) -> Comparison:
    names = sorted({path.name for folder in (before, after) for path in folder.glob("*.json")})
    same, differing, missing = 0, {}, {}
    for name in names:
        a, b = before / name, after / name
        if not (a.is_file() and b.is_file()):
            missing[name] = "before" if a.is_file() else "after"
        elif a.read_bytes() == b.read_bytes():
            same += 1
        else:
            differing[name] = list(differences(json.loads(a.read_text()), json.loads(b.read_text()))) or [OTHER_ORDER]
    return Comparison(same, differing, missing)


OTHER_ORDER = Difference("(the same values, their keys in another order)", "", "")


def differences(a: Any, b: Any, where: str = "$") -> Iterator[Difference]:
    """Every place at which two documents differ, in the order of the first."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            yield from differences(a.get(key, NOTHING), b.get(key, NOTHING), f"{where}.{key}")
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            yield Difference(f"{where} (length)", str(len(a)), str(len(b)))
        for i, (x, y) in enumerate(zip(a, b, strict=False)):
            yield from differences(x, y, f"{where}[{i}]")
    elif _text(a) != _text(b):
        yield Difference(where, _text(a), _text(b))


NOTHING = object()


def _text(value: Any) -> str:
    return "(nothing)" if value is NOTHING else json.dumps(value, ensure_ascii=False)


def report(found: Comparison) -> int:
    """The comparison in words, alike differences together; 1 where anything differs, 0 otherwise."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, places in found.differing.items():
        groups.setdefault(tuple(dict.fromkeys(d.place for d in places)), []).append(name)
    for places, names in sorted(groups.items(), key=lambda group: -len(group[1])):
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        print(f"{len(names)} differ at {len(places)} places: {shown}")
        for difference in _first_of_each(found.differing[names[0]]):
            print(f"    {difference.where}: {_short(difference.before)} → {_short(difference.after)}")
    for name, side in found.missing.items():
        print(f"only {side}: {name}")
    print(f"{found.same} the same, {len(found.differing)} different, {len(found.missing)} on one side alone")
    return 1 if found.differing or found.missing or not found.same else 0


def _first_of_each(places: list[Difference]) -> list[Difference]:
    """The first difference at each place, a few of them."""
    first: dict[str, Difference] = {}
    for difference in places:
        first.setdefault(difference.place, difference)
    return list(first.values())[:MOST]


def _short(text: str) -> str:
    return text if len(text) <= WIDE else f"{text[:WIDE]}…"
