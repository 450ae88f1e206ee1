"""Cash brought into its window by whole lots: a first book where there is little room for a remainder."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from portopt.trading.share_program import ShareProgram

STEPS = 400


def spend(program: ShareProgram, shares: list[Decimal], most: Decimal) -> list[Decimal]:
    """Orders changed lot by lot until the cash left after costs is between nothing and `most`, as near as lots allow.

    Only what is traded already is traded more or less, within the bounds of its column; the largest lot that fits goes first.
    """
    book = program.book
    shares = list(shares)
    lower, upper = program.form.box()
    room = {int(i): k for k, i in enumerate(program.movable)}
    lots = {i: float(shares[i] / program.lot) for i in room if shares[i] % program.lot == 0 and shares[i] != 0}
    for _ in range(STEPS):
        cash = book.settle(shares).cash_after
        if 0 <= cash <= most:
            break
        up = cash > 0
        best: int | None = None
        for i, count in lots.items():
            k = room[i]
            after = count + (1.0 if up else -1.0)
            column = program.buys[k] if after > 0 else program.sells[k]
            fits = max(program.fewest[k], lower[column]) <= abs(after) <= upper[column] + 1e-9
            price = book.prices[i]
            if not fits or (up and price * program.lot > cash):
                continue
            if best is None or _nearer(price, book.prices[best], up, -cash / program.lot):
                best = i
        if best is None:
            break
        step = program.lot if up else -program.lot
        shares[best] += step
        lots[best] += 1.0 if up else -1.0
    return shares


def _nearer(price: Decimal, than: Decimal, up: bool, deficit: Decimal) -> bool:
    """Whether a lot at `price` is the better step: the dearest that fits; to cover a deficit, the cheapest that covers it."""
    if up:
        return price > than
    covers, covered = price >= deficit, than >= deficit
    return price < than if covers and covered else covers > covered or (not covers and not covered and price > than)


def most_cash(book_value: Decimal, residual: float) -> Decimal:
    """The window's upper end in money."""
    return Decimal(str(np.floor(residual * float(book_value) * 100.0) / 100.0))
