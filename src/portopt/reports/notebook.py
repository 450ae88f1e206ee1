"""A proposal as short HTML for a notebook's output cell. Inline styles only, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from portopt.document.formats import NOTHING, money, percent, shares

STYLE = "text-align:right;padding:2px 12px 2px 0;font-variant-numeric:tabular-nums"


def html_summary(document: Mapping[str, Any]) -> str:
    """Verdict, the two sentences that matter most, trades."""
    currency = document["currency"]
    rows = "".join(_row(trade, currency) for trade in document["trades"])
    heads = ("Asset", "Side", "Shares", "Value", "Cost", "Now", "Proposed", "Why")
    head = "".join(f'<th style="{_align(name)}">{name}</th>' for name in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in document["verdict"]["sentences"][:2])
    said += "".join(f"<p>{escape(left['sentence'])}</p>" for left in document.get("left_out", ()))
    foot = f"<p><small>{escape(document['run_id'])} · {escape(document['pricing_pack']['id'])}</small></p>"
    return f"<div><p><strong>{escape(document['verdict']['title'])}</strong></p>{said}{table}{foot}</div>"


def _row(trade: Mapping[str, Any], currency: str) -> str:
    cells = (
        trade["asset_id"],
        trade["side"],
        shares(trade["shares"]),
        money(trade["value"], currency),
        NOTHING if trade["cost"] is None else money(trade["cost"], currency),
        percent(trade["weight_before"]),
        percent(trade["weight_after"]),
        trade["why"],
    )
    names = ("Asset", "Side", "", "", "", "", "", "Why")
    return "<tr>" + "".join(f'<td style="{_align(n)}">{escape(c)}</td>' for n, c in zip(names, cells, strict=True)) + "</tr>"


def _align(name: str) -> str:
    return STYLE.replace("right", "left", 1) if name in ("Asset", "Side", "Why") else STYLE
