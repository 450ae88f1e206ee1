"""API keys of the service: made, listed, revoked. A key itself is shown once, when it is made; the store has its hash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.access import Principal

app = typer.Typer(help="API keys of the service: create, list, revoke.", no_args_is_help=True, rich_markup_mode=None)
LONGEST_NAME = 200
SUBJECT = typer.Option(help="Who will ask with it; decisions are recorded under this name.")
SCOPE = typer.Option(metavar="SCOPE", help="What it opens, as often as needed: ask, read, propose, import, approve, admin.")
PORTFOLIO = typer.Option(metavar="ID", help="A portfolio that it may see, as often as needed.")
ALL = typer.Option("--all-portfolios", help="It may see every portfolio, those to come too.")


@app.command()
def create(
    subject: Annotated[str, SUBJECT],
    scope: Annotated[list[str], SCOPE],
    portfolio: Annotated[list[str] | None, PORTFOLIO] = None,
    all_portfolios: Annotated[bool, ALL] = False,
    note: Annotated[str, typer.Option(help="What it is for; kept beside it.")] = "",
    as_json: Json = False,
) -> Shown:
    """Make a key and show it, this once."""
    from portopt.runtime import runtime

    who = principal(subject, scope, portfolio or (), all_portfolios=all_portfolios)
    key_id, key = runtime().keys.create(who, _note(note))
    told = {"key_id": key_id, "key": key, **_told(who), "note": note}
    return Shown(told, words(f"{key_id}  {_seen(told)}", key, "Keep it now: it is not shown again."))


@app.command(name="list")
def list_keys(as_json: Json = False) -> Shown:
    """Every key, without what it is."""
    from portopt.runtime import runtime

    found = [dict(row) for row in runtime().keys.list()]

    def say(console: Console) -> None:
        for row in found:
            ended = f"  revoked {row['revoked_at']:%Y-%m-%d %H:%M}" if row["revoked_at"] is not None else ""
            words(f"{row['id']}  {_seen(row)}{ended}")(console)
        if not found:
            words("No keys yet. `portopt keys create` makes one.")(console)

    return Shown(found, say)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="KEY", help="A key's id, as `portopt keys list` shows it.")],
           as_json: Json = False) -> Shown:  # fmt: skip
    """End a key: within seconds nobody comes in with it."""
    from portopt.domain.errors import UnknownThing
    from portopt.runtime import runtime

    if not runtime().keys.revoke(key_id):
        raise UnknownThing("key that is not revoked", key_id, field="key", fixes=["`portopt keys list` shows them"])
    return Shown({"key_id": key_id, "revoked": True}, words(f"{key_id} is revoked"))


def principal(subject: str, scopes: Sequence[str], portfolios: Sequence[str], *, all_portfolios: bool) -> Principal:
    """Raises InvalidValue for a name or a scope that is none, or for portfolios named beside all of them."""
    from portopt.domain.access import SCOPES, Principal
    from portopt.domain.errors import InvalidValue

    if not subject.isprintable() or not 0 < len(subject.strip()) <= LONGEST_NAME:
        raise InvalidValue("--subject", subject[:LONGEST_NAME], f"is no name: 1 to {LONGEST_NAME} printable characters")
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidValue("--scope", scope, f"is no scope; there are {', '.join(SCOPES)}")
    if portfolios and all_portfolios:
        raise InvalidValue("--portfolio", portfolios[0], "stands beside --all-portfolios", fix="leave one of them out")
    return Principal(subject.strip(), frozenset(scopes), None if all_portfolios else frozenset(portfolios))


def _note(note: str) -> str:
    from portopt.domain.errors import InvalidValue

    if not note.isprintable() or len(note) > LONGEST_NAME:
        raise InvalidValue("--note", note[:LONGEST_NAME], f"is no note: up to {LONGEST_NAME} printable characters")
    return note


def _told(who: Principal) -> dict[str, Any]:
    seen = None if who.portfolios is None else sorted(who.portfolios)
    return {"subject": who.subject, "scopes": sorted(who.scopes), "portfolios": seen}


def _seen(row: Mapping[str, Any]) -> str:
    """Whose key it is and what it opens, in a line."""
    portfolios = "every portfolio" if row["portfolios"] is None else ", ".join(row["portfolios"]) or "no portfolio"
    return f"{row['subject']}: {', '.join(row['scopes']) or 'nothing'}; {portfolios}"
