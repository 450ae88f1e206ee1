"""Corporate actions as data: a ratio is two whole numbers, new shares and old ones; money is a decimal text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from portopt.dialects.exact import read_date, read_decimal
from portopt.dialects.reading import list_of, object_of, one_of, required, text, whole_number
from portopt.domain.action import Action

KINDS = ("split", "dividend", "spin_off", "delisting")
MOST_ACTIONS = 10_000


def read_actions(value: Any, field: str = "actions") -> tuple[Action, ...]:
    """Raises UnknownField, InvalidValue or MissingInput with the dotted path."""
    return tuple(read_action(item, f"{field}[{i}]") for i, item in enumerate(list_of(value, field, most=MOST_ACTIONS)))


def read_action(value: Any, field: str) -> Action:
    doc = object_of(value, field, [f.name for f in dataclasses.fields(Action)])
    ratio, into = doc.get("ratio"), doc.get("into")
    return Action(
        asset_id=text(required(doc, "asset_id", field), f"{field}.asset_id"),
        kind=one_of(required(doc, "kind", field), f"{field}.kind", KINDS),  # type: ignore[arg-type]  # one of the four
        ex_date=read_date(required(doc, "ex_date", field), f"{field}.ex_date"),
        pay_date=_day(doc, "pay_date", field),
        ratio=None if ratio is None else _ratio(ratio, f"{field}.ratio"),
        amount=_money(doc, "amount", field),
        into=None if into is None else text(into, f"{field}.into"),
        proceeds=_money(doc, "proceeds", field),
        delisting_return=_money(doc, "delisting_return", field),
        known_from=_day(doc, "known_from", field),
    )


def _day(doc: Mapping[str, Any], name: str, field: str) -> date | None:
    return None if doc.get(name) is None else read_date(doc[name], f"{field}.{name}")


def _money(doc: Mapping[str, Any], name: str, field: str) -> Decimal | None:
    return None if doc.get(name) is None else read_decimal(doc[name], f"{field}.{name}")


def _ratio(value: Any, field: str) -> tuple[int, int]:
    numerator, denominator = list_of(value, field, least=2, most=2)
    return whole_number(numerator, f"{field}[0]", low=1), whole_number(denominator, f"{field}[1]", low=1)
