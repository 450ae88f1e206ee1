"""Addresses of screens with their state: what is filtered and where a list goes on stands behind the path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from portopt.doors.console.seen import Seen

CURSOR = "cursor"


def here(seen: Seen, **changed: str | None) -> str:
    """This screen with something in its state changed; None and nothing take it out."""
    query = {name: value for name, value in {**seen.query, **changed}.items() if value}
    return f"{seen.path}?{urlencode(query)}" if query else seen.path


def asked_for(seen: Seen, names: Iterable[str]) -> dict[str, str]:
    """Of the address, what an operation is asked with: these names, and where its list goes on."""
    return {name: seen.query[name] for name in (*names, CURSOR) if seen.query.get(name)}


def next_page(seen: Seen, cursor: str | None) -> str | None:
    """Where the list goes on; None on its last page."""
    return None if cursor is None else here(seen, cursor=cursor)
