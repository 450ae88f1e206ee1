"""How an asset is quoted, in what pieces it trades, and when its money moves: a bond's face, a fund's fractions.

    money per unit held = (price + accrued_interest) * price_multiplier

A bond that is quoted per 100 of face has the multiplier 0.01 and is held in face.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Context, Decimal, InvalidOperation, localcontext
from typing import Any

from portopt.domain.errors import InvalidValue, UnknownField

ONE, NOTHING = Decimal(1), Decimal(0)
MOST, MOST_DIGITS, MOST_DECIMALS = Decimal(10) ** 12, 12, 10
EXACTLY = Context(prec=60)
MOST_FRACTION_DIGITS, MOST_DAYS = 6, 30
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d( \S{1,40})?")
STEPS = ("lot_size", "increment", "fraction_digits")


@dataclass(frozen=True, slots=True)
class Units:
    """What is said of an asset's units; what is not said is as for a share.

    price_multiplier: money of one unit at a price of one. accrued_interest: per unit of quotation, paid beside the price.
    lot_size: units of a trade, whole ones, in the place of the policy's. fraction_digits: trades in so many decimals instead.
    min_denomination: of what is held at all, at least so much; increment: the steps from there on, itself where not said.
    settlement_days: working days from the trade to its money. nav_priced: bought and sold at a price that is not known yet,
    for orders that come before cut_off, a time and where it is that.
    """

    price_multiplier: Decimal = ONE
    accrued_interest: Decimal = NOTHING
    lot_size: Decimal | None = None
    min_denomination: Decimal = NOTHING
    increment: Decimal | None = None
    fraction_digits: int | None = None
    settlement_days: int | None = None
    nav_priced: bool = False
    cut_off: str = ""

    def money(self, price: Decimal) -> Decimal:
        """Of one unit held, at a price as it is quoted."""
        with localcontext(EXACTLY):
            return (price + self.accrued_interest) * self.price_multiplier

    def quoted(self, money: Decimal) -> Decimal:
        """The price at which a unit is worth so much: `money` turned round."""
        with localcontext(EXACTLY):
            return money / self.price_multiplier - self.accrued_interest

    @property
    def is_priced_as_shares(self) -> bool:
        return self.price_multiplier == ONE and not self.accrued_interest

    @property
    def step(self) -> Decimal | None:
        """What a trade is counted in; None where the policy says."""
        if self.fraction_digits is not None:
            return ONE.scaleb(-self.fraction_digits)
        return self.lot_size or self.increment or self.min_denomination or None

    @property
    def said(self) -> Mapping[str, Any]:
        """What differs from a share, in the order of the fields."""
        return {name: value for name, value in asdict(self).items() if value != _AS_SHARES[name]}


_AS_SHARES: Mapping[str, Any] = {f.name: f.default for f in fields(Units)}
NAMES = tuple(_AS_SHARES)


def in_money(prices: Mapping[str, Decimal], units: Mapping[str, Units]) -> dict[str, Decimal]:
    """Money per unit of whatever has a price. units: of those that are not quoted as shares are."""
    return {**prices, **{a: said.money(prices[a]) for a, said in units.items() if a in prices}}


def units_of(value: Any, field: str) -> Units | None:
    """Of {"price_multiplier": 0.01, "min_denomination": 1000}; None where that says nothing a share does not say.

    Raises UnknownField and InvalidValue with the place of what cannot be.
    """
    if value is None or isinstance(value, Units):
        return value
    if not isinstance(value, Mapping):
        raise InvalidValue(field, value, "is no object", fix=f'write {field}: {{"price_multiplier": 0.01}}')
    unknown = [str(name) for name in value if name not in NAMES]
    if unknown:
        raise UnknownField(unknown[0], NAMES, path=field)
    told = {name: said for name, said in value.items() if said is not None}
    found = Units(**{name: _READ[name](said, f"{field}.{name}") for name, said in told.items()})
    _require_one_step(found, field)
    return found if found.said else None


def _require_one_step(units: Units, field: str) -> None:
    said = [name for name in STEPS if getattr(units, name) is not None]
    if len(said) > 1:
        names = " and ".join(said)
        raise InvalidValue(field, names, "are steps of two sizes: trades go in one", fix=f"keep one of {names}")
    step = units.step
    if step is not None and units.min_denomination % step:
        up = (units.min_denomination // step + 1) * step
        why = f"is no whole number of steps of {step:,f}"
        raise InvalidValue(f"{field}.min_denomination", str(units.min_denomination), why, fix=f"write {up:f}, or other steps")
    if units.cut_off and not units.nav_priced:
        why = "is of a fund that is priced after it, and nothing says that this is one"
        raise InvalidValue(f"{field}.cut_off", units.cut_off, why, fix="say nav_priced: true, or leave it out")


def _decimal(value: Any, field: str) -> Decimal:
    """As short as it is written, of at most MOST_DIGITS digits: what is multiplied by it stays exact."""
    try:
        number = None if isinstance(value, bool) else Decimal(repr(value) if isinstance(value, float) else str(value).strip())
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise InvalidValue(field, value, "is not a number", fix="write a number: 0.01")
    if number < 0:
        raise InvalidValue(field, value, "is negative", fix="write a number that is not")
    short = number.normalize()
    if number >= MOST or len(short.as_tuple().digits) > MOST_DIGITS or -int(short.as_tuple().exponent) > MOST_DECIMALS:
        raise InvalidValue(field, value, f"is no number below 10^12 of at most {MOST_DIGITS} digits", fix="round it")
    return Decimal(f"{short:f}")


def _positive(value: Any, field: str) -> Decimal:
    number = _decimal(value, field)
    if not number:
        raise InvalidValue(field, value, "is nothing", fix="write a number above zero, or leave it out")
    return number


def _whole(value: Any, field: str) -> Decimal:
    number = _positive(value, field)
    if number % 1:
        why = "is no whole number of units"
        raise InvalidValue(field, value, why, fix="write a whole number; for decimals of a unit say fraction_digits")
    return number


def _count(most: int, what: str) -> Any:
    def read(value: Any, field: str) -> int:
        number = _decimal(value, field)
        if number % 1 or number > most:
            raise InvalidValue(field, value, f"is no whole number of {what} from 0 to {most}", fix="write 2")
        return int(number)

    return read


def _yes(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(field, value, "is neither true nor false", fix="write true or false")
    return value


def _time(value: Any, field: str) -> str:
    if value != "" and not (isinstance(value, str) and TIME.fullmatch(value)):
        raise InvalidValue(field, value, "is no time of day", fix='write "16:00", or "16:00 Europe/Luxembourg"')
    return str(value)


_READ: Mapping[str, Any] = {
    "price_multiplier": _positive,
    "accrued_interest": _decimal,
    "lot_size": _whole,
    "min_denomination": _decimal,
    "increment": _positive,
    "fraction_digits": _count(MOST_FRACTION_DIGITS, "decimals"),
    "settlement_days": _count(MOST_DAYS, "working days"),
    "nav_priced": _yes,
    "cut_off": _time,
}
