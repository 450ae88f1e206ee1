"""Strategies side by side on one history: growth, figures, and whether their differences are more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from portopt.document.formats import NOTHING, count, decimal
from portopt.reports.markup.elements import cell, headings, money, number, pct, prose, text, whole
from portopt.reports.through_time import words
from portopt.reports.through_time.figures import FIGURES, Figure, figure
from portopt.reports.through_time.markup.activity import problem_in_words
from portopt.reports.through_time.markup.parts import note, part, wide_table
from portopt.reports.through_time.markup.performance import short_money
from portopt.reports.through_time.markup.plots import legend, plot
from portopt.reports.through_time.svg.lines import Line, Lines, lines_svg

Row = Mapping[str, Any]
KNOWN = {
    "equal_weight": "Equal weights",
    "min_variance": "Least variance",
    "benchmark": "Benchmark",
    "do_nothing": "Doing nothing",
}
LIKELY = 0.05


def name_of(side: Row) -> str:
    """The comparators in words, a strategy of the user's own as it was called."""
    return str(side["name"]) if side["asked"] else KNOWN.get(side["name"], str(side["name"]))


def title(document: Row) -> str:
    """Which has the best Sharpe ratio after costs, and the next."""
    ranked = _ranked(document)
    if not ranked:
        return "No strategy has figures that could be compared."
    first, *others = ranked
    best = f"{name_of(first)} has the best Sharpe ratio after costs, {decimal(figure(first['summary']['net'], 'sharpe'))}"
    return (
        f"{best}, before {_inside(others[0])} with {decimal(figure(others[0]['summary']['net'], 'sharpe'))}."
        if others
        else f"{best}."
    )


def _inside(side: Row) -> str:
    """A name inside a sentence."""
    return name_of(side) if side["asked"] else name_of(side).lower()


def _ranked(document: Row) -> list[Row]:
    found = [side for side in document["strategies"] if figure(side["summary"]["net"], "sharpe") is not None]
    return sorted(found, key=lambda side: -figure(side["summary"]["net"], "sharpe"))


def sentences(document: Row) -> list[str]:
    """What the tests say, and who could not be compared."""
    pairs = [pair for pair in document["pairs"] if pair["net"]["sharpe_p_value"] is not None]
    apart = [pair for pair in pairs if pair["net"]["sharpe_p_value"] < LIKELY]
    tests = f"Of {count(len(pairs), 'paired test')} of Sharpe ratios"
    found = "none shows" if not apart else "one shows" if len(apart) == 1 else f"{len(apart)} show"
    said = [f"{tests}, {found} a difference that chance alone makes in less than 5 %."]
    for pair in apart[:6]:
        first, second = _names(document, pair)
        said.append(f"{first} and {second} differ: p {decimal(pair['net']['sharpe_p_value'], 3)}.")
    return said if pairs else ["The history is too short for paired tests."]


def _names(document: Row, pair: Row) -> list[str]:
    named = {side["name"]: name_of(side) for side in document["strategies"]}
    return [named.get(pair[which], str(pair[which])) for which in ("first", "second")]


def verdict(document: Row) -> str:
    _, *rest = sentences(document)  # the first stands under the title
    said = f'<ul class="said">\n{"".join(f"<li>{prose(sentence)}</li>" for sentence in rest)}\n</ul>' if rest else ""
    failed = [
        f"<b>{text(each['name'])}</b> {prose(problem_in_words(each['problem']))}" for each in document.get("failed") or ()
    ]
    warned = [prose(str(each)) for each in document.get("warnings") or ()]
    refused = note(f"{count(len(failed), 'strategy', 'strategies')} could not be run", failed)
    return part("Verdict", "", refused, note("Warnings", warned), said)


def histories(document: Row) -> tuple[Line, ...]:
    """The money of each, after costs; a style of its own each."""
    return tuple(_lines(document))


def _lines(document: Row) -> Iterator[Line]:
    own = 0
    for side in document["strategies"]:
        key = "" if side["asked"] else str(side["name"])
        if key not in KNOWN:
            key, own = f"k{own % 11}", own + 1
        if side["days"]["net"]:
            yield Line(key, name_of(side), side["days"]["net"])


def growth(document: Row) -> str:
    """Every strategy's money on one scale."""
    plain, log = (value_drawings(document, log=log) for log in (False, True))
    if not plain:
        return ""
    keys = legend((line.key, line.name) for line in histories(document))
    switch = '<label class="switch no-print"><input type="checkbox" id="log"> Logarithmic scale</label>' if log else ""
    figure_plain = plot(plain, legend=keys, reads="strategies", classes="scale-plain")
    figure_log = plot(log, legend=keys, reads="strategies", classes="scale-log")
    return part("Growth", "The same money in each strategy, after costs.", f"{switch}\n{figure_plain}\n{figure_log}")


def value_drawings(document: Row, *, log: bool) -> list[str]:
    """Wide and narrow; none where there is nothing to draw, or on a logarithmic scale where a value is not above zero."""
    shown = histories(document)
    days = next((side["days"]["date"] for side in document["strategies"] if side["days"]["net"]), ())
    said = "; ".join(f"{line.name} ends at {decimal(line.values[-1])}" for line in shown)
    currency, name = words.currency(document), "growth-log" if log else "growth"
    title = "Value of each strategy, after costs"
    return lines_svg(Lines(name, title, said, days, shown, lambda v: short_money(v, currency), log=log))


