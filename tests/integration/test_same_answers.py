"""An answer depends on its question: not on what the process did before, not on what else the machine does.

A sample; `python tests/benchmarks/same_answers.py` asks 300 of every kind.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import same_answers
from benchmarks.same_answers import asked_in_one_process, busy
from questions import KINDS

QUICK = {"a policy in whole shares": 74}  # of a kind whose first question is a search of ten seconds, another one
ONE_OF_EACH = [QUICK.get(kind, k) for k, kind in enumerate(KINDS)]
SEARCHED = [k for k, kind in enumerate(KINDS) if kind.startswith(("max positions", "zero or", "counts", "min positions"))]


@pytest.fixture(scope="module")
def in_order() -> dict[int, str]:
    """The digests of one question of each kind, asked by one process."""
    return asked_in_one_process(ONE_OF_EACH)


def test_every_question_is_answered_and_every_run_replays_to_the_same_bytes(in_order):
    assert list(in_order) == ONE_OF_EACH
    assert not [k for k, digest in in_order.items() if "replay differs" in digest]


def test_asked_the_other_way_round_beside_busy_processes_every_answer_has_the_same_bytes(in_order):
    """Two ways at once to come to other bytes; where a byte differs, the command tells which it was."""
    with busy(2):
        assert asked_in_one_process(ONE_OF_EACH[::-1]) == in_order


def test_asked_alone_and_first_a_search_has_the_same_bytes(in_order):
    k = SEARCHED[0]
    assert asked_in_one_process([k]) == {k: in_order[k]}


def test_a_difference_is_found_and_the_command_that_finds_one_fails(capsys):
    found = {same_answers.FORWARDS: {0: "a", 1: "b"}, same_answers.BUSY: {0: "a", 1: "c"}}
    expected = {same_answers.FORWARDS: [0, 1], same_answers.BUSY: [0, 1]}
    wrong = same_answers.differences(found, expected)
    assert wrong == [(1, same_answers.BUSY)]
    assert same_answers.report(found, wrong) == 1
    assert same_answers.differences({**found, same_answers.BUSY: {0: "a"}}, expected) == [(1, same_answers.BUSY)]
    assert same_answers.report(found, []) == 0
    assert "question 1" in capsys.readouterr().out


WITH_DEFAULT_THREADS = """
import highspy
lp = highspy.HighsLp()
lp.num_col_, lp.num_row_, lp.col_cost_, lp.col_lower_, lp.col_upper_ = 1, 1, [1.0], [0.0], [1.0]
lp.row_lower_, lp.row_upper_ = [0.5], [2.0]
lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = [0, 1], [0], [1.0]
other = highspy.Highs()
other.setOptionValue("output_flag", False)
other.passModel(lp)
other.run()
"""


def test_whoever_used_highs_before_in_this_process_does_not_change_a_search(in_order):
    """HiGHS keeps one scheduler a process: 1.16 answers run() with an error where another asked for other threads first."""
    k = SEARCHED[0]
    asking = f"from benchmarks.same_answers import _answer; _answer('{k}')"
    command = [sys.executable, "-c", f"{WITH_DEFAULT_THREADS}\n{asking}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert done.stdout.splitlines()[-1].split(maxsplit=1) == [str(k), in_order[k]]
