"""Frontier, explanation, runs, health and differences in a terminal, each from plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from portopt.document.formats import (
    NOTHING,
    count,
    decimal,
    listed,
    measure,
    money,
    percent,
    points,
    shares,
)
from portopt.document.prices import left_to_draw, step_in_words, told, worth_in_words
from portopt.reports.first_lines import of_frontier

STATUS_STYLES = {"completed": "green", "infeasible": "yellow", "failed": "red", "awaiting_approval": "cyan"}
SAYS_MORE = ("held", "expired", "changes_requested", "rejected")
PRICES_SHOWN = 20
LOTS_SHOWN = 20
WIDE_ENOUGH_FOR_MONEY = 110  # below it a list of runs tells no value, no cost and no policy


def table_of(*headings: str, left: int = 1, title: str | None = None) -> Table:
    """A quiet table: the first `left` columns are words, the rest numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, title_justify="left")
    table.title = None if title is None else Text(title, style="bold")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i < left else "right", overflow="fold")
    return table


def limit_prices_table(prices: Sequence[Mapping[str, Any]]) -> Table:
    """Binding limits, the dearest first."""
    table = table_of("Binding limit", "Stands at", "Worth", "for", left=1)
    for price in prices[:PRICES_SHOWN]:
        name = f"{price['limit']} {price['member']}".strip()
        side = "at most" if price["side"] == "upper" else "at least"
        stands = f"{side} {measure(price['bound'], price['unit'])}"
        table.add_row(Text(name), stands, worth_in_words(price), step_in_words(price["step"], price["unit"]))
    more = f"and {len(prices) - PRICES_SHOWN:,} more. " if len(prices) > PRICES_SHOWN else ""
    table.caption, table.caption_justify = Text(more + told(prices)), "left"
    return table


def lots_table(taxes: Mapping[str, Any], currency: str) -> Table:
    """The lots that are sold, each with its gain and why it goes."""
    table = table_of("Lot", "Bought", "Shares", "Proceeds", "Gain", "", left=2)
    for lot in taxes["lots"][:LOTS_SHOWN]:
        gain = "unknown" if lot["cost_per_share"] is None else money(lot["gain"], currency)
        term = "" if taxes["rules"]["pooled"] else lot["term"]
        name = f"{lot['asset_id']} {lot['lot_id']}"
        table.add_row(Text(name), lot["acquired_on"] or "unknown", lot["shares"], money(lot["proceeds"], currency), gain, term)
    more = len(taxes["lots"]) - LOTS_SHOWN
    table.caption = Text(f"and {more:,} more. " if more > 0 else "")
    return table


def print_frontier(frontier: Mapping[str, Any], console: Console) -> None:
    """Points of the efficient frontier with their largest weights, then the portfolios to compare with."""
    measure = frontier.get("risk_measure", "volatility")
    usual = measure.startswith("volatility")
    title = f"Efficient frontier of {frontier['portfolio_id']}" + ("" if usual else f", risk: {measure}")
    table = table_of("", "Risk", "Return", "Sharpe" if usual else "Ratio", left=1, title=title)
    table.add_column("Largest weights", ratio=1)
    for i, point in enumerate(frontier["efficient_frontier"], start=1):
        table.add_row(str(i), *_frontier_cells(point))
    table.add_section()
    named = ("current", "min_risk", "optimal", "max_return")
    for name in named:
        if point := frontier.get(f"{name}_portfolio"):
            table.add_row(Text(name.replace("_", " "), style="bold"), *_frontier_cells(point))
    console.print(Text(of_frontier(frontier)))
    console.print(table)
    if frontier.get("without"):
        console.print(Text(left_to_draw(frontier["without"]), style="yellow"))


def _frontier_cells(point: Mapping[str, Any]) -> list[Text]:
    weights = sorted((point.get("weights") or {}).items(), key=lambda item: (-abs(item[1]), item[0]))
    largest = ", ".join(f"{asset} {percent(w, 1)}" for asset, w in weights[:4] if abs(w) > 5e-4)
    ratio = point.get("ratio", point["sharpe"])
    return [Text(percent(point["risk"])), Text(percent(point["return"])), Text(decimal(ratio, 3)), Text(largest)]


def print_runs(runs: Sequence[Mapping[str, Any]], console: Console, asked: str = "") -> None:
    """The newest runs, a line each; below them why those that have no proposal ended. Money is told where there is room.

    asked: which runs were asked for, in words, where not all.
    """
    if not runs:
        nothing = f"No run here is of {asked}." if asked else "No runs yet. `portopt rebalance` makes the first."
        console.print(Text(nothing))
        return
    wide = console.width >= WIDE_ENOUGH_FOR_MONEY
    heads = ("Run", "Portfolio", "Status", "As of", "Trades", "Turnover", *(("Value", "Cost", "Policy") if wide else ()))
    table = table_of(*heads, left=4)
    table.collapse_padding = True  # nine columns in the width of a page
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    for run in runs:
        status = Text(_stands(run), style=STATUS_STYLES.get(run["status"], ""))
        told = [NOTHING if run.get("trades") is None else f"{run['trades']:,}", percent(run.get("turnover"), 1)]
        more = [_amount(run.get("portfolio_value")), _amount(run.get("total_cost")), Text(run.get("policy") or NOTHING)]
        table.add_row(Text(run["run_id"]), Text(run["portfolio_id"]), status, run["as_of"], *told, *(more if wide else ()))
    console.print(table)
    for run in runs:
        if problem := run.get("problem"):
            console.print(Text.assemble((run["run_id"], "bold"), f"  {problem['title']}: {problem['detail']}"))


