"""All portfolios: what somebody looks for, in the order that they want, and why each is looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

from portopt.doors.console.screens import ROOT
from portopt.doors.console.seen import Late, Page, Part, Seen, Stream

MOST: Final = 500  # rows of a page
SORTS: Final = ("portfolio_id", "value", "drift", "cash", "tracking_error", "days", "status")
FIRST: Final = "portfolio_id"
GROUPS: Final = ("policy", "status")
LIVE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Look:
    """What stands behind the address. tiles: a portfolio has all of them. sort: with a minus before it, from the largest."""

    tiles: tuple[str, ...] = ()
    search: str = ""
    sort: str = FIRST
    group: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Look:
        tiles = tuple(name for name in query.get("tiles", "").split(",") if name)
        group = query.get("group", "")
        return cls(
            tiles, query.get("search", "").strip(), query.get("sort") or FIRST, group if group in GROUPS else "",
            query.get("cursor", ""),
        )  # fmt: skip

    def asked(self) -> dict[str, str]:
        """In the words of the operation."""
        told = {"tiles": ",".join(self.tiles), "search": self.search, "sort": self.sort, "cursor": self.cursor}
        return {**told, "limit": str(MOST)}

    def query(self) -> str:
        told = {"tiles": ",".join(self.tiles), "search": self.search, "group": self.group, "cursor": self.cursor}
        sort = {} if self.sort == FIRST else {"sort": self.sort}
        return urlencode({name: value for name, value in {**told, **sort}.items() if value})

    def address(self) -> str:
        query = self.query()
        return f"{ROOT}?{query}" if query else ROOT

    def with_tile(self, name: str) -> Look:
        """The tile chosen, or let go where it was."""
        others = tuple(tile for tile in self.tiles if tile != name)
        return replace(self, tiles=others if name in self.tiles else (*others, name), cursor="")

    def sorted_by(self, name: str) -> Look:
        """The other way round where it is sorted by that already; figures begin with the largest."""
        first = name if name in ("portfolio_id", "status") else f"-{name}"
        other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        return replace(self, sort=other if self.sort == first else first, cursor="")

    def direction(self, name: str) -> str:
        """As aria-sort has it."""
        if self.sort.removeprefix("-") != name:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"


async def desk(seen: Seen) -> Late:
    return Late(Page("desk.html"), lambda: _page(seen, "desk_main.html"))


async def events(_seen: Seen) -> Stream:
    """The rows as they stand, each time that one is another."""

    async def look(seen: Seen) -> Part:
        return Part(await _page(seen, "desk_live.html"))

    return Stream(look, LIVE_SECONDS)


async def _page(seen: Seen, template: str) -> Page:
    look = Look.of(seen.query)
    found = await seen.asking.of("desk", asked=look.asked())
    given = {**found, "look": look, "groups": grouped(found["portfolios"], look.group), "sorts": SORTS}
    if found["next_cursor"]:
        given["further"] = replace(look, cursor=found["next_cursor"]).address()
    return Page(template, {"further": None, **given})


def grouped(lines: Sequence[Mapping[str, Any]], by: str) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """(name, its lines in the order they came); one group without a name where nothing groups them."""
    if not by:
        return [("", list(lines))]

    def key(line: Mapping[str, Any]) -> str:
        return str(line["policy"] if by == "policy" else line["proposal"]["stage"])

    return [(name, list(members)) for name, members in groupby(sorted(lines, key=key), key)]
