"""Books as small multiples, the worst first, and the others counted and found by name; what is out of band, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portopt.document.formats import count, percent
from portopt.reports.markup.elements import cell, data, fold, headings, lines, prose, text
from portopt.reports.through_time.markup.parts import part, subheading, wide_table
from portopt.reports.watch import words
from portopt.reports.watch.details import details
from portopt.reports.watch.markup.parts import (
    STATUS_CHIPS,
    book_of,
    chip,
    limit,
    says,
    shown,
    state_chip,
    trend_of,
    unit_of,
    whole,
    words_cell,
)
from portopt.reports.watch.markup.parts import row as line

Row = Mapping[str, Any]
DRAWN = ("book_drift", "book_tracking_error", "book_volatility", "book_violation")
REST_SHOWN, ROWS_OPEN = 12, 30


def books(document: Row) -> str:
    """A card for each of the worst, a row for the first of the others; the page's script finds any of them."""
    found = document["books"]
    if not found["total"]:
        return part("Books", "", "<p>There is no book yet.</p>")
    tally = "".join(map(_tallied, found["by_status"].items()))
    cards = lines(_card(row, document) for row in found["shown"])
    some = (
        f"The {len(found['shown']):,} worst of {count(found['total'], 'book')}"
        if found["rest"]["portfolio"]
        else "The worst first"
    )
    lead = (
        f"{some}. Line: measured; dashed: its limit; green: what "
        "the limit allows; yellow: unknown. A book without its figures is unknown, whatever its other figures say."
    )
    return part(
        "Books",
        lead,
        f'<dl class="tally">{tally}</dl>',
        _filter(found),
        f'<ul class="books" id="cards">\n{cards}\n</ul>',
        _rest(found, document),
    )


def _tallied(found: tuple[str, int]) -> str:
    status, number = found
    return f"<div><dt>{chip(status, STATUS_CHIPS[status])}</dt><dd>{number:,}</dd></div>"


def _filter(found: Row) -> str:
    options = "".join(f'<option value="{text(status)}">{text(status)}</option>' for status in found["by_status"])
    return (
        '<div class="filter no-print" id="filter" hidden>'
        '<label>Book <input type="search" id="book" autocomplete="off" spellcheck="false" placeholder="part of its name">'
        "</label>"
        f'<label>Status <select id="status"><option value="">any</option>{options}</select></label>'
        '<output id="found" aria-live="polite"></output></div>'
    )


def _card(row: Row, document: Row) -> str:
    newest = {figure["name"]: figure for figure in row["figures"] if len(figure["labels"]) == 1}
    drawn = "".join(_multiple(name, newest.get(name), row["series"].get(name), row, document) for name in DRAWN)
    alerts = f'<span class="faint">{count(row["alerts"], "open alert")}</span>' if row["alerts"] else ""
    chips = f"{chip(row['status'], STATUS_CHIPS[row['status']])}{alerts}"
    why = {newest[name]["why"]: None for name in DRAWN if name in newest and newest[name]["state"] == "unknown"}
    said = "".join(f'<p class="why">Unknown: {prose(reason)}</p>' for reason in why)
    return lines(
        (
            f'<li class="book" data-book="{text(row["portfolio"])}" data-status="{text(row["status"])}">',
            f'<h3>{text(row["portfolio"])}</h3><p class="chips">{chips}</p>{said}',
            f"{drawn}",
            f"{_others(newest, document)}</li>",
        )
    )


def _multiple(name: str, figure: Row | None, columns: Mapping[str, Sequence[Any]] | None, row: Row, document: Row) -> str:
    unit = unit_of(document, name)
    if figure is None:
        missing = '<span class="unknown">not measured</span>'
        return f'<div class="multiple"><p><span>{words.name_of(name)}</span> {missing}</p></div>'
    over = " over" if figure["state"] == "over" else ""
    value = shown(None if figure["state"] == "unknown" else figure["value"], unit)
    held = f' <small class="faint">of {limit(figure["limit"], unit)}</small>' if figure["limit"] else ""
    drawing = trend_of(name, columns, document, f"{row['portfolio']}: ")
    return f'<div class="multiple{over}"><p><span>{words.name_of(name)}</span> <b>{value}{held}</b></p>{drawing}</div>'


def _others(newest: Mapping[str, Row], document: Row) -> str:
    shown_rows = [(name, figure) for name, figure in newest.items() if name not in DRAWN]
    if not shown_rows:
        return ""
    facts = "".join(_fact(name, figure, document) for name, figure in shown_rows)
    named = count(len(shown_rows), "more figure")
    return f'<details class="print"><summary>{named}</summary><dl class="facts figured">{facts}</dl></details>'


