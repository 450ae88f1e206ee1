"""The cases of a regime: examples worked out by hand, with what must come of them. A regime whose cases do not is refused.

    term      {"acquired_on": "2024-02-29", "sold_on": "2025-03-01", "expect": {"term": "long"}}
    netting   {"record": {"carried_short": "500"}, "short": "-1000", "long": "3000", "expect": {"due": "300.00", …}}
    wash      {"as_of": "2026-12-01", "lots": […], "closed": […], "sales": [{"asset_id", "lot_id", "shares", "price"}],
               "buys": {"A": "10"}, "expect": {"disallowed": ["500.00"], "of_closed": ["0"], …}}

Beside them `name`, `steps` (the computation in words) and `policy`, the words of a policy laid over the regime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from portopt.domain.errors import InvalidValue
from portopt.domain.tax import ClosedLot, Lot, LotSale, TaxRecord, TaxRules
from portopt.taxation import checks
from portopt.taxation.holding_period import term_of
from portopt.taxation.min_holding import too_young
from portopt.taxation.netting import netted
from portopt.taxation.wash_sales import blocked_buys, blocked_sells, disallowed

ABOUT: Final = ("name", "steps", "policy", "expect")
MONEY_OF_RECORD: Final = ("realized_short", "realized_long", "carried_short", "carried_long")
FIELDS: Final = {
    "term": ("acquired_on", "sold_on"),
    "netting": ("record", "short", "long"),
    "wash": ("as_of", "lots", "closed", "sales", "buys"),
}
LOT: Final = ("asset_id", "lot_id", "acquired_on", "shares", "cost_per_share")
CLOSED: Final = (*LOT, "closed_on", "proceeds_per_share")
SALE: Final = ("asset_id", "lot_id", "shares", "price")


def found_by(case: Mapping[str, Any], rules: TaxRules, path: str) -> dict[str, Any]:
    """What the rules make of a case, by the names that it may expect."""
    kind = next((kind for kind, names in FIELDS.items() if names[0] in case), "netting")
    checks.object_of(path, case, (*ABOUT, *FIELDS[kind]))
    of: dict[str, Callable[[Mapping[str, Any], TaxRules, str], dict[str, Any]]] = {
        "term": _term,
        "netting": _netting,
        "wash": _wash,
    }
    return of[kind](case, rules, path)


def require(case: Mapping[str, Any], rules: TaxRules, path: str) -> None:
    """Raises InvalidValue where the rules make something else of the case than it expects."""
    found = found_by(case, rules, path)
    expected = checks.object_of(f"{path}.expect", case.get("expect", {}), found)
    if not expected:
        raise InvalidValue(f"{path}.expect", {}, "expects nothing", fix=f"say what must come of it: {', '.join(found)}")
    for name, value in expected.items():
        if not _same(found[name], value):
            why = f"by these rules it is {checks.shown(found[name])}"
            raise InvalidValue(f"{path}.expect.{name}", checks.shown(value), why, fix="correct the case or the rules")


def _term(case: Mapping[str, Any], rules: TaxRules, path: str) -> dict[str, Any]:
    bought, sold = (_date(case, name, path) for name in FIELDS["term"])
    if sold is None:
        raise InvalidValue(f"{path}.sold_on", None, "a day is needed", fix=f'write {path}.sold_on: "2026-12-01"')
    return {"term": term_of(bought, sold, rules)}


def _netting(case: Mapping[str, Any], rules: TaxRules, path: str) -> dict[str, Any]:
    said = checks.object_of(f"{path}.record", case.get("record", {}), MONEY_OF_RECORD)
    record = TaxRecord((), (), *(_amount(said.get(name, 0), f"{path}.record.{name}") for name in MONEY_OF_RECORD))
    short, long = (_amount(case.get(name, 0), f"{path}.{name}") for name in ("short", "long"))
    found = netted(rules, record, short, long)
    names = ("short", "long", "taxed_short", "taxed_long", "allowance_used", "due", "due_before", "tax")
    return {name: getattr(found, name) for name in (*names, "carried_short", "carried_long")}


def _wash(case: Mapping[str, Any], rules: TaxRules, path: str) -> dict[str, Any]:
    as_of = _date(case, "as_of", path) or date.min
    lots = tuple(_lot(one, f"{path}.lots[{i}]") for i, one in enumerate(_list(case, "lots", path)))
    closed = tuple(_closed(one, f"{path}.closed[{i}]") for i, one in enumerate(_list(case, "closed", path)))
    record = TaxRecord(lots=lots, closed=closed)
    sales = [_sale(one, lots, as_of, rules, f"{path}.sales[{i}]") for i, one in enumerate(_list(case, "sales", path))]
    buys = {a: _amount(n, f"{path}.buys.{a}") for a, n in checks.mapping(f"{path}.buys", case.get("buys", {})).items()}
    found = disallowed(sales, buys, record, as_of, rules)
    return {
        "disallowed": [one.amount for one in found.of_sales],
        "of_closed": [one.amount for one in found.of_closed],
        "moved": [[part.lot_id or "new", part.shares, part.amount] for one in found.of_sales for part in one.moved],
        "blocked_sells": sorted(lot for _, lot in blocked_sells(record, as_of, rules)),
        "blocked_buys": {group: str(until) for group, (_, until) in blocked_buys(record, as_of, rules).items()},
        "too_young": sorted(lot for _, lot in too_young(record, as_of, rules)),
    }


def _lot(value: Any, path: str) -> Lot:
    said = checks.object_of(path, value, LOT)
    return Lot(
        checks.text(f"{path}.asset_id", said.get("asset_id")),
        checks.text(f"{path}.lot_id", said.get("lot_id")),
        _date(said, "acquired_on", path),
        _amount(said.get("shares"), f"{path}.shares"),
        None if said.get("cost_per_share") is None else _amount(said["cost_per_share"], f"{path}.cost_per_share"),
    )


def _closed(value: Any, path: str) -> ClosedLot:
    said = checks.object_of(path, value, CLOSED)
    lot = _lot({name: said[name] for name in LOT if name in said}, path)
    sold, proceeds = (
        _date(said, "closed_on", path) or date.min,
        _amount(said.get("proceeds_per_share"), f"{path}.proceeds_per_share"),
    )
    return ClosedLot(lot.asset_id, lot.lot_id, lot.acquired_on, sold, lot.shares, lot.cost_per_share, proceeds)


def _sale(value: Any, lots: tuple[Lot, ...], as_of: date, rules: TaxRules, path: str) -> LotSale:
    said = checks.object_of(path, value, SALE)
    key = said.get("asset_id"), said.get("lot_id")
    lot = next((lot for lot in lots if (lot.asset_id, lot.lot_id) == key), None)
    if lot is None:
        raise InvalidValue(path, checks.shown(value), "is a sale of no lot of the case", fix="name a lot of `lots`")
    shares, price = (_amount(said.get(name), f"{path}.{name}") for name in ("shares", "price"))
    gain = None if lot.cost_per_share is None else (price - lot.cost_per_share) * shares
    return LotSale(lot, shares, price * shares, gain, term_of(lot.acquired_on, as_of, rules))


def _same(found: Any, expected: Any) -> bool:
    """Money by its value, everything else as it is."""
    if isinstance(found, Decimal):
        return isinstance(expected, str | int | float) and found == _amount(expected, "expect")
    if isinstance(found, list):
        return isinstance(expected, list | tuple) and len(found) == len(expected) and all(map(_same, found, expected))
    return bool(found == expected)


def _amount(value: Any, path: str) -> Decimal:
    try:
        found = Decimal(str(value)) if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        raise InvalidValue(path, checks.shown(value), "a number is needed", fix=f'write {path}: "100.00"')
    return found


def _date(said: Mapping[str, Any], name: str, path: str) -> date | None:
    value = said.get(name)
    try:
        return None if value is None else date.fromisoformat(value)
    except (TypeError, ValueError):
        why = "a day is needed"
        raise InvalidValue(f"{path}.{name}", checks.shown(value), why, fix=f'write {path}.{name}: "2026-12-01"') from None


def _list(said: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = said.get(name, [])
    if not isinstance(found, list | tuple):
        raise InvalidValue(f"{path}.{name}", checks.shown(found), "a list is needed", fix=f"write {path}.{name}: []")
    return list(found)
