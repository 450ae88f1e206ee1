"""A second accounting, written from the rules alone: exact fractions, one event and one asset at a time, nothing shared.

The rules are those of docs/methods/ledger.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction as Fr
from math import isqrt, trunc

from ledger_histories import LedgerHistory

CASH_KINDS = ("interest", "borrow", "cash_flow", "dividend_paid", "cash_in_lieu", "delisting", "delisting_fee")


def number(x: object) -> Fr:
    return Fr(Decimal(repr(x))) if isinstance(x, float) else Fr(x)


def cents(money: Fr) -> int:
    """To the cent, half to even, from money in units of the currency."""
    return round(money * 100)


def nearest_root(x: Fr) -> int:
    """√x to a whole number by trying: no closed form, and nothing of the ledger's."""
    low = isqrt(x.numerator // x.denominator)
    for guess in (low, low + 1):
        if (guess + Fr(1, 2)) ** 2 > x or ((guess + Fr(1, 2)) ** 2 == x and guess % 2 == 0):
            return guess
    return low + 2


@dataclass
class Waiting:
    name: str
    decided: int
    size: int
    left: int
    tried: int = 0


@dataclass
class Line:
    """Everything of one asset."""

    held: int = 0
    cost: int = 0
    last: Fr | None = None
    waiting: list[Waiting] = field(default_factory=list)


@dataclass
class Books:
    share: Fr
    cash: int
    owed: int
    lines: list[Line]
    coming: list[tuple[date, int]] = field(default_factory=list)
    fills: list[tuple[object, ...]] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)
    earned: int = 0

    def worth(self, i: int) -> int:
        line = self.lines[i]
        return 0 if line.last is None else cents(line.held * self.share * line.last)

    def equity(self) -> int:
        return self.cash - self.owed + sum(c for _, c in self.coming) + sum(self.worth(i) for i in range(len(self.lines)))

    def pay_owed(self) -> None:
        while self.owed > 0 and self.cash > 0:
            paid = min(self.owed, self.cash)
            self.owed, self.cash = self.owed - paid, self.cash - paid


@dataclass(frozen=True)
class Closed:
    """A day's end."""

    cash: int
    owed: int
    equity: int
    held: tuple[int, ...]
    cost: tuple[int, ...]
    coming: int


def account_for(h: LedgerHistory) -> tuple[list[Closed], Books]:
    """(the end of each day, the books after the last)."""
    books = Books(Fr(1, 1_000_000) if h.fractional else Fr(1), h.capital, 0, [Line() for _ in h.ids])
    ends = []
    for t in range(len(h.dates)):
        _morning(books, h, t)
        for order in h.orders.get(t, ()):
            books.lines[order.asset].waiting.append(Waiting(order.order_id, order.decided, order.units, order.units))
        _trade(books, h, t)
        held, cost = tuple(line.held for line in books.lines), tuple(line.cost for line in books.lines)
        ends.append(Closed(books.cash, books.owed, books.equity(), held, cost, sum(c for _, c in books.coming)))
    return ends, books


def quote(h: LedgerHistory, t: int, i: int) -> Fr | None:
    x = float(h.prices[t, i])
    return number(x) if x == x else None


def _morning(books: Books, h: LedgerHistory, t: int) -> None:
    days = (h.dates[t] - h.dates[t - 1]).days if t else 0
    year = Fr(days, 365)
    growth = round(books.cash * number(h.execution.cash_rate) * year)
    fees = [
        round(books.worth(i) * number(h.execution.borrow_rate) * year) if line.held < 0 else 0
        for i, line in enumerate(books.lines)
    ]
    books.cash += growth + sum(fees)
    books.earned += growth + sum(fees)
    flow = h.flows.get(t, 0)
    if flow < 0:
        books.owed -= flow
    else:
        books.cash += flow
    books.pay_owed()
    for kind in ("dividend", "spin_off", "split", "delisting"):
        for action in h.actions.get(t, ()):
            if action.kind == kind:
                globals()[f"_{kind}"](books, h, t, h.ids.index(action.asset_id), action)
    for due, amount in list(books.coming):
        if due <= h.dates[t]:
            books.coming.remove((due, amount))
            books.cash += amount
    for i, line in enumerate(books.lines):
        line.last = quote(h, t, i) or line.last
    books.pay_owed()


def _dividend(books: Books, h: LedgerHistory, t: int, i: int, action) -> None:
    amount = cents(books.lines[i].held * books.share * Fr(action.amount))
    if amount:
        books.coming.append((action.pay_date or action.ex_date, amount))
        books.earned += amount


def _split(books: Books, h: LedgerHistory, t: int, i: int, action) -> None:
    line, ratio = books.lines[i], Fr(*action.ratio)
    if line.last is not None:
        line.last = number(float(line.last) * float(1 / ratio))
    for w in list(line.waiting):
        w.size, w.left = trunc(w.size * ratio), trunc(w.left * ratio)
        if w.left == 0:
            line.waiting.remove(w)
    exactly = line.held * ratio
    if not exactly:
        return
    whole = trunc(exactly)
    price = quote(h, t, i) or line.last
    lieu = cents((exactly - whole) * books.share * price) if price else 0
    if lieu or whole == 0:
        stays = round(line.cost * whole / exactly)
        books.earned += lieu - line.cost + stays
        line.cost = stays
    line.held, books.cash = whole, books.cash + lieu


