"""The document in a terminal: the proposal, the figures, the verdict; and problems with what would fix them.

Whatever a user or a data source named goes in as Text, never as markup: a portfolio called `[red]` is printed as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from portopt.document import signed
from portopt.document.figure_words import figure_texts, what_errors_are
from portopt.document.formats import NOTHING, bps, count, listed, money, percent, scientific, shares
from portopt.reports.notebook import html_summary
from portopt.reports.tables import (
    limit_prices_table,
    lots_table,
    print_doctor,
    print_frontier,
    print_pack_difference,
    print_runs,
    table_of,
)

__all__ = [
    "html_summary",
    "print_doctor",
    "print_explanation",
    "print_frontier",
    "print_pack_difference",
    "print_problem",
    "print_rebalance",
    "print_runs",
]

# Below this width the reasons go under the table instead of into a column of two words a line.
WIDE_ENOUGH_FOR_WHY = 108
WIDE_ENOUGH_FOR_ERRORS = 90  # below it only the change is told with its error
ROWS_SHOWN = 40


def print_rebalance(document: Mapping[str, Any], console: Console, *, report_path: str | None = None) -> None:
    """The whole proposal: verdict, trades and positions with their reasons, figures, limits' prices, certificate."""
    console.print(_heading(document))
    parts: list[RenderableType] = [_proposal(document, console.width)]
    if console.width < WIDE_ENOUGH_FOR_WHY and document["trades"]:
        parts.append(_reasons(document))
    parts.append(_figures(document, console.width))
    if legend := what_errors_are(document.get("errors")):
        parts.append(Text(legend, style="dim"))
    if (document.get("taxes") or {}).get("lots"):
        parts.append(lots_table(document["taxes"], document["currency"]))
    if document["limit_prices"]:
        parts.append(limit_prices_table(document["limit_prices"]))
    for part in parts:
        console.print(Padding(part, (1, 0, 0, 0)))
    console.print(_verdict(document))
    console.print(_provenance(document))
    if report_path:
        # Never folded: a path is there to be copied.
        console.print(Text(f"report {report_path}", style="bold"), soft_wrap=True)
    else:
        console.print(
            Text(f"The report could not be written; `portopt report {document['run_id']}` writes it.", style="yellow")
        )


def print_problem(problem: Mapping[str, Any], console: Console) -> None:
    """An error or an infeasible request: what was asked, what was measured, what would fix it."""
    infeasible = problem.get("code") == "infeasible"
    title = Text(str(problem.get("title", "Something went wrong")), style="bold yellow" if infeasible else "bold red")
    title.append(f"  {problem.get('code', '')}", style="not bold dim")
    console.print(Group(title, Text(str(problem.get("detail", "")))))
    asked = problem.get("asked") or {}
    if asked.get("field") and not infeasible:
        console.print(_labelled("Asked", Text(f"{asked['field']} = {_short(asked.get('value'))}")))
    measured = dict(problem.get("measured") or {})
    if infeasible:
        _print_conflicts(measured, console)
    elif measured:
        facts = [f"{key.replace('_', ' ')}: {_short(value)}" for key, value in measured.items()]
        console.print(_labelled("Found", _bullets(facts)))
    fixes = [str(fix) for fix in problem.get("fixes") or ()]
    if fixes:
        label = "Fixes (each was solved again and holds)" if infeasible else "Fix" if len(fixes) == 1 else "Fixes"
        console.print(_labelled(label, _bullets(fixes)))


def print_explanation(explanation: Mapping[str, Any], console: Console) -> None:
    """Why each trade, what each binding limit costs, what gave way. A run without a document tells its problem."""
    console.print(Text(f"{explanation['run_id']}  {explanation['status']}", style="bold"))
    if explanation.get("problem"):
        print_problem(explanation["problem"], console)
        return
    verdict, chosen = explanation["verdict"], explanation.get("chosen_from")
    missing = [left["sentence"] for left in explanation.get("left_out", ())]
    how = [] if chosen is None else [chosen["sentence"]]
    for sentence in (verdict["title"], *how, *verdict["concessions"], *verdict["sentences"], *missing):
        console.print(Text(sentence))
    table = table_of("Asset", "", "Weight", left=2, title="Why each position")
    table.add_column("Why", ratio=1)
    for row in explanation["proposal"]:
        if row["side"] or row["weight_before"] or row["weight_after"]:
            side = {"buy": "green", "sell": "red"}.get(row["side"] or "", "dim")
            moved = f"{percent(row['weight_before'], 1)} → {percent(row['weight_after'], 1)}"
            table.add_row(Text(row["asset_id"]), Text(row["side"] or "keep", style=side), moved, Text(row["why"]))
    console.print(table)
    if explanation.get("limit_prices"):
        console.print(limit_prices_table(explanation["limit_prices"]))


def _print_conflicts(measured: Mapping[str, Any], console: Console) -> None:
    words = measured.get("limits") or {}
    if words:
        console.print(_labelled("Asked", _bullets([f"{kind}: {text}" for kind, text in words.items()])))
    conflicts = measured.get("conflicts") or []
    if conflicts:
        complete = measured.get("all_conflicts_found", False)
        label = f"{count(len(conflicts), 'conflict')}, {'that is all of them' if complete else 'perhaps not all'}"
        console.print(_labelled(label, _bullets([f"{listed(list(c['limits']))}: {c['reason']}" for c in conflicts])))
    alone = list(measured.get("insufficient_alone") or ())
    if alone:
        helps = "does not help" if len(alone) == 1 else "does not help, for any one of them"
        console.print(_labelled("Not enough", Text(f"opening {listed(alone)} alone {helps}")))


