"""What a document says of taxes, in sentences."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portopt.document.formats import count, listed, money

Document = dict[str, Any]
NAMED = 5


def sentence(document: Document) -> str:
    """The tax of the sales and what it comes of; "" where none was estimated or nothing is sold."""
    taxes, currency = document.get("taxes"), document["currency"]
    if taxes is None or not taxes["lots"]:
        return ""
    said = f"{_tax(taxes, currency)}: {gains(taxes, currency)}"
    left = f"; {money(taxes['unrealized_after'], currency)} of gains stay unrealized" if taxes["lots"] else ""
    return f"{said}{left}.{_unknown(taxes, currency)}"


def in_title(document: Document) -> str:
    """`, $1,200.00 of tax`; "" where none was estimated or nothing is sold."""
    taxes = document.get("taxes")
    if taxes is None or not taxes["lots"]:
        return ""
    tax = Decimal(taxes["tax"])
    if not tax:
        return ", without tax"
    return f", {money(str(abs(tax)), document['currency'])} of tax{' saved' if tax < 0 else ''}"


def _tax(taxes: Document, currency: str) -> str:
    tax = Decimal(taxes["tax"])
    if tax < 0:
        return f"The sales save {money(str(-tax), currency)} of tax ({taxes['regime']})"
    return f"The sales cost {money(str(tax), currency)} of tax ({taxes['regime']})" if tax else f"No tax ({taxes['regime']})"


def gains(taxes: Document, currency: str) -> str:
    """ "$1,200.00 of short gains and $300.00 of long losses from 7 lots"."""
    parts = []
    for term in ("short", "long"):
        total = sum(
            (Decimal(lot["gain"]) + Decimal(lot["disallowed"]) for lot in taxes["lots"] if lot["term"] == term), Decimal(0)
        )
        if total:
            kind = "gains" if total > 0 else "losses"
            term_said = "" if taxes["rules"]["pooled"] else f"{term} "
            parts.append(f"{money(str(abs(total)), currency)} of {term_said}{kind}")
    return f"{listed(parts) if parts else 'no gain'} from {count(len(taxes['lots']), 'lot')}"


def _unknown(taxes: Document, currency: str) -> str:
    """Both bounds where a cost is unknown."""
    if not taxes["unknown_costs"]:
        return ""
    named = listed(taxes["unknown_costs"][:NAMED])
    least = money(taxes["tax_if_bought_at_price"], currency)
    most = money(taxes["tax"], currency)
    return f" The cost of {named} is unknown: the tax is {most} if nothing was paid, {least} if today's price was."