def _spin_off(books: Books, h: LedgerHistory, t: int, i: int, action) -> None:
    parent, child = books.lines[i], books.lines[h.ids.index(action.into)]
    j = h.ids.index(action.into)
    exactly = parent.held * Fr(*action.ratio)
    if not exactly:
        return
    p, q = quote(h, t, i) or parent.last, quote(h, t, j) or child.last
    moved = round(parent.cost * exactly * q / (parent.held * p + exactly * q)) if p and q else 0
    whole = trunc(exactly)
    with_whole = round(moved * whole / exactly)
    lieu = cents((exactly - whole) * books.share * q) if q else 0
    parent.cost -= moved
    books.earned += _book(child, whole, with_whole)
    if exactly != whole:
        books.earned += lieu - (moved - with_whole)
    books.cash += lieu


def _delisting(books: Books, h: LedgerHistory, t: int, i: int, action) -> None:
    line = books.lines[i]
    line.waiting.clear()
    if not line.held:
        return
    price = quote(h, t, i) or line.last or Fr(0)
    if action.proceeds is not None:
        price = Fr(action.proceeds)
    elif action.delisting_return is not None:
        price *= 1 + Fr(action.delisting_return)
    brings = cents(line.held * books.share * price)
    fee = _commission(h, abs(brings), abs(line.held) * books.share) if brings else 0
    books.earned += brings - fee - line.cost
    books.cash += brings - fee
    line.held = line.cost = 0


def _book(line: Line, units: int, paid: int) -> int:
    """The position trades `units` for `paid`: closes what it can at average cost, opens the rest. Returns what was earned."""
    closes = min(abs(units), abs(line.held)) if line.held * units < 0 else 0
    paid_for_closing = _signed_part(paid, closes, abs(units)) if units else 0
    cost_of_closed = _signed_part(line.cost, closes, abs(line.held)) if line.held else 0
    line.cost += paid - paid_for_closing - cost_of_closed
    line.held += units
    return -paid_for_closing - cost_of_closed


def _signed_part(amount: int, of: int, whole: int) -> int:
    return round(Fr(amount * of, whole))


def _commission(h: LedgerHistory, value: int, shares: Fr) -> int:
    e = h.execution
    asked = value * number(e.commission_bps) / 10_000 + shares * number(e.commission_per_share) * 100
    return max(round(asked), cents(number(e.minimum_fee)))


def _charged(books: Books, h: LedgerHistory, t: int, i: int, units: Fr) -> tuple[int, int, int, int]:
    """(value, commission, spread, impact) of so many units, which may be a part of one."""
    e, shares = h.execution, units * books.share
    value = cents(shares * quote(h, t, i))
    spread, impact = round(value * number(e.spread_bps) / 20_000), 0
    if e.impact or e.linear_impact:
        q, sigma = shares / number(float(h.volumes[t, i])), number(float(h.volatility[t, i]))
        impact = nearest_root((number(e.impact) * sigma * value) ** 2 * q) + round(number(e.linear_impact) * sigma * value * q)
    cap = trunc(value * number(e.cost_cap))
    if spread + impact > cap:
        spread = min(spread, cap)
        impact = cap - spread
    return value, _commission(h, value, shares), spread, impact


def _possible(books: Books, h: LedgerHistory, t: int, i: int, left: int) -> int:
    """What the day lets through of an order."""
    e, volume, sigma = h.execution, float(h.volumes[t, i]), float(h.volatility[t, i])
    if quote(h, t, i) is None:
        return 0
    if (e.participation is not None or e.impact or e.linear_impact) and not volume > 0:
        return 0
    if (e.impact or e.linear_impact) and sigma != sigma:
        return 0
    if e.participation is None:
        return left
    cap = trunc(number(volume) * number(e.participation) / books.share)
    return max(-cap, min(cap, left))


def _trade(books: Books, h: LedgerHistory, t: int) -> None:
    todays: list[tuple[int, Waiting, int]] = []
    for i, line in enumerate(books.lines):
        ready = [w for w in line.waiting if w.decided + h.execution.delay <= t]
        for stale in ready[:-1]:
            line.waiting.remove(stale)
            books.unfilled.append(stale.name)
        if ready:
            todays.append((i, ready[-1], _possible(books, h, t, i, ready[-1].left)))
    for i, w, units in todays:
        if units < 0:
            _execute(books, h, t, i, w, units)
    books.pay_owed()
    buys = [(i, w, units) for i, w, units in todays if units > 0]
    k = _millionths(books, h, t, buys)
    for i, w, units in buys:
        if units * k // 1_000_000:
            _execute(books, h, t, i, w, units * k // 1_000_000)
    for i, w, _ in todays:
        w.tried += 1
        if w.left == 0 or w.tried >= h.execution.expires:
            books.lines[i].waiting.remove(w)
            if w.left:
                books.unfilled.append(w.name)


def _millionths(books: Books, h: LedgerHistory, t: int, buys: list[tuple[int, Waiting, int]]) -> int:
    """The largest share of every buy that cash pays for, by halving."""

    def outlay(k: int) -> int:
        return sum(sum(_charged(books, h, t, i, Fr(units * k, 1_000_000))) for i, _, units in buys)

    if books.cash - books.owed <= 0:
        return 0  # not even what is worth less than half a cent
    if outlay(1_000_000) <= books.cash - books.owed:
        return 1_000_000
    low, high = 0, 1_000_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if outlay(middle) <= books.cash - books.owed else (low, middle)
    return low


def _execute(books: Books, h: LedgerHistory, t: int, i: int, w: Waiting, units: int) -> None:
    value, commission, spread, impact = _charged(books, h, t, i, Fr(abs(units)))
    paid = (value if units > 0 else -value) + commission + spread + impact
    profit = _book(books.lines[i], units, paid)
    books.cash -= paid
    w.left -= units
    books.earned += profit
    books.fills.append((w.name, t, i, units, quote(h, t, i), value, commission, spread, impact, profit))
