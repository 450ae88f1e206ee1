"""How whoever looks wants to see things."""

from __future__ import annotations

from zoneinfo import available_timezones

from portopt.doors.console.reader import COOKIE, DENSITIES, LOCALES, THEMES, chosen
from portopt.doors.console.seen import Page, Redirect, Seen


async def settings(seen: Seen) -> Page:
    choices = {"locales": LOCALES, "zones": sorted(available_timezones()), "themes": THEMES, "densities": DENSITIES}
    return Page("settings.html", choices)


async def change(seen: Seen) -> Redirect:
    reader = chosen(seen.reader, seen.form)
    return Redirect(seen.path, said="saved", cookies={COOKIE: reader.cookie()})
