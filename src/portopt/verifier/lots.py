"""The lots of a book as the document tells them: what each is worth and would gain, and which of them go at which book."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from portopt.verifier.exact import ONE, ZERO, written
from portopt.verifier.netting import Record, Rules, rules_of, worth

NO_GAIN = Fraction(1, 10**12)
RECORD = ("realized_short", "realized_long", "carried_short", "carried_long")


@dataclass(frozen=True)
class Lot:
    """cost: of a share as the method counts it, None where nobody knows. price: money per share. weight: of the portfolio.

    order: by which an asset's lots are sold, where a rule says so; lots of a lower one first. told: whether somebody told it;
    what stands for shares that lie in no lot takes no loss away.
    """

    asset: str
    name: str
    bought: date | None
    shares: Fraction
    own_cost: Fraction | None
    cost: Fraction | None
    price: Fraction
    weight: Fraction
    is_long: bool
    order: tuple[Any, ...]
    told: bool

    @property
    def called(self) -> str:
        return f"{self.asset} ({self.name})" if self.bought is None else f"{self.asset} of {self.bought} ({self.name})"

    @property
    def gain(self) -> Fraction:
        """Of each unit of weight that is sold; an unknown cost is one of nothing."""
        return ONE - (self.cost or ZERO) / self.price


@dataclass(frozen=True)
class Closed:
    """Shares that were sold before now. loss: money, positive; nothing for a gain and where the cost is unknown."""

    asset: str
    name: str
    bought: date | None
    sold: date
    shares: Fraction
    loss: Fraction


@dataclass(frozen=True)
class Lots:
    """value: of the portfolio, money. blocked: positions of lots whose loss would not count. told: by book, what of each lot
    is sold there, in weights. later: substitutes that a better one keeps from being bought. identical: by asset its group,
    where it is not one of its own.
    """

    rules: Rules
    record: Record
    as_of: date
    value: Fraction
    lots: tuple[Lot, ...]
    closed: tuple[Closed, ...]
    blocked: Mapping[int, str]
    no_buys: Mapping[str, str]
    later: Collection[str]
    identical: Mapping[str, str]
    told: Mapping[str, Sequence[Fraction]]

    def of(self, asset: str) -> list[int]:
        return [k for k, lot in enumerate(self.lots) if lot.asset == asset]

    def group(self, asset: str) -> str:
        """Of assets that are one to a wash sale."""
        return self.identical.get(asset, asset)

    @property
    def assets(self) -> list[str]:
        return list(dict.fromkeys(lot.asset for lot in self.lots))

    def realized(self, sold: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
        """(short, long) net gains of now, fractions of the portfolio."""
        short = long = ZERO
        for lot, weight in zip(self.lots, sold, strict=True):
            if weight:
                short, long = (short, long + weight * lot.gain) if lot.is_long else (short + weight * lot.gain, long)
        return short, long

    def tax(self, sold: Sequence[Fraction]) -> Fraction:
        """What these sales add to what is due, a fraction of the portfolio."""
        short, long = (self.value * gain for gain in self.realized(sold))
        before = worth(self.rules, self.record, ZERO, ZERO)
        return (worth(self.rules, self.record, short, long) - before) / self.value

    def spoiled(self, bought: Collection[str]) -> set[int]:
        """Losing lots of which something substantially identical is bought."""
        groups = {self.group(asset) for asset in bought}
        return {k for k, lot in enumerate(self.lots) if lot.gain < -NO_GAIN and self.group(lot.asset) in groups}

    def kept(self, limits: Sequence[Mapping[str, Any]]) -> set[int]:
        """Lots that a limit does not let go."""
        found: set[int] = set()
        for limit in limits:
            kept = KEEPS.get(limit["kind"])
            found |= set() if kept is None else kept(self, limit)
        return found


def _blocked_losses(lots: Lots, limit: Mapping[str, Any]) -> set[int]:
    return {k for k in lots.blocked if lots.lots[k].gain < -NO_GAIN}


def _short_gains(lots: Lots, limit: Mapping[str, Any]) -> set[int]:
    return {k for k, lot in enumerate(lots.lots) if not lot.is_long and lot.gain > NO_GAIN}


def _too_young(lots: Lots, limit: Mapping[str, Any]) -> set[int]:
    least = written(limit["days"])
    return {k for k, lot in enumerate(lots.lots) if lot.bought is None or (lots.as_of - lot.bought).days < least}


KEEPS = {"wash_sales": _blocked_losses, "no_short_term_gains": _short_gains, "min_holding_days": _too_young}


def lots_of(document: Mapping[str, Any], orders: Any) -> Lots | None:
    """None of a document without lots. orders: of the same (book.py): shares and prices before the trade."""
    told = (document.get("evidence") or {}).get("lots")
    if told is None or document.get("taxes") is None:
        return None
    rules, as_of = rules_of(document["taxes"]), date.fromisoformat(document["as_of"][:10])
    places = {a: i for i, a in enumerate(orders.ids)}
    listed = told["lots"]
    rows = [_row(listed, k) for k in range(len(listed["lot_id"]))]
    untold = set(told.get("untold") or ())
    held, pools, found = orders.before(), _pools(rows) if rules.method == "average" else {}, []
    for k, (asset, name, bought, shares, cost) in enumerate(rows):
        i = places[asset]
        found.append(
            Lot(
                asset, name, bought, shares, cost, pools.get(asset, cost), orders.prices[i],
                held[i] * shares / orders.shares[i], rules.is_long(bought, as_of),
                _order(rules.method, asset, name, bought, cost, told.get("specified") or {}),
                k not in untold,
            )
        )  # fmt: skip
    return Lots(
        rules=rules,
        record=Record(*(written(told["record"][name]) for name in RECORD)),
        as_of=as_of,
        value=orders.value,
        lots=tuple(found),
        closed=tuple(_closed(told["closed"], k) for k in range(len(told["closed"]["lot_id"]))),
        blocked={int(k): why for k, why in told["blocked"]},
        no_buys=told["no_buys"],
        later=told["later"],
        identical=told.get("identical") or {},
        told={book: _spread(sold, len(found)) for book, sold in told["sold"].items()},
    )


Row = tuple[str, str, date | None, Fraction, Fraction | None]


def _row(listed: Mapping[str, Any], k: int) -> Row:
    bought, cost = listed["acquired_on"][k], listed["cost_per_share"][k]
    return (
        listed["asset_id"][k], listed["lot_id"][k], None if bought is None else date.fromisoformat(bought),
        written(listed["shares"][k]), None if cost is None else written(cost),
    )  # fmt: skip


def _closed(listed: Mapping[str, Any], k: int) -> Closed:
    asset, name, bought, shares, cost = _row(listed, k)
    missed = ZERO if cost is None else (cost - written(listed["proceeds_per_share"][k])) * shares
    return Closed(asset, name, bought, date.fromisoformat(listed["closed_on"][k]), shares, max(missed, ZERO))


def _spread(sold: Mapping[str, Any], count: int) -> list[Fraction]:
    out = [ZERO] * count
    for k, weight in zip(sold["at"], sold["weights"], strict=True):
        out[k] = written(weight)
    return out


def _pools(rows: Sequence[Row]) -> dict[str, Fraction]:
    """By asset whose costs are all known, what a share of the pool cost, to the 28 digits that decimal money has."""
    pools: dict[str, list[tuple[Fraction, Fraction | None]]] = {}
    for asset, _, _, shares, cost in rows:
        pools.setdefault(asset, []).append((shares, cost))
    found = {}
    for asset, pool in pools.items():
        if all(cost is not None for _, cost in pool):
            average = sum((n * (cost or ZERO) for n, cost in pool), ZERO) / sum((n for n, _ in pool), ZERO)
            found[asset] = Fraction(Decimal(average.numerator) / Decimal(average.denominator))
    return found


def _order(
    method: str, asset: str, name: str, bought: date | None, cost: Fraction | None, specified: Mapping[str, Any]
) -> tuple[Any, ...]:
    """fifo, lifo, the dearest first, or as it was named; empty where no rule says."""
    day = (bought or date.min).toordinal()
    if method == "highest_cost":
        return (ONE if cost is None else -cost,)
    if method == "specified":
        named = list(specified.get(asset, ()))
        return (named.index(name) if name in named else len(named),)
    return {"fifo": (day,), "lifo": (-day,)}.get(method, ())
