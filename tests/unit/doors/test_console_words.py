"""What somebody types into the console, and where a slider ends."""

from __future__ import annotations

import pytest

from portopt.doors.console.pages.edit import pins_of, spelled_trade, written_trade
from portopt.doors.console.pages.what_if import moved_of, slider
from portopt.doors.console.reader import Reader

GERMAN, AMERICAN = Reader(locale="de_DE"), Reader(locale="en_US")


@pytest.mark.parametrize(
    ("text", "reader", "trade"),
    [
        ("+1.250", GERMAN, "+1250"), ("−1.250,5", GERMAN, "-1250.5"), ("5.000 €", GERMAN, "$5000"),
        ("2,5 %", GERMAN, "2.5%"), ("-5,000 EUR", AMERICAN, "-$5000"), ("-$5,000", AMERICAN, "-$5000"),
        ("None", AMERICAN, "none"), (" ", AMERICAN, ""), ("12", AMERICAN, "12"), ("twelve", AMERICAN, "twelve"),
    ],
)  # fmt: skip
def test_a_trade_is_read_as_the_reader_writes_numbers(text: str, reader: Reader, trade: str) -> None:
    assert spelled_trade(text, reader, "EUR") == trade


def test_what_is_pinned_is_shown_as_it_would_be_typed() -> None:
    for trade in ("+100.5", "-$5000", "2.5%", "none"):
        assert spelled_trade(written_trade(trade, GERMAN, "EUR"), GERMAN, "EUR") == trade


def test_a_field_that_was_emptied_pins_nothing() -> None:
    query = {"pin.A": "none", "pin.B": "+1", "typed.A": "", "typed.C": "3 %", "find": "x"}
    assert pins_of(query, AMERICAN, "USD") == {"B": "+1", "C": "3%"}


def test_a_slider_reaches_beyond_the_range_that_is_drawn_on_it() -> None:
    move = {"path": "limits.max_weight", "title": "cap", "unit": "fraction", "value": 0.1, "low": 0.09, "high": 0.12}
    found = slider(move, 0.1)
    assert found.least < 0.09 < 0.12 < found.most
    assert 0 < found.start < found.base < found.end < 100
    assert found.start == pytest.approx(100 * (0.09 - found.least) / (found.most - found.least), abs=1e-3)
    assert slider(move, 0.9).most == 0.9


def test_what_is_no_number_is_not_moved() -> None:
    assert moved_of({"move.limits.max_weight": "0.2", "other": "1"}) == {"limits.max_weight": 0.2}
    with pytest.raises(Exception, match="is no number"):
        moved_of({"move.limits.max_weight": "nan"})
