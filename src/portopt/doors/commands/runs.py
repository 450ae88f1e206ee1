"""Questions about what was done: runs, their reasons, their replay, the data they rested on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, words

if TYPE_CHECKING:
    from rich.console import Console

RUN = typer.Argument(metavar="RUN", help="A run's id (`portopt runs` lists them).")
packs = typer.Typer(help="Pricing packs: the immutable data that runs rest on.", no_args_is_help=True, rich_markup_mode=None)


def explain(run: Annotated[str, RUN], as_json: Json = False) -> Shown:
    """Why each trade, what each binding limit costs, and how far the answer can be trusted."""
    from portopt.runs import history
    from portopt.runtime import runtime

    explanation = history.explain(run, runtime())

    def say(console: Console) -> None:
        from portopt.reports.terminal import print_explanation

        print_explanation(explanation, console)

    return Shown(explanation, say)


def report(
    run: Annotated[str, RUN],
    output: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Into this file, not among the reports.")] = None,
    as_json: Json = False,
) -> Shown:
    """Write the report page of a run again, from its stored document."""
    from portopt.runs import history
    from portopt.runtime import runtime

    written = history.report(run, runtime(), output)
    return Shown(written, words(f"report {written['report_path']}"))


def replay(
    run: Annotated[str | None, RUN] = None,
    bundled: Annotated[
        Path | None, typer.Option("--bundle", metavar="FILE.zip", help="The run of this archive, from what is in it alone.")
    ] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Put a damaged document back, if it comes out as it was stored.")
    ] = False,
    as_json: Json = False,
) -> Shown:
    """Work a run out again from its stored request and pricing pack; the bytes must be the same."""
    from portopt.doors.commands.progress import Spinner

    _require_one(run, bundled, mend)
    with Spinner() as progress, progress.step("replay"):
        if bundled is not None:
            from portopt.runs.bundle import replay_bundle

            answer = replay_bundle(bundled)
        else:
            from portopt.runs import history
            from portopt.runtime import runtime

            answer = history.replay(str(run), runtime(), mend=mend)
    return Shown(answer, words(*_replayed(answer)), exit_code=0 if answer["same"] else 1)


def _require_one(run: str | None, bundled: Path | None, mend: bool) -> None:
    from portopt.domain.errors import InvalidValue, MissingInput

    if (run is None) == (bundled is None):
        fixes = ["portopt replay reb-…", "portopt replay --bundle FILE.zip"]
        raise MissingInput("give either a run's id or --bundle", field="RUN", fixes=fixes)
    if mend and bundled is not None:
        raise InvalidValue("--mend", True, "puts a document back into this store, and a bundle has none")


def _replayed(answer: dict[str, Any]) -> list[str]:
    """What a replay showed, in sentences."""
    run, digest = answer["run_id"], answer["digest"]
    if answer["same"]:
        mended = [f"mended: the damaged document of {run} is again the one that was stored"] if answer["mended"] else []
        return [*mended, f"same: {run} gives the same bytes again ({digest})"]
    where = [f"  {line['path']}: {line['a']!r} is stored, {line['b']!r} replayed" for line in answer["differences"]]
    if answer["stored_digest"] != digest:
        fix = (
            f"`portopt replay {run} --mend` puts it back" if answer["replayed_digest"] == digest else "restore it from a backup"
        )
        return [f"damaged: the stored document of {run} is not the one that was stored ({digest}); {fix}", *where]
    return [f"different: {run} was {digest} and is now {answer['replayed_digest']}", *where, *_versions(answer)]


def _versions(answer: dict[str, Any]) -> list[str]:
    """What a bundle was made with, where that is not what it was replayed with."""
    if "made_with" not in answer:
        return []
    from portopt.runs.bundle import as_text

    apart = as_text(answer)
    return [f"versions differ: {apart}"] if apart else []


def cancel(
    run: Annotated[str, RUN],
    note: Annotated[str, typer.Option(help="Why; kept with the run.")] = "no reason given",
    as_json: Json = False,
) -> Shown:
    """End a proposal that is not wanted, or a run that was begun and never ended."""
    from portopt.runs import history, lifecycle
    from portopt.runtime import runtime

    record = lifecycle.cancel(run, runtime(), note)
    return Shown(history.run_line(record, runtime()), words(f"{record.run_id} is {record.status.value}"))


def list_runs(
    portfolio_id: Annotated[str | None, typer.Option(help="Only this portfolio's.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this question: rebalance, optimize, weights, frontier, …")] = None,
    status: Annotated[str | None, typer.Option(help="Only in this state: completed, infeasible, awaiting_approval, …")] = None,
    approval: Annotated[str | None, typer.Option(help="Only where it stands so: awaiting, held, changes_requested, …")] = None,
    since: Annotated[
        str | None, typer.Option(help="Asked from this date or instant on (UTC), or so far back: 7d, 12h.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Asked for before this date or instant.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest first.")] = 50,
    cursor: Annotated[str | None, typer.Option(metavar="RUN", help="The page after this run, the last one of a page.")] = None,
    as_json: Json = False,
) -> Shown:
    """The runs of this store, the newest first: what was asked of which book, its value, trades, turnover and cost."""
    from portopt.dialects.reading import one_of
    from portopt.domain.approval import ApprovalState
    from portopt.domain.run import RunStatus
    from portopt.doors.commands.figures import moment
    from portopt.runs import history
    from portopt.runtime import runtime

    now = datetime.now(UTC)
    instants = {"since": since, "until": until}
    only: dict[str, Any] = {name: moment(f"--{name}", given, now) for name, given in instants.items() if given is not None}
    state = None if status is None else RunStatus(one_of(status, "--status", [s.value for s in RunStatus]))
    asked_kind = None if kind is None else one_of(kind, "--kind", history.KINDS)
    if approval is not None:
        only["approval"] = (ApprovalState(one_of(approval, "--approval", [s.value for s in ApprovalState])),)
    if cursor is not None:
        history.run_record(cursor, runtime(), verified=False)  # one that is not there would begin nowhere
    found = history.runs(runtime(), portfolio_id=portfolio_id, kind=asked_kind, status=state, after=cursor, limit=limit, **only)

    def say(console: Console) -> None:
        from portopt.reports.terminal import print_runs

        named = {"portfolio": portfolio_id, "kind": kind, "status": status, "since": since, "until": until, "after": cursor}
        asked = ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)
        print_runs(found, console, asked)
        if len(found) == limit:
            console.print(f"the next ones: --cursor {found[-1]['run_id']}", markup=False, style="dim")

    return Shown(found, say)


@packs.command(name="list")
def list_packs(as_json: Json = False) -> Shown:
    """The pricing packs of this installation."""
    from portopt.runtime import runtime

    ids = list(runtime().packs.ids())
    return Shown(
        [{"pricing_pack_id": pack} for pack in ids], words(*(ids or ["No packs yet. `portopt rebalance` makes the first."]))
    )


@packs.command()
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="A pricing pack's or a run's id.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    as_json: Json = False,
) -> Shown:
    """What changed in the prices between two packs, and in the decision where both have a run."""
    from portopt.runs import history
    from portopt.runtime import runtime

    difference: dict[str, Any] = history.packs_difference(a, b, runtime())

    def say(console: Console) -> None:
        from portopt.reports.terminal import print_pack_difference

        print_pack_difference(difference, console)

    return Shown(difference, say)
