"""`portopt watch`: what fires, which books are out of band, what nobody knows; once, or again and again."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portopt.doors.commands.surface import Json, Shown, aside

if TYPE_CHECKING:
    from rich.console import Console

HTML = typer.Option("--html", metavar="FILE.html", help="Also write the offline page.")
ONLY = typer.Option("--only", help="Alerts in this state alone: firing, unknown, pending.")
CHECK = typer.Option("--check", help="Exit with 1 where an alert fires or is unknown, or nothing was evaluated lately.")
STATES_ASKED = ("firing", "unknown", "pending")


def watch(
    follow: Annotated[bool, typer.Option("--follow", help="Again and again, until stopped.")] = False,
    every: Annotated[float, typer.Option(min=0.1, max=3600.0, help="With --follow: seconds between two looks.")] = 10.0,
    portfolio: Annotated[str | None, typer.Option(help="Of this portfolio alone.")] = None,
    only: Annotated[str | None, ONLY] = None,
    html: Annotated[Path | None, HTML] = None,
    days: Annotated[float, typer.Option(min=0.01, max=3660.0, help="How far back the histories of the page go.")] = 30.0,
    books: Annotated[int, typer.Option(min=1, max=200, help="How many books are shown with their histories.")] = 24,
    check: Annotated[bool, CHECK] = False,
    as_json: Json = False,
) -> Shown:
    """Alerts, books, runs and the service as they stand: what fires, what is out of band, what is unknown."""
    _require_state(only)

    def look() -> dict[str, Any]:
        document = _seen(portfolio, days, books)
        if html is not None:
            from portopt.reports.watch.page import write_watch_page

            write_watch_page(document, html)
        return document

    if follow:
        return _followed(look, every, only, check)
    document = look()
    if html is not None:
        aside(f"page {html}")
    return Shown(_asked(document, only), _say(document, only), exit_code=_code(document, check))


def _require_state(only: str | None) -> None:
    from portopt.dialects.reading import one_of

    if only is not None:
        one_of(only, "only", list(STATES_ASKED))


def _seen(portfolio: str | None, days: float, books: int) -> dict[str, Any]:
    from portopt.document.watch import watch_document
    from portopt.runs.watch.seeing import see
    from portopt.runtime import runtime

    here, among = runtime(), None
    if portfolio is not None:
        here.portfolios.get(portfolio)  # raises UnknownThing: of a book that is not there nobody is told that it is well
        among = frozenset({portfolio})
    seen = see(here, datetime.now(UTC), among=among, days=days, books=books)
    return watch_document(seen, books=books)


def _asked(document: dict[str, Any], only: str | None) -> dict[str, Any]:
    """The document; with --only, the alerts in that state and nothing else."""
    if only is None:
        return document
    listed = [*document["alerts"]["listed"], *document["pending"]["listed"]]
    kept = {name: document[name] for name in ("kind", "document_version", "at", "evaluated_at", "is_late", "counts")}
    return {**kept, "alerts": [row for row in listed if row["state"] == only]}


def _say(document: dict[str, Any], only: str | None) -> Callable[[Console], None]:
    def say(console: Console) -> None:
        from portopt.reports.watch.terminal import print_watch

        print_watch(document, console, only=only)

    return say


def _code(document: dict[str, Any], check: bool) -> int:
    counts = document["counts"]
    return 1 if check and (document["is_late"] or counts["firing"] or counts["unknown"]) else 0


def _followed(look: Callable[[], dict[str, Any]], every: float, only: str | None, check: bool) -> Shown:
    """Shown again after each look; with --json, one line of JSON a look. Ends at SIGTERM or Ctrl-C with what was seen last."""
    import sys

    from portopt.doors.commands.surface import console, say_now

    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    as_json = sys.stdout is sys.stderr  # stdout is kept for documents: --json
    try:
        while True:
            document = look()
            if as_json:
                say_now(_asked(document, only))
            else:
                screen = console(sys.stdout)
                if screen.is_terminal:
                    screen.clear()
                _say(document, only)(screen)
                sys.stdout.flush()
            if stop.wait(every):
                break
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Shown({"kind": "watch", "at": document["at"], "ended": True}, lambda _: None, exit_code=_code(document, check))
