"""What is left out of an answer, and how it is told."""

import pytest

from portopt.analysis import Attempts
from portopt.domain.errors import DataError, OptimizerStopped


def test_what_can_be_made_is_there_and_nothing_is_said():
    said = Attempts()
    assert said.attempt("a figure", lambda: 0) == 0
    assert said.left_out == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DataError("there are no prices."), "there are no prices"),
        (OptimizerStopped("failed"), "every solver on the ladder failed"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_is_raised_on_purpose_is_told_in_its_own_words(error, reason, faults):
    said = Attempts()
    assert said.attempt("the frontier", lambda: (_ for _ in ()).throw(error)) is None
    assert [left.sentence for left in said.left_out] == [f"Left out: the frontier; {reason}."]
    assert not faults


def test_a_fault_of_ours_is_told_by_its_kind_alone_and_the_log_has_where(faults):
    said = Attempts()

    def broken() -> None:
        raise KeyError(object())

    assert said.attempt("the frontier", broken) is None
    (left,) = said.left_out
    assert left.reason == "an internal error (KeyError), told in the log"
    assert "in broken" in faults[0]


def test_an_interrupt_is_no_note():
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Attempts().attempt("the frontier", stopped)
