"""What is certified of a proposal, in words: of the orders first, of the continuous optimum beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portopt.document.formats import count, listed, money, scientific

Document = Mapping[str, Any]
NOTHING = 1e-15  # of the objective: what rounding leaves between two sums


def orders_of(document: Document) -> Mapping[str, Any]:
    """The certificate of the orders; of a document that was written before there was one, nothing."""
    found: Mapping[str, Any] = document["certificate"].get("orders") or {}
    return found


def is_signed(document: Document) -> bool:
    """Whether the orders keep every hard limit, and the optimum that they were made from is certified."""
    orders = orders_of(document)
    return bool(document["certificate"]["verdict"] == "certified" and orders.get("verdict", "certified") == "certified")


def stamp(document: Document) -> str:
    """ "certified", or what is not: for a badge."""
    if document["certificate"]["verdict"] != "certified":
        return "refused"
    missed = [one["limit"] for one in orders_of(document).get("missed", ())]
    return f"missed in whole shares: {listed(missed)}" if missed else "certified" if is_signed(document) else "cash is owed"


def limits_in_words(document: Document) -> str:
    """How the limits stand on the orders: "every limit holds exactly"."""
    orders = orders_of(document)
    if orders["missed"]:
        return f"{listed([one['limit'] for one in orders['missed']])} missed in whole shares"
    unread = len(orders["not_read"])
    of = "every limit" if not unread else f"{orders['limits'] - unread} of {count(orders['limits'], 'limit')}"
    worst = orders["worst_violation"]
    how = "exactly" if worst == 0.0 and not orders["otherwise"] else f"to {scientific(max(worst, 1e-15))}"
    return f"{of} {'hold' if unread else 'holds'} {how}"


def gap_in_words(document: Document) -> str:
    """How far the orders are from the continuous optimum: "0.016 % of the objective short of the optimum, proven"."""
    orders = orders_of(document)
    relative = orders["relative_gap"]
    if relative is None:
        far = f"{scientific(orders['gap'])} ({orders['gap_unit']}) short of the optimum"
    elif relative <= NOTHING:
        far = "as good as the optimum"
    else:
        share = f"{float(f'{100 * relative:.2g}'):g} %" if relative >= 1e-6 else scientific(relative)
        far = f"{share} of the objective short of the optimum"
    return f"{far}, {'proven' if orders['gap_proven'] else 'not proven'}"


def sentence(document: Document) -> str:
    """The certificate in one sentence; "" where the optimum was refused."""
    paper, orders = document["certificate"], orders_of(document)
    if paper["verdict"] != "certified" or not orders:
        return ""
    whole = limits_in_words(document)
    left = money(orders["cash_after"], document["currency"])
    best = (
        f"nothing within the limits is better than that optimum by more than {scientific(paper['relative_gap'])} of its size"
        if paper["gap_proven"]
        else f"the optimum's own gap, {scientific(paper['relative_gap'])} of its size, rests in part on an estimate"
    )
    if paper["mip_gap"] is not None:
        best = f"the optimum is in whole numbers, and a search left a gap of {scientific(paper['mip_gap'])} to it"
    # The first words are those by which a terminal that has the stamp already leaves the sentence out.
    return (
        f"Certified, on the orders: {whole}, worked out again in rational numbers, and {left} is left when every fee is paid. "
        f"They are {gap_in_words(document)}: {best}."
    )
