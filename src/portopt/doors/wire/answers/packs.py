"""Pricing packs: prices sent once, checked, kept by their content, and named by their id afterwards."""

from __future__ import annotations

import numpy as np

from portopt.domain.canonical import plain
from portopt.domain.errors import DataError, UnknownThing
from portopt.domain.market import MarketQuery, MarketSnapshot, PackLine
from portopt.domain.request import DataPolicy
from portopt.doors.wire.asked import Answered, Asked
from portopt.doors.wire.bodies import body_of
from portopt.doors.wire.pages import PAGED, cursor_of, page, size_of
from portopt.doors.wire.places import place_of

UNPACKED = 4  # times the largest body: what a body may hold once it is unpacked


def keep(asked: Asked) -> Answered:
    """Prices as a body: what reading and checking found comes back with the id. 201 where they were not there yet."""
    from portopt.adapters.providers.delivered_prices import KINDS, DeliveredPrices
    from portopt.market import open_snapshot

    asked.only()
    packs = asked.runtime.packs
    most = UNPACKED * asked.runtime.settings.body_bytes
    brought = DeliveredPrices(body_of(asked, KINDS, "the prices"), most)
    everything = MarketQuery()
    snapshot = open_snapshot(
        brought.prices(everything), source=brought.source, adjustment=brought.adjustment, policy=DataPolicy(), query=everything
    )
    there = packs.has(snapshot.pricing_pack_id)
    packs.put(snapshot)
    place = place_of("get_pack", pricing_pack_id=snapshot.pricing_pack_id)
    document = {**pack_document(snapshot), "notes": list(brought.notes)}
    return Answered(document, 200 if there else 201, headers={} if there else {"Location": place})


def listed(asked: Asked) -> Answered:
    """By id."""
    asked.only(*PAGED)
    size, after = size_of(asked), cursor_of(asked) or ""
    found = [pack for pack in asked.runtime.packs.ids() if pack > after][: size + 1]
    return Answered(page("packs", found, size, lambda pack: _line(asked, pack), lambda pack: pack))


def _line(asked: Asked, named: str) -> dict[str, object]:
    """Its manifest alone is read; of one that is damaged there is its name, and asking for it says the rest."""
    try:
        return dict(plain(asked.runtime.packs.line(named)))
    except DataError:
        return dict(plain(PackLine(named)))


def get(asked: Asked) -> Answered:
    asked.only()
    return Answered(pack_document(_known(asked, asked.call.place["pricing_pack_id"])))


def compare(asked: Asked) -> Answered:
    """What changed in the data from one pack to another."""
    asked.only()
    first, second = (asked.call.place[name] for name in ("pricing_pack_id", "other"))
    for named in (first, second):
        require_pack(asked, named)
    return Answered({"a": first, "b": second, **plain(asked.runtime.packs.difference(first, second))})


def _known(asked: Asked, named: str) -> MarketSnapshot:
    require_pack(asked, named)
    return asked.runtime.packs.get(named)


def require_pack(asked: Asked, named: str) -> None:
    """Raises UnknownThing."""
    if not asked.runtime.packs.has(named):
        raise UnknownThing("pricing pack", named, field="pricing_pack_id", fixes=["POST /api/v1/packs brings one"])


def pack_document(pack: MarketSnapshot) -> dict[str, object]:
    """What a pack is and what was found in it, without its prices."""
    return {
        "pricing_pack_id": pack.pricing_pack_id,
        "as_of": pack.as_of.isoformat(),
        "source": pack.source,
        "adjustment": pack.adjustment,
        "assets": list(pack.asset_ids),
        "dates": len(pack.dates),
        "first_date": str(pack.dates[0]),
        "last_date": str(pack.dates[-1]),
        "prices": int(np.isfinite(pack.prices).sum()),
        "has_volumes": pack.volumes is not None,
        "findings": plain(list(pack.findings)),
        "notes": list(pack.notes),
    }
