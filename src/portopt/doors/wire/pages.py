"""Lists in pages: so many at once, and where the next ones begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from portopt.dialects.reading import text
from portopt.domain.errors import InvalidValue
from portopt.doors.wire.asked import Asked

T = TypeVar("T")
USUAL, MOST = 50, 500
PAGED = ("limit", "cursor")  # query parameters of every list


def size_of(asked: Asked) -> int:
    """`limit`. Raises InvalidValue."""
    return asked.whole("limit", USUAL, low=1, high=MOST)


def cursor_of(asked: Asked) -> str | None:
    """`cursor`: the end of the page before, as it was told there. Raises InvalidValue for what was never told."""
    given = asked.text("cursor")
    return None if given is None else text(given, "cursor", most=100)


def require_told(cursor: str | None, is_there: bool) -> str | None:
    """The cursor, where it ends a page that who asks may have seen. Raises InvalidValue, foreign or invented alike."""
    if cursor is not None and not is_there:
        raise InvalidValue("cursor", cursor, "is not the end of a page", fix="use next_cursor as it was told")
    return cursor


def page(name: str, found: Sequence[T], size: int, write: Callable[[T], Any], key: Callable[[T], str]) -> dict[str, Any]:
    """found: one more than belongs on the page, where there are more. next_cursor: None on the last page."""
    shown = found[:size]
    return {name: [write(one) for one in shown], "next_cursor": key(shown[-1]) if len(found) > size else None}
