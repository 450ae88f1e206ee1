"""The gate of a roll-out: what the last release answered, answered again by this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console


def record_requests(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the archives go, one a run.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, of as many policies as there are.")] = 50,
    as_json: Json = False,
) -> Shown:
    """Put the newest rebalances of this store into archives that another release can answer again, without this store."""
    from portopt.runs.recorded import record
    from portopt.runtime import runtime

    runs = record(runtime(), folder, limit)
    return Shown({"recorded": str(folder), "runs": runs}, words(f"{len(runs)} runs recorded in {folder}"))


def replay_gate(
    folder: Annotated[Path, typer.Argument(metavar="RECORDED", help="What `portopt record-requests` wrote.")],
    allow: Annotated[
        list[str] | None, typer.Option("--allow", metavar="FIELD", help="A field that may differ, such as versions[].numpy.")
    ] = None,
    as_json: Json = False,
) -> Shown:
    """Answer recorded requests by this code: 0 for the same bytes, or changes in allowed fields alone; else 1."""
    from portopt.doors.commands.progress import working
    from portopt.runs.recorded import document_of, gate, is_open

    with working("replay gate"):
        made_by, answered = gate(folder)
    document = document_of(folder, made_by, answered) | {"allowed": sorted(allow or ())}
    document["open"] = is_open(answered, allow or ())

    def say(console: Console) -> None:
        for line in _lines(document):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Shown(document, say, exit_code=0 if document["open"] else 1)


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    said = f"{document['same']} of {document['runs']} give the same bytes"
    told = f"{said}, {document['changed']} changed, {len(document['refused'])} refused"
    yield f"{'open' if document['open'] else 'closed'}: {told}"
    for line in document["fields"]:
        example = line["example"]
        yield f"  {line['field']}: {line['times']} times, as in {example['run_id']}: {example['a']!r} is now {example['b']!r}"
    for refused in document["refused"]:
        yield f"  {refused['run_id']}: {refused['problem']['detail']}"
    apart = {name for name, value in document["made_by"].items() if document["answered_by"].get(name) != value}
    for name in sorted(apart) if document["changed"] or document["refused"] else ():
        yield f"  {name}: {document['made_by'][name]} answered first, {document['answered_by'].get(name)} now"
