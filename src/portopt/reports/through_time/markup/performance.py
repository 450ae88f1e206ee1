"""How it went: growth, drawdowns, figures side by side, months, moving windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from portopt.document.formats import NOTHING, SYMBOLS, count, decimal, percent
from portopt.reports.markup.elements import cell, data, headings, lines, number, pct, table, text
from portopt.reports.through_time import view, words
from portopt.reports.through_time.figures import FIGURES, Figure, figure
from portopt.reports.through_time.markup.parts import part, subheading, wide_table
from portopt.reports.through_time.markup.plots import legend, plot
from portopt.reports.through_time.svg.lines import Line, Lines, lines_svg

Row = Mapping[str, Any]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ROLLING = (
    ("sharpe", "Sharpe ratio", "num"),
    ("volatility", "Volatility a year", "pct"),
    ("mean_return", "Mean return a year", "pct"),
    ("beta", "Beta to the benchmark", "num"),
    ("tracking_error", "Tracking error a year", "pct"),
)


def growth(document: Row) -> str:
    """Value through time, on a plain or a logarithmic scale: a switch that needs no script."""
    shown = view.histories(document)
    plain, log = (value_drawings(document, log=log) for log in (False, True))
    keys = legend((line.key, line.name) for line in shown)
    reads = "days:" + ",".join(f"{line.key}={line.name}" for line in shown)
    switch = '<label class="switch no-print"><input type="checkbox" id="log"> Logarithmic scale</label>' if log else ""
    figure_plain = plot(plain, legend=keys, reads=reads, classes="scale-plain")
    figure_log = plot(log, legend=keys, reads=reads, classes="scale-log")
    lead = "What the portfolio was worth at each close, beside the same money in other hands."
    return part("Growth", lead, f"{switch}\n{figure_plain}\n{figure_log}" if plain else "")


def value_drawings(document: Row, *, log: bool) -> list[str]:
    """Wide and narrow; none where there is nothing to draw, or on a logarithmic scale where a value is not above zero."""
    shown, days = view.histories(document), document["days"]["date"]
    title = f"Value of the portfolio from {days[0]} to {days[-1]}"
    said = "; ".join(f"{line.name} ends at {decimal(line.values[-1])}" for line in shown)
    name = "growth-log" if log else "growth"
    return lines_svg(Lines(name, title, said, days, shown, lambda v: short_money(v, words.currency(document)), log=log))


def short_money(value: float, currency: str) -> str:
    """`$1.2M`: an axis has little room.

    >>> short_money(1_250_000.0, "USD"), short_money(800.0, "CHF")
    ('$1.25M', '800')
    """
    size, unit = next(((s, u) for s, u in ((1e9, "B"), (1e6, "M"), (1e3, "k")) if abs(value) >= s), (1.0, ""))
    return f"{SYMBOLS.get(currency, '')}{value / size:.4g}{unit}".replace("$-", "−$").replace("-", "−")


def underwater(document: Row) -> str:
    """How far below its highest, and the deepest falls; one that was not made good says that it is open."""
    days = document["days"]
    under = Line("net", "Net", [-abs(v) for v in days["drawdown"]])
    falls = view.falls(document)
    deepest = max((abs(v) for v in days["drawdown"]), default=0.0)
    chart = Lines(
        "underwater",
        "Below the highest value so far",
        f"The deepest is {percent(deepest)}.",
        days["date"],
        (under,),
        lambda v: percent(v, 0 if deepest > 0.03 else 1),
        hold=0.0,
        filled=True,
        low=True,
    )
    if not falls:
        return part("Drawdowns", "", '<p class="soft">At no close was it worth less than at an earlier one.</p>')
    head = headings("Highest on", "Lowest on", "Depth", "Made good", left=2)
    return part(
        "Drawdowns",
        "How far the portfolio stood below its highest value so far, at closes, after costs.",
        plot(lines_svg(chart), reads="days:drawdown=Below the highest:pct"),
        table("keep", head, (_fall(fall, days["drawdown"]) for fall in falls)),
    )


def _fall(fall: Row, under: Sequence[float]) -> str:
    back = text(fall["recovered"]) if fall["recovered"] else '<span class="chip quarantined">open</span>'
    depth = cell(data(under[fall["at"]], percent(abs(under[fall["at"]]))), "n strong")
    return f'<tr><th scope="row">{fall["peak"]}</th>{cell(fall["trough"], "")}{depth}{cell(back)}</tr>'


def figures(document: Row) -> str:
    """Every figure for the strategy and for what it is compared with."""
    summary = document["summary"]
    shown = [(key, name) for key, name in view.HISTORIES if summary.get(key)]
    rows = [row for each in FIGURES if (row := _figure(each, [summary[key] for key, _ in shown]))]
    head = headings("Figure", *(name for _, name in shown))
    lead = (
        f"Of daily closes, {count(document['data']['sessions'], 'session')}. What each figure means is at the end of the page."
    )
    return part("Figures", lead, wide_table("Figures side by side", "keep compare", head, rows))


def _figure(each: Figure, summaries: Sequence[Row]) -> str:
    values = [figure(summary, each.path) for summary in summaries]
    if all(value is None for value in values):
        return ""
    told = number if each.unit == "ratio" else pct
    cells = (cell(told(value), "n strong" if k == 0 else "n") for k, value in enumerate(values))
    return f'<tr><th scope="row">{each.name}</th>{"".join(cells)}</tr>'


def months(document: Row) -> str:
    """A row a year; the stronger the colour the larger the return."""
    found = view.years(document)
    if not found:
        return ""
    most = max((abs(row["net"]) for _, by in found for row in by.values()), default=0.0) or 1.0
    yearly = {row["year"]: row for row in document.get("yearly") or ()}
    head = headings("Year", *MONTHS, *(("Year",) if yearly else ()))
    rows = (_year(year, by, most, yearly) for year, by in found)
    lead = "Returns after costs. The first and the last may be parts of a month."
    by_year = subheading("By year") + years(document) if len(yearly) > 1 else ""
    return part("Months", lead, wide_table("Returns by month", "months", head, rows), by_year)


def years(document: Row) -> str:
    """A row a year: the strategy, what it is compared with, and how far it fell within the year."""
    found = document.get("yearly") or ()
    named = [*view.HISTORIES, ("active", "Beyond benchmark"), ("fall", "Deepest fall")]
    shown = [(key, name) for key, name in named if any(row[key] is not None for row in found)]
    rows = (
        f'<tr><th scope="row">{row["year"]}</th>'
        + "".join(cell(pct(row[key]), "n strong" if key == "net" else "n", name) for key, name in shown)
        + "</tr>"
        for row in found
    )
    return wide_table("Returns by year", "keep compare", headings("Year", *(name for _, name in shown)), rows)


def _year(year: int, by: Mapping[int, Row], most: float, yearly: Mapping[int, Row]) -> str:
    cells = "".join(_month(by.get(month), name, most) for month, name in enumerate(MONTHS, start=1))
    whole_year = cell(_short(yearly[year]["net"]), "n strong whole-year", "Year") if year in yearly else ""
    return f'<tr><th scope="row">{year}</th>{cells}{whole_year}</tr>'


def _month(row: Row | None, name: str, most: float) -> str:
    if row is None or row["net"] is None:
        return cell(NOTHING, "n faint", name)
    kind = "gain" if row["net"] >= 0.0 else "loss"
    return f'<td class="n heat {kind}" data-label="{name}" style="--h:{abs(row["net"]) / most:.2f}">{_short(row["net"])}</td>'


def _short(value: float) -> str:
    """In percent without its sign: a table of a hundred of them has no room."""
    return data(value, decimal(100.0 * value, 1))


def rolling(document: Row) -> str:
    """Figures of a moving window, with a band where there is one."""
    moving = document.get("rolling") or {}
    window = moving.get("window")
    drawn = list(_rolling(document, moving)) if window else []
    lead = f"Each of the {window} sessions that end on the day. Band: what chance alone would make of the ratio, 95 %."
    return part("Moving windows", lead, lines(drawn))


def _rolling(document: Row, moving: Row) -> Iterator[str]:
    for key, name, unit in ROLLING:
        values = moving.get(key)
        if not values or all(v is None for v in values):
            continue
        low, high = moving.get(f"{key}_low"), moving.get(f"{key}_high")
        chart = Lines(
            f"rolling-{key}",
            f"{name}, moving window",
            f"The last is {_on_axis(values[-1], unit, 2)}.",
            document["days"]["date"][-len(values) :],
            (Line("net", "Net", values),),
            partial(_on_axis, unit=unit),
            low=True,
            band=(low, high) if low and high else None,
        )
        yield subheading(name) + plot(lines_svg(chart), reads=f"rolling:{key}={name}:{unit}")


def _on_axis(value: float | None, unit: str, digits: int = 1) -> str:
    return percent(value, digits - 1) if unit == "pct" else decimal(value, digits)
