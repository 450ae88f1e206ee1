"""A drawing in the page: a figure with its caption, a legend, and the names of what may be read off it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portopt.reports.markup.elements import lines, text


def plot(drawings: Sequence[str], caption: str = "", *, legend: str = "", reads: str = "", classes: str = "") -> str:
    """reads: what the page's script looks up for a day, `days:net=Net,gross=Before costs`; nothing where nothing is drawn."""
    if not drawings:
        return ""
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    read = f' data-reads="{text(reads)}"' if reads else ""
    return f'<figure class="plot {classes}"{read}>\n{lines(filter(None, (told, legend, *drawings)))}\n</figure>'


def legend(names: Iterable[tuple[str, str]], shape: str = "stroke") -> str:
    """names: (style's key, name). shape: stroke or patch."""
    items = "".join(f'<span class="{shape} s-{key}">{text(name)}</span>' for key, name in names)
    return f'<p class="keys">{items}</p>'
