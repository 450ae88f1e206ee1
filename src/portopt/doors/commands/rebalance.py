"""The main question: what to trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.options import ApprovalHours, Within, approval
from portopt.doors.commands.signature import with_options
from portopt.doors.commands.surface import Json, Shown, aside
from portopt.doors.commands.wanted_options import WantedOptions, said

if TYPE_CHECKING:
    from rich.console import Console

    from portopt.domain.run import RunRecord

FILES = "CSV, Parquet or XLSX"
LOTS = "Lots of the holdings, open and closed: a broker's export, CSV, XLSX, Parquet or JSON. May be said several times."


@with_options(WantedOptions, "wanted", before=0)
def rebalance(
    wanted: WantedOptions,
    holdings: Annotated[
        str | None, typer.Option(help=f"Holdings: a {FILES} file, `sample`, or `store` for the copy of the last run.")
    ] = None,
    lots: Annotated[list[str] | None, typer.Option(metavar="FILE", help=LOTS)] = None,
    prices: Annotated[Path | None, typer.Option(help="Prices: a CSV, XLSX or Parquet file, or a folder of them.")] = None,
    policy: Annotated[str, typer.Option(help="Policy id, a JSON file, or FILE#ID.")] = "quality_focused",
    universe: Annotated[
        Path | None, typer.Option(help="Candidates with sector, asset class and quality score; else what is held.")
    ] = None,
    benchmark: Annotated[Path | None, typer.Option(help="Benchmark weights by asset.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Use prices up to this day (2022-12-28); else the newest.")] = None,
    provider: Annotated[str | None, typer.Option(help="sample, files, sql, http or yahoo; else PORTOPT_MARKET.")] = None,
    portfolio_id: Annotated[str | None, typer.Option(help="Name of the portfolio; else the holdings file's.")] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Also write trades.csv, trades.xlsx, trades.json and report.html here.")
    ] = None,
    fractional: Annotated[bool | None, typer.Option("--fractional/--whole", help="Fractions of a share, or not.")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Override the policy: limits.max_weight=0.12")
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="An optimization request of another service (S2, JSON) over the policy; - for stdin."
        ),
    ] = None,
    with_frontier: Annotated[bool, typer.Option("--frontier/--no-frontier", help="Draw the frontier in the report.")] = True,
    approval_hours: ApprovalHours = None,
    within: Within = None,
    as_json: Json = False,
) -> Shown:
    """Propose trades: whole shares that keep every limit of the policy, with their costs and their reasons."""
    from portopt.doors.commands.progress import Spinner
    from portopt.doors.commands.rebalance_options import Options, read_rebalance
    from portopt.questions.rebalance import rebalance as proposed
    from portopt.runs.report import kept_report
    from portopt.runtime import runtime

    _require_folder(output_dir)
    words = tuple(sets or ())
    options = Options(
        holdings, prices, policy, universe, benchmark, as_of, provider, portfolio_id, fractional, words, request, said(wanted),
        tuple(lots or ()),
    )  # fmt: skip
    asked = read_rebalance(options, runtime())
    eyes = approval(approval_hours, asked.policy)
    with Spinner() as progress:
        record = proposed(asked, runtime(), progress=progress, frontier=with_frontier, within=within, wanted=eyes)
    missing = write_outputs(record.document, output_dir) if output_dir is not None and record.document is not None else ()
    return proposal(record, kept_report(record.run_id, runtime()), missing)


def demo(
    direct: Annotated[bool, typer.Option("--direct", help="Without the workflow engine: in this process, at once.")] = False,
    as_json: Json = False,
) -> Shown:
    """Run the rebalance flow on the sample book and show the proposal."""
    from portopt.doors.commands.progress import Spinner
    from portopt.doors.commands.rebalance_options import Options, read_rebalance
    from portopt.questions.rebalance import rebalance as proposed
    from portopt.runs import history
    from portopt.runs.report import kept_report
    from portopt.runtime import runtime

    with Spinner() as progress:
        if direct:
            request = read_rebalance(Options(holdings="sample", provider="sample", portfolio_id="sample"), runtime())
            record = proposed(request, runtime(), progress=progress)
            return proposal(record, kept_report(record.run_id, runtime()))
        from portopt.adapters.jobs.local import run_flow

        with progress.step("run the flow"):
            run_id = run_flow("rebalance", {}, runtime().home)
    record = history.run_record(str(run_id), runtime())
    return proposal(record, kept_report(record.run_id, runtime()))


def _require_folder(output_dir: Path | None) -> None:
    from portopt.domain.errors import InvalidValue

    if output_dir is not None and output_dir.exists() and not output_dir.is_dir():
        raise InvalidValue("--output-dir", str(output_dir), "is a file", fix="name a folder")


def write_outputs(document: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """The proposal as files; each is there whole or not at all. Gives a sentence for each that could not be written."""
    from portopt.analysis import Attempts
    from portopt.reports.files.exports import write_csv, write_json, write_xlsx
    from portopt.reports.page import write_report

    said = Attempts()
    files = {"trades.csv": write_csv, "trades.xlsx": write_xlsx, "trades.json": write_json, "report.html": write_report}
    for name, write in files.items():
        said.attempt(str(folder / name), partial(write, document, folder / name))
    return tuple(left.sentence for left in said.left_out)


def proposal(record: RunRecord, report: Path | None, missing: Sequence[str] = ()) -> Shown:
    """The stored document as --json, the proposal in words otherwise, and where its report is.

    missing: what was asked for beside it and is not there.

    The proposal is made, stored and shown all the same; the exit code says that files are missing.
    """
    from portopt.domain.run import RunStatus

    document = record.document or {}

    def say(console: Console) -> None:
        from portopt.reports.terminal import print_rebalance

        print_rebalance(document, console, report_path=None if report is None else str(report))
        if record.status is RunStatus.AWAITING_APPROVAL:
            console.print(f"it awaits approval: portopt approve {record.run_id}", markup=False, style="bold")

    if record.status is RunStatus.SUPERSEDED:
        missing = (*missing, f"{record.run_id} is superseded and not released: {record.portfolio_id} has newer holdings since")
    for sentence in missing:
        aside(sentence)
    return Shown(document, say, exit_code=1 if missing else 0)
