"""A policy as fields that a person writes in, and back: a limit a line, the rest as the objects that they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from portopt.doors.console.asking import Refused
from portopt.doors.console.reader import Reader
from portopt.doors.console.writing import read_number, writers

LIMIT, ADDED, ADDED_VALUE = "limits.", "add.limit", "add.value"
TEXTS: Final = ("name", "description", "method_version")
OBJECTS: Final = ("objective", "costs", "estimation", "data", "trading", "tax", "approval")
OTHERS: Final = ("risk_free_rate", "relax_order", "notes")


def fields_of(policy: Mapping[str, Any], reader: Reader, version: str) -> dict[str, str]:
    """By the name of the field, as the reader writes numbers."""
    written = {name: str(policy.get(name, "")) for name in TEXTS} | {"method_version": version}
    written |= {LIMIT + name: shown(value, reader) for name, value in policy["limits"].items()}
    return written | {name: shown(policy.get(name), reader) for name in (*OBJECTS, *OTHERS)}


def draft_of(fields: Mapping[str, str], stands: Mapping[str, Any], reader: Reader) -> dict[str, Any]:
    """The policy that the fields say. What was not touched is what it was, to the last digit; a limit without a value is none.

    Raises Refused for what cannot be read.
    """
    draft: dict[str, Any] = {**{name: fields.get(name, "").strip() for name in TEXTS}, "limits": {}}
    for name in (*OBJECTS, *OTHERS):
        draft[name] = _value(fields, name, stands.get(name), reader)
    for field in (name for name in fields if name.startswith(LIMIT)):
        name = field.removeprefix(LIMIT)
        if fields[field].strip():
            draft["limits"][name] = _value(fields, field, stands["limits"].get(name), reader)
    if fields.get(ADDED):
        draft["limits"][fields[ADDED]] = read(fields.get(ADDED_VALUE, ""), reader, ADDED_VALUE)
    return {name: value for name, value in draft.items() if value is not None}


def _value(fields: Mapping[str, str], name: str, before: Any, reader: Reader) -> Any:
    given = fields.get(name, "")
    if given.strip() == shown(before, reader).strip():
        return before
    return read(given, reader, name) if given.strip() else None


def shown(value: Any, reader: Reader) -> str:
    """A number as the reader writes it, everything else as JSON does."""
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return writers(reader)["shares"](value)
    return json.dumps(value, ensure_ascii=False)


def read(given: str, reader: Reader, field: str) -> Any:
    """What `shown` wrote, or what people type for it: 10 %, 0.1, true, {"max": 0.05}. Raises Refused."""
    text = given.strip()
    percent = read_number(text.removesuffix("%"), reader) if text.endswith("%") else None
    if percent is not None:
        return float(percent / 100)
    number = read_number(text, reader)
    if number is not None:
        return _plain(number)
    try:
        return json.loads(text)
    except ValueError:
        raise Refused(400, {
            "title": "This cannot be read", "status": 400, "field": field,
            "detail": f"{field}: {text[:100]!r} is neither a number nor JSON",
            "fixes": ['write 10%, 0.1, true, or an object as {"max": 0.05}'],
        }) from None  # fmt: skip


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
