"""A backtest in a notebook's output cell: the verdict, the figures side by side, the growth; inline styles only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from portopt.document.formats import decimal, percent
from portopt.reports.through_time import view, words
from portopt.reports.through_time.figures import FIGURES, Figure, figure
from portopt.reports.through_time.markup import compared
from portopt.reports.through_time.markup.performance import value_drawings
from portopt.reports.through_time.svg.standalone import standalone

Row = Mapping[str, Any]
CELL = "text-align:right;padding:2px 0 2px 18px;font-variant-numeric:tabular-nums"
SHOWN = ("annual_return", "volatility", "sharpe", "max_drawdown", "cvar_95", "active.information_ratio")


def backtest_summary(document: Row) -> str:
    """HTML for `_repr_html_`: everything that was named is escaped."""
    summary = document["summary"]
    shown = [(key, name) for key, name in view.HISTORIES if summary.get(key)]
    head = "".join(f'<th style="{CELL}">{name}</th>' for _, name in shown)
    rows = "".join(_row(each, [summary[key] for key, _ in shown]) for each in FIGURES if each.path in SHOWN)
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in words.sentences(document)[1:4])
    foot = f"<p><small>{escape(str(document['run_id']))}</small></p>"
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    title = f"<p><strong>{escape(words.title(document))}</strong></p>"
    return f"<div>{title}{_inline(backtest_plot(document))}{table}{said}{foot}</div>"


def _row(each: Figure, summaries: list[Row]) -> str:
    values = [figure(summary, each.path) for summary in summaries]
    told = (percent(v) if each.unit == "percent" else decimal(v) for v in values)
    return f'<tr><td style="text-align:left">{each.name}</td>' + "".join(f'<td style="{CELL}">{v}</td>' for v in told) + "</tr>"


def backtest_plot(document: Row) -> str:
    """The histories of value as one SVG that stands by itself; empty where there is no history to draw."""
    wide = value_drawings(document, log=False)[:1]
    return standalone(wide[0]) if wide else ""


def comparison_summary(document: Row) -> str:
    """HTML of a comparison: which did best, the growth, a column a strategy."""
    sides = [side for side in document["strategies"] if side["summary"]["net"]]
    head = "".join(f'<th style="{CELL}">{escape(compared.name_of(side))}</th>' for side in sides)
    rows = "".join(_row(each, [side["summary"]["net"] for side in sides]) for each in FIGURES if each.path in SHOWN)
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in compared.sentences(document)[:4])
    title = f"<p><strong>{escape(compared.title(document))}</strong></p>"
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div>{title}{_inline(comparison_plot(document))}{table}{said}</div>"


def comparison_plot(document: Row) -> str:
    """The money of every strategy as one SVG that stands by itself; empty where there is none to draw."""
    wide = compared.value_drawings(document, log=False)[:1]
    return standalone(wide[0]) if wide else ""


def _inline(drawing: str) -> str:
    """Among other outputs: no wider than it is drawn."""
    return re.sub(r"^<svg ", '<svg style="max-width:860px" ', drawing)
