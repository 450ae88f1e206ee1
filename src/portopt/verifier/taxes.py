"""The section `taxes`, from the lots, the orders and the rules: each lot sold to the cent, and the year that they make."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

from portopt.verifier.book import CASH, Held, Orders, Question, orders_of
from portopt.verifier.exact import ZERO, cents, written
from portopt.verifier.ledger import Ledger, Path
from portopt.verifier.lots import NO_GAIN, Lots
from portopt.verifier.netting import netted
from portopt.verifier.tax_limits import sold_at
from portopt.verifier.wash_sales import blocked_groups, blocked_lots, taken_away

AT: Path = ("taxes",)
LOTS: Path = ("evidence", "lots")
HAIR = Fraction(1, 10**9)  # of the portfolio: what doubles leave where weights are added up
YEAR = ("short", "long", "taxed_short", "taxed_long", "allowance_used", "carried_short", "carried_long")


def check_taxes(ledger: Ledger, q: Question, books: Mapping[str, Held]) -> None:
    """books: those whose lots the document tells in weights."""
    lots = q.lots
    if lots is None:
        return
    orders = orders_of(ledger.document)
    _lots_hold(ledger, lots, orders)
    _rules_of_the_policy(ledger, lots)
    _wash_rules(ledger, lots, q)
    sold = _sales(ledger, lots, orders)
    _year(ledger, lots, orders, sold)
    _instead(ledger, lots)
    open_choices = _choices(ledger, lots, q, sold)
    for book in books.values():
        open_choices |= _in_weights(ledger, lots, q, book)
    for part in ("record", "lots", "closed"):
        ledger.uses((*LOTS, part))
    ledger.leaves(LOTS, "that no other choice of lots is cheaper", "not proven: assets that are sold have short and long lots")
    told = f", of {len(open_choices)} assets the choice of lots is not proven" if open_choices else ""
    ledger.said.append(f"taxes: {len(sold)} lots to the cent, and the year they make{told}")


def _amount(ledger: Ledger, at: Path, figure: str, comes_to: Fraction | None) -> None:
    """A number written as text, exactly."""
    says = ledger.at(at)
    ledger.recomputed.add(at)
    if (None if says is None else Fraction(says)) != comes_to:
        ledger.fault(at, figure, str(says), _plainly(comes_to))


def _plainly(value: Fraction | None) -> str:
    if value is None:
        return "nothing"
    return f"{float(value):.2f}" if (value * 100).denominator == 1 else repr(float(value))


def _text(ledger: Ledger, at: Path, figure: str, says: Any, comes_to: Any) -> None:
    ledger.recomputed.add(at)
    if says != comes_to:
        ledger.fault(at, figure, str(says), str(comes_to))


def _lots_hold(ledger: Ledger, lots: Lots, orders: Orders) -> None:
    """Lots are what is held, in the order of the method."""
    held = dict(zip(orders.ids, orders.shares, strict=True))
    for asset in lots.assets:
        at = [lots.lots[k] for k in lots.of(asset)]
        total = sum((lot.shares for lot in at), ZERO)
        if total != held[asset] or any(lot.shares <= 0 for lot in at):
            ledger.fault((*LOTS, "lots", "shares"), f"shares in the lots of {asset}", _plainly(total), _plainly(held[asset]))
        if [lot.order for lot in at] != sorted(lot.order for lot in at):
            names = ", ".join(lot.name for lot in at)
            ledger.fault((*LOTS, "lots"), f"the lots of {asset}", names, f"another order by {lots.rules.method}")


def _rules_of_the_policy(ledger: Ledger, lots: Lots) -> None:
    """What the policy says itself is what was used."""
    said, used = ledger.document["policy"].get("tax") or {}, ledger.document["taxes"]["rules"]
    both = {name: name for name in ("short_rate", "long_rate", "long_after_days", "long_after_months")}
    for word, name in (*both.items(), ("rate", "short_rate"), ("rate", "long_rate")):
        if isinstance(said.get(word), int | float):
            ledger.same(("policy", "tax", word), f"{word} of the policy", used[name], 0.0)
    if isinstance(said.get("regime"), str):
        _text(ledger, (*AT, "regime"), "the regime", ledger.document["taxes"]["regime"], said["regime"])
    ledger.uses((*AT, "rules"))


def _wash_rules(ledger: Ledger, lots: Lots, q: Question) -> None:
    """Which lots and which purchases the days around a sale bar."""
    names = [lots.lots[k].called for k in sorted(lots.blocked)]
    found = blocked_lots(lots)
    if found != set(lots.blocked):
        comes_to = [lots.lots[k].called for k in sorted(found)]
        ledger.fault((*LOTS, "blocked"), "lots whose loss would not count", _listed(names), _listed(comes_to))
    groups = blocked_groups(lots)
    barred = [a for a in q.ids if a != CASH and lots.group(a) in groups]
    if sorted(barred) != sorted(lots.no_buys):
        ledger.fault((*LOTS, "no_buys"), "assets that may not be bought", _listed([*lots.no_buys]), _listed(barred))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _sales(ledger: Ledger, lots: Lots, orders: Orders) -> dict[int, Fraction]:
    """Every line, against its lot, the order and the rules. Shares sold by position of the lot."""
    rows = ledger.document["taxes"]["lots"]
    places = {(lot.asset, lot.name): k for k, lot in enumerate(lots.lots)}
    sold: dict[int, Fraction] = {}
    line_of: dict[int, int] = {}
    for j, row in enumerate(rows):
        k = places.get((row["asset_id"], row["lot_id"]))
        if k is None or k in sold:
            why = "no lot of what is held" if k is None else "a lot that was told before"
            ledger.fault((*AT, "lots", j, "lot_id"), f"a lot of {row['asset_id']}", row["lot_id"], why)
            continue
        sold[k], line_of[k] = written(row["shares"]), j
        _of_its_lot(ledger, (*AT, "lots", j), lots, k)
    proceeds = _proceeds(ledger, lots, orders, sold)
    gains = {k: _gain(lots, k, n, proceeds[k]) for k, n in sold.items()}
    buys = {a: m for a, m in zip(orders.ids, orders.moved, strict=True) if m > 0}
    away = taken_away(lots, sold, gains, buys)
    for k, j in line_of.items():
        lot, at = lots.lots[k], (*AT, "lots", j)
        _amount(ledger, (*at, "proceeds"), f"proceeds of {lot.called}", proceeds[k])
        _amount(ledger, (*at, "gain"), f"the gain on {lot.called}", gains[k])
        _amount(ledger, (*at, "disallowed"), f"what a wash sale takes away of {lot.called}", away[k])
    return sold


def _of_its_lot(ledger: Ledger, at: Path, lots: Lots, k: int) -> None:
    lot, row = lots.lots[k], ledger.at(at)
    bought = None if lot.bought is None else str(lot.bought)
    _text(ledger, (*at, "acquired_on"), f"when {lot.called} was bought", row["acquired_on"], bought)
    _amount(ledger, (*at, "held"), f"shares of {lot.called}", lot.shares)
    _amount(ledger, (*at, "cost_per_share"), f"cost of {lot.called}", lot.cost)
    _text(ledger, (*at, "term"), f"the term of {lot.called}", row["term"], "long" if lot.is_long else "short")
    ledger.recomputed.add((*at, "shares"))
    if not 0 < written(row["shares"]) <= lot.shares:
        ledger.fault((*at, "shares"), f"shares sold of {lot.called}", row["shares"], f"at most {float(lot.shares):g}")


def _proceeds(ledger: Ledger, lots: Lots, orders: Orders, sold: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Of each lot its part of the order, to the cent, so that the parts add up to it."""
    found: dict[int, Fraction] = {}
    for asset, moved, value in zip(orders.ids, orders.moved, orders.settled, strict=True):
        at = lots.of(asset)
        if not at:
            continue
        here = {k: sold[k] for k in at if k in sold}
        most = min(max(-moved, ZERO), sum((lots.lots[k].shares for k in at), ZERO))
        total = sum(here.values(), ZERO)
        if total != most:
            ledger.fault((*AT, "lots"), f"shares of the lots sold of {asset}", _plainly(total), _plainly(most))
        found |= _parts(here, value)
    return found


