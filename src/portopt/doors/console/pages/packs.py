"""Prices as they were known: the packs, one of them, and what changed from one to another."""

from __future__ import annotations

from typing import Any

from portopt.doors.console.addresses import asked_for, next_page
from portopt.doors.console.seen import Page, Redirect, Seen


async def packs(seen: Seen) -> Page:
    found = await seen.asking.of("list_packs", asked=asked_for(seen, ()))
    return Page("packs.html", {"packs": found["packs"], "next": next_page(seen, found["next_cursor"])})


async def pack(seen: Seen) -> Page:
    found = await seen.asking.of("get_pack", {"pricing_pack_id": seen.place["pricing_pack_id"]})
    listed = (await seen.asking.of("list_packs", asked={"limit": "500"}))["packs"]
    others = [one for one in listed if one["pricing_pack_id"] != found["pricing_pack_id"]]
    return Page("pack.html", {"pack": found, "others": others})


async def difference(seen: Seen) -> Page | Redirect:
    first, second = seen.query.get("a", ""), seen.query.get("b", "")
    if not first or not second:
        return Redirect("/console/packs", said="two_needed")
    found = await seen.asking.of("compare_packs", {"pricing_pack_id": first, "other": second})
    renamed = {name for pair in found["renamed"] for name in pair}
    names = {side: [one for one in found[f"assets_{side}"] if one not in renamed] for side in ("added", "removed")}
    rescaled = {row[0] for row in found["rescaled"]}
    return Page(
        "packs_difference.html",
        {"found": found, "assets": by_asset(found["prices_changed"]), "rescaled": rescaled, **names},
    )


def by_asset(changed: list[list[Any]]) -> dict[str, list[list[Any]]]:
    """Single prices, under the asset that they are of."""
    found: dict[str, list[list[Any]]] = {}
    for row in changed:
        found.setdefault(row[0], []).append(row[1:])
    return found
