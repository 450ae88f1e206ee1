"""The suite of 32: what went wrong in other backtesters, asked of this one and of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.simulation.honest.outcome import Outcome


def honest(
    row: Annotated[list[int] | None, typer.Option("--row", min=1, max=32, help="This row alone; may be given again.")] = None,
    peers: Annotated[bool, typer.Option("--peers", help="Ask skfolio, vectorbt, bt, cvxportfolio too, if installed.")] = False,
    as_json: Json = False,
) -> Shown:
    """Faults that other backtesters had, row by row: whether this one has them. Ends with 1 where a row fails."""
    from portopt.doors.commands.progress import working

    with working("ask the 32 rows"):
        document = honest_document(frozenset(row or ()), peers=peers)
    return Shown(document, lambda console: _print(document, console), exit_code=0 if document["failed"] == 0 else 1)


def honest_document(wanted: frozenset[int] = frozenset(), *, peers: bool = False) -> dict[str, Any]:
    """Rows with what came of each, and of each peer where they are asked."""
    from portopt.simulation.honest.peers import PEERS, asked_of
    from portopt.simulation.honest.rows import asked

    others = {peer: dict(asked_of(peer, wanted)) for peer in PEERS} if peers else {}
    rows = [
        {
            "number": row.number,
            "happened_in": row.happened_in,
            "fault": row.fault,
            "holds": row.holds,
            **_told(outcome),
            "peers": {peer: _told(found[row.number]) for peer, found in others.items()},
        }
        for row, outcome in asked(wanted)
    ]
    failed = sum(row["outcome"] == "fail" for row in rows)
    return {"kind": "honest", "rows": rows, "passed": len(rows) - failed, "failed": failed}


def _told(outcome: Outcome) -> dict[str, str]:
    return {"outcome": outcome.word, "found": outcome.found}


def _print(document: dict[str, Any], console: Console) -> None:
    for row in document["rows"]:
        _line(console, f"{row['number']:>2}  {row['outcome']:<4}", f"{row['holds']} ({row['happened_in']})", row["found"])
        for peer, told in row["peers"].items():
            if told["outcome"] in ("pass", "fail"):
                _line(console, f"    {told['outcome']:<4}", peer, told["found"])
    console.print(f"{document['passed']} of {len(document['rows'])} rows hold.", markup=False)
    for peer, word in _silent(document["rows"]).items():
        console.print(f"{peer}: {word}", markup=False)


def _line(console: Console, word: str, what: str, found: str) -> None:
    console.print(f"{word}  {what}", markup=False, highlight=False, style=None if "pass" in word else "bold red")
    console.print(f"          {found}", markup=False, highlight=False, style="dim")


def _silent(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """In words, how much each peer could not be asked."""
    found = {}
    for peer in rows[0]["peers"] if rows else ():
        words = [row["peers"][peer]["outcome"] for row in rows]
        missing = words.count("not installed") == len(words)
        found[peer] = "not installed" if missing else f"{words.count('cannot be asked')} of {len(words)} rows cannot be asked"
    return found
