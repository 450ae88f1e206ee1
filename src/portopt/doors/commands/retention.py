"""What is past its days, from a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

FOR_EVER = "kept for ever"


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and what stays; delete nothing.")] = False,
    as_json: Json = False,
) -> Shown:
    """Delete what is past its days by the settings, and nothing that a decision on record may need again."""
    from datetime import UTC, datetime

    from portopt.doors.commands.progress import working
    from portopt.runs import retention as past
    from portopt.runtime import runtime

    with working("retention"):
        now = datetime.now(UTC)
        found = past.look(runtime(), now) if dry_run else past.carry_out(runtime(), now)
    document = past.document_of(found)

    def say(console: Console) -> None:
        for line in _lines(document):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Shown(document, say)


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    days = "; ".join(f"{kind}: {FOR_EVER if n is None else f'{n:g} days'}" for kind, n in document["days"].items())
    yield f"policy: {days}"
    verb = "deleted" if document["done"] else "would delete"
    for kind, going in document["going"].items():
        size = f", {going['bytes'] / 1e6:.1f} MB" if going["bytes"] else ""
        yield f"{verb} {going['count']:,} {kind}{'s' if going['count'] != 1 else ''}{size}"
    yield from _figures(document["figures"], done=document["done"])
    if not document["going"]:
        yield "nothing is past its days that may go"
    for staying in document["staying"]:
        yield f"kept {staying['count']:,} of {staying['kind']}: {staying['why']} ({staying['example']})"


def _figures(figures: Mapping[str, Any], *, done: bool) -> Iterator[str]:
    if figures["days_archived"]:
        yield f"archived {figures['figures_archived']:,} figures of {figures['days_archived']:,} days"
    for one in figures["thinned"]:
        if one["rows"]:
            span = f"figures until {one['until'][:16].replace('T', ' ')} UTC, one each {one['step_seconds'] / 3600:g} hours"
            yield f"{span}: {one['rows']:,} rows {'deleted' if done else 'would be gone through'}"