def side_by_side(document: Row) -> str:
    """A row a figure, a column a strategy; the best of each row is marked where more or less is better."""
    sides = [side for side in document["strategies"] if side["summary"]["net"]]
    head = headings("Figure, after costs", *(text(name_of(side)) for side in sides))
    rows = [row for each in FIGURES if (row := _figure(each, [side["summary"]["net"] for side in sides]))]
    gross = _row("Return a year, before costs", [pct(figure(side["summary"]["gross"], "annual_return")) for side in sides])
    paid = _row("Costs", [_costs(side, words.currency(document)) for side in sides])
    moved = _row("Turnover, all together", [pct(side["turnover"], 0) for side in sides])
    made = _row("Decisions", [whole(side["decisions"]) for side in sides])
    return part("Side by side", "", wide_table("Strategies side by side", "compare", head, [*rows, gross, paid, moved, made]))


def _costs(side: Row, currency: str) -> str:
    return str(money(side["costs"], currency)) if side["decisions"] else NOTHING


def _row(name: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{name}</th>{"".join(map(cell, cells))}</tr>'


MORE = {
    "total_return",
    "annual_return",
    "sharpe",
    "sortino",
    "calmar",
    "worst_day.value",
    "worst_month.value",
    "active.information_ratio",
}
LESS = {"volatility", "max_drawdown", "var_95", "cvar_95"}


def _figure(each: Figure, summaries: Sequence[Row]) -> str:
    values = [figure(summary, each.path) for summary in summaries]
    known = [value for value in values if value is not None]
    if not known:
        return ""
    best = max(known) if each.path in MORE else min(known) if each.path in LESS else None
    told = number if each.unit == "ratio" else pct
    cells = "".join(cell(told(value), "n best" if value == best else "n") for value in values)
    return f'<tr><th scope="row">{each.name}</th>{cells}</tr>'


def frontier(document: Row) -> str:
    """Of a frontier that was walked forward: its points as they turned out."""
    found = document.get("frontier")
    if not found:
        return ""
    rows = (
        _row(
            f'<span class="whole">{text(str(one["name"]).capitalize())}</span>',
            [pct(one["volatility"]), pct(one["annual_return"]), str(number(one["sharpe"])), pct(one["turnover"], 0)],
        )
        for one in found["points"]
    )
    head = headings("Point", "Volatility", "Return a year", "Sharpe ratio", "Turnover")
    lead = (
        f"The frontier of {prose(str(found['policy']))} from the least risk to the most return. Each point has a book of "
        "its own and trades from what it really holds, so the limits on trading hold at every one. After costs."
    )
    return part("Frontier, as it turned out", lead, wide_table("Points of the frontier", "keep", head, rows))


def years(document: Row) -> str:
    """A row a year, a column a strategy."""
    sides = [side for side in document["strategies"] if side.get("yearly")]
    every = sorted({row["year"] for side in sides for row in side["yearly"]})
    if len(every) < 2:
        return ""
    by = [{row["year"]: row["total_return"] for row in side["yearly"]} for side in sides]
    rows = (_row(str(year), [pct(made.get(year)) for made in by]) for year in every)
    head = headings("Year", *(text(name_of(side)) for side in sides))
    lead = "Returns after costs. The first and the last may be parts of a year."
    return part("Years", lead, wide_table("Returns by year", "compare", head, rows))


def pairs(document: Row) -> str:
    """Each asked strategy against every other: differences with their errors and p-values, net and gross."""
    if not document["pairs"]:
        return ""
    rows = (_pair(pair, *_names(document, pair)) for pair in document["pairs"])
    head = headings(
        "First", "Second", "Sharpe ratio, less", "error", "p", "before costs, p", "Return a year, less", "error", "p", left=2
    )
    test = document["pairs"][0]["net"]
    lead = (
        f"First less second, after costs. Ledoit and Wolf's test of Sharpe ratios, and one of means, by {test['draws']:,} "
        f"resamples in blocks, seed {test['seed']}: p below 0.05 is what chance alone makes in less than one of twenty."
    )
    return part("Paired tests", lead, wide_table("Paired tests", "compare", head, rows))


def _pair(pair: Row, first: str, second: str) -> str:
    net, gross = pair["net"], pair["gross"]
    told = (
        number(net["sharpe_difference"], signed=True),
        number(net["sharpe_error"]),
        _p(net["sharpe_p_value"]),
        _p(gross["sharpe_p_value"]),
        pct(net["mean_difference"]),
        pct(net["mean_error"]),
        _p(net["mean_p_value"]),
    )
    return f'<tr><th scope="row">{text(first)}</th>{cell(text(second), "")}{"".join(map(cell, told))}</tr>'


def _p(value: float | None) -> str:
    shown = str(number(value, 3))
    return f'<b class="best">{shown}</b>' if value is not None and value < LIKELY else shown
