"""What a policy would have done, day by day, on an exact ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portopt.doors.commands.history_options import HistoryOptions, PolicyName, Prove, with_history_options
from portopt.doors.commands.surface import Json, Shown

if TYPE_CHECKING:
    from rich.console import Console


@with_history_options
def backtest(asked: HistoryOptions, policy: PolicyName = "min_risk", prove: Prove = False, as_json: Json = False) -> Shown:
    """Backtest a policy: its decisions through the live pipeline, on a ledger exact to the share and the cent."""
    from portopt.doors.commands import history_asked
    from portopt.doors.commands.progress import Spinner
    from portopt.questions.backtest import backtest as backtested
    from portopt.questions.through_time.backtest import kept
    from portopt.questions.through_time.question import question
    from portopt.runtime import runtime

    here = runtime()
    wanted = history_asked.wanted(asked, policy, here, prove=prove)
    with Spinner() as progress:
        with progress.step("read prices"):
            posed, snapshot = question(wanted, history_asked.market_of(asked, here))
        with progress.step("backtest"):
            found = backtested(posed, progress=progress.count)
    document = kept(posed, found, snapshot, here)
    return shown(document, history_asked.write_beside(document, asked))


def shown(document: dict[str, Any], report: str | None = None) -> Shown:
    """The document for --json, its summary for people. Exit code 1 where the proof found a look-ahead."""

    def say(console: Console) -> None:
        from portopt.reports.backtest_terminal import print_backtest

        print_backtest(document, console, report_path=report)

    broken = document["proof"] is not None and not document["proof"]["holds"]
    return Shown(document, say, exit_code=1 if broken else 0)