def _fact(name: str, figure: Row, document: Row) -> str:
    unit, unknown = unit_of(document, name), figure["state"] == "unknown"
    value = shown(None if unknown else figure["value"], unit)
    note = f' <small class="faint">{prose(figure["why"])}</small>' if unknown else ""
    return f"<dt>{text(words.name_of(name))}</dt><dd>{value}{note}</dd>"


def _rest(found: Row, document: Row) -> str:
    """The first of the books that have no card; all of them are in the data, where the filter looks."""
    rest = found["rest"]
    total = len(rest["portfolio"])
    if not total:
        return ""
    names = [name for name in DRAWN if name in rest["figures"]]
    head = headings("Book", "Status", "Alerts", "Of its limit", *(words.name_of(name) for name in names), left=2)
    rows = (_line(k, rest, names, document) for k in range(min(total, REST_SHOWN)))
    cut = f": the first {REST_SHOWN}; the filter above finds any of them" if total > REST_SHOWN else ""
    said = f"{count(total, 'book')} without a card{cut}."
    shown_units = " ".join(f"{name}:{unit_of(document, name)}" for name in names)
    body = wide_table("The other books", "rest", head, rows)
    return lines(
        (
            subheading("The other books"),
            f'<p class="soft" id="rest-said">{said}</p>',
            f'<div id="rest" data-figures="{text(shown_units)}">{body}</div>',
        )
    )


def _line(k: int, rest: Row, names: Sequence[str], document: Row) -> str:
    status, worst = rest["status"][k], rest["worst"][k]
    about = (words_cell(chip(status, STATUS_CHIPS[status])), whole(rest["alerts"][k]), cell(data(worst, percent(worst, 0))))
    values = (cell(shown(rest["figures"][name]["value"][k], unit_of(document, name))) for name in names)
    return line(text(rest["portfolio"][k]), *about, *values)


def out_of_band(document: Row) -> str:
    """Each figure that is beyond its limit, with what it rests on."""
    found = document["books"]["out_of_band"]
    if not found["total"]:
        known = document["counts"]["figures_unknown"]
        said = "Nothing that is known is beyond its limit." + (f" {known:,} figures are unknown." if known else "")
        return part("Out of band", "", f"<p>{said}</p>") if document["books"]["total"] else ""
    head = headings("Book", "Figure", "Why", "Since", "Measured", "Limit", left=4)
    lead = "Figures of books beyond what they are held against, the worst first, whether or not a rule speaks of them."
    return part("Out of band", lead, *_listed("Out of band", head, found, lambda row: _over(row, document)))


def _listed(name: str, head: str, found: Row, made: Callable[[Row], str]) -> tuple[str, str, str]:
    """The first rows, those after them folded away, and how many are counted only."""
    rows, left = found["listed"], found["total"] - len(found["listed"])
    first = wide_table(name, "sortable", head, map(made, rows[:ROWS_OPEN]))
    rest = rows[ROWS_OPEN:]
    table = wide_table(f"{name}, more", "sortable", head, map(made, rest)) if rest else ""
    folded = fold(f"{len(rest):,} more", len(rest), table) if rest else ""
    return first, folded, f'<p class="faint">{left:,} more are counted and not listed.</p>' if left else ""


def _over(row: Row, document: Row) -> str:
    since = words.when(row["since"] or row["at"])
    told = details(row["detail"]) or says(document, row["name"])
    return line(book_of(row), *_about(row, told), words_cell(text(since), "when"), *_measured(row, document))


def _about(row: Row, told: str) -> tuple[str, str]:
    return words_cell(text(words.name_of(row["name"])), "when"), words_cell(prose(told), "soft")


def _measured(row: Row, document: Row) -> tuple[str, str]:
    unit = unit_of(document, row["name"])
    value = None if row["state"] == "unknown" else row["value"]
    return cell(shown(value, unit), "n strong"), cell(limit(row["limit"], unit))


def prices(document: Row) -> str:
    """Books that are valued by prices that are old or look wrong."""
    found = document["prices"]
    if not found["total"]:
        said = "<p>No book is valued by an old or a suspicious price, as far as is known.</p>"
        return part("Prices", "", said) if document["books"]["total"] else ""
    head = headings("Book", "Figure", "Which", "State", "Measured", "Limit", left=4)
    lead = "Exchange sessions since the oldest price that a book is valued by, and assets whose prices look wrong."
    return part("Prices", lead, *_listed("Prices", head, found, lambda row: _price(row, document)))


def _price(row: Row, document: Row) -> str:
    told = row["why"] if row["state"] == "unknown" else details(row["detail"])
    return line(book_of(row), *_about(row, told), words_cell(state_chip(row["state"])), *_measured(row, document))
