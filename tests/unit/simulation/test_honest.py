"""The suite of 32 holds, and can fail: a simulator that is made wrong is found by the row that is about it.

PORTOPT_TEST_FULL=1 puts vectorbt to it too, which compiles for half a minute.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from portopt.doors.commands.honest import honest_document
from portopt.simulation import simulate as simulating
from portopt.simulation.accounting import fills
from portopt.simulation.honest import book, figures, happenings, looking_ahead, rows, validation
from portopt.simulation.honest.outcome import Outcome, all_of
from portopt.simulation.honest.peers import PEERS, asked_of

FULL = os.environ.get("PORTOPT_TEST_FULL") == "1"


@pytest.mark.parametrize("number", [row.number for row in rows.ROWS])
def test_a_fault_that_another_backtester_had_is_not_here(number: int) -> None:
    ((row, outcome),) = rows.asked(frozenset([number]))
    assert outcome.word == "pass", f"{row.holds}: {outcome.found}"
    assert outcome.found


def test_there_are_32_rows_each_with_its_own_question() -> None:
    assert [row.number for row in rows.ROWS] == list(range(1, 33))
    assert len({row.ask for row in rows.ROWS}) == 32


def later(of: Callable[..., Any], change: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *a, **k: change(of(*a, **k))


def with_more_cash(result: Any) -> Any:
    account, happened = result
    return dataclasses.replace(account, cash=account.cash + 1), happened


def twice_the_fees(account: Any, orders: Any, quotes: Any, execution: Any) -> Any:
    dear = dataclasses.replace(execution, commission_bps=2 * execution.commission_bps)
    return fills.fill(account, orders, quotes, dear)


def on_the_next_close(account: Any, orders: Any, quotes: Any, execution: Any) -> Any:
    return fills.fill(account, orders, quotes, dataclasses.replace(execution, delay=0))


def with_a_doubled_price(account: Any, orders: Any, quotes: Any, execution: Any) -> Any:
    return fills.fill(account, orders, dataclasses.replace(quotes, prices=quotes.prices * 2.0), execution)


def refilled(account: Any, orders: Any, quotes: Any, execution: Any) -> Any:
    return fills.fill(account, orders, quotes, dataclasses.replace(execution, participation=None))


MUTANTS: dict[str, tuple[Any, str, Any, Callable[[], Outcome]]] = {
    "fees are charged twice": (simulating, "fill", twice_the_fees, book.fees_are_charged_once),
    "orders are filled on a price that is not the day's": (
        simulating, "fill", with_a_doubled_price, looking_ahead.fill_is_later_than_decision),
    "orders do not wait for their day": (simulating, "fill", on_the_next_close, looking_ahead.fill_is_later_than_decision),
    "an order is filled whatever the volume": (
        simulating, "fill", refilled, book.partly_filled_orders_are_never_overfilled),
    "a cent appears each morning": (
        simulating, "begin_day", later(simulating.begin_day, with_more_cash), happenings.profits_add_up_through_a_split),
    "a split's morning too": (
        happenings, "begin_day", later(happenings.begin_day, with_more_cash), happenings.reverse_split_pays_the_part_in_cash),
    "nothing is an alarm": (looking_ahead, "alarmed", lambda *a: False, looking_ahead.planted_leaks_are_caught),
    "everything is an alarm": (looking_ahead, "alarmed", lambda *a: True, looking_ahead.clean_strategies_raise_no_alarm),
    "no check complains": (book, "broken", lambda *a: (), book.every_check_kills_its_mutant),
    "every run has a warning of another kind": (
        simulating, "warnings_of", lambda *a: ("all is well",), figures.no_trade_is_a_warning),
    "nobody says what failed": (
        simulating, "warnings_of", lambda *a: (), validation.one_failure_leaves_the_next_as_it_is),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_simulator_that_is_made_wrong_fails_the_row_that_is_about_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, what, mutant, row = MUTANTS[name]
    assert row().word == "pass"
    monkeypatch.setattr(module, what, mutant)
    assert row().word == "fail"


def test_a_row_that_cannot_be_carried_out_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Outcome:
        raise ZeroDivisionError("made to")

    monkeypatch.setattr(rows, "ROWS", (dataclasses.replace(rows.ROWS[0], ask=broken),))
    ((_, outcome),) = rows.asked()
    assert (outcome.word, outcome.found) == ("fail", "ZeroDivisionError: made to")


def test_what_does_not_hold_is_named() -> None:
    assert all_of([("it is so", True), ("it is red", False)], "seen").found == "seen; not so: it is red"


def test_known_faults_of_peers_are_found_where_they_are_installed() -> None:
    """skfolio compares a turnover limit with its last targets unless it is told otherwise; vectorbt trades in column order."""
    words = {number: outcome.word for number, outcome in asked_of("skfolio", frozenset([1, 9, 10, 11, 12]))}
    if find_spec("skfolio") is None:
        assert set(words.values()) == {"not installed"}
    else:
        assert words == {1: "cannot be asked", 9: "pass", 10: "cannot be asked", 11: "pass", 12: "fail"}
    if FULL and find_spec("vectorbt") is not None:
        assert {n: o.word for n, o in asked_of("vectorbt", frozenset([1, 15]))} == {1: "fail", 15: "fail"}


def test_the_command_prints_what_it_found_and_ends_with_one_where_a_row_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    from portopt.doors.commands.honest import honest

    held = honest(row=[18])
    held.human(Console(width=120))
    assert held.exit_code == 0
    assert "700" in capsys.readouterr().out
    monkeypatch.setattr(rows, "ROWS", (dataclasses.replace(rows.ROWS[17], ask=lambda: Outcome("fail", "699")),))
    failed = honest(row=[18])
    failed.human(Console(width=120))
    assert failed.exit_code == 1
    assert "0 of 1 rows hold" in capsys.readouterr().out


def test_the_document_counts_what_holds_and_names_every_peer() -> None:
    document = honest_document(frozenset([5, 18]))
    assert [(row["number"], row["outcome"]) for row in document["rows"]] == [(5, "pass"), (18, "pass")]
    assert (document["passed"], document["failed"]) == (2, 0)
    assert set(PEERS) == {"skfolio", "vectorbt", "bt", "cvxportfolio"}