def _stands(run: Mapping[str, Any]) -> str:
    """Its status; of a proposal that people decide about, how that stands where it says more."""
    approval = run.get("approval") or {}
    state = approval.get("state")
    if state == "held":
        return f"held until {approval['held_until'][:16].replace('T', ' ')}"
    return str(state if state in SAYS_MORE else run["status"]).replace("_", " ")


def print_approvals(approvals: Sequence[Mapping[str, Any]], console: Console) -> None:
    """What waits for a person, and under the table why some of it needs a reason."""
    if not approvals:
        console.print(Text("Nothing waits for a person."))
        return
    table = table_of("Run", "Portfolio", "Stands", "Until", "By", "To trade", "Cost", left=5)
    table.columns[0].no_wrap = True
    for line in approvals:
        approval = line["approval"]
        until = NOTHING if approval["expires_at"] is None else approval["expires_at"][:16].replace("T", " ")
        told = [Text(line["portfolio_id"]), Text(_stands({**line, "status": "awaiting"})), until]
        by = Text(listed(line["proposed_by"]) or NOTHING)
        table.add_row(Text(line["run_id"]), *told, by, _amount(line["value_to_trade"]), _amount(line["total_cost"]))
    console.print(table)
    for line in approvals:
        for departure in line["approval"]["departures"]:
            console.print(Text.assemble((line["run_id"], "bold"), f"  needs a reason: {departure['said']}"))


def _amount(value: str | None) -> str:
    """In the portfolio's own currency; a line has no room for that, nor for cents."""
    return NOTHING if value is None else f"{float(value):,.0f}"


def print_doctor(health: Mapping[str, Any], console: Console) -> None:
    """Every check with what it measured, and what to do about those that failed."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for check in health["checks"]:
        mark = Text("✓", style="green") if check["ok"] else Text("✗", style="bold red")
        detail = Text(str(check["detail"]))
        if check.get("fix"):
            detail.append(f"\n→ {check['fix']}", style="bold")
        table.add_row(mark, Text(check["name"]), detail)
    console.print(table)
    failed = sum(not check["ok"] for check in health["checks"])
    last = "Everything works." if health["ok"] else f"{count(failed, 'check')} failed."
    console.print(Text(last, style="bold green" if health["ok"] else "bold red"))


def print_pack_difference(difference: Mapping[str, Any], console: Console) -> None:
    """What changed in the prices, and, where both sides have a run, in the decision."""
    data = difference["data"]
    console.print(Text(f"{difference['a']} → {difference['b']}", style="bold"))
    for label, key in (("assets", "assets_added"), ("dates", "dates_added")):
        added, removed = data[key], data[key.replace("added", "removed")]
        if added or removed:
            words = [f"{len(added)} added ({listed(list(added))})"] if added else []
            words += [f"{len(removed)} removed ({listed(list(removed))})"] if removed else []
            console.print(Text(f"{label}: {'; '.join(words)}"))
    changed = data["prices_changed_count"]
    console.print(Text("no price changed" if not changed else f"{count(changed, 'price')} changed"))
    if changed:
        table = table_of("Asset", "Date", "Before", "After", "Change", left=2)
        for asset, day, old, new in data["prices_changed"][:PRICES_SHOWN]:
            table.add_row(Text(asset), str(day), decimal(old, 4), decimal(new, 4), _relative(old, new))
        console.print(table)
    if difference.get("decision"):
        _print_decision(difference["decision"], console)


def _relative(old: float | None, new: float | None) -> str:
    return NOTHING if not old or new is None else f"{decimal(100 * (new / old - 1), 2, signed=True)} %"


def _print_decision(decision: Mapping[str, Any], console: Console) -> None:
    console.print(Text(decision["sentence"], style="bold"))
    if decision["weights"]:
        table = table_of("Asset", "Weight before", "after", "Change")
        for row in decision["weights"][:PRICES_SHOWN]:
            table.add_row(Text(row["asset_id"]), percent(row["a"]), percent(row["b"]), points(row["change"]))
        console.print(table)
    if decision["trades"]:
        table = table_of("Order", "Shares before", "after")
        for row in decision["trades"][:PRICES_SHOWN]:
            sides = [NOTHING if row[side] is None else shares(row[side], signed=True) for side in ("a", "b")]
            table.add_row(Text(row["asset_id"]), *sides)
        console.print(table)
