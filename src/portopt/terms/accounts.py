"""The accounts that a list names, told as parts of positions: what lies in one may not be sold, though the book is one.

    {"account": "IRA"}  ->  {"account": "IRA", "holds": {"AAPL": 0.4}}     two fifths of the AAPL shares lie there

Orders do not say in which account they are carried out: so many shares stay as lie in it, and the others may be sold.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portopt.domain.errors import InvalidValue
from portopt.domain.holdings import Holdings
from portopt.terms.shared.members import unknown_name

KIND = "do_not_sell"
FIELD = f"limits.{KIND}"


def with_accounts(limits: Mapping[str, Any], held: Holdings) -> Mapping[str, Any]:
    """Limits as the catalog spells them, each account with what lies in it. Raises InvalidValue for one there is not."""
    if not _names_an_account(limits.get(KIND)):
        return limits
    return {**limits, KIND: _told(limits[KIND], held)}


def _names_an_account(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "account" in value or any(map(_names_an_account, value.values()))
    return isinstance(value, list | tuple) and any(map(_names_an_account, value))


def _told(value: Any, held: Holdings) -> Any:
    if isinstance(value, list | tuple):
        return [_told(item, held) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "account" in value:
        return {**value, "holds": _parts(value["account"], held)}
    return {name: _told(item, held) for name, item in value.items()}


def _parts(account: Any, held: Holdings) -> dict[str, float]:
    """Of each position, the part that lies there. Of one that is sold short elsewhere nothing more may be sold."""
    if not held.accounts:
        fix = "add a column account to the holdings, or name the assets"
        raise InvalidValue(f"{FIELD}.account", account, "is no account that the holdings speak of: they name none", fix=fix)
    if account not in held.accounts:
        raise unknown_name(f"{FIELD}.account", str(account), account, held.accounts, "account")
    there = {asset: n for asset, n in held.accounts[account].items() if n > 0}
    return {asset: _part(n, held.shares.get(asset, Decimal(0))) for asset, n in there.items()}


def _part(there: Decimal, in_all: Decimal) -> float:
    return float(there / in_all) if in_all > there else 1.0
