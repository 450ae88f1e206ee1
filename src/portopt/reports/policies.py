"""Versions of a policy, and what a changed one would have done, in a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from portopt.document.formats import NOTHING, bps, percent
from portopt.reports.columns import table

if TYPE_CHECKING:
    from rich.console import Console


def print_versions(document: Mapping[str, Any], console: Console) -> None:
    for version in document["versions"]:
        console.print(version["method_version"], style="bold", markup=False, highlight=False)
        for row in version["changes"] or ():
            console.print(f"  {_change(row)}", markup=False, highlight=False)


def print_preview(document: Mapping[str, Any], console: Console) -> None:
    """What is new, a row a proposal, and why there is none where there is none."""
    for row in document["changes"] or ():
        console.print(_change(row), markup=False, highlight=False)
    console.print(document["sentence"], markup=False, highlight=False)
    if document["proposals"]:
        titles = ["Proposal", "Moved", "Turnover", "", "Cost", "", "Volatility", "", "Begins to bind"]
        table(console, titles, [_row(one) for one in document["proposals"]])
    for one in document["proposals"]:
        if one["problem"] is not None:
            console.print(f"{one['run_id']}: {one['problem']['detail']}", markup=False, style="yellow")
            for fix in one["problem"].get("fixes") or ():
                console.print(f"  {fix}", markup=False)
    for note in document["notes"]:
        console.print(note, markup=False, style="dim")


def _row(one: Mapping[str, Any]) -> list[str]:
    stands, after = one["stands"], one["after"] or {}
    cost = [bps(1e4 * stands["cost"]), bps(1e4 * after["cost"]) if after else NOTHING]
    return [
        one["run_id"], percent(one["moved"]), percent(stands["turnover"]), percent(after.get("turnover")), *cost,
        percent(stands["volatility"]), percent(after.get("volatility")), ", ".join(one["binding"]["began"]) or NOTHING,
    ]  # fmt: skip


def _change(row: Mapping[str, Any]) -> str:
    """`limits.max_weight: 0.6 → 0.5`"""
    return f"{row['path']}: {json.dumps(row['a'])} → {json.dumps(row['b'])}"