def _parts(shares: Mapping[int, Fraction], value: Fraction) -> dict[int, Fraction]:
    total, counted, paid, found = sum(shares.values(), ZERO), ZERO, ZERO, {}
    for k, n in shares.items():
        counted += n
        found[k] = cents(value * counted / total) - paid if total else ZERO
        paid += found[k]
    return found


def _gain(lots: Lots, k: int, shares: Fraction, proceeds: Fraction) -> Fraction:
    """Proceeds less cost to the cent; all of the proceeds where the cost is unknown."""
    cost = lots.lots[k].cost
    return proceeds if cost is None else proceeds - cents(cost * shares)


def _year(ledger: Ledger, lots: Lots, orders: Orders, sold: Mapping[int, Fraction]) -> None:
    """From the lines as they are told: each was checked by itself."""
    gains: dict[int, Fraction] = {}
    places = {(lot.asset, lot.name): k for k, lot in enumerate(lots.lots)}
    for row in ledger.document["taxes"]["lots"]:
        if (k := places.get((row["asset_id"], row["lot_id"]))) is not None:
            gains[k] = written(row["gain"]) + written(row["disallowed"])
    short, long = _by_term(lots, gains)
    year, before = netted(lots.rules, lots.record, short, long), netted(lots.rules, lots.record, ZERO, ZERO)
    due, due_before = cents(year["due"]), cents(before["due"])
    for name in YEAR:
        _amount(ledger, (*AT, "netting", name), f"{name.replace('_', ' ')} of the year", year[name])
    _amount(ledger, (*AT, "netting", "due"), "tax due", due)
    _amount(ledger, (*AT, "netting", "due_before"), "tax due before", due_before)
    _amount(ledger, (*AT, "tax"), "the tax", due - due_before)
    left = {k: lot.shares - sold.get(k, ZERO) for k, lot in enumerate(lots.lots)}
    _amount(
        ledger, (*AT, "unrealized_before"), "gains unrealized before", _unrealized(lots, {k: lots.lots[k].shares for k in left})
    )
    _amount(ledger, (*AT, "unrealized_after"), "gains unrealized after", _unrealized(lots, left))
    rest = _by_term(lots, _rest(lots, orders, left))
    both = netted(lots.rules, lots.record, short + rest[0], long + rest[1])
    _amount(ledger, (*AT, "deferred"), "the tax deferred", cents(both["due"]) - due)
    unknown = [k for k in sorted(sold) if lots.lots[k].cost is None]
    named, says = [lots.lots[k].called for k in unknown], ledger.document["taxes"]["unknown_costs"]
    _text(ledger, (*AT, "unknown_costs"), "lots of unknown cost that are sold", says, named)
    at_price = {k: ZERO if k in unknown else gain for k, gain in gains.items()}
    told = cents(netted(lots.rules, lots.record, *_by_term(lots, at_price))["due"]) - due_before if unknown else None
    _amount(ledger, (*AT, "tax_if_bought_at_price"), "the tax if unknown lots had cost what they are worth", told)


