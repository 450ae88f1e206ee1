"""A part of the page under its heading, which the contents at the top lead to; and a table that may be wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from portopt.reports.markup.elements import lines, table, text


def part(title: str, lead: str, *body: str) -> str:
    """Nothing where there is nothing in it."""
    inside = lines(filter(None, body))
    if not inside:
        return ""
    under = f"<p>{lead}</p>" if lead else ""
    head = f"<header><h2>{title}</h2>{under}</header>"
    return f'<section id="{slug(title)}">\n{head}\n<div class="body">\n{inside}\n</div>\n</section>'


def slug(title: str) -> str:
    """An anchor's name.

    >>> slug("Costs and delay")
    'costs-and-delay'
    """
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")


def contents(parts: Iterable[str]) -> str:
    """Links to the parts that are there."""
    found = [re.match(r'<section id="([^"]+)">\n<header><h2>([^<]+)</h2>', each) for each in parts]
    links = "".join(f'<a href="#{m[1]}">{m[2]}</a>' for m in found if m)
    return f'<nav class="contents no-print" aria-label="Contents">{links}</nav>'


def wide_table(name: str, classes: str, head: str, rows: Iterable[str]) -> str:
    """A table that scrolls sideways, by keys too, where the page is narrow. name: what it is, for who cannot see it."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{text(name)}">\n{table(classes, head, rows)}\n</div>'


def note(title: str, items: Sequence[str], more: str = "") -> str:
    """What a reader has to know before the rest. items: HTML."""
    listed = lines(f"<li>{item}</li>" for item in items)
    return f'<div class="note">\n<h3>{text(title)}</h3>\n<ul>\n{listed}\n</ul>{more}\n</div>' if items else ""


def subheading(title: str) -> str:
    return f"<h3>{text(title)}</h3>"
