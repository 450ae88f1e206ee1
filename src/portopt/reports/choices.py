"""The choices beside a proposal, an edit, a what-if and the readiness of a portfolio, in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portopt.document.formats import MINUS, NOTHING, bps, decimal, money, percent, points, scientific
from portopt.reports import first_lines
from portopt.reports.columns import table

if TYPE_CHECKING:
    from rich.console import Console

MOST_TRADES = 15
MARKS = {"ok": "✓", "but": "!", "stop": "✗"}
FIGURES: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("Turnover", lambda m: percent(m["turnover"])),
    ("Cost", lambda m: bps(1e4 * m["cost"])),
    ("Tax", lambda m: money(m["tax"]) if "tax" in m else NOTHING),
    ("Return", lambda m: percent(m["expected_return"])),
    ("Volatility", lambda m: percent(m["volatility"])),
    ("Tracking error", lambda m: percent(m["tracking_error"])),
    ("ESG score", lambda m: decimal(m["esg_score"])),
    ("Drift left", lambda m: percent(m["drift"])),
)


def print_alternatives(document: Mapping[str, Any], console: Console) -> None:
    """A row a choice, then what is broken where nothing is done, and the choices there are not."""
    console.print(first_lines.of_alternatives(document), markup=False, style="bold")
    _heading(document, console)
    cards = document["alternatives"]
    shown = _told(*cards)
    rows = [[card["name"], *(said(card) for _, said in shown), _broken(card), card["gives_up"]] for card in cards]
    table(console, ["", *(name for name, _ in shown), "Broken", "For the policy"], rows)
    for card in cards:
        for one in card["limits_broken"]:
            console.print(f"{card['name']}: {one['sentence']}", markup=False, style="yellow")
        for sentence in card["gave_way"]:
            console.print(f"{card['name']}: {sentence}", markup=False, style="yellow")
    for one in document["not_offered"]:
        console.print(f"{one['name']} is not offered: {one['reason']}", markup=False, style="dim")
    console.print("certified, all but do_nothing, which is held against every limit", style="dim")


def print_edit(document: Mapping[str, Any], console: Console) -> None:
    """What is pinned, what it costs, the trades beside those that stand, and the figures."""
    pinned = ", ".join(f"{one['asset_id']} {one['trade']}" for one in document["pinned"])
    console.print(f"{pinned or 'nothing pinned'}: {_goes_on(document['price']['sentence'])}", markup=False, style="bold")
    _heading(document, console)
    _print_beside(document, "Stands", "Edited", document["edited"], console)


def print_what_if(document: Mapping[str, Any], console: Console) -> None:
    """What is moved, what it is worth, how far the preview holds, and both books side by side."""
    moved = ", ".join(f"{one['path']} {_value(one['before'])} → {_value(one['after'])}" for one in document["moved"])
    console.print(f"{moved}: {_goes_on(document['worth']['sentence'])}", markup=False, style="bold")
    _heading(document, console)
    preview = document["preview"]
    if preview is not None:
        console.print(preview_sentence(preview), markup=False)
    for left in document["left_out"]:
        console.print(left["sentence"], markup=False, style="yellow")
    _print_beside(document, "Stands", "Then", document["after"], console)


def _goes_on(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def print_ready(document: Mapping[str, Any], console: Console) -> None:
    """The answer first, then every reason with what to do."""
    console.print(document["sentence"], markup=False, style="bold")
    for reason in document["reasons"]:
        style = {"stop": "red", "but": "yellow"}.get(reason["status"], "")
        console.print(f"{MARKS[reason['status']]} {reason['name']}: {reason['detail']}", markup=False, style=style)
        if reason["fix"] and reason["status"] != "ok":
            console.print(f"    {reason['fix']}", markup=False, style="dim")
    console.print(f"{document['portfolio_id']} · {document['policy']} · {document['on']}", markup=False, style="dim")


def preview_sentence(preview: Mapping[str, Any]) -> str:
    """`By the derivatives the weights are exact to here, and within 2.2e-16 of those solved again.`"""
    differs = f"within {scientific(preview['differs'])} of the weights solved again"
    if preview["inside"]:
        return f"The derivatives hold all the way: {differs}."
    until = f", until {preview['until']}" if preview["until"] else ""
    return f"The derivatives hold for {percent(preview['reach'], 1)} of the way{until}; at its end they are {differs}."


def _heading(document: Mapping[str, Any], console: Console) -> None:
    worth = "" if document["portfolio_value"] is None else f" · {money(document['portfolio_value'], document['currency'])}"
    said = f"{document['portfolio_id']}{worth} · {document['as_of']} · {document['policy']}"
    console.print(said, markup=False, style="dim")


def _told(*cards: Mapping[str, Any]) -> list[tuple[str, Callable[[Mapping[str, Any]], str]]]:
    """The figures that any of these has."""
    return [(name, said) for name, said in FIGURES if any(said(card) != NOTHING for card in cards)]


def _broken(card: Mapping[str, Any]) -> str:
    return str(len(card["limits_broken"])) if card["limits_broken"] else NOTHING


def _print_beside(document: Mapping[str, Any], before: str, after: str, measured: Mapping[str, Any], console: Console) -> None:
    """Trades that differ most, then figures before and after."""
    trades: Sequence[Mapping[str, Any]] = document["trades"]
    rows = [
        [t["asset_id"], percent(t["now"]), percent(t["stands"]), percent(t["after"]), points(t["after"] - t["stands"]),
         _signed(t["value"], document["currency"])]
        for t in trades[:MOST_TRADES]
    ]  # fmt: skip
    table(console, ["", "Now", before, after, "Change", "To trade"], rows)
    if len(trades) > MOST_TRADES:
        console.print(f"and {len(trades) - MOST_TRADES} more: --json has them all", style="dim")
    stands = document["stands"]
    table(console, ["", before, after], [[name, said(stands), said(measured)] for name, said in _told(measured)])
    for note in document["notes"]:
        console.print(f"note: {note}", markup=False, style="dim")
    paper = document["certificate"]
    console.print(f"{paper['verdict']}: relative gap {scientific(paper['relative_gap'])} · as a run: {document['run_id']}")


def _signed(value: str | None, currency: str) -> str:
    if value is None or not value.strip("-0."):
        return NOTHING
    text = money(value, currency)
    return text if text.startswith(MINUS) else f"+{text}"


def _value(value: Any) -> str:
    return NOTHING if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)
