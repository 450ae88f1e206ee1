"""A backtest in a terminal: what came of it in one sentence, what it is held against, costs, proof, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from portopt.document.formats import bps, count, decimal, money, percent
from portopt.reports.through_time import words

Row = Mapping[str, Any]
NAMES = {
    "net": "This policy, net",
    "gross": "  before costs",
    "benchmark": "Benchmark",
    "equal_weight": "One part in N",
    "do_nothing": "Bought once",
}
YEARS = (
    ("net", "Net"),
    ("benchmark", "Benchmark"),
    ("active", "Beyond it"),
    ("equal_weight", "One part in N"),
    ("fall", "Fall"),
)
LAST_YEARS = 12
BARS = "▁▂▃▄▅▆▇█"
POINTS = 60
FEW = 5


def print_backtest(document: Row, console: Console, *, report_path: str | None = None) -> None:
    """The summary; whatever a user or a source named goes in as Text, never as markup."""
    for line in _head(document):
        console.print(line)
    console.print(_table(document))
    if len(document.get("yearly") or ()) > 1:
        console.print(_years(document["yearly"]))
    factors = (document.get("attribution") or {}).get("factors")
    if factors:
        console.print(_factors(factors, (document["attribution"].get("expected_factors") or {}).get("parts") or ()))
    for line in _rest(document):
        console.print(line)
    if report_path:
        console.print(Text(f"report {report_path}", style="bold"), soft_wrap=True)


def verdict(document: Row) -> str:
    """One sentence: what the money became, what of it the market did, what it cost."""
    days, currency = document["days"], document["request"]["currency"]
    net = document["summary"]["net"]
    became = f"{money(str(days['net'][0]), currency)} became {money(str(days['net'][-1]), currency)}"
    span = f"from {days['date'][0]} to {days['date'][-1]}"
    if net is None:
        return f"{became} {span}"
    against = _against(document)
    return f"{became} {span}: {percent(net['annual_return'])} a year after costs{against}"


def _against(document: Row) -> str:
    summary, net = document["summary"], document["summary"]["net"]
    name = "benchmark" if summary["benchmark"] is not None else "equal_weight"
    other = summary[name]
    if other is None:
        return ""
    what = "the benchmark" if name == "benchmark" else "one part in N"
    better = net["annual_return"] - other["annual_return"]
    return f", {percent(abs(better))} {'more' if better >= 0 else 'less'} than {what}"


def _head(document: Row) -> Iterator[Text]:
    policy = document["request"]["policy"]
    yield Text(f"{policy.get('name') or policy['id']}  ", style="bold") + Text(document["run_id"], style="dim")
    yield Text(verdict(document))
    yield Text(sparkline(document["days"]["net"]), style="cyan")


def sparkline(values: list[float], points: int = POINTS) -> str:
    """The equity in one line of blocks."""
    step = max(1, -(-len(values) // points))
    shown = [*values[::step], values[-1]]
    low, high = min(shown), max(shown)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((v - low) * scale)] for v in shown)


def _table(document: Row) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    heads = ("", "Return a year", "Volatility", "Sharpe", "Deepest fall", "Worst month")
    for k, name in enumerate(heads):
        table.add_column(name, justify="left" if k == 0 else "right")
    for key, name in NAMES.items():
        figures = document["summary"][key]
        if figures is not None:
            table.add_row(*(Text(cell) for cell in _row(name, figures)))
    return table


def _years(rows: Sequence[Row]) -> Table:
    """The last of them: a row a year, for those that have a history."""
    shown = [(key, name) for key, name in YEARS if any(row[key] is not None for row in rows)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("Year", *(name for _, name in shown)):
        table.add_column(name, justify="right")
    for row in rows[-LAST_YEARS:]:
        cells = ("–" if row[key] is None else percent(row[key], 1) for key, _ in shown)
        table.add_row(str(row["year"]), *cells)
    return table


def _factors(rows: Sequence[Row], expected: Sequence[Row]) -> Table:
    """What each factor brought a year, beside what was to be expected of the books decided."""
    foreseen = {row["name"]: row for row in expected}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for k, name in enumerate(("Factor", "Exposure", "A year", *(("Expected exposure", "a year") if expected else ()))):
        table.add_column(name, justify="left" if k == 0 else "right")
    for row in rows:
        parts = [row, foreseen.get(row["name"], {})] if expected else [row]
        cells = (told for part in parts for told in (decimal(part.get("exposure")), percent(part.get("contribution"), 1)))
        table.add_row(Text(str(row["name"])), *cells)
    return table


def _row(name: str, f: Row) -> list[str]:
    fall = percent(-f["max_drawdown"], 1)
    still_open = f["drawdown"] is not None and f["drawdown"].get("recovered") is None
    return [
        name,
        percent(f["annual_return"]),
        percent(f["volatility"], 1),
        decimal(f["sharpe"]),
        f"{fall}{' (open)' if still_open else ''}",
        percent(f["worst_month"]["value"], 1),
    ]


def _rest(document: Row) -> Iterator[Text]:
    costs, currency = document["costs"], document["request"]["currency"]
    made = [r for r in document["rebalances"] if r["status"] == "decided"]
    yield Text(
        f"{count(len(document['rebalances']), 'decision')}, {count(len(made), 'of them traded', 'of them traded')}, "
        f"{count(len(document['trades']), 'trade')}; costs {money(str(costs['total']), currency)}, "
        f"{bps(costs['bps_a_year'])} a year"
    )
    yield Text("; ".join(document["execution"]["printed"]), style="dim")
    yield from map(Text, words.taxes(document))
    yield from _proof(document)
    universe = "point in time" if document["data"]["point_in_time"] else "one list for the whole history: who left is missing"
    yield Text(f"Universe: {universe}. Prices: {document['data']['adjustment']}, {document['data']['source']}", style="dim")
    for warning in document["warnings"]:
        yield Text(f"! {warning}", style="yellow")
    for failed in (document.get("failures") or ())[:FEW]:
        often = f"{count(failed['count'], 'decision')}, worst on {failed['worst']}" if failed["count"] > 1 else failed["worst"]
        yield Text(f"  {often}: {failed['reason']}", style="yellow")
        for note in failed["notes"]:
            yield Text(f"    {note}", style="yellow")
        for fix in failed["fixes"]:
            let = "" if failed["count"] == 1 else f": lets {fix['lets_through']} of {failed['count']} through"
            yield Text(f"    tried: {fix['after']} ({fix['before']} now){let}", style="yellow")


def _proof(document: Row) -> Iterator[Text]:
    proof = document["proof"]
    if proof is None:
        yield Text("Look-ahead: not put to the proof (--prove)", style="dim")
        return
    if proof["holds"]:
        yield Text(f"No look-ahead: {proof['decisions']} decisions, {proof['how']} (seed {proof['seed']})", style="green")
        return
    yield Text(f"LOOK-AHEAD: {count(len(proof['changed']), 'decision')} changed (seed {proof['seed']})", style="bold red")
    for one in proof["changed"][:FEW]:
        yield Text(f"  {one['date']}: {one['what']}", style="red")
