"""Work spread over processes: in order, one thread of linear algebra each, and nothing changed in the process that asks."""

import math
import os

import pytest

from portopt.domain.errors import OutsideError
from portopt.questions.children import THREADS, mapped

BLAS = "[__import__('numpy'), __import__('threadpoolctl').threadpool_info()][1]"


def test_answers_come_in_the_order_asked():
    assert list(mapped(math.factorial, range(20), 3)) == [math.factorial(k) for k in range(20)]


def test_a_childs_linear_algebra_has_one_thread_whatever_this_process_has(monkeypatch):
    for name in THREADS:
        monkeypatch.setenv(name, "7")
    pools = [pool for found in mapped(eval, [BLAS] * 2, 2) for pool in found]
    assert {"blas"} <= {pool["user_api"] for pool in pools}
    assert {pool["num_threads"] for pool in pools} == {1}


def test_the_environment_of_this_process_stays_what_it_is_meanwhile(monkeypatch):
    monkeypatch.setenv(THREADS[0], "7")
    monkeypatch.delenv(THREADS[1], raising=False)
    before = dict(os.environ)
    seen = []
    for theirs in mapped(os.getenv, [THREADS[0], THREADS[1]], 2):
        seen.append(dict(os.environ))
        assert theirs == "1"
    assert seen == [before, before]
    assert dict(os.environ) == before


def test_what_a_child_prints_is_no_answer():
    assert list(mapped(print, ["a line", "another"], 1)) == [None, None]


def test_what_the_work_raises_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(mapped(eval, ["1 + 1", "1 / 0"], 2))


def test_a_child_that_ends_is_said_to_have_ended():
    with pytest.raises(OutsideError, match="exit code 3"):
        list(mapped(os._exit, [3], 1))


def test_a_child_that_dies_is_said_whatever_it_was_to_be_told_afterwards():
    with pytest.raises(OutsideError, match="ended without an answer"):
        list(mapped(os._exit, [3, 3, 3], 1))
