"""What a screen is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from portopt.domain.access import Principal
from portopt.doors.console.asking import Asking
from portopt.doors.console.reader import Reader


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a screen. place: what stands in the path; query: what stands behind it; form: what was sent, each name once.

    is_part: whether the page is there already and a part of it is asked for (htmx). csrf: what forms of this page must send.
    signed_in: whether there is a session to be left.
    """

    who: Principal
    reader: Reader
    asking: Asking
    csrf: str
    path: str
    place: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    is_part: bool = False
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """template: a file of templates/; a part of a page is one too. given: what it is filled with.

    state: for the browser's address line where the page was changed in place (htmx). headers: beside those of every page.
    """

    template: str
    given: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    state: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redirect:
    """To another screen, after something was done. said: the name of a text that is shown there once (texts: [said]).
    cookies: the reader's own, kept for a year.
    """

    to: str
    said: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Live:
    """A stream of server-sent events. look: asked every so many seconds; what it gives is told as the JSON of an event `change`
    where it differs from what was told before, and None ends the stream. The page listens with portoptLive of console.js.
    """

    look: Callable[[], Awaitable[Mapping[str, Any] | None]]
    seconds: float = 2.0


Screens: TypeAlias = Callable[[Seen], Awaitable[Page | Redirect | Live]]
