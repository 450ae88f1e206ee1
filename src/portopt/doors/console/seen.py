"""What a screen is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from portopt.domain.access import Principal
from portopt.doors.console.asking import Asking
from portopt.doors.console.reader import Reader
from portopt.doors.wire.call import Reply


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
class Sent:
    """What an operation answered, as it is: a report, an archive."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a screen as it stands now. is_last: whether it changes no more."""

    page: Page
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class Stream:
    """A part of a screen that is sent anew whenever it is another one. look: how it stands, for whoever looks then.

    seconds: between two looks.
    """

    look: Callable[[Seen], Awaitable[Part]]
    seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Late:
    """A page whose frame is sent before what stands in it is known: the browser fetches style and scripts meanwhile.

    frame: HERE stands in it once. rest: what comes there; where it is refused, the refusal.
    """

    frame: Page
    rest: Callable[[], Awaitable[Page]]


HERE = "<!-- here -->"
Shown: TypeAlias = Page | Redirect | Sent | Stream | Late
Screens: TypeAlias = Callable[[Seen], Awaitable[Shown]]