def _instead(ledger: Ledger, lots: Lots) -> None:
    """Assets sold at a loss that counts: when a purchase takes it away no more, and what the policy names in their place."""
    rows, said = ledger.document["taxes"]["lots"], ledger.document["taxes"]["instead"]
    lost = [row["asset_id"] for row in rows if written(row["gain"]) + written(row["disallowed"]) < 0]
    losing = list(dict.fromkeys(lost)) if lots.rules.wash_after else []
    at, free = (*AT, "instead"), lots.as_of + timedelta(days=lots.rules.wash_after + 1)
    _text(ledger, at, "assets sold at a loss", [one["asset_id"] for one in said], losing)
    barred = {lots.group(a) for a in losing} | blocked_groups(lots)
    named = (ledger.document["policy"].get("tax") or {}).get("substitutes") or {}
    for j, one in enumerate(said):
        asset, places = one["asset_id"], one["substitutes"]
        _text(ledger, (*at, j), f"when {asset} may be bought again", one["again_on"], str(free))
        ranks = [[place["asset_id"], place["rank"], bool(place["barred"])] for place in places]
        comes_to = [[a, k, lots.group(a) in barred] for k, a in enumerate(named.get(asset, ()), start=1)]
        _text(ledger, (*at, j), f"what may be bought in place of {asset}", ranks, comes_to)