def _heading(document: Mapping[str, Any]) -> RenderableType:
    head = document["headline"]
    title = Text(document["verdict"]["title"], style="bold")
    policy = document["policy"]
    flow = document.get("cash_flow")
    worth = money(head["portfolio_value"], document["currency"]) + (f" {flow['sentence']}" if flow else "")
    parts = (document["portfolio_id"], worth, document["as_of"], policy["name"])
    return Padding(Group(title, Text(" · ".join(str(part) for part in parts), style="dim")), (1, 0, 0, 0))


def _proposal(document: Mapping[str, Any], width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("Asset", no_wrap=True, overflow="ellipsis", max_width=14)
    for heading in ("Now", "Proposed", "Shares", "Value", "Cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    with_why = width >= WIDE_ENOUGH_FOR_WHY
    if with_why:
        table.add_column("Why", overflow="fold", ratio=1)
    rows = [row for row in document["proposal"] if row["side"] or row["weight_before"] or row["weight_after"]]
    traded, kept = [row for row in rows if row["side"]], [row for row in rows if not row["side"]]
    shown = [*traded[:ROWS_SHOWN], *kept[: max(ROWS_SHOWN - len(traded), 0)]]
    for row in rows:
        if row in shown:
            cells = _proposal_cells(row, document["currency"])
            table.add_row(*cells, *([Text(row["why"])] if with_why else []), style="" if row["side"] else "dim")
    if len(rows) > len(shown):
        table.caption = Text(f"and {count(len(rows) - len(shown), 'more line', 'more lines')} in the report")
    return table


def _proposal_cells(row: Mapping[str, Any], currency: str) -> list[Text]:
    style = {"buy": "green", "sell": "red"}.get(row["side"] or "", "")
    value = NOTHING if row["value"] is None else money(row["value"], currency)
    return [
        Text(row["asset_id"], style="bold" if row["side"] else ""),
        Text(percent(row["weight_before"])),
        Text(percent(row["weight_after"])),
        Text(shares(row["shares_change"], signed=True) if row["side"] else NOTHING, style=style),
        Text(value),
        Text(NOTHING if row["cost"] is None else money(row["cost"], currency)),
    ]


def _reasons(document: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, title=Text("Why", style="bold"), title_justify="left")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=14)
    table.add_column(ratio=1)
    for trade in document["trades"][:ROWS_SHOWN]:
        table.add_row(Text(trade["asset_id"], style="bold"), Text(trade["why"]))
    return table


def _figures(document: Mapping[str, Any], width: int) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("")
    for heading in ("Now", "Proposed", "Change"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in document["figures"]:
        if row["before"] is None and row["after"] is None:
            continue
        table.add_row(row["label"], *(Text(text) for text in figure_texts(row, errors=width >= WIDE_ENOUGH_FOR_ERRORS)))
    head = document["headline"]
    table.add_row("Turnover, one-way", "", percent(head["turnover"]), "")
    cost = Text(f"{money(head['total_cost'], document['currency'])}")
    table.add_row("Estimated cost", "", cost, Text(bps(head["cost_bps"]), style="dim"))
    return table


def _verdict(document: Mapping[str, Any]) -> RenderableType:
    paper = document["certificate"]
    told = signed.stamp(document)
    stamp = Text(f"✓ {told}" if told == "certified" else f"✗ {told}", style="bold green" if told == "certified" else "bold red")
    if signed.orders_of(document):
        words = f"  the orders: {signed.limits_in_words(document)} · {signed.gap_in_words(document)}"
        stamp.append(words, style="not bold default")
    optimum = Text(
        f"  the optimum: worst violation {scientific(paper['worst_violation'])} · relative gap"
        f" {scientific(paper['relative_gap'])} · stationarity {scientific(paper['stationarity'])}",
        style="dim",
    )
    said = [sentence for sentence in document["verdict"]["sentences"] if not sentence.startswith("Certified")]
    gave = [Text(sentence, style="yellow") for sentence in document["verdict"]["concessions"]]
    missing = [Text(left["sentence"], style="yellow") for left in document.get("left_out", ())]
    notes = [Text(f"note: {note}", style="dim") for note in document.get("notes", ())]
    return Padding(Group(stamp, optimum, *gave, *(Text(sentence) for sentence in said), *missing, *notes), (1, 0, 0, 0))


def _provenance(document: Mapping[str, Any]) -> RenderableType:
    lines = [f"run {document['run_id']}", f"pack {document['pricing_pack']['id']}"]
    return Text(" · ".join(lines), style="dim")


def _labelled(label: str, body: RenderableType) -> RenderableType:
    return Padding(Group(Text(label, style="bold"), Padding(body, (0, 0, 0, 2))), (1, 0, 0, 0))


def _bullets(lines: list[str]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(ratio=1)
    for line in lines:
        table.add_row("•", Text(line))
    return table


def _short(value: Any, most: int = 300) -> str:
    """A value as it was written, cut where it would fill the screen."""
    text = ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else f"{value!r}"
    return text if len(text) <= most else text[: most - 1] + "…"
