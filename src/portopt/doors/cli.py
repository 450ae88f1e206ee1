"""The command line. Every command answers in words, or with --json in one JSON document on stdout; logs go to stderr.

Exit codes: 0 done, 1 an error of ours or a failed check, 2 bad request, 3 infeasible, 4 bad data, 5 an upstream failed,
130 interrupted, 141 the reader of our output went away. No traceback unless PORTOPT_DEBUG=1.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from portopt.domain.streams import OUT, close_for_good, own_streams
from portopt.doors.commands import (
    alerts,
    alternatives,
    approvals,
    backtest,
    backup,
    batch,
    capacity,
    catalog,
    compromises,
    database,
    desk,
    edit,
    factors,
    figures,
    forecasts,
    frontier,
    histories,
    honest,
    keys,
    lots,
    monitor,
    periods,
    policies,
    processes,
    prove,
    ready,
    rebalance,
    recorded,
    relay,
    replay_live,
    retention,
    risk,
    rules,
    runs,
    sensitivity,
    upkeep,
    verify,
    views,
    walk_forward,
    watch,
    wave,
    weights,
    what_if,
)
from portopt.doors.commands.surface import BROKEN_PIPE, Shown, keep_faults_in_files, show, show_problem, tell_what_is_done

INTERRUPTED = 130
VERBOSE = ("-v", "--verbose")

app = typer.Typer(
    name="portopt",
    help="Holdings, prices and a policy in; a certified, explained, executable rebalancing proposal out.",
    epilog="Begin with `portopt demo`. Exit codes: 0 done, 2 bad request, 3 infeasible, 4 bad data, 5 an upstream failed.",
    rich_markup_mode=None,  # importing rich for the help alone would cost a quarter of a second
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(rebalance.rebalance)
app.command()(rebalance.demo)
app.command()(alternatives.alternatives)
app.command()(edit.edit)
app.command(name="what-if")(what_if.what_if)
app.command()(ready.ready)
app.command()(weights.optimize)
app.command()(frontier.frontier)
app.command()(compromises.pareto)
app.command()(compromises.lexicographic)
app.command()(periods.periods)
app.command()(sensitivity.sensitivity)
app.command()(risk.risk)
app.command()(views.views)
app.command()(factors.factors)
app.command()(forecasts.forecasts)
app.command()(batch.batch)
app.command()(backtest.backtest)
app.command()(prove.prove)
app.command(name="walk-forward")(walk_forward.walk_forward)
app.command()(walk_forward.compare)
app.command()(histories.histories)
app.command()(lots.lots)
app.command()(runs.explain)
app.command()(runs.report)
app.command()(verify.verify)
app.command()(runs.replay)
app.command(name="replay-live")(replay_live.replay_live)
app.command()(honest.honest)
app.command()(desk.desk)
app.command()(desk.afterwards)
app.command()(approvals.approvals)
app.command()(approvals.approve)
app.command()(approvals.reject)
app.command(name="request-changes")(approvals.request_changes)
app.command()(approvals.hold)
app.command()(runs.cancel)
app.command(name="runs")(runs.list_runs)
app.add_typer(runs.packs, name="packs")
app.add_typer(policies.app, name="policies")
app.command()(catalog.objectives)
app.command()(catalog.limits)
app.command()(catalog.costs)
app.command()(catalog.measures)
app.add_typer(rules.app, name="rules")
app.command()(watch.watch)
app.command()(figures.figures)
app.command()(monitor.monitor)
app.add_typer(alerts.app, name="alerts")
app.command()(upkeep.doctor)
app.command()(upkeep.upkeep)
app.command()(relay.relay)
upkeep.db.command()(database.convert_timescale)
upkeep.db.command()(database.load_prices)
app.add_typer(upkeep.db, name="db")
app.add_typer(keys.app, name="keys")
app.add_typer(wave.app, name="wave")
app.command()(retention.retention)
app.command()(backup.backup)
app.command()(capacity.capacity)
app.command(name="record-requests")(recorded.record_requests)
app.command(name="replay-gate")(recorded.replay_gate)
app.command()(processes.up)
app.command()(processes.serve)
app.command()(processes.worker)
app.add_typer(processes.orchestration, name="orchestration")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"portopt {version('portfolio-optimization-service')}")
        raise typer.Exit


@app.callback()
def portopt(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    verbose: Annotated[
        bool, typer.Option(*VERBOSE, help="Tell on stderr what the engine does; of every command, and by PORTOPT_LOG=1.")
    ] = False,
) -> None:
    """Holdings, prices and a policy in; a certified, explained, executable rebalancing proposal out."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of `portopt`: runs one command and exits with its code."""
    # A tenth of a short process goes into looking for garbage among what was just imported or is being written down.
    gc.set_threshold(50_000, 20, 100)
    code = run(list(sys.argv[1:] if arguments is None else arguments))
    close_for_good(OUT)  # a library's last words at exit would follow the document
    if "pulsar" in sys.modules:
        # The broker's native client may still have a thread waiting for a silent broker, and aborts a process that is
        # taken down in order. Everything of ours is done and stored by now.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """One command, from its arguments to its exit code. Raises nothing."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    as_json = "--json" in arguments[:end]
    wants_help = "--help" in arguments[:end] or "--version" in arguments[:end]
    # Taken out here so that it means the same wherever it stands; the commands declare it for their help.
    is_told = any(word in VERBOSE for word in arguments[:end]) or bool(os.environ.get("PORTOPT_LOG"))
    arguments = [word for word in arguments[:end] if word not in ("--json", *VERBOSE)] + arguments[end:]
    keep_faults_in_files()
    if is_told:
        tell_what_is_done()
    try:
        try:
            with contextlib.nullcontext() if wants_help else _only_ours(as_json):
                answer = _answer(arguments)
            return show(answer, as_json=as_json) if isinstance(answer, Shown) else int(answer or 0)
        except BrokenPipeError:
            raise
        except Exception as error:
            return _refuse(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python would complain once more when it flushes at exit; give it somewhere to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


@contextlib.contextmanager
def _only_ours(as_json: bool) -> Iterator[None]:
    """No library, native or not, reaches the terminal: its banners and warnings are shown with PORTOPT_DEBUG=1."""
    if os.environ.get("PORTOPT_DEBUG") == "1":
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            yield
        return
    with own_streams(to_stderr=as_json), warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        yield


def _answer(words: list[str]) -> Any:
    """What the command returns: a Shown, or the exit code of something that printed for itself (help, version)."""
    if len(words) == 2 and words[0] == "optimize" and (words[1] == "-" or not words[1].startswith("-")):
        # The plain question goes straight there: to look for options at all, Typer imports pydantic, and that is a
        # quarter of the time to a first answer.
        return weights.optimize(request=words[1])
    return app(args=words, prog_name="portopt", standalone_mode=False)


def _refuse(error: Exception, *, as_json: bool) -> int:
    """Any exception as a problem object and an exit code."""
    from portopt.doors.commands.refusals import as_portopt_error, is_help, print_help

    if os.environ.get("PORTOPT_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    if isinstance(error, typer.Abort):
        return INTERRUPTED
    if is_help(error) and not as_json:
        return print_help(error)
    refusal = as_portopt_error(error)
    show_problem(refusal.problem(), as_json=as_json)
    return refusal.exit_code


def _as_script() -> Any:  # pragma: no cover - `python -m portopt.doors.cli`
    return main()


if __name__ == "__main__":
    _as_script()
