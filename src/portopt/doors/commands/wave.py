"""The night from a terminal: start a wave, carry it out, take it up again, see what became of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.wave import WaveReport

app = typer.Typer(
    help="Waves: many portfolios from one cause, each by its deadline.", no_args_is_help=True, rich_markup_mode=None
)
WAVE = typer.Argument(metavar="WAVE", help="A wave's id (`portopt wave list`).")
PROCESSES = typer.Option(min=1, max=256, help="Processes to spread it over; 1 is this one.")
CSV = typer.Option("--csv", metavar="FILE.csv", help="A line an item into this file.")
ALL = "all"


@app.command()
def start(
    cause: Annotated[str, typer.Option(help="Why: the month ended, a model changed, prices were corrected.")],
    portfolios: Annotated[
        str, typer.Option(metavar="all|FILE", help="Those on record with holdings; or ids a line, or a CSV with portfolio_id.")
    ] = ALL,
    policy: Annotated[str | None, typer.Option(help="Policy id, or a JSON file; else each portfolio's own.")] = None,
    prices: Annotated[str | None, typer.Option(metavar="PROVIDER", help="Prices: files:PATH, http, sql, …")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Prices up to this day.")] = None,
    deadline: Annotated[str | None, typer.Option(metavar="07:00", help="When proposals must be there.")] = None,
    zone: Annotated[str, typer.Option(help="Whose clocks a deadline without an offset is read on.")] = "UTC",
    await_approval: Annotated[bool, typer.Option("--await-approval", help="Events wait for `portopt approve`.")] = False,
    processes: Annotated[int, PROCESSES] = 2,
    csv: Annotated[Path | None, CSV] = None,
    only_record: Annotated[bool, typer.Option("--only-record", help="Put it on record, and work nothing out yet.")] = False,
    as_json: Json = False,
) -> Shown:
    """Rebalance many portfolios: put the wave on record and carry it out to its last item."""
    from portopt.runs.waves.start import WaveWish
    from portopt.runtime import runtime

    day = None if as_of is None else as_of.date()
    wish = WaveWish(cause=cause, policy=policy, provider=prices, as_of=day, await_approval=await_approval)
    wave_id = _recorded(wish, portfolios, deadline, zone)
    if only_record:
        from portopt.runs.waves.report import report

        return _shown(report(wave_id, runtime()), csv)
    return _shown(_carried_out(wave_id, processes), csv)


@app.command()
def resume(
    wave: Annotated[str, WAVE],
    processes: Annotated[int, PROCESSES] = 2,
    csv: Annotated[Path | None, CSV] = None,
    as_json: Json = False,
) -> Shown:
    """Carry out what is left of a wave, whatever ended it before; nothing is done twice."""
    return _shown(_carried_out(wave, processes), csv)


@app.command()
def show(wave: Annotated[str, WAVE], csv: Annotated[Path | None, CSV] = None, as_json: Json = False) -> Shown:
    """What became of a wave so far: deadlines missed, items by state, causes of refusals, times."""
    from portopt.runs.waves.report import report
    from portopt.runtime import runtime

    return _shown(report(wave, runtime()), csv)


@app.command(name="list")
def list_waves(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest first.")] = 20,
    as_json: Json = False,
) -> Shown:
    """The waves of this store, the newest first."""
    from portopt.runs.waves.report import line_of
    from portopt.runtime import runtime

    found = [line_of(wave) for wave in runtime().waves.list(limit)] if runtime().has_store else []

    def say(console: Console) -> None:
        for line in found or [{"wave_id": "No waves yet.", "created_at": "", "ended_at": "", "cause": ""}]:
            ended = line["ended_at"] or "not ended"
            said = f"{line['wave_id']}  {line['created_at']}  {ended}  {line['cause']}"
            console.print(said, markup=False, highlight=False, soft_wrap=True)

    return Shown(found, say)


def _recorded(wish: Any, portfolios: str, deadline: str | None, zone: str) -> str:
    """The wave on record; its id. A policy file's policy is kept in the wave, under its own id."""
    import dataclasses
    from datetime import UTC

    from portopt.doors.commands.policy_files import find_policy
    from portopt.doors.wave_files import read_portfolios
    from portopt.questions.wave import put_on_record
    from portopt.runs.waves.start import all_portfolios, deadline_of
    from portopt.runtime import runtime

    now, chosen = datetime.now(UTC), None if wish.policy is None else find_policy(wish.policy, runtime())
    if chosen is not None:
        wish = dataclasses.replace(wish, policy=chosen.id)
    wish = dataclasses.replace(wish, deadline=deadline_of(deadline, zone, now))
    asked = all_portfolios(runtime()) if portfolios == ALL else read_portfolios(Path(portfolios), zone, now)
    return put_on_record(asked, wish, runtime(), now, [] if chosen is None else [chosen]).wave_id


def _carried_out(wave_id: str, processes: int) -> WaveReport:
    from portopt.doors.commands.progress import working
    from portopt.doors.commands.surface import aside
    from portopt.questions.wave import carry_out
    from portopt.runtime import runtime

    aside(f"{wave_id}: `portopt wave resume {wave_id}` takes it up again wherever it is ended")
    with working("wave") as spinner:
        return carry_out(wave_id, runtime(), processes=processes, told=spinner.count)


def _shown(report: WaveReport, csv: Path | None) -> Shown:
    """The report; exit code 1 where a deadline was missed or an item was given up."""
    from datetime import UTC

    from portopt.domain.wave import ItemState
    from portopt.reports.wave import lines_in_words, write_lines
    from portopt.runs.waves.report import document_of, lines_of
    from portopt.runtime import runtime

    document = document_of(report)
    if csv is not None:
        items = runtime().waves.items(report.wave.wave_id)
        document["csv"] = str(write_lines(lines_of(items, datetime.now(UTC)), csv))
    is_well = report.missed == 0 and report.counts.get(ItemState.HELD, 0) == 0

    def say(console: Console) -> None:
        for line in lines_in_words(document):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return Shown(document, say, exit_code=0 if is_well else 1)
