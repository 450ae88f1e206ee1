"""Seals: of every part of a document the SHA-256 of what it says, so that a change too small for arithmetic is seen as well.

A seal says that nothing was changed since the document was written. That what was written is right is for arithmetic to say.
Numbers are sealed by their value: 756 and 756.0 are one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from portopt.verifier.ledger import Fault, Ledger, Path, shown

LETTERS = 16
OF_A_CLOCK = ("optimization_time_ms",)


def seals(document: Mapping[str, Any], within: Path = ()) -> dict[str, str]:
    """The seal of every part, by its path. within: where the seals themselves stand, which are not sealed."""
    return {shown(path): seal(part) for path, part in parts(document, within)}


def parts(document: Mapping[str, Any], within: Path) -> Iterator[tuple[Path, Any]]:
    """Sections; of objects their fields, of lists of objects their items."""
    for key, section in document.items():
        path: Path = (key,)
        if isinstance(section, dict) and section:
            for name, item in section.items():
                inner = (*path, name)
                if inner == within or name in OF_A_CLOCK:
                    continue
                if inner == within[: len(inner)] and isinstance(item, dict):
                    yield from (((*inner, n), i) for n, i in item.items() if (*inner, n) != within)
                else:
                    yield inner, item
        elif isinstance(section, list) and section and isinstance(section[0], dict):
            yield from (((*path, i), item) for i, item in enumerate(section))
        else:
            yield path, section


def seal(part: Any) -> str:
    text = json.dumps(_by_value(part), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LETTERS]


def _by_value(value: Any) -> Any:
    kind = type(value)  # exact: most of a document is of these, and there are hundreds of thousands
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return repr(value + 0.0)
    if kind is dict:
        return {
            key if type(key) is str else str(key): item if type(item) is str else _by_value(item)
            for key, item in value.items()
            if key not in OF_A_CLOCK
        }
    if kind is list:
        return [repr(item + 0.0) if type(item) is float else _by_value(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(float(value) + 0.0)
    if isinstance(value, dict):
        return {str(key): _by_value(item) for key, item in value.items() if key not in OF_A_CLOCK}
    return [_by_value(item) for item in value]


def check_seals(ledger: Ledger, within: Path) -> bool:
    """Every seal against what it seals. Whether there are any."""
    stated = ledger.at((*within, "seals")) if within else ledger.at(("seals",))
    if not isinstance(stated, dict):
        return False
    found = seals(ledger.document, (*within, "seals"))
    for path in sorted(stated.keys() | found.keys()):
        if stated.get(path) != found.get(path):
            says, is_ = stated.get(path, "nothing is there"), found.get(path, "nothing is there")
            ledger.faults.append(Fault("the seal of what was written here", path, says, is_))
    ledger.said.append(f"seals: of {len(stated)} parts of the document")
    return True
