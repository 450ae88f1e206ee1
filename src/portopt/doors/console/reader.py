"""How whoever looks wants to see things: numbers and dates as they write them, light or dark, dense or not. In a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final
from zoneinfo import available_timezones

COOKIE: Final = "portopt_reader"
THEMES: Final = ("auto", "light", "dark")
DENSITIES: Final = ("dense", "roomy")
# Those whose way of writing numbers and dates is offered; the texts are English.
LOCALES: Final = (
    *("en_US", "en_GB", "en_IN", "de_DE", "de_CH", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE"),
    *("ja_JP", "zh_CN"),
)


@dataclass(frozen=True, slots=True)
class Reader:
    """locale: of Babel. zone: IANA, of the instants that are shown."""

    locale: str = "en_US"
    zone: str = "UTC"
    theme: str = "auto"
    density: str = "dense"

    def cookie(self) -> str:
        return "|".join((self.locale, self.zone, self.theme, self.density))


def reader_of(cookie: str | None, accept_language: str | None = None) -> Reader:
    """Of the cookie, as far as it can be read; else of what the browser prefers.

    >>> reader_of(None, "de-CH,de;q=0.9").locale
    'de_CH'
    """
    found = Reader(locale=_preferred(accept_language or ""))
    parts = (cookie or "").split("|")
    return chosen(found, dict(zip(("locale", "zone", "theme", "density"), parts, strict=False)))


def chosen(reader: Reader, wanted: Mapping[str, str]) -> Reader:
    """The reader with what is wanted and can be had."""
    known = {"locale": LOCALES, "zone": _zones(), "theme": THEMES, "density": DENSITIES}
    return replace(reader, **{name: wanted[name] for name, among in known.items() if wanted.get(name) in among})


@cache
def _zones() -> frozenset[str]:
    """Read once: they are hundreds of files."""
    return frozenset(available_timezones())


def _preferred(accept_language: str) -> str:
    """The first language that is written as one that is offered."""
    for part in accept_language.split(",")[:20]:
        wanted = part.split(";")[0].strip().replace("-", "_")
        for locale in LOCALES:
            if wanted and (locale == wanted or locale.partition("_")[0] == wanted):
                return locale
    return LOCALES[0]
