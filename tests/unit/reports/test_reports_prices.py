"""Prices of limits in words: in what the objective counts, for the step they hold for."""

import pytest

from portopt.document.prices import left_to_draw, step_in_words, told, worth_in_words

SOLVED = {"solved_again": True, "whole_numbers_stay": False}


@pytest.mark.parametrize(
    ("unit", "worth", "words"),
    [
        ("return", 0.0000605, "0.605 bps a year"),
        ("Sharpe ratio", 0.00412, "0.00412 of the Sharpe ratio"),
        ("ratio", 0.2341, "0.234 of the ratio"),
        ("volatility", 0.000448, "0.0448 pp of volatility"),
        ("tracking error", 0.001, "0.1 pp of tracking error"),
        ("objective", 0.00358, "0.00358 of the objective"),
        ("return", 0.0, "nothing by itself"),
    ],
)
def test_only_a_return_is_told_in_basis_points(unit, worth, words):
    assert worth_in_words({"worth": worth, "worth_unit": unit, **SOLVED}) == words


def test_what_was_not_solved_for_is_the_most_it_can_be():
    row = {"worth": 0.00051, "worth_unit": "return", "solved_again": False, "whole_numbers_stay": False}
    assert worth_in_words(row) == "≤ 5.1 bps a year"
    assert told([row]) == "1 price is told as the most that room can be worth, by the multipliers."
    assert told([{**row, **SOLVED}]).endswith("with that room for one limit alone.")
    assert told([{**row, **SOLVED}, row]).endswith(
        "alone. 1 price is told as the most that room can be worth, by the multipliers."
    )
    assert "its whole numbers as they are" in told([{**row, "solved_again": True, "whole_numbers_stay": True}])
    assert told([]) == ""


@pytest.mark.parametrize(
    ("step", "unit", "words"),
    [
        (0.00015, "tracking_error", "0.015 percentage points"),
        (0.01, "fraction", "1 percentage point"),
        (0.65, "score", "0.65 of score"),
        (0.1, "days", "0.1 days"),
        (0.11, "exposure", "0.11 of exposure"),
        (0.002, "risk", "0.002"),
    ],
)
def test_a_step_is_told_in_the_unit_of_its_limit(step, unit, words):
    assert step_in_words(step, unit) == words


def test_a_document_of_an_earlier_version_keeps_its_words():
    assert worth_in_words({"cost_bps": 11.0, "step": 0.01}) == "11.0 bps"


def test_what_a_drawing_leaves_out_is_named():
    assert left_to_draw(()) == ""
    assert "(max_positions, round_lots)" in left_to_draw(("max_positions", "round_lots"))
