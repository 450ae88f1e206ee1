"""What the service keeps of a portfolio as the book that a question is asked of."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from portopt.domain.errors import MissingInput
from portopt.domain.holdings import Holdings
from portopt.domain.portfolio import Portfolio
from portopt.domain.universe import Asset, Universe
from portopt.intake.book import Book


def book_of(portfolio: Portfolio) -> Book:
    """Raises MissingInput for a portfolio whose holdings nobody declared yet."""
    if portfolio.holdings is None:
        raise MissingInput(
            f"nothing is known of what {portfolio.id!r} holds",
            field="holdings",
            fixes=[f"PUT /api/v1/portfolios/{portfolio.id}/holdings"],
        )
    return Book(portfolio.holdings, candidates=portfolio.universe, benchmark=portfolio.benchmark)


def universe_with(
    portfolio: Portfolio, holdings: Holdings, described: Mapping[str, Mapping[str, Any]]
) -> tuple[Universe | None, int]:
    """(what may be held from now on, of how many assets something new is said) once these holdings are the portfolio's.

    described: what the list of holdings says of its assets. Where nothing is said of any there is no universe to keep.
    """
    before = {} if portfolio.universe is None else {asset.id: asset for asset in portfolio.universe.assets}
    if not before and not any(described.values()):
        return None, 0
    held = {asset_id: before.get(asset_id, Asset(asset_id)) for asset_id in sorted(holdings.shares)}
    found = {**before, **held}
    for asset_id, said in described.items():
        found[asset_id] = dataclasses.replace(found.get(asset_id, Asset(asset_id)), **said)
    changed = sum(asset != before.get(asset_id) for asset_id, asset in found.items())
    return Universe(tuple(found.values())), changed


def universe_known(kept: Universe | None, asked: Universe, held: Collection[str]) -> Universe:
    """What may be held from now on, where a request describes its assets: all of them where nothing was known before.

    Else what is said of assets that were known is what was said last, and what is held now is among them; what a request
    names besides is for that request alone: what may be held of a portfolio is not widened by asking.
    """
    if kept is None:
        return asked
    said = {asset.id: asset for asset in asked.assets}
    known = [said.get(asset.id, asset) for asset in kept.assets]
    new = [said[a] for a in sorted(held) if a in said and a not in kept.positions]
    return Universe((*known, *new))
