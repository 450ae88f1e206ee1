"""`portopt approvals`, and the decisions: what waits for a person, and what a person makes of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console

RUN = typer.Argument(metavar="RUN", help="A proposal's id (`portopt approvals` lists those that wait).")
REASON = typer.Option(help="Why, as one word: client_instruction, risk_view, liquidity, tax, data_error, …, other.")
NOTE = typer.Option(help="Why, in words; kept in the ledger.")
SEEN = typer.Option(help="The version of the holdings that was looked at; another one is refused.")


def approve(
    run: Annotated[str, RUN],
    reason: Annotated[str | None, REASON] = None,
    note: Annotated[str, NOTE] = "",
    holdings_version: Annotated[int | None, SEEN] = None,
    as_json: Json = False,
) -> Shown:
    """Release the event of a proposal that awaited a person."""
    return _decided(run, "approve", reason, note, seen=holdings_version)


def reject(
    run: Annotated[str, RUN],
    note: Annotated[str, NOTE] = "",
    reason: Annotated[str | None, REASON] = None,
    as_json: Json = False,
) -> Shown:
    """Say no to a proposal: it ends, and nothing is released."""
    return _decided(run, "reject", reason, note)


def request_changes(
    run: Annotated[str, RUN],
    note: Annotated[str, typer.Option(help="What is wanted; kept in the ledger.")],
    reason: Annotated[str | None, REASON] = None,
    as_json: Json = False,
) -> Shown:
    """Want a proposal changed: it is not approved as it is, and a newer one takes its place."""
    return _decided(run, "request_changes", reason, note)


def hold(
    run: Annotated[str, RUN],
    until: Annotated[
        str | None, typer.Option(help="Nobody approves it before this instant (UTC), or for so long from now: 2d, 12h.")
    ] = None,
    release: Annotated[bool, typer.Option("--release", help="Instead: lift the hold that there is.")] = False,
    note: Annotated[str, NOTE] = "",
    reason: Annotated[str | None, REASON] = None,
    as_json: Json = False,
) -> Shown:
    """Keep anybody from approving a proposal for a while; its time stands still meanwhile."""
    from portopt.domain.errors import MissingInput

    if release == (until is not None):
        fixes = ["portopt hold RUN --until 12h", "portopt hold RUN --release"]
        raise MissingInput("a hold is given an instant with --until, or lifted with --release", field="--until", fixes=fixes)
    if release:
        return _decided(run, "release_hold", reason, note)
    return _decided(run, "hold", reason, note, until=_ahead(str(until)))


def _ahead(given: str) -> datetime:
    """An instant, or a span from now. Raises InvalidValue."""
    from portopt.doors.commands.figures import SPANS, moment

    now = datetime.now(UTC)
    at = moment("--until", given, now)  # a span is told backwards there
    return now + (now - at) if given.endswith(tuple(SPANS)) else at


def _decided(run: str, decision: str, reason: str | None, note: str, **more: Any) -> Shown:
    from portopt.domain.approval import Said
    from portopt.runs import decisions, history
    from portopt.runtime import runtime

    record = decisions.decide(run, decision, runtime(), said=Said(reason, note), **more)
    line = history.run_line(record, runtime())
    return Shown(line, words(f"{record.run_id} is {_stands(line)}"))


def _stands(line: dict[str, Any]) -> str:
    """Its status; where people decide, how that stands."""
    approval = line["approval"]
    if approval is None or approval["state"] in ("approved", "superseded", "cancelled"):
        return str(line["status"])
    until = f" until {approval['held_until']}" if approval["state"] == "held" else ""
    more = approval["approvers"] - len(approval["approved_by"])
    others = f", for {more} more to approve" if approval["approved_by"] and approval["state"] == "awaiting" else ""
    return f"{approval['state'].replace('_', ' ')}{until}{others}"


def approvals(
    portfolio_id: Annotated[str | None, typer.Option(help="Only this portfolio's.")] = None,
    state: Annotated[str | None, typer.Option(help="Only awaiting, or only held.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest first.")] = 50,
    cursor: Annotated[str | None, typer.Option(metavar="RUN", help="The page after this run, the last one of a page.")] = None,
    as_json: Json = False,
) -> Shown:
    """What waits for a person: whose it is, what is traded, what it costs, until when, and whether it needs a reason."""
    from portopt.dialects.reading import one_of
    from portopt.domain.approval import OPEN, ApprovalState
    from portopt.runs import approvals as waiting
    from portopt.runs import history
    from portopt.runs.approval_told import iso
    from portopt.runtime import runtime

    states = OPEN if state is None else (ApprovalState(one_of(state, "--state", [s.value for s in OPEN])),)
    if cursor is not None:
        history.run_record(cursor, runtime(), verified=False)
    records = waiting.waiting(runtime(), states=states, portfolio_id=portfolio_id, after=cursor, limit=limit)
    found = [waiting.line(record, runtime(), iso) for record in records]

    def say(console: Console) -> None:
        from portopt.reports.tables import print_approvals

        print_approvals(found, console)
        if len(found) == limit:
            console.print(f"the next ones: --cursor {found[-1]['run_id']}", markup=False, style="dim")

    return Shown(found, say)
