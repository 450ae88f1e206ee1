"""Whether a walk-forward's result is more than luck: the gate, what was tried, the paths, forecasts, bands, other starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portopt.document.formats import count, decimal, percent
from portopt.reports.markup.elements import cell, data, headings, number, pct, prose, table, text, whole
from portopt.reports.through_time.figures import figure
from portopt.reports.through_time.markup.activity import problem_in_words
from portopt.reports.through_time.markup.evidence import facts
from portopt.reports.through_time.markup.parts import part, wide_table
from portopt.reports.through_time.markup.plots import plot
from portopt.reports.through_time.svg.lines import Line, Lines, lines_svg
from portopt.reports.through_time.svg.ranges import ranges_svg

Row = Mapping[str, Any]
BANDS = (
    ("annual_return", "Return a year"),
    ("volatility", "Volatility a year"),
    ("max_drawdown", "Deepest drawdown"),
    ("sharpe", "Sharpe ratio"),
)
VARIANTS_SHOWN, PATHS_SHOWN = 60, 40


def gate(document: Row) -> str:
    """Promoted, or rejected with the reasons; each condition with what was measured."""
    found = document.get("gate")
    if not found:
        return ""
    rows = (_condition(each) for each in found["conditions"])
    head = headings("Asked", "Measured", "Required", "Outcome")
    track = found["track_record"]
    told = [
        ("Sharpe ratio out of sample", number(found["sharpe"])),
        (f"The best of {count(found['trials'], 'trial')} without any skill", number(found["expected_by_luck"])),
        ("Probability that it is above zero", pct(found["probabilistic"])),
        ("The same, for what was tried (deflated)", pct(found["deflated"])),
        ("Sessions that it takes to show it", "no history would do" if track is None else whole(track)),
    ]
    if found.get("by_luck") is not None:  # a document of an earlier version has none
        told.append(("Probability that luck alone shows as much", pct(found["by_luck"])))
    if found.get("overfitting") is not None:
        told.append(("Probability of backtest overfitting", pct(found["overfitting"])))
    return part(
        "Gate",
        "What is asked of a strategy before it may be used, and what was measured outside the windows that chose it.",
        wide_table("Conditions of the gate", "", head, rows),
        facts(told, "figured"),
    )


def _condition(each: Row) -> str:
    held = '<span class="chip ok">holds</span>' if each["holds"] else '<span class="chip refused">fails</span>'
    measured, required = (data(each[name], _measured(each[name])) for name in ("measured", "required"))
    name = f'{text(each["name"].replace("_", " ").capitalize())}<br><span class="faint">{prose(each["sentence"])}</span>'
    return f'<tr><th scope="row">{name}</th>{cell(measured, "n strong")}{cell(required)}{cell(held)}</tr>'


def _measured(value: float) -> str:
    """A count as a count, a share with three decimals."""
    return decimal(value, 0 if value > 1.0 and float(value).is_integer() else 3)


def trials(document: Row) -> str:
    """Every variant, as it would have done over all test windows."""
    found = document.get("trials")
    if not found:
        return ""
    head = headings("Variant", "Chosen by", "Return a year", "Volatility", "Sharpe ratio", "Drawdown", "Failed")
    shown = found["variants"][:VARIANTS_SHOWN]
    left = len(found["variants"]) - len(shown)
    more = f'<p class="faint">{left:,} more are in the data below.</p>' if left > 0 else ""
    lead = (
        f"{count(found['here'], 'variant')} here; tried on these assets so far: "
        f"{count(found['known'], 'distinct strategy', 'distinct strategies')}. "
        "The figures are of each over all test windows, had it been held throughout."
    )
    return part("What was tried", lead, wide_table("Variants", "compare", head, map(_variant, shown)), more)


def _variant(row: Row) -> str:
    name = changes_in_words(row["changes"])
    chosen = cell(whole(row["chosen"]), "n strong")
    if row["figures"] is None:
        return f'<tr><th scope="row">{name}</th>{chosen}<td colspan="5">{prose(problem_in_words(row["problem"]))}</td></tr>'
    f = row["figures"]
    told = (pct(f["annual_return"]), pct(f["volatility"]), number(f["sharpe"]), pct(f["max_drawdown"]), whole(row["failed"]))
    return f'<tr><th scope="row">{name}</th>{chosen}{"".join(map(cell, told))}</tr>'


def changes_in_words(changes: Mapping[str, Any]) -> str:
    """`estimation.lookback = 252`, as HTML."""
    return text(", ".join(f"{path} = {value}" for path, value in sorted(changes.items()))) or "as the policy is"


def paths(document: Row) -> str:
    """Growth along every path of the combinatorial cross-validation, and how its Sharpe ratios spread."""
    found = document.get("paths")
    if not found:
        return ""
    lines = tuple(Line("path", f"path {k + 1}", values) for k, values in enumerate(found["growth"][:PATHS_SHOWN]))
    said = f"{count(len(found['growth']), 'path')} out of {count(found['splits'], 'split')}."
    chart = Lines("paths", "Growth along each path", said, found["dates"], lines, lambda v: f"× {v:.2f}", named=False)
    quantiles = sorted((float(q), value) for q, value in found["sharpe_quantiles"].items())
    head = headings("Sharpe ratio of the paths", *(percent(q, 0) for q, _ in quantiles))
    row = f'<tr><th scope="row">not above, in that share of them</th>{"".join(cell(number(v)) for _, v in quantiles)}</tr>'
    lead = (
        f"{found['groups']} groups of sessions, {found['tested']} tested at a time, the others learned from: "
        f"{count(found['splits'], 'split')} make {count(len(found['growth']), 'path')}, each through all of it, out of sample."
    )
    failed = "".join(f'<p class="note">{prose(problem_in_words(each["problem"]))}</p>' for each in found["failed"][:5])
    return part(
        "Cross-validated paths",
        lead,
        failed,
        plot(lines_svg(chart)),
        wide_table("Sharpe ratios", "", head, [row]) if quantiles else "",
    )


def forecasts(document: Row) -> str:
    """What training windows promised, and how often it held."""
    found = document.get("forecasts")
    if not found:
        return ""
    told = [
        ("Ranges were to hold in", pct(found["probability"], 0)),
        ("They held in", f"{pct(found['share'])} of {whole(found['count'])}"),
        ("Missed above, below", f"{whole(found['above'])}, {whole(found['below'])}"),
        ("Were the ranges right, so many misses had a probability of", number(found["p_value"], 4)),
    ]
    lead = "The range of each month's return by what was seen in training; the dot is the return that came."
    return part("Forecast ranges", lead, plot(ranges_svg(found["ranges"])), facts(told, "figured"))


def bands(document: Row) -> str:
    """Between what the annual figures may lie."""
    found = document.get("bands") or {}
    shown = [(name, found[key], key) for key, name in BANDS if found.get(key)]
    if not shown:
        return ""
    of = shown[0][1]
    head = headings("Figure", "Found", "Low", "High")
    lead = (
        f"{percent(of['confidence'], 0)} of {of['draws']:,} histories that might have been (stationary bootstrap, blocks of "
        f"{of['block']:.0f} sessions on average, seed {of['seed']})."
    )
    return part("Confidence bands", lead, table("keep", head, (_band(*each) for each in shown)))


def _band(name: str, band: Row, key: str) -> str:
    told = number if key == "sharpe" else pct
    cells = cell(told(band["estimate"]), "n strong") + cell(told(band["low"])) + cell(told(band["high"]))
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'


def starts(document: Row) -> str:
    """The same walk begun on other days: one history is a cherry-pick."""
    rows = document.get("starts") or ()
    if len(rows) < 2:
        return ""
    head = headings("Begun on", "Return a year", "Volatility", "Sharpe ratio", "Drawdown")
    lead = "The same walk, begun on other days: how much of the result is the day it began on."
    return part("Other starts", lead, wide_table("Starts", "keep", head, map(_start, rows)))


def _start(row: Row) -> str:
    if row["figures"] is None:
        return f'<tr><th scope="row">{row["first"]}</th><td colspan="4">{prose(problem_in_words(row["problem"]))}</td></tr>'
    told: Sequence[tuple[Any, str]] = ((pct, "annual_return"), (pct, "volatility"), (number, "sharpe"), (pct, "max_drawdown"))
    return f'<tr><th scope="row">{row["first"]}</th>{"".join(cell(f(figure(row["figures"], name))) for f, name in told)}</tr>'
