"""Commands that run until they are told to end: the API, the worker, everything at once; and the workflow server's set-up."""

from __future__ import annotations

import webbrowser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, say_now, words

if TYPE_CHECKING:
    from portopt.adapters.jobs.deployments import Wanted
    from portopt.runtime import Runtime

Http = Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the REST API, 0 for any; else PORTOPT_HTTP_PORT.")]
Grpc = Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the gRPC API, 0 for any; else PORTOPT_GRPC_PORT.")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="So many jobs are worked on at once.")]

orchestration = typer.Typer(help="The workflow server.", no_args_is_help=True, rich_markup_mode=None)


@orchestration.callback()
def workflow_server() -> None:
    """The workflow server."""


def serve(http: Http = None, grpc: Grpc = None, as_json: Json = False) -> int:
    """Answer over REST and gRPC, until a signal ends it."""
    from portopt.doors.processes.serving import serve as served

    ours = _with_ports(http, grpc)
    served(ours, lambda where: say_now(where, *_where(where)))
    return 0


def worker(
    processes: Processes = 1,
    once: Annotated[bool, typer.Option("--once", help="Carry out what waits now, and end.")] = False,
    as_json: Json = False,
) -> int:
    """Carry out the jobs that were asked for, until a signal ends it."""
    from portopt.doors.processes.signals import told_to_stop
    from portopt.doors.processes.worker import work
    from portopt.runtime import runtime

    with told_to_stop() as stopping:
        work(runtime(), processes, stopping, lambda said: say_now(said, *_worked(said)), once=once)
    return 0


def up(
    http: Http = None,
    grpc: Grpc = None,
    processes: Processes = 1,
    sample: Annotated[bool, typer.Option("--sample", help="With a desk of made portfolios, where none are on record.")] = False,
    open_console: Annotated[bool, typer.Option("--open", help="Show the console in a browser once it is there.")] = False,
    as_json: Json = False,
) -> int:
    """Start the whole service on this machine: API, console, gRPC, workflow server, worker, relay; until a signal ends it."""
    from portopt.doors.processes.signals import told_to_stop
    from portopt.doors.processes.up import up as started

    ours = _with_ports(http, grpc)
    settings = ours.settings
    if sample:
        _with_sample(ours)

    def ready(said: Mapping[str, Any]) -> None:
        told = {**said, "console": f"{said['api']['http']}/console"}
        say_now(told, *_all(told), *_hints(ours))
        if open_console:
            webbrowser.open(told["console"])

    with told_to_stop() as stopping:
        started(ours, settings.http_port, settings.grpc_port, processes, stopping, ready)
    return 0


def _with_sample(ours: Runtime) -> None:
    """Made before anything listens; one that is there is left as it is."""
    from portopt.doors import sample_desk
    from portopt.doors.commands.progress import working

    if not sample_desk.is_there(ours):
        with working("make the sample desk"):
            sample_desk.make(ours)


def _hints(ours: Runtime) -> list[str]:
    """For whoever finds an empty desk."""
    hint = "No portfolio is on record yet: `portopt up --sample` makes a dozen to look at."
    return [] if ours.waves.portfolios() else [hint]


@orchestration.command(name="set-up")
def set_up(as_json: Json = False) -> Shown:
    """Tell the workflow server of PREFECT_API_URL what this service needs of it; safe to repeat."""
    from portopt.adapters.jobs.set_up import set_up as told

    done = told()
    return Shown(done, words(*(f"{name}: {what}" for name, what in done.items())))


@orchestration.command()
def deploy(
    portfolios: Annotated[
        str | None, typer.Option(help="A deployment each: a CSV file (portfolio_id, policy, cron, …), or `all` on record.")
    ] = None,
    cron: Annotated[str | None, typer.Option(help="Of `all`: when they run (30 17 * * 1-5); else on demand.")] = None,
    timezone: Annotated[str, typer.Option(help="Of `all`: the place whose time that is.")] = "UTC",
    remove_others: Annotated[bool, typer.Option("--remove-others", help="Take away those that are not in the list.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each.")] = False,
    as_json: Json = False,
) -> Shown:
    """Register deployments with the server of PREFECT_API_URL: every flow's, or one for each portfolio. Safe to repeat."""
    from portopt.adapters.jobs.deployments import deploy as registered
    from portopt.adapters.jobs.deployments import deploy_all
    from portopt.doors.commands.progress import working

    wanted = None if portfolios is None else _wanted(portfolios, cron, timezone)
    with working("register deployments"):
        told = deploy_all() if wanted is None else registered(wanted, remove_others=remove_others, dry_run=dry_run)
    return Shown({"deployments": told, "dry_run": dry_run}, words(*(f"{one['deployment']}: {one['is']}" for one in told)))


def _wanted(portfolios: str, cron: str | None, timezone: str) -> list[Wanted]:
    from pathlib import Path

    from portopt.adapters.jobs.deployments import wrong_in_schedule
    from portopt.domain.errors import InvalidValue
    from portopt.doors.deployment_files import wanted_from, wanted_of_all
    from portopt.runtime import runtime

    if portfolios != "all":
        return wanted_from(Path(portfolios))
    wrong = wrong_in_schedule(cron, timezone)
    if wrong is not None:
        raise InvalidValue("--cron", cron, wrong, fix='--cron "30 17 * * 1-5" --timezone America/New_York')
    return wanted_of_all(runtime(), cron, timezone)


def _with_ports(http: int | None, grpc: int | None) -> Runtime:
    from portopt.runtime import open_runtime, runtime

    given = {"http_port": http, "grpc_port": grpc}
    changed = {name: port for name, port in given.items() if port is not None}
    return open_runtime(runtime().settings.model_copy(update=changed)) if changed else runtime()


def _where(said: Mapping[str, Any]) -> list[str]:
    return [*(f"{name}  {said[name]}" for name in ("http", "grpc") if name in said), "Ctrl-C ends it."]


def _worked(said: Mapping[str, Any]) -> list[str]:
    if "ready" in said:
        return [f"{said['processes']} ready for jobs. Ctrl-C ends it."]
    return [f"{said['took']} is taken up"] if "took" in said else [f"{said['ended']} is {said['status']}"]


def _all(said: Mapping[str, Any]) -> list[str]:
    places = {**said["api"], "workflows": said["workflows"], "console": said["console"]}
    names = ("http", "console", "grpc", "workflows")
    return [*(f"{name:9}  {places[name]}" for name in names if name in places), "Ctrl-C ends it all."]
