"""The proof of a backtest, done again by whoever has its document and its prices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words


def prove(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="What `portopt backtest --prove --json` printed.")],
    prices: Annotated[str, typer.Option(help="The same prices: a file, a folder, or `sample`.")],
    actions: Annotated[Path | None, typer.Option(help="The same corporate actions, where there were any.")] = None,
    members: Annotated[Path | None, typer.Option(help="The same memberships, where there were any.")] = None,
    as_json: Json = False,
) -> Shown:
    """Do a backtest's proof again: the same seed on the same prices gives the same digest, and no decision may change."""
    from portopt.domain.canonical import plain
    from portopt.doors.backtest_files import read_beside
    from portopt.doors.commands.documents import read_document
    from portopt.doors.commands.progress import working
    from portopt.questions.prove_again import prove_again
    from portopt.runtime import runtime

    beside = read_beside(actions=actions, members=members)
    told = read_document(document, "document")
    market = runtime().market("sample" if prices == "sample" else f"files:{prices}")
    given = {name: beside[name] for name in ("actions", "members") if name in beside}
    with working("prove") as progress:
        found = plain(prove_again(told, market, **given, progress=progress.count))
    return Shown(found, words(*_sentences(found)), exit_code=0 if found["same"] and found["again"]["holds"] else 1)


def _sentences(found: dict[str, Any]) -> list[str]:
    again = found["again"]
    if not found["same_prices"]:
        return [f"different: these are not the prices that {found['run_id']} rests on"]
    if not found["same"]:
        return [f"different: {found['stored']['digest']} stands in the document, {again['digest']} comes out"]
    holds = "no decision saw what came after it" if again["holds"] else f"{len(again['changed'])} decisions looked ahead"
    return [f"same: {holds}; {again['decisions']} decisions, seed {again['seed']}, digest {again['digest']}"]
