"""Numbers as people read them in a finished document: the report, the terminal, the reasons of trades.

Of what a document holds alone: money, symbols, signs, a dash where there is no figure. What the engine itself says, in the
sentences of a diagnosis, a certificate or a refusal, is in domain/words.py, since nothing below a document may import this.
"""

from __future__ import annotations

import math
from decimal import Decimal

MINUS, NOTHING = "−", "–"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
PERCENT_UNITS = frozenset({"fraction", "return", "volatility", "tracking_error"})


def decimal(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """`1,234.50`, with a true minus; a zero never carries a sign.

    >>> decimal(-1234.5, 1)
    '−1,234.5'
    >>> decimal(-0.0001)
    '0.00'
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def significant(value: float | None, digits: int = 3) -> str:
    """A size in so many digits that count, as a plain decimal while that can be read.

    >>> significant(110.64), significant(0.004123), significant(1234.5), significant(2e-7), significant(0.2)
    ('111', '0.00412', '1,234', '2e-7', '0.2')
    """
    if value is None or not math.isfinite(value) or value == 0.0:
        return decimal(value, 0)
    power = math.floor(math.log10(abs(value)))
    if power < -5:
        return scientific(value)
    text = decimal(value, max(digits - 1 - power, 0))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: float | None, digits: int = 2) -> str:
    """A fraction as a percentage.

    >>> percent(0.1234)
    '12.34 %'
    """
    return NOTHING if value is None or not math.isfinite(value) else f"{decimal(100 * value, digits)} %"


def points(change: float | None, digits: int = 2) -> str:
    """A change of a fraction, in percentage points, signed.

    >>> points(0.012)
    '+1.20 pp'
    """
    return NOTHING if change is None else f"{decimal(100 * change, digits, signed=True)} pp"


def bps(value: float | None, digits: int = 1) -> str:
    """Basis points that are basis points already.

    >>> bps(12.34)
    '12.3 bps'
    """
    return NOTHING if value is None else f"{decimal(value, digits)} bps"


def money(amount: str | Decimal, currency: str = "", *, cents: bool = True) -> str:
    """An amount in its currency; the document keeps money as decimal strings.

    >>> money("-1204.5", "USD"), money("1204.5", "CHF")
    ('−$1,204.50', 'CHF 1,204.50')
    """
    value = Decimal(amount)
    mark = SYMBOLS.get(currency, f"{currency} " if currency else "")
    text = f"{abs(value):,.{2 if cents else 0}f}"
    return (MINUS if value < 0 else "") + mark + text


def price(amount: str) -> str:
    """A price with at least two decimals, and up to four where it has them.

    >>> price("12.5"), price("0.1234"), price("129.92999267578125")
    ('12.50', '0.1234', '129.9300')
    """
    value = Decimal(amount)
    exponent = value.normalize().as_tuple().exponent
    digits = -exponent if isinstance(exponent, int) else 2
    return f"{value:,.{min(max(2, digits), 4)}f}"


def shares(count: float, *, signed: bool = False) -> str:
    """A number of shares, with decimals only where there are fractions.

    >>> shares(1200.0), shares(-3.25, signed=True)
    ('1,200', '−3.25')
    """
    digits = 0 if float(count).is_integer() else max(2, min(4, len(f"{count!r}".partition(".")[2])))
    return decimal(count, digits, signed=signed)


def measure(value: float | None, unit: str, digits: int = 2) -> str:
    """A reading in its limit's own unit.

    >>> measure(0.1, "fraction"), measure(6.25, "score")
    ('10.00 %', '6.25')
    """
    return percent(value, digits) if unit in PERCENT_UNITS else decimal(value, digits)


def scientific(value: float | None) -> str:
    """Residuals and gaps, which are small or zero.

    >>> scientific(2.34e-11), scientific(1e-9), scientific(0.0)
    ('2.3e-11', '1e-9', '0')
    """
    if value is None:
        return NOTHING
    digits, _, exponent = f"{value:.1e}".partition("e")
    return "0" if value == 0 else f"{digits.removesuffix('.0')}e{int(exponent)}"


def count(n: int, one: str, many: str = "") -> str:
    """`1 trade`, `3 trades`.

    >>> count(1, "trade"), count(3, "trade"), count(2, "buy", "buys")
    ('1 trade', '3 trades', '2 buys')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 4) -> str:
    """`A, B and C`; a long list is cut and says so.

    >>> listed(["A", "B", "C"]), listed(["A", "B", "C", "D", "E"], most=3)
    ('A, B and C', 'A, B and 3 more')
    """
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1} more"]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