def _by_term(lots: Lots, gains: Mapping[int, Fraction]) -> tuple[Fraction, Fraction]:
    """(short, long)"""
    short = sum((gain for k, gain in gains.items() if not lots.lots[k].is_long), ZERO)
    return short, sum((gain for k, gain in gains.items() if lots.lots[k].is_long), ZERO)


def _unrealized(lots: Lots, shares: Mapping[int, Fraction]) -> Fraction:
    """Of the lots whose cost is known, each to the cent."""
    known = [(n, lots.lots[k].price, cost) for k, n in shares.items() if (cost := lots.lots[k].cost) is not None]
    return sum((cents(n * (price - cost)) for n, price, cost in known), ZERO)


def _rest(lots: Lots, orders: Orders, left: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Gains on all that is left, sold at the same prices."""
    found: dict[int, Fraction] = {}
    for asset in lots.assets:
        here = {k: left[k] for k in lots.of(asset) if left[k] > 0}
        value = cents(sum((n * lots.lots[k].price for k, n in here.items()), ZERO))
        found |= {k: _gain(lots, k, here[k], paid) for k, paid in _parts(here, value).items()}
    return found


def _choices(ledger: Ledger, lots: Lots, q: Question, sold: Mapping[int, Fraction]) -> set[str]:
    """Of each asset that is sold the lots go in order, exactly. The assets whose choice is not proven."""
    whole, orders = [lot.shares for lot in lots.lots], orders_of(ledger.document)
    bought = [a for a, moved in zip(orders.ids, orders.moved, strict=True) if moved > 0]
    return _in_order(ledger, (*AT, "lots"), lots, q, [sold.get(k, ZERO) for k in range(len(whole))], whole, bought, ZERO)


def _in_weights(ledger: Ledger, lots: Lots, q: Question, book: Held) -> set[str]:
    """What of each lot goes adds up to what is sold of the asset; no more than the lot, and in order."""
    at = (*LOTS, "sold", book.name)
    sold, weights = sold_at(book, q), [lot.weight for lot in lots.lots]
    for asset in lots.assets:
        here, i = lots.of(asset), q.ids.index(asset)
        most = min(max((q.before or ())[i] - book.w[i], ZERO), sum((weights[k] for k in here), ZERO))
        total = sum((sold[k] for k in here), ZERO)
        if abs(total - most) > HAIR or any(sold[k] < 0 or sold[k] > weights[k] + HAIR for k in here):
            ledger.fault(at, f"what is sold of the lots of {asset}", repr(float(total)), repr(float(most)))
    bought = [a for a, w, now in zip(q.ids, book.w, q.before or (), strict=True) if a != CASH and w - now > HAIR]
    open_choices = _in_order(ledger, at, lots, q, sold, weights, bought, HAIR)
    ledger.uses((*at, "at"))
    for j, k in enumerate(ledger.at((*at, "at"))):
        if lots.lots[k].asset not in open_choices:
            ledger.uses((*at, "weights", j))
    return open_choices


def _in_order(
    ledger: Ledger,
    at: Path,
    lots: Lots,
    q: Question,
    sold: Sequence[Fraction],
    room: Sequence[Fraction],
    bought: Collection[str],
    hair: Fraction,
) -> set[str]:
    """Of no asset is a lot sold before one that goes first: by the rule, or for a smaller gain that may be realized."""
    kept, unproven = lots.kept(q.limits) | lots.spoiled(bought), set()
    for asset in lots.assets:
        here = lots.of(asset)
        going = [k for k in here if sold[k] > hair]
        staying = [k for k in here if sold[k] < room[k] - hair]
        if not going or not staying:
            continue
        if lots.rules.method == "min_tax" and not lots.rules.pooled and len({lots.lots[k].is_long for k in here}) > 1:
            unproven.add(asset)
            continue
        for k in going:
            first = next((j for j in staying if j != k and _goes_before(lots, kept, j, k)), None)
            if first is not None:
                names = lots.lots[k].called, lots.lots[first].called
                ledger.fault(at, f"the lot of {asset} that is sold", names[0], f"{names[1]} before it")
    return unproven


def _goes_before(lots: Lots, kept: set[int], j: int, k: int) -> bool:
    if lots.rules.method != "min_tax":
        return j < k
    return j not in kept and (k in kept or lots.lots[j].gain < lots.lots[k].gain - NO_GAIN)
