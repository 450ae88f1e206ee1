"""Templates to pages: escaped, strict about what is missing, in the reader's way of writing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from portopt.doors.console.texts import texts
from portopt.doors.console.writing import writers

if TYPE_CHECKING:
    from portopt.doors.console.reader import Reader
    from portopt.doors.console.seen import Page, Seen

MOST_READERS = 256  # ways of writing that are kept ready


@cache
def _common() -> Environment:
    made = Environment(
        loader=PackageLoader("portopt.doors.console", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {"t": texts(), "figure": figure}
    return made


def figure(value: object, text: str) -> Markup:
    """A value for whoever reads the page as data, in the reader's writing. A page has thousands, and a macro takes tenfold.

    >>> figure(0.25, "25.00%")
    Markup('<data value="0.25">25.00%</data>')
    """
    said = "" if value is None else value if isinstance(value, float | int) else escape(value)
    return Markup(f'<data value="{said}">{escape(text)}</data>')  # noqa: S704 - escaped, or a number


_READY: dict[tuple[str, str], Environment] = {}


def _for(reader: Reader) -> Environment:
    key = (reader.locale, reader.zone)
    if key not in _READY:
        if len(_READY) >= MOST_READERS:
            _READY.clear()
        made = _common().overlay()
        made.filters = {**_common().filters, **writers(reader)}
        _READY[key] = made
    return _READY[key]


def rendered(page: Page, seen: Seen) -> bytes:
    """The page whole, or the part of it that its template is. Templates find what they are given, and `seen`."""
    given: dict[str, Any] = {**page.given, "seen": seen, "reader": seen.reader, "may": seen.who.may}
    return _for(seen.reader).get_template(page.template).render(given).encode()
